"""The pictures: real photos at two sizes, on which the network is sure of its answer."""

from __future__ import annotations

from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageOps

from ressq_runtime.errors import FolderError
from ressq_runtime.inputs.folders import list_pictures
from ressq_runtime.inputs.picture_spec import PixelSpec

# (width, height). The small one is a picture out of a data set, the large one a phone's photo.
SIZES = {"400x441": (400, 441), "12 MP": (3000, 4000)}
QUALITY = 92
# First less second probability. Nearer than that, a rounding step or another resampling filter may turn the
# answer over, and a refusal would say nothing about the peer.
SURE = 0.3


class Picture(NamedTuple):
    """A file and its right answer: the label that full decoding and LiteRT's Interpreter give, for each precision."""

    path: str
    label: str


class Reference:
    """The answers that count: full decoding, LiteRT's Interpreter; not the path that is to be measured."""

    def __init__(self, artefact: Path, labels: list[str], spec: PixelSpec) -> None:
        from ressq_runtime.engines.interpreter import open_litert_interpreter

        engine = open_litert_interpreter(str(artefact), 1)
        if engine is None:
            raise SystemExit("found no ai-edge-litert, wanted it for the reference; pip install ai-edge-litert")
        self._engine, self._labels, self._spec = engine, labels, spec

    def answer(self, path: Path) -> tuple[str, float]:
        """(label, how far its probability is above the second)."""
        from ressq_runtime.inputs.picture import crop, decode

        scores = np.array(self._engine.run(crop(decode(path, None), self._spec))["scores"].values())
        second, first = np.sort(scores)[-2:]
        return self._labels[int(scores.argmax())], float(first - second)


def make_pictures(photos: Path, references: list[Reference], folder: Path, count: int) -> dict[str, list[Picture]]:
    """`count` photos at each of SIZES, of as many classes as there are, written below `folder`.

    Raises:
        FolderError: too few photos of which every reference is sure, or all of one label.
    """
    by_class: dict[Path, list[Path]] = {}
    for path in list_pictures(photos):
        by_class.setdefault(path.parent, []).append(path)
    found: dict[str, list[Picture]] = {size: [] for size in SIZES}
    in_turn = (path for paths in zip_longest(*by_class.values()) for path in paths if path)
    for number, photo in enumerate(in_turn):
        if len(found["12 MP"]) == count:
            break
        made = {size: _answered(photo, SIZES[size], folder / f"{number}-{size[:2]}.jpg", references) for size in SIZES}
        labels = [picture.label for picture in found["12 MP"]]
        # The last place is for another label: a peer that always says the same must not pass.
        if all(made.values()) and labels.count(made["12 MP"].label if made["12 MP"] else "") < max(1, count - 1):
            for size, picture in made.items():
                found[size] += [picture] if picture else []
    different = {picture.label for picture in found["12 MP"]}
    if len(found["12 MP"]) < count or len(different) < 2:
        raise FolderError(
            f"{photos}: found {len(found['12 MP'])} photos of {len(different)} labels that the network is sure of, "
            f"wanted {count} of two labels or more; take photos of what it was trained on, or another --artefacts"
        )
    return found


def _answered(photo: Path, size: tuple[int, int], target: Path, references: list[Reference]) -> Picture | None:
    """The photo at that size; None where a reference is not sure, or two disagree."""
    with Image.open(photo) as image:
        upright = ImageOps.exif_transpose(image).convert("RGB")
        ImageOps.fit(upright, size, Image.Resampling.BICUBIC).save(target, quality=QUALITY)
    answers = [reference.answer(target) for reference in references]
    labels = {label for label, _ in answers}
    sure = len(labels) == 1 and all(margin >= SURE for _, margin in answers)
    return Picture(str(target), labels.pop()) if sure else None
