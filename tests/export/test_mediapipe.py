"""A foreign client: MediaPipe's ImageClassifier opens the .tflite artefacts as they are, and answers the same.

MediaPipe lives in an environment of its own, whose Python RESSQ_MEDIAPIPE_PYTHON names.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from ressq_runtime.classifier import Classifier

PYTHON = os.environ.get("RESSQ_MEDIAPIPE_PYTHON", "")
# MediaPipe's LiteRT is another release than ours, and it may use more threads.
ROUNDING = 1e-4

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not PYTHON, reason="RESSQ_MEDIAPIPE_PYTHON names no Python with MediaPipe"),
]


@pytest.mark.parametrize("kind", ["fp32.tflite", "int8.tflite"])
def test_mediapipe_gives_the_same_answers(
    exported: dict[str, Path], pixels: list[bytes], kind: str, tmp_path: Path
) -> None:
    (tmp_path / "pixels").write_bytes(b"".join(pixels))
    script = Path(__file__).with_name("mediapipe_check.py")
    command = [PYTHON, str(script), str(exported[kind]), str(tmp_path / "pixels"), "64"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    classifier = Classifier.load(exported[kind])
    for (label, score), picture in zip(json.loads(done.stdout), pixels, strict=True):
        (wanted,) = classifier.rank(classifier.scores(picture), 1)
        assert label == wanted.label
        assert score == pytest.approx(wanted.probability, abs=ROUNDING)
