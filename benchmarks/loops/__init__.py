"""What `benchmarks/training.py` is made of: the loops that are compared, and their page."""
