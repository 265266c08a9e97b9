"""What `benchmarks/peers.py` is made of: environments, resident workers, rounds and the report."""
