"""ONNX Runtime from 1.29 on reports what it does, on Linux as well: not from inside ressq_runtime.

Onnx2tf pins an older one that has no such habit, so RESSQ_ONNX_PYTHON names the Python of an environment of its
own (`make onnx-env`). Each child runs under a rule of the kernel that ends it with SIGSYS when it opens its first
socket, so nothing is sent here, whatever the outcome.
"""

from __future__ import annotations

import os
import platform
import signal
import subprocess
import sys
from pathlib import Path

import pytest

PYTHON = os.environ.get("RESSQ_ONNX_PYTHON", "")
ROOT = Path(__file__).parents[2]
# 1.32 looks for its collector some 9 s after its first event.
SILENT_S = 20

# System call number of socket(2).
_SOCKET = {"x86_64": 41, "aarch64": 198}.get(platform.machine(), 0)
# seccomp(2): load the number; socket? the process ends; anything else is allowed.
_END_AT_SOCKET = """
import ctypes, struct
rules = [(0x20, 0, 0, 0), (0x15, 0, 1, {socket}), (0x06, 0, 0, 0x80000000), (0x06, 0, 0, 0x7FFF0000)]
code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *rule) for rule in rules))
program = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(rules), ctypes.addressof(code)))
libc = ctypes.CDLL(None, use_errno=True)
assert libc.prctl(38, 1, 0, 0, 0) == 0, "PR_SET_NO_NEW_PRIVS"
assert libc.prctl(22, 2, program, 0, 0) == 0, "PR_SET_SECCOMP"
"""
_OURS = """
from ressq_runtime.engines.onnx import open_onnx
def run():
    engine = open_onnx(sys.argv[1], 1)
    engine.run(bytes(3072))
"""
_PLAIN = """
import numpy, onnxruntime
def run():
    session = onnxruntime.InferenceSession(sys.argv[1], providers=["CPUExecutionProvider"])
    session.run(None, {"pixels": numpy.zeros((1, 32, 32, 3), "uint8")})
"""
_SESSIONS = """
import time
until = time.monotonic() + float(sys.argv[2])
while True:
    run()
    if time.monotonic() >= until:
        break
    time.sleep(0.5)
print(sys.modules["onnxruntime"].__version__)
"""

pytestmark = [
    pytest.mark.host,
    pytest.mark.slow,
    pytest.mark.skipif(not PYTHON, reason="RESSQ_ONNX_PYTHON names no Python with onnxruntime >= 1.29"),
    pytest.mark.skipif(not sys.platform.startswith("linux") or not _SOCKET, reason="needs seccomp on x86-64 or arm64"),
]


class Child:
    """Sessions of ONNX Runtime, one after the other, in a home folder of their own."""

    def __init__(self, folder: Path, sessions: str, seconds: float, **environment: str) -> None:
        self.home = folder
        folder.mkdir()
        model = folder / "model.onnx"
        model.write_bytes(tiny_onnx())
        code = "import sys\n" + _END_AT_SOCKET.format(socket=_SOCKET) + sessions + _SESSIONS
        # None of this process's variables: ONNX Runtime keeps silent where one says CI, GITHUB_ACTIONS, XDG_CACHE_HOME.
        self.process = subprocess.Popen(
            [PYTHON, "-c", code, str(model), str(seconds)],
            env={"HOME": str(folder), "PYTHONPATH": str(ROOT / "runtime"), **environment},
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def end(self) -> int:
        """Waits; the exit code, -SIGSYS where a socket was opened. A crash of the script is a failure here."""
        out, err = self.process.communicate(timeout=SILENT_S + 60)
        assert self.process.returncode in (0, -signal.SIGSYS), err
        if self.process.returncode == 0:
            assert tuple(map(int, out.split(".")[:2])) >= (1, 29), f"found onnxruntime {out}, which has no telemetry"
        return self.process.returncode

    @property
    def written(self) -> list[str]:
        """Names of the files it left in its home folder, but for the model."""
        return sorted(path.name for path in self.home.rglob("*") if path.is_file() and path.suffix != ".onnx")


def tiny_onnx() -> bytes:
    from onnx import TensorProto, helper

    pixels = helper.make_tensor_value_info("pixels", TensorProto.UINT8, [1, 32, 32, 3])
    scores = helper.make_tensor_value_info("scores", TensorProto.FLOAT, [1, 3])
    axes = helper.make_tensor("axes", TensorProto.INT64, [2], [1, 2])
    nodes = [
        helper.make_node("Cast", ["pixels"], ["real"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["real", "axes"], ["means"], keepdims=0),
        helper.make_node("Softmax", ["means"], ["scores"]),
    ]
    graph = helper.make_graph(nodes, "tiny", [pixels], [scores], [axes])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    return bytes(model.SerializeToString())


def test_our_engine_opens_no_socket_where_onnxruntime_alone_does(tmp_path: Path) -> None:
    ours = Child(tmp_path / "ours", _OURS, SILENT_S)
    asked = Child(tmp_path / "asked", _OURS, SILENT_S, ORT_DISABLE_TELEMETRY="0")
    alone = Child(tmp_path / "alone", _PLAIN, SILENT_S)
    found = {"ours": ours.end(), "asked": asked.end(), "alone": alone.end()}
    assert found["alone"] == -signal.SIGSYS, "onnxruntime alone was silent too: this test shows nothing"
    assert found["ours"] == 0
    assert found["asked"] == 0, "a switch in the user's environment must not turn it on"
    assert ours.written == asked.written == []


def test_our_engine_keeps_no_event_and_no_device_identity(tmp_path: Path) -> None:
    ours, alone = Child(tmp_path / "ours", _OURS, 0), Child(tmp_path / "alone", _PLAIN, 0)
    assert (ours.end(), alone.end()) == (0, 0)
    assert alone.written == ["deviceid", "onnxruntime.db"], "onnxruntime alone kept nothing: this test shows nothing"
    assert ours.written == []


def test_the_call_without_the_variable_is_not_enough(tmp_path: Path) -> None:
    called = _PLAIN.replace("def run", "onnxruntime.disable_telemetry_events()\ndef run")
    child = Child(tmp_path / "called", called, 0)
    assert child.end() == 0
    assert "onnxruntime.db" in child.written, "the call alone is enough now: import_onnxruntime may be simpler"
