"""One module for each system; only what the system itself installs may be imported."""
