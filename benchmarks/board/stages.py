"""Runs on the board: one classification, then the same again, with a mark behind each stage.

python stages.py MODEL PICTURE
"""

import ctypes
import gc
import sys

gc.disable()  # as ressq-infer does: a search for garbage falls into one stage today, into another tomorrow
syscall = ctypes.CDLL(None).syscall
MARK = ctypes.c_long(5000)  # unknown to Linux, so harmless; the emulator's plugin counts up to it


def mark(tag: int) -> None:
    """Has the emulator print its count."""
    syscall(MARK, ctypes.c_long(tag))


mark(1)

from ressq_runtime.classifier import Classifier  # noqa: E402 - the mark before is the point
from ressq_runtime.decoding.jpeg import crop_core, decode_jpeg  # noqa: E402

classifier = Classifier.load(sys.argv[1], threads=1)
mark(2)
for first in (3, 7):
    found = decode_jpeg(sys.argv[2], classifier.spec.least)
    mark(first)
    pixels = None if found is None else crop_core(found[0], classifier.spec)
    if pixels is None:
        sys.exit(f"{sys.argv[2]}: found no ordinary JPEG, whose stages could be counted")
    mark(first + 1)
    scores = classifier.scores(pixels)
    mark(first + 2)
    classifier.rank(scores)
    mark(first + 3)
