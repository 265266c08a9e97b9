"""What an engine is: for type checkers, and for who writes another one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from ressq_runtime.engines.tensor import Tensor, TensorSpec


class Engine(Protocol):
    """A model in an interpreter, for one thread of the caller's at a time.

    Fields: name (`litert`, `tflite`, `onnx`); version of the interpreter; delegate, what computes;
    threads it may use; inputs and outputs of the model.
    """

    name: str
    version: str
    delegate: str
    threads: int
    inputs: list[TensorSpec]
    outputs: list[TensorSpec]

    def run(self, data: bytes) -> dict[str, Tensor]:
        """Every output of one run by its name, in the file's order; `data` fills the model's only input.

        Raises:
            EngineError: too few or too many bytes, several inputs, or the interpreter fails or is closed.
        """

    def close(self) -> None:
        """Frees the model; the engine can't run any more."""
