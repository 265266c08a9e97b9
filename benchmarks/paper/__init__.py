"""What `benchmarks/paper_table.py` is made of: rows and their page."""
