"""What a model takes and gives: its inputs and outputs as the file declares them, and an output's bytes after a run."""

from __future__ import annotations

from struct import iter_unpack

from ressq_runtime.errors import EngineError

# dtype -> (struct's letter, bytes)
_ELEMENTS = {
    "float32": ("f", 4), "uint8": ("B", 1), "int8": ("b", 1), "int32": ("i", 4), "int64": ("q", 8),
    "float16": ("e", 2), "float64": ("d", 8), "bool": ("?", 1),
}  # fmt: skip


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

    def __str__(self) -> str:
        return f"{self.dtype} {list(self.shape)}"

    @property
    def elements(self) -> int:
        """Number of values in the tensor."""
        count = 1
        for length in self.shape:
            count *= length
        return count

    @property
    def size_bytes(self) -> int:
        """Bytes of the whole tensor; 0: of a dtype that is none of ours."""
        return self.elements * _ELEMENTS[self.dtype][1] if self.dtype in _ELEMENTS else 0


class Tensor(TensorSpec):
    """An output of one run: its spec, and `data`, the stored values in the machine's order of bytes."""

    __slots__ = ("data",)

    def __init__(self, spec: TensorSpec, data: bytes) -> None:
        super().__init__(spec.name, spec.dtype, spec.shape, spec.scale, spec.zero_point)
        self.data = data

    def values(self) -> list[float]:
        """The values in a row, dequantised where they are quantised; each a float32's where the tensor's is, or was.

        Raises:
            EngineError: of a dtype that is none of ours.
        """
        if self.dtype not in _ELEMENTS:
            raise EngineError(f"{self.name}: found values of {self.dtype}, wanted one of {', '.join(_ELEMENTS)}")
        values = [value for (value,) in iter_unpack("=" + _ELEMENTS[self.dtype][0], self.data)]
        if not self.scale:
            return values
        from ctypes import c_float  # rounds to float32, as interpreters do

        return [c_float(self.scale * (value - self.zero_point)).value for value in values]


def choose_output(path: str, outputs: list[TensorSpec], name: str) -> TensorSpec:
    """The output of that name, else the only one.

    Raises:
        EngineError: several outputs and none is named so.
    """
    for spec in outputs:
        if spec.name == name or len(outputs) == 1:
            return spec
    names = ", ".join(spec.name for spec in outputs)
    raise EngineError(f"{path}: found the outputs {names}, wanted one named {name}; export the model with one output")


def check_input(path: str, inputs: list[TensorSpec], data: bytes) -> TensorSpec:
    """The model's only input, if the bytes fill it.

    Raises:
        EngineError: they are too few or too many, or the model has several inputs.
    """
    if len(inputs) != 1 or len(data) != inputs[0].size_bytes:
        wanted = "; ".join(f"{spec.size_bytes} for {spec}" for spec in inputs)
        raise EngineError(f"{path}: found {len(data)} bytes for the input, wanted {wanted}; prepare them for it")
    return inputs[0]
