"""One inference in every interpreter that a board has, beside the fewest instructions that its multiply-adds take."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from board.models import ARCHITECTURE, make_random
from ressq_runtime import read_card

PROGRAM = Path(__file__).with_name("inference.py")
# The sites of tools/pi that hold an interpreter; a 32-bit board has but one.
SITES = {"litert": ".tflite", "tflite": ".tflite", "onnx": ".onnx"}
SITES_32 = {"tflite32": ".tflite"}
# name -> architecture, classes, plain: what a converter makes that nobody helps, the last layer before the mean
NETWORKS = {
    "10 classes": (ARCHITECTURE, 10, False),
    "1000 classes": (ARCHITECTURE, 1000, False),
    "1000 classes, plain": (ARCHITECTURE, 1000, True),
    "10 classes, without bypass": ("squeezenet1_1", 10, False),
}
# What the plain order and the bypass cost is asked of TFLite's int8 alone.
_TFLITE_SITES = ("litert", "tflite32")
# Interpreters round int8 a little differently; a probability of a thousand is small, so by its share.
_TOLERANCE = 0.1


def count_engines(
    board: str, folder: Path, count: Callable[[str, str], tuple[dict[str, int], list[float]]]
) -> list[dict[str, Any]]:
    """Rows of `engine`, `precision`, `network`, `multiply_adds`, and `instructions` or why there are none.

    Args:
        board: its name.
        folder: where the random networks are kept.
        count: (site, model) -> instructions up to each mark, by its number, and the scores.
    """
    rows = []
    for site, suffix in (SITES_32 if board == "pi2-32" else SITES).items():
        for precision in ("int8", "fp32"):
            for name, (arch, classes, plain) in NETWORKS.items():
                compared = plain or arch != ARCHITECTURE
                if compared and (precision == "fp32" or site not in _TFLITE_SITES):
                    continue
                stem = f"random-{arch}-{classes}{'-plain' if plain else ''}"
                path = make_random(folder / f"{stem}_{precision}{suffix}", classes, arch=arch, plain=plain)
                rows.append({"engine": site, "precision": precision, "network": name, **_count(path, site, count)})
    return rows


def name_row(row: dict[str, Any]) -> str:
    """A row's name among the counts that are compared with a reference."""
    return f"{row['precision']} {row['network']} inference in {row['engine']}"


def _count(path: Path, site: str, count: Callable[[str, str], tuple[dict[str, int], list[float]]]) -> dict[str, Any]:
    card = read_card(path)
    assert card
    model: Any = card.data["model"]
    try:
        marks, scores = count(site, str(path))
    except SystemExit as error:  # the interpreter refuses the model
        return {"multiply_adds": model["multiply_adds"], "not_counted": str(error).strip().splitlines()[-1]}
    check_scores(path, scores)
    return {"multiply_adds": model["multiply_adds"], "instructions": marks["2"] - marks["1"]}


def check_scores(path: Path, scores: list[float]) -> None:
    """A count of other scores than this machine's is no count.

    Raises:
        SystemExit: they differ.
    """
    from ressq_runtime.classifier import Classifier
    from ressq_runtime.inputs.golden_picture import golden_picture

    classifier = Classifier.load(path, threads=1)
    side = classifier.spec.height
    wanted = classifier.scores(golden_picture(0, side, side).crop((0, 0, side, side)).tobytes())
    classifier.close()
    worst = max(abs(found / here - 1) for found, here in zip(scores, wanted, strict=True))
    if worst > _TOLERANCE:
        raise SystemExit(f"{path}: found scores that differ by {worst:.0%} from this machine's; nothing is counted")


def read_marks(said: str) -> tuple[dict[str, int], list[float]]:
    """What PROGRAM and the emulator print, as `count_engines` wants it."""
    lines = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    marks = {str(line["mark"]): line["total"] for line in lines if "mark" in line}
    return marks, next(line["scores"] for line in lines if "scores" in line)
