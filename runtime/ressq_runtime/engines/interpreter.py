"""`.tflite` through an Interpreter in Python: ai_edge_litert's, or tflite_runtime's on a 32-bit Raspberry Pi OS."""

from __future__ import annotations

from ressq_runtime.engines import choose_output
from ressq_runtime.engines.spec import TensorSpec
from ressq_runtime.errors import EngineError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class InterpreterEngine:
    """A model in a TFLite Interpreter; fields as in `engines.Engine`."""

    delegate = "XNNPACK where the interpreter applies it"

    def __init__(self, interpreter: Any, path: str, name: str, version: str, threads: int) -> None:
        self.name = name
        self.version = version
        self.threads = threads
        self._interpreter = interpreter
        self._path = path
        self.inputs = [_to_spec(details) for details in interpreter.get_input_details()]
        self.outputs = [_to_spec(details) for details in interpreter.get_output_details()]
        self._input = interpreter.get_input_details()[0]
        self._output = interpreter.get_output_details()[choose_output(path, self.outputs)]

    def run(self, pixels: bytes) -> list[float]:
        """The scores of uint8 RGB pixels in NHWC order, dequantised where the model's output is quantised.

        Raises:
            EngineError: the interpreter fails.
        """
        from numpy import frombuffer, uint8

        array = frombuffer(pixels, uint8).reshape(self._input["shape"])
        self._interpreter.set_tensor(self._input["index"], array)
        try:
            self._interpreter.invoke()
        except (RuntimeError, ValueError) as error:
            raise EngineError(f"{self._path}: {self.name} {self.version} failed to run it ({error})") from error
        scores = self._interpreter.get_tensor(self._output["index"]).reshape(-1)
        scale, zero_point = self._output["quantization"]
        if scale:
            scores = (scores.astype("float32") - zero_point) * scale
        found: list[float] = scores.tolist()
        return found

    def close(self) -> None:
        """Frees the interpreter."""
        self._interpreter = None


def open_litert_interpreter(path: str, threads: int) -> InterpreterEngine | None:
    """The model in LiteRT's Interpreter; None where ai-edge-litert is not installed.

    Raises:
        EngineError: the interpreter refuses the model.
    """
    try:
        from ai_edge_litert import interpreter
    except ImportError:
        return None
    return _open(interpreter, path, "litert", "ai-edge-litert", threads)


def open_tflite_runtime(path: str, threads: int) -> InterpreterEngine | None:
    """The model in tflite_runtime's Interpreter; None where tflite-runtime is not installed.

    Raises:
        EngineError: the interpreter refuses the model, or numpy is too new for it.
    """
    try:
        from tflite_runtime import interpreter
    except ImportError:
        return None
    import numpy as np

    if int(np.__version__.split(".")[0]) >= 2:
        raise EngineError(
            f"{path}: found numpy {np.__version__}, wanted numpy 1 for tflite-runtime; pip install 'numpy<2'"
        )
    return _open(interpreter, path, "tflite", "tflite-runtime", threads)


def _open(module: Any, path: str, name: str, package: str, threads: int) -> InterpreterEngine:
    from importlib.metadata import version

    try:
        interpreter = module.Interpreter(model_path=path, num_threads=threads)
        interpreter.allocate_tensors()
        return InterpreterEngine(interpreter, path, name, version(package), threads)
    except (ValueError, RuntimeError, OSError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise EngineError(
            f"{path}: {package} refuses this model ({reason}); copy it again or export it again"
        ) from error


def _to_spec(details: dict[str, Any]) -> TensorSpec:
    scale, zero_point = details["quantization"]
    shape = tuple(int(length) for length in details["shape"])
    return TensorSpec(details["name"], details["dtype"].__name__, shape, float(scale), int(zero_point))
