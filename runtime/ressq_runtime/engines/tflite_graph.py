"""The operators of a `.tflite` in the order they run, read out of the flatbuffer by hand.

A profiler's events carry the kernel's name, not the layer's: this is where the layer's comes from. Every
offset is checked against the file, which may be a stranger's. Format: FlatBuffers' internals, TFLite's schema.
"""

from __future__ import annotations

import struct

from ressq_runtime.errors import EngineError

# Fields of the schema's tables by number: Model, SubGraph, Tensor, Operator, OperatorCode.
_OPERATOR_CODES, _SUBGRAPHS = 1, 2
_TENSORS, _OPERATORS = 0, 3
_TENSOR_NAME = 3
_OPCODE_INDEX, _OUTPUTS = 0, 2
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
    root = buffer.follow(0)
    codes = [_code(buffer, buffer.follow(at)) for at in buffer.vector(root, _OPERATOR_CODES)]
    graphs = buffer.vector(root, _SUBGRAPHS)
    if not graphs:
        return []
    graph = buffer.follow(graphs[0])
    tensors = buffer.vector(graph, _TENSORS)
    found = []
    for at in buffer.vector(graph, _OPERATORS):
        operator = buffer.follow(at)
        code, outputs = buffer.scalar(operator, _OPCODE_INDEX, "<I"), buffer.vector(operator, _OUTPUTS)
        first = buffer.number("<i", outputs[0]) if outputs else -1
        if code >= len(codes) or not 0 <= first < len(tensors):
            raise EngineError(f"the operator at byte {operator} points outside the model")
        found.append((codes[code], buffer.text(buffer.follow(tensors[first]), _TENSOR_NAME)))
    return found


def _code(buffer: _Buffer, table: int) -> int:
    return max(buffer.scalar(table, _OLD_CODE, "<b"), buffer.scalar(table, _CODE, "<i"))
