"""A PNG whose stream is whole and holds too few rows is refused; a black one is not."""

from __future__ import annotations

import random
import struct
import zlib
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from ressq_runtime import PictureError
from ressq_runtime.decoding.png_rows import check_rows
from ressq_runtime.inputs.picture import decode

HEAD = b"\x89PNG\r\n\x1a\n"
# (bits, colour type) -> bytes a pixel, where those are whole
KINDS = {(8, 0): 1, (16, 0): 2, (8, 2): 3, (16, 2): 6, (8, 4): 2, (8, 6): 4}
STEPS = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


def png(kind: tuple[int, int], size: tuple[int, int], rows: bytes, interlaced: int = 0, pieces: int = 3) -> bytes:
    """A PNG of these unpacked rows, its stream cut into several chunks."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    packed = zlib.compress(rows)
    step = len(packed) // pieces + 1
    parts = [chunk(b"IDAT", packed[at : at + step]) for at in range(0, len(packed), step)]
    return (
        HEAD
        + chunk(b"IHDR", struct.pack(">IIBBBBB", *size, *kind, 0, 0, interlaced))
        + b"".join(parts)
        + chunk(b"IEND", b"")
    )


def rows_of(kind: tuple[int, int], size: tuple[int, int], interlaced: int, content: bytes) -> bytes:
    """All rows, each of unfiltered `content`, written again from the specification, pixel by pixel."""
    state, found = random.Random(0), b""
    for left, top, right, down in STEPS if interlaced else ((0, 0, 1, 1),):
        for _ in range(top, size[1], down):
            count = len(range(left, size[0], right)) * KINDS[kind]
            found += b"\0" + (content * count if content else state.randbytes(count))
    return found


@pytest.mark.parametrize("interlaced", [0, 1])
@pytest.mark.parametrize("size", [(40, 40), (33, 47), (46, 33)])
@pytest.mark.parametrize("kind", KINDS)
def test_missing_bytes_are_counted(kind: tuple[int, int], size: tuple[int, int], interlaced: int) -> None:
    black, rows = Image.new("L", size), rows_of(kind, size, interlaced, b"")
    check_rows(black, BytesIO(png(kind, size, rows, interlaced)), "p.png")
    for missing in (1, size[0] * KINDS[kind] + 1, len(rows) // 2):
        short = BytesIO(png(kind, size, rows[:-missing], interlaced))
        words = (
            rf"p\.png: found {len(rows) - missing} bytes of pixels in a PNG, wanted {len(rows)}: rows are missing; copy"
        )
        with pytest.raises(PictureError, match=words):
            check_rows(black, short, "p.png")


@pytest.mark.parametrize("interlaced", [0, 1])
@pytest.mark.parametrize("kind", KINDS)
def test_a_png_with_too_few_rows_is_refused(kind: tuple[int, int], interlaced: int, tmp_path: Path) -> None:
    path, size = tmp_path / "p.png", (40, 41)
    for content in (b"", b"\0"):
        rows = rows_of(kind, size, interlaced, content)
        path.write_bytes(png(kind, size, rows, interlaced))
        assert decode(path).size == decode(path.read_bytes()).size == size
        for missing in range(1, 21):
            path.write_bytes(png(kind, size, rows[: -missing * (1 + size[0] * KINDS[kind])], interlaced))
            with pytest.raises(PictureError, match=r"p\.png: found (a broken picture|\d+ bytes of pixels in a PNG)"):
                decode(path)


def test_pillow_lets_rows_be_missing(tmp_path: Path) -> None:
    rows = bytes(3000 * 9001)
    (tmp_path / "p.png").write_bytes(png((8, 2), (3000, 3000), rows[: -1000 * 9001]))
    with Image.open(tmp_path / "p.png") as opened:
        opened.load()
    with pytest.raises(
        PictureError, match="found 18002000 bytes of pixels in a PNG, wanted 27003000: rows are missing"
    ):
        decode(tmp_path / "p.png")


def test_pixels_of_single_bits_are_counted_by_the_byte() -> None:
    rows = bytes(7 * 45)  # 41 pixels in 6 bytes, behind the filter's
    check_rows(Image.new("1", (41, 45)), BytesIO(png((1, 0), (41, 45), rows)), "p.png")
    with pytest.raises(PictureError, match="found 308 bytes of pixels in a PNG, wanted 315"):
        check_rows(Image.new("1", (41, 45)), BytesIO(png((1, 0), (41, 45), rows[:-7])), "p.png")


def test_a_stream_that_is_damaged_behind_the_last_row_pillow_wants_is_named() -> None:
    rows = rows_of((8, 2), (80, 60), 0, b"") + rows_of((8, 2), (80, 20), 0, b"\0")
    whole = png((8, 2), (80, 80), rows, pieces=1)
    faults = 0
    for at in range(len(whole) - 80, len(whole) - 16):  # before IEND and the chunk's checksum
        for bit in range(8):
            damaged = bytearray(whole)
            damaged[at] ^= 1 << bit
            try:
                decode(bytes(damaged))
            except PictureError:
                faults += 1
    assert faults > 400
