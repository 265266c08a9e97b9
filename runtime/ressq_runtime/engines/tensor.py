"""What an interpreter says about one input or output of a model."""

from __future__ import annotations


class TensorSpec:
    """One input or output tensor, as the model file declares it.

    name        the tensor's name in the graph
    dtype       `uint8`, `int8`, `float32`, ...
    shape       batch first, channels last: `(1, 224, 224, 3)`
    scale       real value = scale * (stored value - zero_point); 0.0: not quantised
    zero_point  the stored value that means zero; 0 where not quantised
    """

    # A plain class: typing.NamedTuple would import typing, dataclass would import inspect.
    __slots__ = ("dtype", "name", "scale", "shape", "zero_point")

    def __init__(self, name: str, dtype: str, shape: tuple[int, ...], scale: float = 0.0, zero_point: int = 0) -> None:
        self.name = name
        self.dtype = dtype
        self.shape = shape
        self.scale = scale
        self.zero_point = zero_point

    @property
    def elements(self) -> int:
        """Number of values in the tensor."""
        count = 1
        for length in self.shape:
            count *= length
        return count


def find_tensor(specs: list[TensorSpec], name: str) -> int | None:
    """The number of the tensor of that name; None: there is none."""
    return next((index for index, spec in enumerate(specs) if spec.name == name), None)
