"""Float layers appended to a TFLite graph."""

import ai_edge_litert.schema_py_generated as schema
import numpy as np
from numpy.typing import NDArray

_Options = schema.BuiltinOptions


class LayerWriter:
    """Appends float operators and constants to a graph, in place; gives back tensor numbers.

    prefix: what the names of all that it makes begin with.
    """

    def __init__(self, root: "schema.ModelT", graph: "schema.SubGraphT", prefix: str) -> None:
        self._root, self._graph, self._prefix = root, graph, prefix

    def constant(self, name: str, value: "NDArray[np.float32] | NDArray[np.int32]") -> int:
        """A tensor that holds `value`."""
        kind = schema.TensorType.INT32 if value.dtype == np.int32 else schema.TensorType.FLOAT32
        return self._tensor(name, list(value.shape), kind, value.tobytes())

    def operator(
        self, code: int, inputs: list[int], name: str, shape: list[int], options: str = "Dequantize", **settings: int
    ) -> int:
        """The float output of a new operator, which is called `prefix.name` and has this shape."""
        made = self._tensor(name, shape, schema.TensorType.FLOAT32)
        operator = schema.OperatorT()
        operator.opcodeIndex, operator.inputs, operator.outputs = self._code(code), inputs, [made]
        if options:  # LOG has none
            operator.builtinOptionsType = getattr(_Options, f"{options}Options")
            operator.builtinOptions = getattr(schema, f"{options}OptionsT")()
        for key, value in settings.items():
            setattr(operator.builtinOptions, key, value)
        self._graph.operators.append(operator)
        return made

    def _tensor(self, name: str, shape: list[int], kind: int, data: bytes = b"") -> int:
        buffer, tensor = schema.BufferT(), schema.TensorT()
        if data:
            buffer.data = np.frombuffer(data, np.uint8)
        self._root.buffers.append(buffer)
        tensor.name, tensor.shape, tensor.type = f"{self._prefix}.{name}".rstrip(".").encode(), shape, kind
        tensor.buffer = len(self._root.buffers) - 1
        self._graph.tensors.append(tensor)
        return len(self._graph.tensors) - 1

    def _code(self, code: int) -> int:
        """The number of an operator code in the model; added where it is missing."""
        for index, known in enumerate(self._root.operatorCodes):
            if max(known.builtinCode, known.deprecatedBuiltinCode) == code:
                return index
        added = schema.OperatorCodeT()
        added.builtinCode, added.deprecatedBuiltinCode, added.version = code, min(code, 127), 1
        self._root.operatorCodes.append(added)
        return len(self._root.operatorCodes) - 1
