"""Which artefacts a benchmark runs: those of a folder, of a run that is exported first, or of the demo."""

from __future__ import annotations

import json
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

from ressq_runtime import read_card
from ressq_runtime.artefact.card import Card

KINDS = ("int8.tflite", "fp32.tflite", "int8.onnx", "fp32.onnx")
ROOT = Path(__file__).resolve().parents[1]
EXPORTS = ROOT / "bench" / "exports"
_CHECKPOINT = "best.safetensors"


def find_artefacts(folder: Path) -> dict[str, Path]:
    """The artefacts of one export, by kind: those of KINDS that are there.

    Raises:
        SystemExit: the folder holds no int8 .tflite, or two of a kind.
    """
    found: dict[str, Path] = {}
    for kind in KINDS:
        paths = sorted(folder.glob(f"*_{kind}"))
        if len(paths) > 1:
            raise SystemExit(f"{folder}: found {len(paths)} files *_{kind}, wanted those of one export")
        if paths:
            found[kind] = paths[0]
    if "int8.tflite" not in found:
        raise SystemExit(f"{folder}: found no NAME_int8.tflite, wanted what ressq-export wrote")
    return found


def find_card(artefact: Path) -> Card:
    """The card of an artefact.

    Raises:
        SystemExit: it has none.
    """
    card = read_card(str(artefact))
    if card is None:
        raise SystemExit(f"{artefact}: found a model without a card, wanted an artefact of ressq-export")
    return card


def open_target(target: Path | None) -> Path:
    """The folder of artefacts that is meant: `target`, what a run there is exported to, or the newest demo's.

    Raises:
        SystemExit: there is no demo, or the export failed.
    """
    if target is None:
        made = list(ROOT.glob("demo/*-dist/*_int8.tflite"))
        if not made:
            raise SystemExit("found no demo/*-dist, wanted artefacts; call make demo, or name a run or an export")
        return max(made, key=lambda path: path.stat().st_mtime).parent
    return export_run(target) if (target / _CHECKPOINT).is_file() else target


def export_run(run: Path) -> Path:
    """The artefacts of a run of ressq-train: those in its dist/ if they are of these weights, else an export, kept for
    the next benchmark as long as the weights are the same.

    Raises:
        SystemExit: the export failed.
    """
    name, weights = run.resolve().name, sha256((run / _CHECKPOINT).read_bytes()).hexdigest()
    for made in sorted((run / "dist").glob("*_int8.tflite")):
        model: Any = find_card(made).data["model"]
        if model["checkpoint_sha256"] == weights:
            return made.parent
    folder = EXPORTS / f"{name}-{weights[:12]}"
    if not (folder / f"{name}_int8.tflite").is_file():
        print(f"{run}: exporting to {folder}", file=sys.stderr)
        command = [str(Path(sys.executable).with_name("ressq-export")), str(run), "--out", str(folder), "--force"]
        done = subprocess.run([*command, "--allow-drop"], stdout=subprocess.DEVNULL, check=False)
        if done.returncode != 0:
            raise SystemExit(f"{run}: ressq-export ended with exit code {done.returncode}")
    return folder


def find_pictures(target: Path | None, artefacts: Path) -> Path:
    """The test pictures that belong to a target: the demo's, or those a run names. Validation pictures chose int8.

    Raises:
        SystemExit: nothing says where they are.
    """
    name = artefacts.name.removesuffix("-dist")
    places, config = [artefacts.with_name(name)], (target or artefacts.with_name(f"{name}-run")) / "config.json"
    if config.is_file():
        places.append(Path(json.loads(config.read_text())["data"]))
    for place in places:
        if (place / "test").is_dir():
            return place / "test"
    raise SystemExit(f"{target or artefacts}: found no test/ folder that belongs to it; name its pictures with --data")
