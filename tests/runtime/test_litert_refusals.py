"""Models that LiteRT's C API engine refuses, or leaves to Interpreter; damaged files don't end the process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ressq_runtime import Classifier
from ressq_runtime.engines.litert_c import LiteRtEngine, Unavailable
from ressq_runtime.errors import EngineError
from tiny_tflite import tiny_model

pytest.importorskip("ai_edge_litert", reason="LiteRT is not installed")


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
def test_a_truncated_model_is_an_error_and_not_the_end_of_the_process(tmp_path: Path, share: float) -> None:
    path, content = tmp_path / "cut.tflite", tiny_model()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(EngineError, match="found no model that LiteRT can read"):
        LiteRtEngine(path)


@pytest.mark.parametrize("content", [b"", b"junk", b"\x1c\0\0\0TFL3" + bytes(range(256)) * 100], ids=len)
def test_what_is_no_model_is_an_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "junk.tflite"
    path.write_bytes(content)
    with pytest.raises(EngineError, match=r"wanted a whole \.tflite; copy it again"):
        LiteRtEngine(path)


def test_a_missing_model_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="No such file or directory; check the path"):
        LiteRtEngine(tmp_path / "none.tflite")


def test_several_outputs_without_scores_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "two.tflite"
    path.write_bytes(tiny_model(outputs=2, name="other"))
    with pytest.raises(EngineError, match="found the outputs means, other, wanted one named scores"):
        Classifier.load(path, labels=["a", "b", "c", "d"], trusted=True)


@pytest.mark.parametrize(("wanted", "reason"), [
    ({"signatures": 2}, "several signatures"),
    ({"pixels": "int16"}, "tensor pixels of type 7"),
], ids=["signatures", "int16"])  # fmt: skip
def test_a_model_it_does_not_know_is_left_to_interpreter(tmp_path: Path, wanted: dict[str, Any], reason: str) -> None:
    path = tmp_path / "foreign.tflite"
    path.write_bytes(tiny_model(**wanted))
    with pytest.raises(Unavailable, match=reason):
        LiteRtEngine(path)
