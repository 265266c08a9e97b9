"""Which engine answers with which release of ai-edge-litert; `make litert-versions` runs this with real ones."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from ressq_runtime.artefact.installed import BUILTIN
from ressq_runtime.engines.litert_library import KNOWN

ai_edge_litert = pytest.importorskip("ai_edge_litert", reason="LiteRT is not installed")

_CODE = """
import json, sys
from importlib.metadata import version
import numpy
from ai_edge_litert.interpreter import Interpreter
from ressq_runtime import Classifier

pixels = numpy.random.default_rng(0).integers(0, 256, (1, 224, 224, 3), numpy.uint8)
interpreter = Interpreter(sys.argv[1], num_threads=1)
interpreter.allocate_tensors()
interpreter.set_tensor(interpreter.get_input_details()[0]["index"], pixels)
interpreter.invoke()
wanted = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])[0].tolist()
classifier = Classifier.load(sys.argv[1], threads=1)
print(json.dumps({
    "class": type(classifier.engine).__name__,
    "engine": classifier.engine.version,
    "installed": version("ai-edge-litert"),
    "equal": classifier.scores(pixels.tobytes()) == wanted,
}))
"""


def answer(*first: Path) -> dict[str, object]:
    """What a fresh process finds, with these folders first on its path."""
    path = os.pathsep.join([*map(str, first), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = subprocess.run(
        [sys.executable, "-c", _CODE, BUILTIN],
        env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_the_release_decides_on_the_engine_and_the_scores_are_the_same() -> None:
    installed = version("ai-edge-litert")
    known = tuple(map(int, installed.split("."))) in KNOWN
    wanted = "LiteRtEngine" if known else "InterpreterEngine"
    assert answer() == {"class": wanted, "engine": installed, "installed": installed, "equal": True}


@pytest.mark.parametrize("claimed", ["2.3.1", "3.1.0", "2.0.3"])
def test_a_release_that_was_not_tried_is_left_to_interpreter(tmp_path: Path, claimed: str) -> None:
    (tmp_path / "ai_edge_litert").symlink_to(Path(ai_edge_litert.__file__).parent)
    metadata = tmp_path / f"ai_edge_litert-{claimed}.dist-info" / "METADATA"
    metadata.parent.mkdir()
    metadata.write_text(f"Metadata-Version: 2.1\nName: ai-edge-litert\nVersion: {claimed}\n")
    wanted = {"class": "InterpreterEngine", "engine": claimed, "installed": claimed, "equal": True}
    assert answer(tmp_path) == wanted
