"""Any JPEG in the pieces that `jpeg_scans` decodes: where each scan ends is found marker by marker.

Format: ITU-T T.81, annex B.
"""

from __future__ import annotations

from ressq_runtime.decoding.jpeg_scans import (
    AS_IS,
    BLOCK_BYTES,
    BODY,
    END,
    END_OF_ALL,
    END_OF_IMAGE,
    MARGIN,
    MAYBE_END,
    PADDING,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from typing import IO

    from ressq_runtime.decoding.jpeg_scans import Piece

_END_OF_IMAGE, _START_OF_SCAN, _RESTART_INTERVAL = 0xD9, 0xDA, 0xDD
_RESTARTS = frozenset(range(0xD0, 0xD8))
_WITHOUT_CONTENT = _RESTARTS | {0x01, 0xD8, _END_OF_IMAGE}
# Baseline and extended frames, and progressive ones. In others libjpeg does not wait: they are decoded as they are.
_SEQUENTIAL, _PROGRESSIVE = (0xC0, 0xC1), 0xC2
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_FILLING = b"\0\xff"  # a row may end with such bytes, too
_STUFFED = frozenset((0, 0xFF))  # behind 0xFF: data, or the first of several before a marker


def split_scans(file: IO[bytes]) -> Iterator[Piece]:
    """The pieces of the first picture in a file."""
    file.seek(0)
    data, at, no_data = b"", 0, _STUFFED
    frame, components = 0, b""
    while True:
        at, end = _find_segment(data, at)
        if end > len(data):
            yield data[:at], AS_IS
            more = file.read(BLOCK_BYTES)
            data, at = data[at:] + more, 0
            if not more:
                yield data, AS_IS
                return
            continue
        marker, start, at = data[at + 1], at + 4, end
        if marker == _RESTART_INTERVAL:
            no_data = _STUFFED | _RESTARTS if any(data[start:end]) else _STUFFED
        elif marker in _FRAMES:
            frame, components = marker, data[start + 5 : start + 6]
        elif marker == _END_OF_IMAGE:
            yield data[:end], AS_IS
            return
        elif marker == _START_OF_SCAN and (frame in _SEQUENTIAL or frame == _PROGRESSIVE):
            only = frame in _SEQUENTIAL and data[start : start + 1] == components
            yield data[:end], AS_IS
            data, at = (yield from _split_scan(file, data[end:], no_data, END_OF_ALL if only else END)), 0


def _find_segment(data: bytes, at: int) -> tuple[int, int]:
    """(start, end) of the next segment from `at` on; an end outside where the data do not tell."""
    at = data.find(b"\xff", at)
    while 0 <= at < len(data) - 1 and data[at + 1] in _STUFFED:
        at = data.find(b"\xff", at + 1)
    if at < 0:
        return len(data), len(data) + 1
    if data[at + 1 : at + 2] and data[at + 1] in _WITHOUT_CONTENT:
        return at, at + 2
    return at, at + 2 + max(2, int.from_bytes(data[at + 2 : at + 4].ljust(2, b"\xff"), "big"))


def _split_scan(file: IO[bytes], data: bytes, no_marker: frozenset[int], last: int) -> Generator[Piece, None, bytes]:
    """The pieces of a scan; returns what follows it, which is an end of the image where the file ends.

    Args:
        file: to be read on.
        data: of the scan, and what follows, as far as it is read.
        no_marker: what behind 0xFF is part of the scan.
        last: kind of the last piece.
    """
    at = 0
    while True:
        at = data.find(b"\xff", at)
        while 0 <= at < len(data) - 1 and data[at + 1] in no_marker:
            at = data.find(b"\xff", at + 1)
        if 0 <= at < len(data) - 1:
            yield from _end(data, at, last)
            return data[at:]
        kept = max(len(data.rstrip(_FILLING)), len(data) - BLOCK_BYTES) - MARGIN
        if kept > 0:
            yield data[:kept], BODY
            data = data[kept:]
        at = max(0, len(data) - 1)
        more = file.read(BLOCK_BYTES)
        if not more:
            yield from _end(data, len(data), last)
            return END_OF_IMAGE
        data += more


def _end(data: bytes, end: int, kind: int) -> Iterator[Piece]:
    """The last data of a scan, which may end before bytes that fill up the file, or with them."""
    start, filled = 0, len(data[:end].rstrip(_FILLING))
    ends = [(filled, filled + len(PADDING), MAYBE_END), (end, end, kind)]
    for needed, last, what in ends[filled + len(PADDING) >= end :]:
        middle = max(start, needed - MARGIN)
        if middle > start:
            yield data[start:middle], BODY
        yield data[middle:last], what
        start = last
