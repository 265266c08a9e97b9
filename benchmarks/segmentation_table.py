"""Networks that answer for each pixel, side by side: our heads, each without bypass, and torchvision's light ones.

    python benchmarks/segmentation_table.py [EXPORT...] [--board pi5] [--board pi4] [--out bench]

EXPORT: a folder that `ressq-export RUN --evaluate DATA` wrote; its certificate gives mIoU on test pictures. Everything
else is a matter of structure, and measured with random weights: parameters, multiply-adds, size, an inference here (all
in turn, one thread) and its instructions on emulated boards, both outputs, at 241x321 with 11 classes.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pi
from board.heads import CLASSES, HEADS, HEIGHT, WIDTH, make_head
from board.masks import PROGRAM
from board.models import ARCHITECTURE
from circumstances import Watch, describe_machine
from page.command import publish
from page.content import Page, Section, Table
from ressq_runtime import read_card
from ressq_runtime.engines import load_engine
from ressq_runtime.inputs.golden_picture import golden_picture
from spreads import spread
from turns import take_turns

PLAIN = ARCHITECTURE.removeprefix("res")  # without bypass
LIGHT = "LR-ASPP MobileNetV3-L"
ROUNDS, BURST = 9, 3
KINDS = ("fp32.tflite", "int8.tflite")


def main(argv: list[str] | None = None) -> int:
    """Measures, writes and prints; returns the exit code."""
    arguments = _parse(argv)
    return 0 if publish("segmentation_table.py", lambda: measure(arguments), to_page, arguments.out) else 1


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    """The report.

    Raises:
        SystemExit: an export has no figures of test pictures.
    """
    folder = arguments.out
    folder.mkdir(parents=True, exist_ok=True)
    reached = dict(read_export(path) for path in arguments.exports)
    rows, watch = list_rows(folder), Watch()
    add_times(rows)
    if arguments.board:
        pi.set_up()
        with tempfile.TemporaryDirectory() as made:
            site = pi.install(Path(made))
            for board in arguments.board:
                add_counts(rows, board, site)
    for row in rows:
        row["miou"] = reached.get(row["name"])
        del row["paths"]
    return {"benchmark": "segmentation_table", "rows": rows, "boards": arguments.board or [], **watch.describe()}


def list_rows(folder: Path) -> list[dict[str, Any]]:
    """Name, files, and what a network is made of."""
    from board.baselines import BASELINES, make_baseline

    rows = []
    for arch in (ARCHITECTURE, PLAIN):
        for head in HEADS:
            paths = make_head(folder, head, arch)
            card = read_card(str(paths["int8.tflite"]))
            assert card
            model: Any = card.data["model"]
            rows.append(_row(name_head(arch, head), paths, model["parameters"], model["multiply_adds"]))
    return rows + [_row(name, *make_baseline(folder, name)) for name in BASELINES]


def name_head(arch: str, head: str) -> str:
    """A network's name in the table."""
    return head if arch == ARCHITECTURE else f"{head}, without bypass"


def _row(name: str, paths: dict[str, Path], parameters: int, multiply_adds: int) -> dict[str, Any]:
    sizes = {kind: paths[kind].stat().st_size for kind in KINDS}
    return {"name": name, "paths": paths, "parameters": parameters, "multiply_adds": multiply_adds, "bytes": sizes}


def add_times(rows: Sequence[dict[str, Any]]) -> None:
    """Milliseconds of an inference of each file, all in turn."""
    pixels = golden_picture(0, HEIGHT, WIDTH).crop((0, 0, WIDTH, HEIGHT)).tobytes()
    engines = {(row["name"], kind): load_engine(str(row["paths"][kind])) for row in rows for kind in KINDS}
    jobs = {key: partial(engine.run, pixels) for key, engine in engines.items()}
    found = take_turns(jobs, ROUNDS, BURST)
    for engine in engines.values():
        engine.close()
    for row in rows:
        row["cpu_ms"] = {kind: spread(found[row["name"], kind].cpu_ms) for kind in KINDS}


def add_counts(rows: Sequence[dict[str, Any]], board: str, site: Path) -> None:
    """Instructions of an int8 inference on a board."""
    for row in rows:
        words = str(PROGRAM), str(row["paths"]["int8.tflite"]), str(HEIGHT), str(WIDTH)
        first, second = pi.count_marks(board, site, *words)[1]
        row.setdefault("instructions", {})[board] = second - first


def read_export(folder: Path) -> tuple[str, dict[str, float]]:
    """(name in the table, mIoU of each file on the test pictures) of an export that was evaluated.

    Raises:
        SystemExit: it has no certificate, or none of test pictures.
    """
    paths = sorted(folder.glob("*_certificate.json"))
    document = json.loads(paths[0].read_text()) if paths else {"sets": []}
    tested = next((found for found in document["sets"] if "test" in str(found["name"])), None)
    if tested is None:
        raise SystemExit(f"{folder}: found no figures of test pictures; make them by ressq-export --evaluate")
    model = document["model"]
    return name_head(model["arch"], model["head"]), {kind: tested["figures"][kind]["miou"] for kind in KINDS}


def to_page(report: dict[str, Any]) -> Page:
    """All of it in one table."""
    rows, boards = report["rows"], report["boards"]
    names = {row["name"]: row for row in rows}
    verdict = f"{HEADS[0]} in int8 takes {_share(names, 'cpu_ms')} of the time of {LIGHT} here"
    if boards:
        counts = {name: row["instructions"][boards[0]] for name, row in names.items()}
        verdict += f", and {counts[HEADS[0]] / counts[LIGHT]:.2f} of its instructions on {boards[0]}"
    head = ["network", "parameters", "multiply-adds", "int8", "mIoU fp32 / int8", "ms fp32 / int8", *boards]
    return Page(
        "segmentation_table", "A class for each pixel", verdict, report["warnings"],
        [Section("Networks", [
            f"{HEIGHT}x{WIDTH}, {CLASSES} classes, class map and probabilities. Boards: million instructions of an "
            "int8 inference. Random weights, but for mIoU; a dash: no run was given."
        ], Table(head, [_cells(row, boards) for row in rows]))],
        [describe_machine(report), "One thread; milliseconds of a core; all files in turn."],
    )  # fmt: skip


def _share(names: dict[str, Any], key: str) -> str:
    return f"{names[HEADS[0]][key]['int8.tflite'][0] / names[LIGHT][key]['int8.tflite'][0]:.2f}"


def _cells(row: dict[str, Any], boards: Sequence[str]) -> list[str]:
    reached = " / ".join(f"{row['miou'][kind]:.1%}" for kind in KINDS) if row["miou"] else "-"
    times = " / ".join(f"{row['cpu_ms'][kind][0]:.1f}" for kind in KINDS)
    counts = [f"{row['instructions'][board] / 1e6:.1f}" for board in boards]
    costs = f"{row['parameters'] / 1e6:.2f} M", f"{row['multiply_adds'] / 1e6:,.0f} M"
    return [row["name"], *costs, f"{row['bytes']['int8.tflite'] / 1e6:.2f} MB", reached, times, *counts]


def _parse(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("segmentation_table.py", description="Networks for masks, side by side.")
    add = parser.add_argument
    add("exports", nargs="*", type=Path, metavar="EXPORT", help="folders of ressq-export --evaluate: their mIoU")
    add("--board", action="append", choices=pi.BOARDS[:3], help="may be repeated (default: none is counted)")
    add("--out", type=Path, metavar="FOLDER", default=Path("bench"), help="default: bench")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
