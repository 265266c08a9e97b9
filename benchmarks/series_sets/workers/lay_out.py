"""A set that aeon ships as PART/CLASS/NUMBER.csv: python lay_out.py NAME FOLDER. Runs in aeon's own environment."""

import csv
import sys
from pathlib import Path

from aeon.datasets import load_classification

name, folder = sys.argv[1], Path(sys.argv[2])
for part in ("train", "test"):
    series, labels = load_classification(name, split=part)
    for number, (values, label) in enumerate(zip(series, labels, strict=True)):
        path = folder / part / str(label) / f"{number:04}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow([f"channel{channel + 1}" for channel in range(len(values))])
            writer.writerows([[repr(float(value)) for value in row] for row in values.T])
