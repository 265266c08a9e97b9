"""`.tflite` through an Interpreter in Python: ai_edge_litert's, or tflite_runtime's on a 32-bit Raspberry Pi OS."""

from __future__ import annotations

from ressq_runtime.engines.shared import explain_closed
from ressq_runtime.engines.tensor import Tensor, TensorSpec, check_input
from ressq_runtime.errors import EngineError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from numpy import float32
    from numpy.typing import NDArray


class InterpreterEngine:
    """A model in a TFLite Interpreter; fields as in `engine.Engine`."""

    delegate = "XNNPACK where the interpreter applies it"

    def __init__(self, interpreter: Any, path: str, name: str, version: str, threads: int) -> None:
        self.name = name
        self.version = version
        self.threads = threads
        self._interpreter = interpreter
        self._path = path
        inputs, outputs = interpreter.get_input_details(), interpreter.get_output_details()
        self.inputs, self.outputs = list(map(_to_spec, inputs)), list(map(_to_spec, outputs))
        self._input, self._numbers = inputs[0]["index"], [details["index"] for details in outputs]

    def run(self, data: bytes) -> dict[str, Tensor]:
        """Every output of one run by its name; as `engine.Engine` says."""
        if self._interpreter is None:
            raise explain_closed(self._path)
        from numpy import frombuffer

        spec = check_input(self._path, self.inputs, data)
        self._interpreter.set_tensor(self._input, frombuffer(data, spec.dtype).reshape(spec.shape))
        try:
            self._interpreter.invoke()
        except (RuntimeError, ValueError) as error:
            raise EngineError(f"{self._path}: {self.name} {self.version} failed to run it ({error})") from error
        pairs = zip(self.outputs, self._numbers, strict=True)
        return {spec.name: Tensor(spec, self._interpreter.get_tensor(number).tobytes()) for spec, number in pairs}

    def read_tensor(self, number: int) -> NDArray[float32]:
        """The real values of the graph's tensor of that number: an output after the last run, or a constant."""
        values: NDArray[float32] = self._interpreter.get_tensor(number).astype("float32")
        details = next(found for found in self._interpreter.get_tensor_details() if found["index"] == number)
        how = details["quantization_parameters"]
        if not len(how["scales"]):
            return values
        along = [1] * values.ndim
        along[how["quantized_dimension"]] = -1
        return (values - how["zero_points"].reshape(along)) * how["scales"].reshape(along)  # type: ignore[no-any-return]

    def close(self) -> None:
        """Frees the interpreter."""
        self._interpreter = None


def open_litert_interpreter(path: str, threads: int, tensors: Sequence[int] = ()) -> InterpreterEngine | None:
    """The model in LiteRT's Interpreter; None where ai-edge-litert is not installed.

    The graph's tensors of these numbers are made outputs, in memory, for `read_tensor`.

    Raises:
        EngineError: the interpreter refuses the model.
    """
    try:
        from ai_edge_litert import interpreter
    except ImportError:
        return None
    return _open(interpreter, path, "litert", "ai-edge-litert", threads, tensors)


def open_tflite_runtime(path: str, threads: int, tensors: Sequence[int] = ()) -> InterpreterEngine | None:
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
    return _open(interpreter, path, "tflite", "tflite-runtime", threads, tensors)


def _open(module: Any, path: str, name: str, package: str, threads: int, tensors: Sequence[int]) -> InterpreterEngine:
    from importlib.metadata import version

    try:
        source = {"model_content": _with_outputs(path, tensors)} if tensors else {"model_path": path}
        interpreter = module.Interpreter(**source, num_threads=threads)
        interpreter.allocate_tensors()
        return InterpreterEngine(interpreter, path, name, version(package), threads)
    except (ValueError, RuntimeError, OSError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise EngineError(
            f"{path}: {package} refuses this model ({reason}); copy it again or export it again"
        ) from error


def _with_outputs(path: str, tensors: Sequence[int]) -> bytes:
    from ressq_runtime.artefact.tflite_graph import add_outputs

    with open(path, "rb") as file:
        return add_outputs(file.read(), tensors)


def _to_spec(details: dict[str, Any]) -> TensorSpec:
    scale, zero_point = details["quantization"]
    shape = tuple(int(length) for length in details["shape"])
    return TensorSpec(details["name"], details["dtype"].__name__, shape, float(scale), int(zero_point))
