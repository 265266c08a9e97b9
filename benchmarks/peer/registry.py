"""Who takes part, in which pinned environment, with which form of the artefact."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

HOME = Path(__file__).parents[2] / ".peers"
WORKERS = Path(__file__).parent / "workers"
_SHARED = ("numpy==2.5.5", "pillow==13.0.0")
OURS = "ressq-infer"


class CannotRun(Exception):  # noqa: N818 - no fault of ours: the reason stands in the report
    """A peer can't take part, for the reason given."""


@dataclass(frozen=True)
class Peer:
    """A library that classifies pictures.

    name          as the report calls it
    worker        its script in `workers/`
    environment   the folder of its environment; peers may share one
    packages      what pip installs, pinned
    takes         precision -> suffix of the artefact that it reads or converts
    converts      by which tool to what it reads: "", "pnnx" or "mnnconvert"
    alone         packages whose own requirements are left out
    why_not       precision -> why it can't have it
    """

    name: str
    worker: str
    environment: str
    packages: tuple[str, ...]
    takes: dict[str, str]
    converts: str = ""
    alone: tuple[str, ...] = ()
    why_not: dict[str, str] = field(default_factory=dict)


_TFLITE = {"int8": ".tflite", "fp32": ".tflite"}
_ONNX = {"int8": ".onnx", "fp32": ".onnx"}
_LITERT = ("ai-edge-litert==2.3.0",)

PEERS = (
    Peer(OURS, "with_ressq.py", "litert", _LITERT, _TFLITE),
    Peer("plain LiteRT script", "with_litert.py", "litert", _LITERT, _TFLITE),
    Peer("MediaPipe", "with_mediapipe.py", "mediapipe", ("mediapipe==1.2.2",), _TFLITE),
    Peer("ONNX Runtime", "with_onnxruntime.py", "onnxruntime", ("onnxruntime==1.32.0",), _ONNX),
    Peer("OpenVINO", "with_openvino.py", "openvino", ("openvino==2026.4.1",), _ONNX),
    # pnnx asks for torch, which its converter from ONNX does not use.
    Peer(
        "ncnn", "with_ncnn.py", "ncnn", ("ncnn==1.0.20261020",), {"fp32": ".onnx"}, "pnnx", ("pnnx==20261020",),
        {"int8": "its converter makes no int8 network of an int8 artefact; its own quantiser would make another one"},
    ),
    Peer("MNN", "with_mnn.py", "mnn", ("MNN==3.6.1",), _TFLITE, "mnnconvert"),
)  # fmt: skip


def find_python(peer: Peer) -> Path:
    """The Python of the peer's environment, which is made if it is not there or was made of other packages.

    Raises:
        CannotRun: pip can't install it.
    """
    return make_environment(peer.environment, (*peer.packages, *_SHARED), peer.alone)


def make_environment(name: str, packages: Sequence[str], alone: Sequence[str] = ()) -> Path:
    """The Python of the environment of this name, which is made if it is not there or was made of other packages.

    packages: what pip installs, pinned; alone: the same, without what they require.

    Raises:
        CannotRun: pip can't install it.
    """
    folder = HOME / name
    python, made_of = folder / "bin" / "python", folder / "made-of.txt"
    wanted = "\n".join((sys.version.split()[0], *packages, *alone))
    if made_of.is_file() and made_of.read_text() == wanted:
        return python
    print(f"{name}: installing {', '.join((*packages, *alone))} into {folder}", file=sys.stderr)
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    run([sys.executable, "-m", "venv", "--clear", str(folder)])
    run([*pip, *packages])
    if alone:
        run([*pip, "--no-deps", *alone])
    made_of.write_text(wanted)
    return python


def run(command: list[str], folder: Path | None = None) -> None:
    """Runs a command to its end.

    Raises:
        CannotRun: it failed; the reason is the last line that it printed.
    """
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        lines = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        errors = [line for line in lines if "ERROR" in line] or lines or [f"exit code {done.returncode}"]
        raise CannotRun(f"{Path(command[0]).name} {command[1]}: {errors[-1].strip()}")
