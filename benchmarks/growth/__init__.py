"""What `benchmarks/scale.py` is made of: the axes along which cost grows, and their page."""
