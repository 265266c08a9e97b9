"""The operators of a `.tflite` in the order they run, read out of the flatbuffer by hand.

A profiler's events carry the kernel's name, not the layer's: this is where the layer's comes from. `--explain` follows
the operators back from the scores. Every offset is checked against the file, which may be a stranger's. Format:
FlatBuffers' internals, TFLite's schema.
"""

from __future__ import annotations

import struct

from ressq_runtime.errors import EngineError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

# Fields of the schema's tables by number: Model, SubGraph, Tensor, Operator, OperatorCode.
_OPERATOR_CODES, _SUBGRAPHS, _BUFFERS = 1, 2, 4
_TENSORS, _GRAPH_OUTPUTS, _OPERATORS = 0, 2, 3
_TENSOR_NAME = 3
_BUFFER_DATA = 0
_OPCODE_INDEX, _INPUTS, _OUTPUTS = 0, 1, 2
_OLD_CODE, _CODE = 0, 3  # codes up to 127 lie in a byte of their own as well
_LONGEST_NAME = 1000
_MOST_OPERATORS = 100_000


class _Buffer:
    """Bounds-checked reads in a flatbuffer; a position is a byte offset into the file."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def number(self, kind: str, at: int) -> int:
        if not 0 <= at <= len(self._data) - struct.calcsize(kind):
            raise EngineError(f"byte {at} lies outside the file")
        value: int = struct.unpack_from(kind, self._data, at)[0]
        return value

    def follow(self, at: int) -> int:
        return at + self.number("<I", at)

    def field(self, table: int, index: int) -> int | None:
        """Where a table's field lies; None: it is left out."""
        entries = table - self.number("<i", table)
        if 4 + 2 * index >= self.number("<H", entries):
            return None
        offset = self.number("<H", entries + 4 + 2 * index)
        return table + offset if offset else None

    def scalar(self, table: int, index: int, kind: str) -> int:
        at = self.field(table, index)
        return 0 if at is None else self.number(kind, at)

    def vector(self, table: int, index: int) -> range:
        """Positions of the 4-byte elements of a table's vector."""
        at = self.field(table, index)
        if at is None:
            return range(0)
        start = self.follow(at)
        count = self.number("<I", start)
        if count > _MOST_OPERATORS:
            raise EngineError(f"found a list of {count} elements at byte {start}")
        return range(start + 4, start + 4 + 4 * count, 4)

    def text(self, table: int, index: int) -> str:
        positions = self.field(table, index)
        start = 0 if positions is None else self.follow(positions)
        size = min(self.number("<I", start), _LONGEST_NAME) if start else 0
        return self._data[start + 4 : start + 4 + size].decode(errors="replace")


def read_operators(model: bytes) -> list[tuple[int, str]]:
    """(builtin operator code, name of the first output tensor) of each operator of the first graph, in order.

    Raises:
        EngineError: an offset points outside the file.
    """
    buffer = _Buffer(model)
    graph = _first_graph(buffer)
    tensors = buffer.vector(graph, _TENSORS) if graph else ()
    found = []
    for code, _, outputs in read_links(model):
        if not outputs or not 0 <= outputs[0] < len(tensors):
            raise EngineError("an operator points outside the model")
        found.append((code, buffer.text(buffer.follow(tensors[outputs[0]]), _TENSOR_NAME)))
    return found


def read_links(model: bytes) -> list[tuple[int, list[int], list[int]]]:
    """(builtin operator code, numbers of its input tensors, of its output tensors) of each operator, in order.

    Raises:
        EngineError: an offset points outside the file.
    """
    buffer = _Buffer(model)
    codes = [_code(buffer, buffer.follow(at)) for at in buffer.vector(buffer.follow(0), _OPERATOR_CODES)]
    graph = _first_graph(buffer)
    found = []
    for at in buffer.vector(graph, _OPERATORS) if graph else ():
        operator = buffer.follow(at)
        code = buffer.scalar(operator, _OPCODE_INDEX, "<I")
        if code >= len(codes):
            raise EngineError(f"the operator at byte {operator} points outside the model")
        inputs, outputs = (
            [buffer.number("<i", tensor) for tensor in buffer.vector(operator, field)] for field in (_INPUTS, _OUTPUTS)
        )
        found.append((codes[code], inputs, outputs))
    return found


def check_whole(model: bytes) -> None:
    """Follows the operators, and the weights, which lie at the end.

    Raises:
        EngineError: an offset points outside the file: a part of it is missing.
    """
    read_operators(model)
    buffer = _Buffer(model)
    for at in buffer.vector(buffer.follow(0), _BUFFERS):
        data = buffer.field(buffer.follow(at), _BUFFER_DATA)
        if data is not None:
            start = buffer.follow(data)
            buffer.number("<B", start + 3 + buffer.number("<I", start))


def read_outputs(model: bytes) -> list[int]:
    """The numbers of the first graph's output tensors.

    Raises:
        EngineError: an offset points outside the file.
    """
    buffer = _Buffer(model)
    graph = _first_graph(buffer)
    return [buffer.number("<i", at) for at in buffer.vector(graph, _GRAPH_OUTPUTS)] if graph else []


def add_outputs(model: bytes, tensors: Sequence[int]) -> bytes:
    """The model with more outputs, behind its own: the tensors of these numbers.

    The longer list lies behind all else, where the graph's field is led to. Signatures, which Interpreter does without,
    name the outputs as before.

    Raises:
        EngineError: an offset points outside the file, or the model has no outputs.
    """
    buffer = _Buffer(model)
    graph = _first_graph(buffer)
    field = buffer.field(graph, _GRAPH_OUTPUTS) if graph else None
    if field is None:
        raise EngineError("found no outputs in the model")
    outputs = [*read_outputs(model), *tensors]
    start = len(model) + -len(model) % 4
    edited = bytearray(model).ljust(start, b"\0")
    struct.pack_into("<I", edited, field, start - field)
    return bytes(edited) + struct.pack(f"<I{len(outputs)}i", len(outputs), *outputs)


def _first_graph(buffer: _Buffer) -> int:
    """Where the first graph's table lies; 0: there is none."""
    graphs = buffer.vector(buffer.follow(0), _SUBGRAPHS)
    return buffer.follow(graphs[0]) if graphs else 0


def _code(buffer: _Buffer, table: int) -> int:
    return max(buffer.scalar(table, _OLD_CODE, "<b"), buffer.scalar(table, _CODE, "<i"))
