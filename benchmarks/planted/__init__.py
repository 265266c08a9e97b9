"""What `benchmarks/planted_calibrations.py` is made of: its cases, the planted pictures, and an export each."""
