"""Which pictures are called unlike the training pictures: photos as trained on, photos changed, and strange ones.

    python benchmarks/out_of_distribution.py FOLDER STRANGE DIST/NAME [DIST/NAME ...] [--out bench]

FOLDER holds photos of the kind that was trained on, and none that was (a test folder); STRANGE pictures of something
else, of which the first 300 of a seeded draw are shown. DIST/NAME stands for DIST/NAME_{fp32,int8}.{onnx,tflite}.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageFilter, ImageOps

from artefacts import KINDS
from circumstances import describe_call, say_call
from page.command import publish
from page.content import Bars, Page, Section, Table
from ressq_runtime.classifier import Classifier
from ressq_runtime.errors import ArtefactError, FolderError, PictureError
from ressq_runtime.inputs.folders import list_pictures
from ressq_runtime.inputs.picture import to_pixels

COUNT, CHANGED, SEED = 300, 100, 0
CHANGES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "upside down": ImageOps.flip,
    "blurred": lambda image: image.filter(ImageFilter.GaussianBlur(image.width / 56)),
    "noisy": lambda image: _add_noise(image),
    "grey": lambda image: image.convert("L").convert("RGB"),
    "negative": ImageOps.invert,
    "black": lambda image: Image.new("RGB", image.size),
}


def main(argv: list[str] | None = None) -> int:
    """Measures, writes and prints; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("strange", type=Path)
    parser.add_argument("names", nargs="+", metavar="DIST/NAME")
    parser.add_argument("--out", type=Path, metavar="FOLDER", default=Path("bench"), help="default: bench")
    args = parser.parse_args(argv)
    return (
        0
        if publish(
            "out_of_distribution.py", lambda: measure_all(args.names, args.folder, args.strange), to_page, args.out
        )
        else 1
    )


def measure_all(names: list[str], folder: Path, strange: Path) -> dict[str, Any]:
    """The report: a row of `files` for each file: name; flagged, share of each kind of picture; auroc.

    Raises:
        RessqError: an artefact can't be loaded or has no limit, or a folder holds no picture.
    """
    faults: list[str] = []
    files = [measure(Path(f"{name}_{kind}"), folder, strange, faults) for name in names for kind in KINDS]
    data = [str(Path(*path.parts[-2:])) for path in (folder, strange)]
    return {
        "benchmark": "out_of_distribution",
        "data": data,
        "files": files,
        "faults": sorted({*faults}),
        **describe_call(),
    }


def measure(path: Path, folder: Path, strange: Path, faults: list[str]) -> dict[str, Any]:
    """One file's row of the report; pictures that can't be read are added to `faults`."""
    classifier = Classifier.load(path)
    limit = classifier.card.data.get("out_of_distribution") if classifier.card else None
    if not isinstance(limit, dict):
        raise ArtefactError(
            f"{path}: found no limit on the out-of-distribution score in its card, wanted one; export it again"
        )
    drawn = list_pictures(strange)
    random.Random(SEED).shuffle(drawn)
    usual, other = (_read(classifier, found, faults) for found in (list_pictures(folder), drawn[:COUNT]))
    some = usual[:: -(-len(usual) // CHANGED)]
    kinds = {"as trained on": usual, "strange": other, "strange, grey": list(map(CHANGES["grey"], other))}
    kinds |= {name: [change(image) for image in some] for name, change in CHANGES.items()}
    far = {kind: _distances(classifier, images) for kind, images in kinds.items()}
    classifier.close()
    flagged = {kind: float((found >= limit["threshold"]).mean()) for kind, found in far.items()}
    strange_far, usual_far = far["strange"][:, None], far["as trained on"]
    auroc = float((strange_far > usual_far).mean() + (strange_far == usual_far).mean() / 2)
    return {"name": path.name, "n": {kind: len(x) for kind, x in far.items()}, "flagged": flagged, "auroc": auroc}


def _read(classifier: Classifier, paths: Iterable[Path], faults: list[str]) -> list[Image.Image]:
    side, images = classifier.spec.height, []
    for path in paths:
        try:
            images.append(Image.frombytes("RGB", (side, side), to_pixels(path, classifier.spec)))
        except PictureError as error:
            faults.append(str(error))
    if not images:
        raise FolderError("found no picture that can be read in one of the two folders, wanted some in both")
    return images


def _distances(classifier: Classifier, images: Iterable[Image.Image]) -> np.ndarray[Any, np.dtype[np.float64]]:
    found = []
    for image in images:
        classifier.scores(image.tobytes())
        found.append(classifier.out_of_distribution())
    return np.array(found, np.float64)


def _add_noise(image: Image.Image) -> Image.Image:
    noise = np.random.default_rng(SEED).normal(0, 25, (image.height, image.width, 3))
    return Image.fromarray((np.asarray(image) + noise).clip(0, 255).astype(np.uint8))


def to_page(report: dict[str, Any]) -> Page:
    """A row a file."""
    files = report["files"]
    kinds = list(files[0]["flagged"])
    rows = [[f["name"], *(f"{f['flagged'][kind]:.1%}" for kind in kinds), f"{f['auroc']:.3f}"] for f in files]
    passed = {f"{kind}, passed": [100 * (1 - f["flagged"][kind]) for f in files] for kind in kinds[1:3]}
    worst = min(files, key=lambda f: float(f["flagged"]["strange"]))
    verdict = (
        f"at least {worst['flagged']['strange']:.1%} of strange pictures are flagged ({worst['name']}), and at most "
        f"{max(f['flagged']['as trained on'] for f in files):.1%} of those like the training pictures"
    )
    text = [f"Share of pictures flagged: {report['data'][0]}, strange ones from {report['data'][1]}."]
    text += [f"Not read: {fault}" for fault in report["faults"]]
    plot = Bars("Strange pictures that pass", "%", [f["name"] for f in files], passed)
    section = Section("Each file", text, Table(["file", *kinds, "AUROC"], rows), [plot])
    return Page(
        "out_of_distribution", "What is called unlike the training pictures", verdict, [], [section], [say_call(report)]
    )


if __name__ == "__main__":
    sys.exit(main())
