"""What a person reads of a run: its summary, plots and pages, and how sure its figures are."""
