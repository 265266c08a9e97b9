"""ressq-infer and its peers, from file to label, side by side: one core, one thread, the same pictures.

    python benchmarks/peers.py [PHOTOS] [--artefacts DIST] [--rounds 21] [--out bench]

PHOTOS is a folder of photos of what the network knows, in folders of classes (default: the demo's); they are re-encoded
at 400x441 and at 12 megapixels. DIST holds the artefacts of an export (NAME_int8.tflite, NAME_fp32.tflite,
NAME_int8.onnx, NAME_fp32.onnx); without it the built-in model runs, in those peers that read a .tflite. Each peer lives
in an environment of its own below .peers/, made at the first run (1.5 GB). Writes peers.json, .md, .html and plots.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any

from artefacts import find_artefacts, find_card, find_pictures, open_target
from circumstances import Watch
from page.command import publish
from peer.asked import find_asked
from peer.convert import find_model
from peer.pictures import Reference, make_pictures
from peer.registry import PEERS, WORKERS, CannotRun, Peer, find_python
from peer.report import find_losses, find_unmeasured, find_warnings, to_page, to_rows
from peer.rounds import Line, Worker, measure, one_core
from ressq_runtime.artefact.card import Card
from ressq_runtime.artefact.installed import BUILTIN
from ressq_runtime.inputs.picture_spec import PixelSpec

PRECISIONS = ("int8", "fp32")


def main(argv: list[str] | None = None) -> int:
    """Measures, writes and prints; exit code 1 if ressq-infer itself was not measured."""
    arguments = _parse(argv)
    report = publish("peers.py", lambda: compare(arguments), to_page, arguments.out)
    return 1 if report is None or find_unmeasured(report) else 0


def compare(arguments: argparse.Namespace) -> dict[str, Any]:
    """The report: rows, what is missing and why, machine and load."""
    if arguments.photos is None:
        demo = open_target(None)
        arguments.photos, arguments.artefacts = find_pictures(None, demo), arguments.artefacts or demo
    artefacts = find_artefacts(arguments.artefacts) if arguments.artefacts else {"int8.tflite": Path(BUILTIN)}
    card = find_card(artefacts["int8.tflite"])
    watch = Watch()
    rows: list[dict[str, Any]] = []
    missing: list[dict[str, str]] = []
    precisions = [precision for precision in PRECISIONS if f"{precision}.tflite" in artefacts]
    with tempfile.TemporaryDirectory() as folder, one_core(arguments.core) as core:
        references = [
            Reference(artefacts[f"{name}.tflite"], list(card.labels), PixelSpec.from_json(card.input))
            for name in precisions
        ]
        pictures = make_pictures(arguments.photos, references, Path(folder), arguments.pictures)
        for precision in precisions:
            lines, absent = open_lines(precision, artefacts, card)
            missing += absent
            measure(lines, pictures, arguments.rounds)
            rows += to_rows(precision, lines)
            for line in lines:
                line.worker.close()
    found = watch.describe()
    return {
        "benchmark": "peers", "artefacts": {kind: path.name for kind, path in artefacts.items()}, "core": core,
        "rounds": arguments.rounds, "pictures": arguments.pictures, **found,
        "warnings": [*found["warnings"], *find_warnings(rows)],
        "losses": find_losses(rows), "asked": find_asked(rows), "rows": rows, "missing": missing,
    }  # fmt: skip


def open_lines(
    precision: str, artefacts: dict[str, Path], card: Card, peers: tuple[Peer, ...] = PEERS
) -> tuple[list[Line], list[dict[str, str]]]:
    """The peers that are ready for this precision, and why the others are not."""
    lines, missing = [], []
    for peer in peers:
        try:
            python = find_python(peer)
            model = find_model(peer, precision, artefacts, python)
            packages = [package.partition("==")[0] for package in peer.packages]
            settings = {
                "model": str(model), "labels": list(card.labels), "packages": packages,
                "size": card.input["size"], "resize": card.input["resize"],
            }  # fmt: skip
            lines.append(Line(peer.name, Worker(python, WORKERS / peer.worker, settings)))
        except CannotRun as reason:
            missing.append({"peer": peer.name, "precision": precision, "reason": str(reason)})
    return lines, missing


def _parse(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("peers.py", description="ressq-infer against its peers, from file to label.")
    add = parser.add_argument
    add("photos", nargs="?", type=Path, metavar="PHOTOS", help="photos of what the network knows (default: the demo's)")
    add("--artefacts", type=Path, metavar="DIST", help="the folder of an export (default: the built-in model)")
    add("--rounds", type=int, default=21, help="how often each figure is taken (default 21)")
    add("--pictures", type=int, default=4, help="photos of each size (default 4)")
    add("--core", type=int, help="the core to use (default: the last)")
    add("--out", type=Path, metavar="FOLDER", default=Path("bench"), help="where the report goes (default bench)")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
