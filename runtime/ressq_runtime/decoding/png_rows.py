"""Whether a PNG holds all its rows: Pillow leaves those black that a whole zlib stream does not have."""

from __future__ import annotations

import zlib
from io import BytesIO

from ressq_runtime.errors import PictureError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import IO

    from PIL import Image

_SIGNATURE_BYTES = 8
_PIECE_BYTES = 1 << 16
# Colour type -> samples a pixel.
_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
# Adam7 (PNG specification, 8.2): first column, first row, and the steps to the next.
_PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


def check_rows(image: Image.Image, file: str | BytesIO, path: str) -> None:
    """Refuses a PNG with fewer rows than its header says.

    The row that is stored last is the last or, interlaced, the one before. Only where one of them is black
    throughout is the stream unpacked again and counted.

    Raises:
        PictureError: rows are missing.
    """
    width, height = image.size
    if all(any(image.crop((0, row, width, row + 1)).tobytes()) for row in (height - 2, height - 1)):
        return
    with open(file, "rb") if isinstance(file, str) else BytesIO(file.getvalue()) as opened:
        found, wanted = _count_bytes(opened)
    if found < wanted:
        raise PictureError(
            f"{path}: found {found} bytes of pixels in a PNG, wanted {wanted}: rows are missing; copy it again"
        )


def _count_bytes(file: IO[bytes]) -> tuple[int, int]:
    """(bytes in the compressed stream, counted no further than wanted, and bytes that the header asks for)."""
    file.seek(_SIGNATURE_BYTES)
    unpacker, found, wanted = zlib.decompressobj(), 0, 0
    while len(head := file.read(8)) == 8:
        content = file.read(int.from_bytes(head[:4], "big"))
        file.seek(4, 1)  # the checksum, which Pillow has verified
        if head[4:] == b"IHDR":
            wanted = _bytes_of(content)
        elif head[4:] == b"IDAT":
            while content and found < wanted and not unpacker.eof:
                found += len(unpacker.decompress(content, _PIECE_BYTES))
                content = unpacker.unconsumed_tail
    return found, wanted


def _bytes_of(header: bytes) -> int:
    """Of all rows before compression, each with the byte that names its filter."""
    width, height = int.from_bytes(header[:4], "big"), int.from_bytes(header[4:8], "big")
    bits = header[8] * _SAMPLES[header[9]]
    total = 0
    for left, top, right, down in _PASSES if header[12] else ((0, 0, 1, 1),):
        columns, rows = (width - left + right - 1) // right, (height - top + down - 1) // down
        total += rows * (1 + (columns * bits + 7) // 8) if columns > 0 else 0
    return total
