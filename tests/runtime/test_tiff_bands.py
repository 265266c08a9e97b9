"""Bands of a TIFF, pixel by pixel or each a plane, of every depth: read as they are, or refused with what to do."""

from __future__ import annotations

import zlib
from pathlib import Path

import pytest
from PIL import Image, features

from odd_pictures import tiff
from ressq_runtime import PictureError, PixelSpec, to_pixels

SPEC = PixelSpec.for_size(64)
SIDE = 80
DEFLATE = 8
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
