"""`.onnx` through ONNX Runtime on the CPU, with its telemetry switched off."""

from __future__ import annotations

import os

from ressq_runtime.engines.shared import explain_closed
from ressq_runtime.engines.tensor import Tensor, TensorSpec, check_input
from ressq_runtime.errors import EngineError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_ERRORS_ONLY = 3
_DTYPES = {"float": "float32", "double": "float64"}  # others are called as ours, between tensor( and )


def import_onnxruntime() -> Any:
    """The onnxruntime module. The one place that imports it, so that it never sends telemetry.

    Raises:
        ImportError: it is not installed.
    """
    # From 1.29 on it reports on Linux and macOS unless this is set before the import. Users have hospital data.
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    import onnxruntime

    onnxruntime.disable_telemetry_events()
    return onnxruntime


class OnnxEngine:
    """A model in ONNX Runtime; fields as in `engine.Engine`."""

    name = "onnx"
    delegate = "CPU"

    def __init__(self, session: Any, path: str, version: str, threads: int) -> None:
        self.version = version
        self.threads = threads
        self._session, self._path = session, path
        self.inputs = [_to_spec(node) for node in session.get_inputs()]
        self.outputs = [_to_spec(node) for node in session.get_outputs()]

    def run(self, data: bytes) -> dict[str, Tensor]:
        """Every output of one run by its name; as `engine.Engine` says."""
        if self._session is None:
            raise explain_closed(self._path)
        from numpy import frombuffer

        spec = check_input(self._path, self.inputs, data)
        found = self._session.run(None, {spec.name: frombuffer(data, spec.dtype).reshape(spec.shape)})
        return {spec.name: Tensor(spec, each.tobytes()) for spec, each in zip(self.outputs, found, strict=True)}

    def close(self) -> None:
        """Frees the session."""
        self._session = None


def open_onnx(path: str, threads: int) -> OnnxEngine | None:
    """The model in ONNX Runtime; None where onnxruntime is not installed.

    Raises:
        EngineError: ONNX Runtime refuses the model.
    """
    try:
        onnxruntime = import_onnxruntime()
    except ImportError:
        return None
    return OnnxEngine(open_session(onnxruntime, path, threads), path, onnxruntime.__version__, threads)


def open_session(onnxruntime: Any, path: str, threads: int, profile: str = "", content: bytes | None = None) -> Any:
    """The model in an InferenceSession on the CPU, by the module that `import_onnxruntime` gives.

    `profile` begins the name of the profiler's file; empty: no profiler. `content` is opened in place of `path`, which
    errors name all the same.

    Raises:
        EngineError: ONNX Runtime refuses the model.
    """
    from pathlib import Path

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = _ERRORS_ONLY
    if profile:
        options.enable_profiling, options.profile_file_prefix = True, profile
    try:
        if not (content or path.isprintable()):  # no UTF-8
            content = Path(path).read_bytes()
        return onnxruntime.InferenceSession(content or path, options, providers=["CPUExecutionProvider"])
    except _own_errors() as error:
        reason = str(error).splitlines()[0][:200]
        raise EngineError(
            f"{path}: onnxruntime refuses this model ({reason}); copy it again or export it again"
        ) from error


def _own_errors() -> tuple[type[Exception], ...]:
    """ONNX Runtime's exceptions, which share no base class but Exception, and those its binding raises."""
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    own = (value for value in vars(state).values() if isinstance(value, type) and issubclass(value, Exception))
    return (RuntimeError, ValueError, *own)


def _to_spec(node: Any) -> TensorSpec:
    # A free batch size is a name instead of a number; we always send one picture.
    shape = tuple(length if isinstance(length, int) else 1 for length in node.shape)
    kind = node.type.removeprefix("tensor(").removesuffix(")")
    return TensorSpec(node.name, _DTYPES.get(kind, kind), shape)
