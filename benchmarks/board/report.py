"""The counts of a board as a table, and against the counts of an earlier time."""

from __future__ import annotations

from typing import Any

from board.masks import of_masks, to_section
from page.content import Bars, Page, Section, Table

HEAD = ("", "plain script", "ressq-infer", "share")
# Instructions that may come on top without a word: other paths, another patch release of the emulator.
TOLERANCE = 0.02
# A stage of a few ten thousand changes by more than that with one line, and costs nobody anything.
SMALLEST = 100_000
# Multiply-adds of one instruction: SDOT's sixteen on the Cortex-A76, eight widened bytes before it, four floats.
LANES = {"int8": {"pi5": 16}, "fp32": {}}
OTHER_LANES = {"int8": 8, "fp32": 4}
# A site of tools/pi -> its interpreter.
_NAMES = {"litert": "LiteRT", "tflite": "tflite-runtime", "onnx": "ONNX Runtime", "tflite32": "tflite-runtime"}


def to_page(result: dict[str, Any]) -> Page:
    """The whole process against the plain script, the stages of one answer, and an inference in every interpreter."""
    board, kinds = result["board"], list(result["multiply_adds"])
    small, large = (share(result["counts"], kinds[0], name) for name in ("400x441 x1", "4000x3000 x1"))
    return Page(
        f"pi-{board}", f"{board}: millions of instructions",
        f"An answer takes {small:.0%} of the plain script's instructions for a small photo, {large:.0%} for one of 12 "
        f"megapixels ({kinds[0]}, whole process)", [],
        [_processes(result), _stages(result), _inferences(result), *_masks(result["counts"])],
        [
            f"{result['versions']}; emulated; Python alone {millions(result['counts']['python'])}.",
            "Counts are exact, and no times: caches, clocks and the SD card have their say too.",
        ],
    )  # fmt: skip


def _processes(result: dict[str, Any]) -> Section:
    counts, rows = result["counts"], []
    for kind in result["multiply_adds"]:
        for name in ("400x441 x1", "4000x3000 x1"):
            plain, ours = (counts[f"{kind} {name} {who}"] for who in ("plain script", "ressq-infer"))
            rows.append(row(f"{kind}, one photo of {name.split()[0]}, whole process", plain, ours))
        plain, ours = (steady(counts, kind, who) for who in ("plain script", "ressq-infer"))
        rows.append(row(f"{kind}, each further photo of 4000x3000", plain, ours))
    series = {name: [float(line[index].replace(",", "")) for line in rows] for index, name in enumerate(HEAD[1:3], 1)}
    plot = Bars(f"{result['board']}, file to label", "million instructions", [line[0] for line in rows], series)
    return Section("From file to label", [], Table(HEAD, rows), [plot])


def _stages(result: dict[str, Any]) -> Section:
    counts, kinds = result["counts"], list(result["multiply_adds"])
    stages = (key.split(" stage ")[1] for key in counts if key.startswith(f"{kinds[0]} ") and " stage " in key)
    rows = [[stage, *(millions(counts[f"{kind} 4000x3000 stage {stage}"]) for kind in kinds)] for stage in stages]
    return Section("Stages of ressq-infer, 4000x3000", [], Table(["stage", *kinds], rows))


def _inferences(result: dict[str, Any]) -> Section:
    rows = []
    for found in result.get("engines", ()):
        floor = found["multiply_adds"] // lanes(found["precision"], result["board"])
        counted = found.get("instructions")
        rows.append([
            f"{_NAMES[found['engine']]}, {found['precision']}, {found['network']}", millions(floor),
            millions(counted) if counted else f"not counted: {found['not_counted']}",
            f"{counted / floor:.2f}" if counted else "",
        ])  # fmt: skip
    text = [
        "The floor: multiply-adds over what one instruction does (int8: 16 with the dot product of a Cortex-A76, 8 "
        "without; fp32: 4). `plain`: the last layer before the mean, as a converter leaves it that nobody helps."
    ]
    return Section("One inference", text, Table(["interpreter, network", "floor", "counted", "x floor"], rows))


def _masks(counts: dict[str, int]) -> list[Section]:
    return [to_section(counts)] if of_masks(counts) else []


def share(counts: dict[str, int], kind: str, name: str) -> float:
    """ressq-infer's instructions over the plain script's."""
    return counts[f"{kind} {name} ressq-infer"] / counts[f"{kind} {name} plain script"]


def compare(result: dict[str, Any], reference: dict[str, Any]) -> list[str]:
    """What became dearer by more than TOLERANCE and by more than SMALLEST, or is not counted any more, in words."""
    found = result["counts"]
    return [
        f"{result['board']}: {name}: found {found.get(name, 'nothing')}, wanted at most {1 + TOLERANCE} x {wanted}"
        for name, wanted in reference["counts"].items()
        if name not in found or found[name] > max((1 + TOLERANCE) * wanted, wanted + SMALLEST)
    ]


def steady(counts: dict[str, int], kind: str, who: str) -> int:
    """Instructions of each further large photo."""
    few, more = (counts[f"{kind} 4000x3000 x{times} {who}"] for times in (2, 4))
    return (more - few) // 2


def lanes(kind: str, board: str) -> int:
    """Multiply-adds that one instruction of the board does."""
    return LANES[kind].get(board, OTHER_LANES[kind])


def row(name: str, plain: int, ours: int) -> list[str]:
    """A line of the first table."""
    return [name, millions(plain), millions(ours), f"{ours / plain:.0%}"]


def millions(number: int) -> str:
    """One decimal."""
    return f"{number / 1e6:,.1f}"
