"""A foreign client: MediaPipe's ImageSegmenter opens the .tflite files as they are, and gives the same classes.

It takes the scores, the last output, and resizes them itself: with the corners of both grids on each other, where our
class map has cells for areas. So its mask is compared with our scores resized as it does.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812 - PyTorch's own name for it

from ressq_export.float_files import convert_floats
from ressq_export.formats.converter_log import Log
from ressq_export.formats.metadata import add_metadata
from ressq_export.formats.tflite_int8 import quantise_tflite
from ressq_export.progress import Screen
from ressq_export.quantization.bypasses import Bare
from ressq_export.quantization.ranges import measure_ranges
from ressq_runtime.artefact.container import attach_card
from ressq_runtime.engines import load_engine
from segmentation_networks import HEIGHT, PLACES, WIDTH, place_pixels, segmenter

PYTHON = os.environ.get("RESSQ_MEDIAPIPE_PYTHON", "")
PICTURES = 20

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not PYTHON, reason="RESSQ_MEDIAPIPE_PYTHON names no Python with MediaPipe"),
]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Both .tflite files with metadata and a card, as artefacts have them."""
    folder, checkpoint, seen = tmp_path_factory.mktemp("made"), segmenter("deeplabv3plus"), place_pixels()
    log = Log(folder / "log")
    _, paths, _, _ = convert_floats(checkpoint, Bare(checkpoint.build(), {}), 1.0, seen, folder, log, Screen(None))
    int8 = folder / "int8.tflite"
    quantise_tflite(paths["fp32.tflite"], measure_ranges(paths["fp32.onnx"], seen), int8, log)
    for path in (paths["fp32.tflite"], int8):
        card = {
            "format": 2,
            "name": "places",
            "task": "segment",
            "labels": list(PLACES),
            "input": checkpoint.pixels.to_json(),
            "precision": {"scheme": ""},
            "self_test": [],
        }
        path.write_bytes(attach_card(add_metadata(path.read_bytes(), "places", "Drawn places."), card, ".tflite"))
    return {"fp32.tflite": paths["fp32.tflite"], "int8.tflite": int8}


def resized_classes(path: Path, pixels: bytes) -> np.ndarray:
    """Uint8 (HEIGHT, WIDTH): of our scores, resized as MediaPipe does."""
    engine = load_engine(str(path))
    found = engine.run(pixels)["scores"]
    engine.close()
    scores = torch.frombuffer(bytearray(found.data), dtype=torch.float32).view(found.shape).permute(0, 3, 1, 2)
    large = F.interpolate(scores, (HEIGHT, WIDTH), mode="bilinear", align_corners=True)
    return large.argmax(1)[0].to(torch.uint8).numpy()


@pytest.mark.parametrize("kind", ["fp32.tflite", "int8.tflite"])
def test_mediapipe_gives_the_same_classes(files: dict[str, Path], kind: str, tmp_path: Path) -> None:
    pictures = place_pixels(PICTURES)
    (tmp_path / "pixels").write_bytes(b"".join(pictures))
    script = Path(__file__).with_name("mediapipe_segment.py")
    command = [PYTHON, str(script), str(files[kind]), str(tmp_path / "pixels"), str(HEIGHT), str(WIDTH)]
    done = subprocess.run(command, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stderr.splitlines()[-1]) == list(PLACES)
    masks = np.frombuffer(done.stdout, np.uint8).reshape(PICTURES, HEIGHT, WIDTH)
    wanted = np.stack([resized_classes(files[kind], pixels) for pixels in pictures])
    assert (masks == wanted).mean() >= 0.995
