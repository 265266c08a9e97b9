"""What the exporter's tests share: a network that answers, without training, and its four model files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from export_networks import checkpoint_of, drawn_pixels, wide_gate, write_run
from ressq_export.convert import KINDS, Converted, Pictures, convert
from ressq_export.exporter import export
from ressq_export.formats.converter_log import Log
from ressq_export.progress import Screen
from ressq_export.request import Request

if TYPE_CHECKING:
    from pathlib import Path

    from ressq_edge.network.checkpoint import Checkpoint


@pytest.fixture(scope="session")
def checkpoint() -> Checkpoint:
    return checkpoint_of()


@pytest.fixture(scope="session")
def pixels() -> list[bytes]:
    return drawn_pixels()


@pytest.fixture(scope="session")
def log(tmp_path_factory: pytest.TempPathFactory) -> Log:
    return Log(tmp_path_factory.mktemp("log") / "log")


@pytest.fixture(scope="session")
def converted(
    checkpoint: Checkpoint, pixels: list[bytes], log: Log, tmp_path_factory: pytest.TempPathFactory
) -> Converted:
    """The four model files, without cards, of the gated network."""
    folder = tmp_path_factory.mktemp("converted")
    return convert(checkpoint, 1.0, Pictures(pixels, ()), wide_gate(folder), folder, log, Screen(None))


@pytest.fixture
def paths(converted: Converted) -> dict[str, Path]:
    return converted.paths


@pytest.fixture(scope="session")
def lively_run(checkpoint: Checkpoint, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run folder with an untrained but lively network; its pictures lie beside it in `data`."""
    return write_run(tmp_path_factory.mktemp("runs") / "café", checkpoint)


@pytest.fixture(scope="session")
def exported(lively_run: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The four artefacts of `lively_run`, by kind."""
    out = tmp_path_factory.mktemp("dist")
    export(Request(lively_run, out, "café", about="Drawn shapes.", max_drop=100), Screen(None))
    return {kind: out / f"café_{kind}" for kind in KINDS}
