"""What a class for each pixel costs on a board: the network of each head, and the whole process from file to mask."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from board.heads import HEADS, HEIGHT, WIDTH, keep_logits, make_head
from page.content import Section, Table

PROGRAM = Path(__file__).with_name("outputs.py")
# What is counted of a file: with both outputs, and without what makes them of the logits.
WHOLE, ALONE = "both outputs", "logits alone"
# Pixels that the plain script's mask must share. Ours is decoded smaller where the photo is large, and a network with
# random weights has many small areas.
SAME = {"400x441": 1.0, "4000x3000": 0.9}

# (what runs on the board, its arguments) -> what it printed, and its instructions, or those of each mark
Count = Callable[..., tuple[str, int]]
Marks = Callable[..., tuple[str, list[int]]]


def count_heads(board: str, folder: Path, count: Marks) -> dict[str, int]:
    """Instructions of one inference of each head, by name.

    On a Pi 5 all of them; on another board int8 of the first one alone, for each takes long.
    """
    found = {}
    for head in HEADS if board == "pi5" else HEADS[:1]:
        for kind, path in make_head(folder, head).items():
            precision = kind.split(".")[0]
            if precision == "fp32" and board != "pi5":
                continue
            alone = keep_logits(path, folder / f"alone-{path.name}")
            for name, file in ((WHOLE, path), (ALONE, alone)):
                said, marks = count(str(PROGRAM), str(file), str(HEIGHT), str(WIDTH))
                if precision == "int8":
                    check_outputs(file, json.loads(said.splitlines()[-1])["checksums"])
                found[f"{precision} {head} {name}"] = marks[1] - marks[0]
    return found


def check_outputs(path: Path, found: dict[str, int]) -> None:
    """A count of other answers than this machine's is no count.

    Raises:
        SystemExit: they differ in a byte.
    """
    from ressq_runtime.engines import load_engine
    from ressq_runtime.inputs.golden_picture import golden_picture

    engine = load_engine(str(path))
    outputs = engine.run(golden_picture(0, HEIGHT, WIDTH).crop((0, 0, WIDTH, HEIGHT)).tobytes())
    engine.close()
    # Another C library's exp() moves the last bits of a probability.
    wanted = {name: zlib.crc32(tensor.data) for name, tensor in outputs.items() if name != "scores"}
    if {name: found[name] for name in wanted} != wanted:
        raise SystemExit(f"{path}: found other outputs than this machine's; nothing is counted")


def count_processes(folder: Path, photos: dict[str, Path], command: str, plain: str, count: Count) -> dict[str, int]:
    """Instructions from file to mask of the first head in int8, by name: ours and the plain script's.

    Raises:
        SystemExit: the masks differ by more than SAME allows.
    """
    model, found = str(make_head(folder, HEADS[0])["int8.tflite"]), {}
    for name, photo in photos.items():
        ours, theirs = folder / f"ours-{name}.png", folder / f"plain-{name}.png"
        for mask in (ours, theirs):
            mask.unlink(missing_ok=True)
        words = [command, str(photo), "--model", model, "--threads", "1", "--mask", str(ours)]
        found[f"int8 {HEADS[0]} {name} mask ressq-infer"] = count(*words)[1]
        found[f"int8 {HEADS[0]} {name} mask plain script"] = count(plain, model, str(photo), str(theirs))[1]
        check_masks(ours, theirs, SAME[name])
    return found


def check_masks(ours: Path, theirs: Path, least: float) -> None:
    """A count of another mask is no count.

    Raises:
        SystemExit: fewer pixels are the same.
    """
    import numpy as np
    from PIL import Image

    with Image.open(ours) as one, Image.open(theirs) as other:
        same = float((np.asarray(one) == np.asarray(other)).mean()) if one.size == other.size else 0.0
    if same < least:
        raise SystemExit(f"{ours}: found the plain script's class at {same:.1%} of the pixels; nothing is counted")


def to_section(counts: dict[str, int]) -> Section:
    """One inference of each head, and from file to mask."""
    rows = []
    for name, number in counts.items():
        words = name.split()
        if name.endswith((WHOLE, ALONE)):
            rows.append([name, f"{number / 1e6:,.1f}", _ratio(counts, name)])
        elif name.endswith("mask ressq-infer"):
            plain = counts[name.replace("ressq-infer", "plain script")]
            told = f"{number / plain:.0%} of the plain script's {plain / 1e6:,.1f}"
            rows.append([f"{' '.join(words[:3])}, file to mask, whole process", f"{number / 1e6:,.1f}", told])
    text = [f"{HEIGHT}x{WIDTH}, 11 classes, random weights. {ALONE}: without class map and probabilities."]
    return Section("A class for each pixel", text, Table(["what", "counted", ""], rows))


def _ratio(counts: dict[str, int], name: str) -> str:
    exact = counts.get(name.replace("int8", "fp32"))
    return f"fp32 takes {exact / counts[name]:.2f} x" if exact and name.startswith("int8") else ""


def of_masks(counts: dict[str, Any]) -> bool:
    """Whether a reference has counts of this kind."""
    return any(name.endswith(WHOLE) for name in counts)
