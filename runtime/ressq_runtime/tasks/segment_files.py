"""A class map at the photo's size, as a file: a palette PNG, written without an imaging library.

Stretching the map by nearest neighbour repeats its rows. A repeated row is all zeros to PNG's filter `Up`, so that of a
mask of 12 megapixels 241 different rows are compressed; `import PIL.Image` takes more than an inference.
"""

from __future__ import annotations

import os
import zlib
from operator import itemgetter

from ressq_runtime.errors import OutputError
from ressq_runtime.tasks.segment_counts import UNSURE, spread

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ressq_runtime.tasks.segment_areas import Areas

OURS = b"ressq-infer"  # in what we wrote, so that nobody's own masks or photos are replaced
UNSURE_COLOUR = (255, 255, 255)
_HEAD_BYTES = 2048
_ADLER = 65521  # what Adler-32 counts up to
_NONE, _UP = b"\0", b"\2"  # a row's filter: its bytes as they are, and less those of the row above


def check_target(path: str, source: str, suffixes: tuple[str, ...]) -> None:
    """Refuses what must not or could not be written before anything is computed.

    Raises:
        OutputError: another suffix, no such folder, or a file that is not ours.
    """
    if not path.lower().endswith(suffixes):
        raise OutputError(f"{path}: found another suffix, wanted {', '.join(suffixes)}; name another file")
    if not os.path.isdir(os.path.dirname(path) or "."):
        raise OutputError(f"{path}: found no such folder; create it first")
    if not os.path.exists(path):
        return
    if os.path.exists(source) and os.path.samefile(path, source):
        raise OutputError(f"{path}: found the picture itself, wanted a new file; name another")
    try:
        with open(path, "rb") as file:
            ours = OURS in file.read(_HEAD_BYTES)
    except OSError as error:
        raise OutputError(f"{path}: {error.strerror}; name another file") from error
    if not ours:
        raise OutputError(f"{path}: found a file that ressq-infer did not write, wanted a new one; name another")


def check_mask(path: str, source: str) -> None:
    """`check_target` of a mask, whose indices only a PNG keeps."""
    check_target(path, source, (".png",))


def write_mask(areas: Areas, path: str) -> None:
    """Writes the class map at the photo's size: a palette PNG of the indices, in the colours of the card.

    Raises:
        OutputError: it can't be written.
    """
    width, height = areas.size
    head = width.to_bytes(4, "big") + height.to_bytes(4, "big") + b"\x08\x03\0\0\0"  # 8 bits, by a palette
    parts = ((b"IHDR", head), (b"PLTE", bytes(make_palette(areas))), (b"tEXt", b"Software\0" + OURS))
    write_file(path, b"\x89PNG\r\n\x1a\n" + b"".join(map(_chunk, (*parts, (b"IDAT", _rows(areas)), (b"IEND", b"")))))


def make_palette(areas: Areas) -> list[int]:
    """Red, green and blue of each of 256 indices."""
    colours = [*areas.colours, *[(0, 0, 0)] * (UNSURE - len(areas.colours)), UNSURE_COLOUR]
    return [channel for colour in colours for channel in colour]


def write_file(path: str, content: bytes) -> None:
    """Writes a file.

    Raises:
        OutputError: it can't be written.
    """
    try:
        with open(path, "wb") as file:
            file.write(content)
    except OSError as error:
        raise OutputError(f"{path}: {error.strerror}; free space, or write elsewhere") from error


def _rows(areas: Areas) -> bytes:
    """The rows as PNG has them, as a zlib stream.

    Behind a full flush nothing refers to what came before, so that repeated rows, compressed once, fit in anywhere.
    """
    (height, width), (across, down) = areas.shape, areas.size
    columns = [column for column, count in enumerate(spread(width, across)) for _ in range(count)]
    stretch = itemgetter(*columns, 0)  # one more: of a single column it would give a number
    made = zlib.compressobj(1, wbits=-zlib.MAX_WBITS)  # rows of equal pixels are as small with level 1
    parts, known, low, high = [b"\x78\x01"], {1: b""}, 1, 0
    for row, count in enumerate(spread(height, down)):
        if count:
            line = _NONE + bytes(stretch(areas.classes[row * width : (row + 1) * width])[:-1])
            parts.append(made.compress(line) + made.flush(zlib.Z_FULL_FLUSH))
            if count not in known:
                known[count] = made.compress((_UP + bytes(across)) * (count - 1)) + made.flush(zlib.Z_FULL_FLUSH)
            parts.append(known[count])
            low, high = _add_again(zlib.adler32(line, high << 16 | low), across, count - 1)
    return b"".join([*parts, made.flush(), (high << 16 | low).to_bytes(4, "big")])


def _add_again(checksum: int, across: int, count: int) -> tuple[int, int]:
    """The two sums of Adler-32 behind rows of _UP and zeros: the first grows by _UP, the second by the first a byte."""
    low, high = checksum & 0xFFFF, checksum >> 16
    for _ in range(count):
        low = (low + _UP[0]) % _ADLER
        high = (high + low * (across + 1)) % _ADLER
    return low, high


def _chunk(part: tuple[bytes, bytes]) -> bytes:
    kind, data = part
    return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")
