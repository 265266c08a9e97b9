"""Files that can't be masks, or whose values may have been changed, are refused in words."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mask_folders import Array, draw_index, lay_out, save_mask, to_colours
from odd_pictures import tiff
from ressq_edge.data.masks.layout import find_masks
from ressq_edge.data.masks.loading import load_mask
from ressq_edge.data.masks.looks import look_at_mask
from ressq_edge.data.masks.reading import MaskClasses, read_mask
from ressq_edge.data.masks.scan import MaskScan, scan_masks
from ressq_edge.errors import MaskError
from ressq_runtime.errors import PictureError

COLOURS = {0: (0, 0, 0), 1: (184, 61, 245), 2: (255, 96, 55)}


def scan(root: Path) -> MaskScan:
    folder = find_masks(root)
    assert folder is not None
    found = scan_masks(root, folder, 1)
    assert not found.unreadable
    return found


def classes_of(root: Path) -> MaskClasses:
    found = scan(root)
    assert found.complaints == ()
    assert found.classes is not None
    return found.classes


def save_palette(path: Path, index: Array) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(index, "P")
    image.putpalette([part for colour in COLOURS.values() for part in colour])
    image.save(path)


def save_as(path: Path, **how: object) -> None:
    Image.fromarray(to_colours(draw_index(1, 2), COLOURS)).save(path, **how)


def test_an_index_in_another_classs_colour_is_refused(tmp_path: Path) -> None:
    root = lay_out(tmp_path, save=save_palette)
    (root / "classes.csv").write_text("index,name,r,g,b\n0,sky,0,0,0\n1,car,255,96,55\n2,road,184,61,245\n")
    with pytest.raises(
        MaskError, match=r"found index 1, which is car, in the colour 184,61,245 of road, wanted index and"
    ):
        scan(root)


def test_what_blends_values_is_no_mask(tmp_path: Path) -> None:
    save_as(tmp_path / "a.jpg")
    (tmp_path / "a.jpg").rename(tmp_path / "a.png")
    with pytest.raises(
        MaskError, match=r"a\.png: found a JPEG, which blends neighbouring values, wanted a PNG; save it as"
    ):
        load_mask(tmp_path / "a.png")
    save_as(tmp_path / "a.webp")
    with pytest.raises(MaskError, match=r"found a WebP that is not lossless, which blends"):
        load_mask(tmp_path / "a.webp")
    save_as(tmp_path / "a.tif", compression="jpeg")
    with pytest.raises(MaskError, match=r"found a TIFF compressed as JPEG, which blends"):
        load_mask(tmp_path / "a.tif")


def test_several_frames_are_refused(tmp_path: Path) -> None:
    frames = [Image.fromarray(draw_index(value)) for value in (1, 2)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    with pytest.raises(MaskError, match=r"found several frames in a GIF, wanted one mask; save the frame you mean"):
        load_mask(tmp_path / "a.gif")


def test_deep_colours_are_refused(tmp_path: Path) -> None:
    index = to_colours(draw_index(1, 2), COLOURS).astype(">u2")
    rows = b"".join(b"\0" + row.tobytes() for row in index)

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 48, 48, 16, 2, 0, 0, 0))
    png = b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    (tmp_path / "a.png").write_bytes(png)
    with pytest.raises(MaskError, match=r"found colours of 16 bits a channel, wanted 8; save it as a PNG of 8 bits"):
        load_mask(tmp_path / "a.png")
    (tmp_path / "a.tif").write_bytes(tiff(48, (16, 16, 16), [index.astype("<u2").tobytes()]))
    with pytest.raises(MaskError, match=r"a\.tif: found colours of 16 bits a channel"):
        load_mask(tmp_path / "a.tif")


def test_opacity_floats_and_other_colour_spaces_are_refused(tmp_path: Path) -> None:
    index = draw_index(1, 2)
    save_mask(tmp_path / "a.png", np.dstack([index, index, index, index * 100]))
    with pytest.raises(MaskError, match=r"found pixels that differ in opacity, wanted opaque ones; save it without"):
        load_mask(tmp_path / "a.png")
    Image.fromarray(index.astype(np.float32)).save(tmp_path / "a.tif")
    with pytest.raises(MaskError, match=r"found pixels of mode F, wanted class indices or RGB colours; save it as PNG"):
        load_mask(tmp_path / "a.tif")
    Image.new("CMYK", (48, 48)).save(tmp_path / "b.tif")
    with pytest.raises(MaskError, match=r"found pixels of mode CMYK, wanted"):
        load_mask(tmp_path / "b.tif")
    Image.fromarray(index.astype(np.int32) - 1).save(tmp_path / "c.tif")
    with pytest.raises(MaskError, match=r"found the value -1, wanted class indices from 0 on; save it again"):
        look_at_mask(tmp_path / "c.tif")


def test_a_photograph_is_no_mask(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (80, 80, 3), np.uint8)
    save_mask(tmp_path / "a.png", noise)
    with pytest.raises(
        MaskError, match=r"found more than 4,096 values, as in a photograph, wanted one value or colour a"
    ):
        look_at_mask(tmp_path / "a.png")


def test_broken_huge_and_foreign_files_are_named(tmp_path: Path) -> None:
    save_mask(tmp_path / "a.png", draw_index(1))
    whole = (tmp_path / "a.png").read_bytes()
    (tmp_path / "a.png").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(PictureError, match=r"a\.png: found a broken picture"):
        load_mask(tmp_path / "a.png")
    (tmp_path / "b.png").write_text("no picture")
    with pytest.raises(
        PictureError, match=r"b\.png: found no picture that can be a mask, wanted a PNG; save it as PNG"
    ):
        load_mask(tmp_path / "b.png")
    with pytest.raises(PictureError, match=r"c\.png: No such file or directory; check the path"):
        load_mask(tmp_path / "c.png")
    Image.new("P", (12_000, 10_000)).save(tmp_path / "d.png", compress_level=1)
    with pytest.raises(PictureError, match=r"that take \d+ MB to decode, wanted at most 490 MB"):
        load_mask(tmp_path / "d.png")
    Image.new("1", (20_000, 10_000)).save(tmp_path / "e.png", compress_level=1)
    with pytest.raises(
        PictureError, match=r"e\.png: found a decompression bomb .*, wanted a mask; make a smaller copy"
    ):
        load_mask(tmp_path / "e.png")


def test_a_mask_that_changed_after_the_scan_is_refused(tmp_path: Path) -> None:
    root = lay_out(tmp_path)
    classes = classes_of(root)
    save_mask(root / "masks/0.png", draw_index(1, 9))
    with pytest.raises(
        MaskError, match=r"0\.png: found the value 9, which it did not hold when it was scanned; bring it"
    ):
        read_mask(root / "masks/0.png", classes)
    save_mask(root / "masks/0.png", to_colours(draw_index(1, 2), COLOURS))
    with pytest.raises(MaskError, match=r"found colours, which it did not hold"):
        read_mask(root / "masks/0.png", classes)
