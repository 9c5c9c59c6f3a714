"""What project.yml runs: corpus building, training, evaluation and packaging."""
