"""The released pipelines beside other systems: accuracy, speed, memory, growth, in one run."""
