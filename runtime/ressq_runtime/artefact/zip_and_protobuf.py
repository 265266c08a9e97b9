"""The two places a card can lie in, byte by byte: a zip archive behind a flatbuffer, a property of an ONNX model.

Both are read by hand, every length checked against the file: the files are untrusted, `zipfile` costs more
start-up than two inferences, and the onnx package is not for a Pi. Formats: PKWARE APPNOTE 4.3, protobuf's
wire format, onnx.proto (ModelProto: 7 = graph, 14 = metadata_props).
"""

from __future__ import annotations

import struct

TFLITE_IDENTIFIER = b"TFL3"

_LOCAL = struct.Struct("<4s5H3I2H")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")
_UTF8 = 0x800
# The earliest time a zip can name: the same bytes whenever the file is made.
_EPOCH_DATE = (1 << 5) | 1
_LONGEST_COMMENT = 0xFFFF
_STORED, _DEFLATED = 0, 8

_GRAPH, _METADATA_PROPS = 7, 14


class DamagedError(Exception):
    """The container contradicts itself; the message says where."""


def zip_entry(name: str, data: bytes) -> bytes:
    """A stored zip entry: local header, name, data."""
    head = _LOCAL.pack(b"PK\3\4", 20, _UTF8, 0, 0, _EPOCH_DATE, _crc(data), len(data), len(data), len(name.encode()), 0)
    return head + name.encode() + data


def zip_directory(entries: list[tuple[str, bytes, int]], start: int) -> bytes:
    """The end of a zip archive: the central directory at byte `start` for entries (name, data, offset)."""
    parts = []
    for name, data, offset in entries:
        size, raw = len(data), name.encode()
        parts.append(
            _CENTRAL.pack(
                b"PK\1\2", 20, 20, _UTF8, 0, 0, _EPOCH_DATE, _crc(data), size, size, len(raw), 0, 0, 0, 0, 0, offset
            )
            + raw
        )
    central = b"".join(parts)
    return central + _END.pack(b"PK\5\6", 0, 0, len(parts), len(parts), len(central), start, 0)


def find_zip_entry(data: bytes, name: str) -> tuple[int, bytes] | None:
    """(offset of the local header, content) of a stored entry in the zip archive at the end; None if it is not there.

    Raises:
        DamagedError: there is an archive, but its end is missing or not the file's, it points outside the file, or the
            content's checksum is wrong.
    """
    end = data.rfind(b"PK\5\6", max(0, len(data) - _END.size - _LONGEST_COMMENT))
    if end < 0 or end + _END.size > len(data):
        if _begins_entry(data):
            raise DamagedError("its end is missing")
        return None
    count, _, at, comment_length = _END.unpack_from(data, end)[4:8]
    behind = len(data) - (end + _END.size + comment_length)
    if behind:
        raise DamagedError(f"{behind} bytes lie behind its end" if behind > 0 else "its end is missing")
    for _ in range(count):
        if at + _CENTRAL.size > end:
            raise DamagedError("its zip directory is cut off")
        fields = _CENTRAL.unpack_from(data, at)
        if fields[0] != b"PK\1\2":
            raise DamagedError("its zip directory is overwritten")
        name_length, extra, comment, offset = fields[10], fields[11], fields[12], fields[16]
        if data[at + _CENTRAL.size : at + _CENTRAL.size + name_length] == name.encode():
            return offset, _zip_content(data, offset, fields[7], fields[8])
        at += _CENTRAL.size + name_length + extra + comment
    return None


def _begins_entry(data: bytes) -> bool:
    """Whether a zip entry begins somewhere, and be it cut off."""
    at = data.find(b"PK\3\4")
    while at >= 0:
        if at + _LOCAL.size > len(data):
            return True
        fields = _LOCAL.unpack_from(data, at)
        name = data[at + _LOCAL.size : at + _LOCAL.size + fields[9]]
        if fields[3] in (_STORED, _DEFLATED) and name.isascii() and name.decode().isprintable():  # by chance it is not
            return True
        at = data.find(b"PK\3\4", at + 1)
    return False


def _zip_content(data: bytes, offset: int, crc: int, size: int) -> bytes:
    if offset + _LOCAL.size > len(data):
        raise DamagedError("a zip entry lies outside the file")
    fields = _LOCAL.unpack_from(data, offset)
    if fields[0] != b"PK\3\4" or fields[3] != 0:
        raise DamagedError("a zip entry is overwritten or compressed")
    start = offset + _LOCAL.size + fields[9] + fields[10]
    content = data[start : start + size]
    if len(content) != size or _crc(content) != crc:
        raise DamagedError("a zip entry does not match its checksum")
    return content


def onnx_property(key: str, value: bytes) -> bytes:
    """A metadata_props entry as bytes: appended to a serialised ModelProto it becomes part of it."""
    entry = protobuf_field(1, key.encode()) + protobuf_field(2, value)
    return protobuf_field(_METADATA_PROPS, entry)


def find_onnx_property(data: bytes, key: str) -> tuple[int, bytes] | None:
    """(offset of the entry's tag, value) of the last metadata_props entry with that key; None if there is none.

    Raises:
        DamagedError: the bytes are no whole ModelProto with a graph.
    """
    found, has_graph = None, False
    for start, number, value in protobuf_fields(data):
        has_graph = has_graph or number == _GRAPH
        if number == _METADATA_PROPS:
            entry = {n: v for _, n, v in protobuf_fields(value)}
            if entry.get(1) == key.encode():
                found = start, bytes(entry.get(2, b""))
    if not has_graph:
        raise DamagedError("it holds no ONNX graph")
    return found


def protobuf_field(number: int, content: bytes) -> bytes:
    """A field of a protobuf message that holds text, bytes or a message."""
    return _to_varint(number << 3 | 2) + _to_varint(len(content)) + content


def protobuf_fields(data: bytes) -> list[tuple[int, int, bytes]]:
    """(offset, field number, content) of each field of a protobuf message; b"" for the fixed and varint ones.

    Raises:
        DamagedError: the bytes are no protobuf message.
    """
    found, at = [], 0
    while at < len(data):
        start = at
        tag, at = _varint(data, at)
        kind, content = tag & 7, b""
        if kind == 0:
            _, at = _varint(data, at)
        elif kind == 2:
            size, at = _varint(data, at)
            content = data[at : at + size]
            at += size
        elif kind in (1, 5):
            at += 8 if kind == 1 else 4
        if kind not in (0, 1, 2, 5) or tag < 8:
            raise DamagedError(f"byte {start} is no protobuf field")
        if at > len(data):
            raise DamagedError(f"the protobuf field at byte {start} is cut off")
        found.append((start, tag >> 3, content))
    return found


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """(value, offset behind it); ten bytes at most, as protobuf's."""
    value = 0
    for index in range(10):
        if at + index >= len(data):
            break
        byte = data[at + index]
        value |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:
            return value, at + index + 1
    raise DamagedError(f"the number at byte {at} is cut off")


def _to_varint(value: int) -> bytes:
    parts = []
    while value > 0x7F:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*parts, value])


def _crc(data: bytes) -> int:
    from binascii import crc32

    return crc32(data)
