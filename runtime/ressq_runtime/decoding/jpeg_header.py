"""What the header of an ordinary JPEG says: its size, its mode, and which way up it is.

Ordinary is a closed list, so that what follows needs no opinion on the rest: 8 bits, grey or three colours, baseline
or progressive, one picture in the file, and metadata in which nothing is odd. Format: ITU-T T.81, annex B; EXIF 2.3.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import IO

    # ((width, height), Pillow's mode, EXIF orientation, whether a single scan holds all)
    Header = tuple[tuple[int, int], str, int, bool]

_BLOCK_BYTES = 65536
# A header with a preview and a colour profile takes a tenth of it.
_LONGEST_HEADER_BYTES = 1 << 20

_BASELINE, _PROGRESSIVE, _START_OF_SCAN = 0xC0, 0xC2, 0xDA
_APP0, _APP1, _APP2, _APP13, _APP14 = 0xE0, 0xE1, 0xE2, 0xED, 0xEE
# Huffman and quantisation tables, restart interval, comment, and what applications add.
_HARMLESS = frozenset((0xC4, 0xDB, 0xDD, 0xFE, *range(0xE0, 0xF0)))
# (bits, components, length of the segment) -> mode
_MODES = {(8, 1, 9): "L", (8, 3, 15): "RGB"}

_EXIF = b"Exif\0\0"
_ORDERS: dict[bytes, str] = {b"II*\0": "little", b"MM\0*": "big"}
_ORIENTATION = 0x0112
# The tags that Pillow reads from every JPEG -> their type: a short number, or a fraction.
_READ = {_ORIENTATION: 3, 0x0128: 3, 0x011A: 5}
_ENTRY_BYTES = 12
# Bytes of a value, by its type.
_SIZES = b"\0\1\1\2\4\x08\1\1\2\4\x08\4\x08\4"


def read_header(file: IO[bytes]) -> Header | None:
    """What the header at the start of `file` says; None: it is no JPEG, or not an ordinary one."""
    size, mode, orientation, exif, turned_by_xmp, one_scan = (0, 0), "", 0, False, False, True
    for marker, segment in _segments(file):
        if marker == _START_OF_SCAN:
            unclear = turned_by_xmp and not orientation
            one_scan = one_scan and segment[:1] == (b"\1" if mode == "L" else b"\3")
            return (size, mode, orientation, one_scan) if mode and not unclear else None
        if marker in (_BASELINE, _PROGRESSIVE):
            if mode or len(segment) < 6:
                return None
            size = int.from_bytes(segment[3:5], "big"), int.from_bytes(segment[1:3], "big")
            mode = _MODES.get((segment[0], segment[5], len(segment)), "")
            one_scan = one_scan and marker == _BASELINE
        elif marker not in _HARMLESS or not _is_ordinary(marker, segment):
            return None
        elif marker == _APP1 and segment[:4] == _EXIF[:4]:
            found = None if exif else _read_orientation(segment)
            if found is None:
                return None
            exif, orientation = True, found
        elif marker == _APP1:
            turned_by_xmp |= b"Orientation" in segment
    return None


def _segments(file: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    """(marker, content) one after the other; ends at what is no segment."""
    head = file.read(_BLOCK_BYTES)
    at = 2 if head[:2] == b"\xff\xd8" else len(head)
    while at < len(head) <= _LONGEST_HEADER_BYTES:
        length = int.from_bytes(head[at + 2 : at + 4], "big")
        end = at + 2 + length
        if end + 4 > len(head) and (more := file.read(_BLOCK_BYTES)):
            head += more
            continue
        if head[at] != 0xFF or length < 2 or end > len(head):
            return
        yield head[at + 1], head[at + 4 : end]
        at = end


def _is_ordinary(marker: int, segment: bytes) -> bool:
    """Whether Pillow reads a segment without complaint, and as part of a single picture."""
    if marker == _APP0:
        return segment[:4] != b"JFIF" or len(segment) >= 7
    if marker == _APP2:  # MPF: several pictures in one file
        return segment[:4] != b"MPF\0" and (segment[:11] != b"ICC_PROFILE" or len(segment) >= 14)
    if marker == _APP13:
        return segment[:9] != b"Photoshop"
    return marker != _APP14 or segment[:5] != b"Adobe" or len(segment) >= 12


def _read_orientation(exif: bytes) -> int | None:
    """The orientation in an EXIF segment, 0 where it says none; None: it is damaged or unusual.

    Raises:
        IndexError: a value is of a type that is not in EXIF 2.3.
    """
    tiff = exif[len(_EXIF) :]
    order = _ORDERS.get(tiff[:4])
    if order is None or exif[: len(_EXIF)] != _EXIF:
        return None

    def number(at: int, size: int) -> int:
        return int.from_bytes(tiff[at : at + size], order)  # type: ignore[arg-type]

    first = number(4, 4) + 2
    end = first + _ENTRY_BYTES * number(first - 2, 2)
    if first < 10 or end > len(tiff):
        return None
    found: dict[int, int] = {}
    for at in range(first, end, _ENTRY_BYTES):
        tag = number(at, 2)
        size = number(at + 4, 4) * _SIZES[number(at + 2, 2)]
        if size > 4 and number(at + 8, 4) + size > len(tiff):
            return None  # Pillow reads no entry behind a value that lies outside
        if tag in _READ:
            if tag in found or number(at + 2, 2) != _READ[tag] or number(at + 4, 4) != 1:
                return None
            found[tag] = number(at + 8, 2)
    return found.get(_ORIENTATION, 0)
