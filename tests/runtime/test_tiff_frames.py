"""Frames of a TIFF: smaller copies and masks of one picture, as in a cloud-optimised GeoTIFF, or several pictures."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from PIL import Image
from PIL.TiffImagePlugin import AppendingTiffWriter

from ressq_runtime import PictureError, PixelSpec, to_pixels

SPEC = PixelSpec.for_size(64)
NEW_SUBFILE_TYPE, PHOTOMETRIC = 254, 262
COPY, PAGE, MASK, COPY_OF_MASK = 1, 2, 4, 5
TRANSPARENCY_MASK = 4


def draw(side: int) -> Image.Image:
    """Red grows downwards, green to the right."""
    down = Image.linear_gradient("L").resize((side, side))
    return Image.merge("RGB", (down, down.transpose(Image.Transpose.TRANSPOSE), Image.new("L", (side, side), 60)))


def save_frames(path: Path, *kinds: int) -> Path:
    """A TIFF of one frame a kind (of NewSubfileType), each half as wide as the one before it."""
    with path.open("w+b") as file, AppendingTiffWriter(file) as writer:
        for index, kind in enumerate(kinds):
            draw(max(8, 400 >> index)).save(writer, "TIFF", tiffinfo={NEW_SUBFILE_TYPE: kind})
            writer.newFrame()
    return path


@pytest.mark.parametrize("kinds", [(0, COPY), (0, COPY, COPY), (0, MASK, COPY, COPY_OF_MASK)])
def test_smaller_copies_and_masks_leave_one_picture(tmp_path: Path, kinds: tuple[int, ...]) -> None:
    path = save_frames(tmp_path / "tile.tif", *kinds)
    assert to_pixels(path, SPEC) == to_pixels(draw(400), SPEC)
    assert to_pixels(path.read_bytes(), SPEC) == to_pixels(draw(400), SPEC)


@pytest.mark.parametrize("kinds", [(0, 0), (0, COPY, 0), (0, PAGE), (0, *[COPY] * 40)])
def test_other_frames_are_refused(tmp_path: Path, kinds: tuple[int, ...]) -> None:
    path = save_frames(tmp_path / "pages.tif", *kinds)
    with pytest.raises(PictureError, match="found several frames in a TIFF, wanted one picture"):
        to_pixels(path, SPEC)


def test_a_mask_that_pillow_does_not_read_is_passed_over(tmp_path: Path) -> None:
    path = save_frames(tmp_path / "tile.tif", 0, MASK, COPY)
    found = bytearray(path.read_bytes())
    mask = found.index(struct.pack("<HHII", NEW_SUBFILE_TYPE, 4, 1, MASK))
    entry = found.index(struct.pack("<HHI", PHOTOMETRIC, 3, 1), mask)
    struct.pack_into("<H", found, entry + 8, TRANSPARENCY_MASK)
    path.write_bytes(found)
    with Image.open(path) as opened, pytest.raises(SyntaxError):
        opened.seek(1)
    assert to_pixels(path, SPEC) == to_pixels(draw(400), SPEC)


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_a_tiff_is_turned_once_as_a_file_and_as_an_image(tmp_path: Path, orientation: int) -> None:
    draw(120).save(tmp_path / "a.tif", exif=exif_of(orientation))
    draw(120).save(tmp_path / "a.png", exif=exif_of(orientation))
    wanted = to_pixels(tmp_path / "a.png", SPEC)
    assert to_pixels(tmp_path / "a.tif", SPEC) == wanted
    with Image.open(tmp_path / "a.tif") as image:
        assert to_pixels(image, SPEC) == wanted


def test_an_image_of_several_frames_is_the_first(tmp_path: Path) -> None:
    draw(120).save(tmp_path / "a.tif", save_all=True, append_images=[draw(64)])
    with Image.open(tmp_path / "a.tif") as image:
        assert to_pixels(image, SPEC) == to_pixels(draw(120), SPEC)


def exif_of(orientation: int) -> Image.Exif:
    found = Image.Exif()
    found[0x0112] = orientation
    return found
