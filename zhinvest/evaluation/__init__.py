"""How good a pipeline is on gold articles, where it fails, and against whom."""
