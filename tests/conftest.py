"""What tests share: photos drawn by code, one network really trained on them, and its four artefacts.

Real photos come from the folder that RESSQ_TEST_DATA names: class folders in train/, validation/ and test/. A board
cannot train: there RESSQ_TEST_MADE names a folder with the shapes and the artefacts that a workstation made.
"""

from __future__ import annotations

import importlib.util
import os
import random
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image, ImageDraw

if TYPE_CHECKING:
    from collections.abc import Iterator

    from browser import Page

# A job in the background, as CI's, starts with SIGINT ignored, and so would every process that a test starts.
signal.signal(signal.SIGINT, signal.default_int_handler)

SHAPES = ("circle", "square", "triangle")
KINDS = ("fp32.onnx", "int8.onnx", "fp32.tflite", "int8.tflite")
SHAPE_SIZE = 64
MADE = os.environ.get("RESSQ_TEST_MADE")


class Artefacts(dict[str, Path]):
    """Artefacts by kind. A test that wants one for which no interpreter is installed is skipped."""

    def __missing__(self, kind: str) -> Path:
        pytest.skip(f"no interpreter for {kind} is installed")


def draw_shape(shape: str, random_state: random.Random, side: int = 80) -> Image.Image:
    """A bright shape on a dark, noisy ground: RGB, side x side."""
    noise = Image.frombytes("L", (side, side), random_state.randbytes(side * side))
    image = noise.point(lambda value: value // 4 + 20).convert("RGB")
    centre = [random_state.uniform(0.4, 0.6) * side for _ in range(2)]
    radius = random_state.uniform(0.2, 0.35) * side
    colour = tuple(random_state.randint(140, 255) for _ in range(3))
    draw = ImageDraw.Draw(image)
    if shape == "circle":
        draw.ellipse([c - radius for c in centre] + [c + radius for c in centre], fill=colour)
    else:
        draw.regular_polygon((*centre, radius * 1.2), 4 if shape == "square" else 3, fill=colour)
    return image


@pytest.fixture(scope="session")
def shapes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of three classes with 40 drawn pictures each, PNG, 80x80 RGB."""
    if MADE:
        return Path(MADE) / "shapes"
    root = tmp_path_factory.mktemp("shapes")
    random_state = random.Random(0)
    for shape in SHAPES:
        (root / shape).mkdir()
        for index in range(40):
            draw_shape(shape, random_state).save(root / shape / f"{index:02}.png")
    return root


@pytest.fixture(scope="session")
def run(shapes: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run folder: Res-SqueezeNet 1.1 with simple bypass, trained from scratch on the shapes until it knows them."""
    from ressq_edge.cli import main

    folder = tmp_path_factory.mktemp("runs") / "shapes"
    settings = ["--init", "none", "--size", str(SHAPE_SIZE), "--epochs", "30", "--seed", "0"]
    assert main([str(shapes), "--out", str(folder), *settings]) == 0
    return folder


@pytest.fixture(scope="session")
def artefacts(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The run's four artefacts by kind: "fp32.onnx", "int8.onnx", "fp32.tflite", "int8.tflite"."""
    if MADE:
        kinds = [kind for kind in KINDS if kind.endswith("tflite") or importlib.util.find_spec("onnxruntime")]
        return Artefacts({kind: Path(MADE) / f"shapes_{kind}" for kind in kinds})
    from ressq_export.cli import main

    folder = tmp_path_factory.mktemp("dist")
    run: Path = request.getfixturevalue("run")
    assert main([str(run), "--out", str(folder), "--name", "shapes"]) == 0
    return {kind: folder / f"shapes_{kind}" for kind in KINDS}


@pytest.fixture(scope="session")
def photos() -> Path:
    """The folder of real photos that RESSQ_TEST_DATA names."""
    folder = os.environ.get("RESSQ_TEST_DATA")
    if not folder:
        pytest.skip("RESSQ_TEST_DATA names no folder of real photos")
    return Path(folder)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """A tab of a fresh Chromium that reaches no network."""
    from browser import browsing  # a board has none

    with browsing(tmp_path_factory.mktemp("chromium")) as opened:
        opened.cut_off()
        yield opened
