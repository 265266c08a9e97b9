"""MiniRocket's top-1 on the test part of a set: python minirocket.py NAME SEEDS. Runs in aeon's own environment."""

import json
import sys
import warnings

from aeon.classification.convolution_based import MiniRocketClassifier
from aeon.datasets import load_classification

warnings.filterwarnings("ignore")  # of numba's, on stderr
name, seeds = sys.argv[1], int(sys.argv[2])
(series, labels), (asked, truth) = (load_classification(name, split=part) for part in ("train", "test"))
found = [
    float((MiniRocketClassifier(random_state=seed, n_jobs=1).fit(series, labels).predict(asked) == truth).mean())
    for seed in range(seeds)
]
print(json.dumps(found))
