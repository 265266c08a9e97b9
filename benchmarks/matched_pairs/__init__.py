"""What `benchmarks/fp32_vs_int8.py` is made of: answers, warm rounds, fresh processes, energy, verdict, page."""
