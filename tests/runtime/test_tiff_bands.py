"""Bands of a TIFF, pixel by pixel or each a plane, of every depth: read as they are, or refused with what to do."""

from __future__ import annotations

import random
import re
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
from PIL import Image, features

from odd_pictures import LONG, SHORT, tiff
from ressq_runtime import PictureError, PixelSpec, to_pixels

SPEC = PixelSpec.for_size(64)
SIDE = 80
DEFLATE, LERC = 8, 34887
FLOAT = 3
WHITE_IS_0, GREY = 0, 1

DOWN = Image.linear_gradient("L").resize((SIDE, SIDE))
BANDS = [DOWN.tobytes(), DOWN.transpose(Image.Transpose.TRANSPOSE).tobytes(), bytes([60]) * SIDE**2]
RGB = Image.merge("RGB", [Image.frombytes("L", (SIDE, SIDE), band) for band in BANDS])


def widen(band: bytes) -> bytes:
    """The band in 16 bits, little-endian; the low byte is noise that a reader of 8 bits must not show."""
    values = bytearray(2 * len(band))
    values[0::2], values[1::2] = bytes(index * 37 & 0xFF for index in range(len(band))), band
    return bytes(values)


def interleave(bands: list[bytes], size: int) -> bytes:
    """The bands pixel by pixel; size: bytes a value."""
    pixels = bytearray(len(bands) * len(bands[0]))
    for index, band in enumerate(bands):
        for byte in range(size):
            pixels[index * size + byte :: len(bands) * size] = band[byte::size]
    return bytes(pixels)


def test_bands_pixel_by_pixel_are_read_in_8_and_16_bits(tmp_path: Path) -> None:
    wide = [widen(band) for band in BANDS]
    for bits, pixels in (8, interleave(BANDS, 1)), (16, interleave(wide, 2)):
        (tmp_path / "a.tif").write_bytes(tiff(SIDE, (bits,) * 3, [pixels]))
        assert to_pixels(tmp_path / "a.tif", SPEC) == to_pixels(RGB, SPEC)


def test_uncompressed_planes_of_8_bits_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.tif").write_bytes(tiff(SIDE, (8, 8, 8), BANDS, planar=2))
    assert to_pixels(tmp_path / "a.tif", SPEC) == to_pixels(RGB, SPEC)


@pytest.mark.skipif(not features.check("libtiff"), reason="this Pillow has no libtiff")
@pytest.mark.parametrize("bits", [8, 16])
def test_compressed_planes_are_read(tmp_path: Path, bits: int) -> None:
    planes = [zlib.compress(widen(band) if bits == 16 else band) for band in BANDS]
    (tmp_path / "a.tif").write_bytes(tiff(SIDE, (bits,) * 3, planes, planar=2, compression=DEFLATE))
    assert to_pixels(tmp_path / "a.tif", SPEC) == to_pixels(RGB, SPEC)


def test_uncompressed_planes_of_16_bits_are_refused_as_pillow_would_show_noise(tmp_path: Path) -> None:
    planes = tiff(SIDE, (16, 16, 16), [widen(band) for band in BANDS], planar=2)
    (tmp_path / "a.tif").write_bytes(planes)
    words = (
        r"a\.tif: found a TIFF of uncompressed planes of 16 bits, which Pillow misreads, "
        "wanted its bands pixel by pixel; gdal_translate -co INTERLEAVE=PIXEL IN OUT$"
    )
    with pytest.raises(PictureError, match=words):
        to_pixels(tmp_path / "a.tif", SPEC)
    with pytest.raises(PictureError, match="found a TIFF of uncompressed planes of 16 bits"):
        to_pixels(planes, SPEC)


@pytest.mark.parametrize("tags", [{"fill_order": 2}, {"photometric": WHITE_IS_0}], ids=["reversed bits", "white is 0"])
def test_one_plane_that_pillow_would_show_wrongly_is_refused(tags: dict[str, int]) -> None:
    with pytest.raises(PictureError, match="found a TIFF of uncompressed planes of 8 bits, which Pillow misreads"):
        to_pixels(tiff(SIDE, (8,), BANDS[:1], planar=2, **{"photometric": GREY, **tags}), SPEC)


GREY_OR_RGB = "1 band of 8 or 16 bits, or 3 of 8 marked as RGB"
UNKNOWN = {
    "near infrared of 16 bits": (
        tiff(SIDE, (16,) * 4, [bytes(8 * SIDE**2)], photometric=GREY, extra=(0, 0, 0)),
        f"found a TIFF of 4 bands of 16 bits (uint, marked as grey), wanted {GREY_OR_RGB}; "
        "gdal_translate -b 1 -b 2 -b 3 -ot Byte -scale MIN MAX 0 255 -co PHOTOMETRIC=RGB IN OUT",
    ),
    "13 bands": (
        tiff(SIDE, (16,) * 13, [bytes(26 * SIDE**2)], photometric=GREY, extra=(0,) * 12),
        "found a TIFF of 13 bands of 16 bits (uint, marked as grey), wanted",
    ),
    "5 bands of 8 bits": (
        tiff(SIDE, (8,) * 5, [bytes(5 * SIDE**2)], photometric=GREY, extra=(0,) * 4),
        f"wanted {GREY_OR_RGB}; gdal_translate -b 1 -b 2 -b 3 -co PHOTOMETRIC=RGB IN OUT",
    ),
    "three bands that are not marked as RGB": (
        tiff(SIDE, (8,) * 3, [bytes(3 * SIDE**2)], photometric=GREY, extra=(0, 0)),
        "found a TIFF of 3 bands of 8 bits (uint, marked as grey), wanted",
    ),
    "floating point": (
        tiff(SIDE, (32,) * 3, [bytes(12 * SIDE**2)], sample_format=(FLOAT,) * 3),
        "found a TIFF of 3 bands of 32 bits (float, marked as RGB), wanted",
    ),
    "two of floating point": (
        tiff(SIDE, (32,) * 2, [bytes(8 * SIDE**2)], photometric=GREY, extra=(0,), sample_format=(FLOAT,) * 2),
        f"wanted {GREY_OR_RGB}; gdal_translate -b 1 -ot Byte -scale MIN MAX 0 255 IN OUT",
    ),
    "LERC": (
        tiff(SIDE, (8,), [bytes(50)], photometric=GREY, compression=LERC),
        "found a TIFF of 1 band of 8 bits (uint, marked as grey) in compression 34887, "
        f"wanted {GREY_OR_RGB}, in none, LZW, deflate or JPEG; gdal_translate IN OUT",
    ),
    "no width": (
        tiff(SIDE, (8,) * 3, [bytes(3 * SIDE**2)]).replace(struct.pack("<HHII", 256, LONG, 1, SIDE), bytes(12)),
        "found a broken TIFF, wanted a whole one; copy it again",
    ),
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_what_pillow_does_not_know_is_told_with_the_command_that_helps(tmp_path: Path, name: str) -> None:
    content, words = UNKNOWN[name]
    (tmp_path / "a.tif").write_bytes(content)
    for source in tmp_path / "a.tif", content:
        with pytest.raises(PictureError, match=re.escape(words)) as raised:
            to_pixels(source, SPEC)
        assert str(raised.value).startswith(f"{source if isinstance(source, Path) else 'bytes'}: found a ")


def test_a_large_tiff_of_many_bands_is_told_as_a_small_one(tmp_path: Path) -> None:
    # BigTIFF, big-endian, which Pillow 9.4 does not know: 13 bands of 16 bits, the values behind the tags.
    tags = {256: (LONG, 1, SIDE << 32), 258: (SHORT, 13, 16 + 8 + 3 * 20 + 8), 277: (SHORT, 1, 13 << 48)}
    entries = b"".join(struct.pack(">HHQQ", tag, *values) for tag, values in tags.items())
    found = (
        struct.pack(">2sHHHQQ", b"MM", 43, 8, 0, 16, len(tags)) + entries + bytes(8) + struct.pack(">13H", *[16] * 13)
    )
    with pytest.raises(PictureError, match=r"found a TIFF of 13 bands of 16 bits \(uint, marked as white-is-0\)"):
        to_pixels(found, SPEC)


def test_a_damaged_tiff_that_pillow_does_not_know_is_named() -> None:
    state, faults = random.Random(0), 0
    whole, _ = UNKNOWN["13 bands"]
    for _ in range(500):
        tags = bytearray(whole[-300:])
        for _ in range(state.randint(1, 4)):
            tags[state.randrange(300)] = state.choice((0, 1, 0x7F, 0xFF))
        try:
            to_pixels(whole[:-300] + tags[: state.choice((300, state.randrange(300)))], SPEC)
        except PictureError:
            faults += 1
    assert faults > 490


def test_pillows_own_words_stay_off_stderr(tmp_path: Path) -> None:
    (tmp_path / "a.tif").write_bytes(UNKNOWN["13 bands"][0])
    code = (
        "import sys; from ressq_runtime import PictureError, PixelSpec, to_pixels\n"
        "try: to_pixels(sys.argv[1], PixelSpec.for_size(64))\n"
        "except PictureError: print('refused')"
    )
    found = subprocess.run([sys.executable, "-c", code, tmp_path / "a.tif"], capture_output=True, text=True, check=True)
    assert (found.stdout, found.stderr) == ("refused\n", "")
