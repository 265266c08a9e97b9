"""What a cache was made from: its index.json, and the states of the files whose pixels it holds."""

import hashlib
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

from ressq_edge.data.split import PARTS, Split, files_of


def measure(folder: Path) -> dict[str, int]:
    """Bytes of each file of pictures that is there."""
    return {path.name: path.stat().st_size for path in sorted(folder.glob("*.u8"))}


def file_states(split: Split, root: Path) -> dict[str, str]:
    """Each sample's part, and its files' paths, bytes and times of change, by the picture's path."""
    states = {}
    for part in PARTS:
        for sample in split.samples(part):
            with suppress(OSError):  # a link to nothing: decoding will name it
                found = [(name, (root / name).stat()) for name in files_of(sample)]
                told = (f"{part}/{name}/{status.st_size}/{status.st_mtime_ns}" for name, status in found)
                states[sample[0]] = "\n".join(told)
    return states


def make_key(states: dict[str, str], meaning: str, without: dict[str, str]) -> str:
    """SHA-256 over the format, the geometry and what masks mean, and the states of the files."""
    digest = hashlib.sha256(f"{meaning}\n".encode())
    for name in (name for name in states if name not in without):
        digest.update(f"{states[name]}\n".encode())
    return digest.hexdigest()


def read_index(folder: Path) -> dict[str, Any]:
    """The index, or nothing where there is none or half of one."""
    try:
        found = json.loads((folder / "index.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
