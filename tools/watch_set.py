"""The watch set of the package seglearn as a folder of classes: `python watch_set.py WATCH_DATASET.npy FOLDER`.

140 recordings of a watch's accelerometer and gyroscope at 50 Hz: ten people, seven exercises of the shoulder, two
sides (Burns et al. 2018, arXiv 1802.01489; BSD-3-Clause). Nobody is in two parts. The package keeps them as pickled
objects, so this runs as a process of its own, which makes arrays of numpy and nothing else of what the file names.
"""

from __future__ import annotations

import pickle
import sys
from pathlib import Path
from typing import Any

import numpy as np

RATE = 50
EXERCISES = {
    "PEN": "pendulum", "ABD": "abduction", "FEL": "forward-elevation", "IR": "internal-rotation",
    "ER": "external-rotation", "TRAP": "trapezius-extension", "ROW": "upright-row",
}  # fmt: skip
# The last two people test, the two before them validate; by their numbers alone.
FIRST_TO_VALIDATE, FIRST_TO_TEST = 7, 9
# What an array of numpy is made of; encode: old pickles write bytes as text of latin-1.
_ARRAYS = ("_reconstruct", "_frombuffer", "ndarray", "dtype", "scalar")
_BYTES = ("_codecs", "encode")


class ArraysAlone(pickle.Unpickler):
    """Reads pickled arrays of numpy, and refuses whatever else a file asks to import."""

    def find_class(self, module: str, name: str) -> Any:
        """The maker of an array.

        Raises:
            UnpicklingError: it is something else.
        """
        if (module, name) == _BYTES or (module.partition(".")[0] == "numpy" and name in _ARRAYS):
            return super().find_class(module, name)
        raise pickle.UnpicklingError(f"found {module}.{name}, wanted arrays of numpy alone")


def write_watch_set(source: Path, folder: Path) -> None:
    """Writes folder/PART/EXERCISE/pPERSON_SIDE.csv; the folder appears when all are there."""
    with source.open("rb") as file:
        np.lib.format.read_magic(file)  # type: ignore[no-untyped-call]
        np.lib.format.read_array_header_1_0(file)  # type: ignore[no-untyped-call]
        data = ArraysAlone(file).load().item()
    partial = folder.with_name(folder.name + ".part")
    header = ",".join(["time", *data["X_labels"]])
    rows = zip(data["X"], data["y"], data["subject"], data["side"], strict=True)
    for values, number, person, side in rows:
        place = partial / find_part(int(person)) / EXERCISES[data["y_labels"][int(number)]]
        place.mkdir(parents=True, exist_ok=True)
        lines = [",".join([f"{i / RATE:.2f}", *(f"{value:.6g}" for value in row)]) for i, row in enumerate(values)]
        text = "\n".join([header, *lines]) + "\n"
        (place / f"p{int(person):02}_{'lr'[int(side)]}.csv").write_text(text, encoding="utf-8")
    partial.rename(folder)
    print(f"{folder}: {len(data['X'])} recordings of {len(set(data['subject']))} people, {RATE} samples a second")


def find_part(person: int) -> str:
    """What the recordings of this person are for."""
    return "test" if person >= FIRST_TO_TEST else "val" if person >= FIRST_TO_VALIDATE else "train"


if __name__ == "__main__":
    write_watch_set(Path(sys.argv[1]), Path(sys.argv[2]))
