"""Files of masks of every kind that people have: what each pixel is read as."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mask_folders import Array, draw_index, lay_out, save_mask, to_colours
from ressq_edge.data.masks.layout import find_masks
from ressq_edge.data.masks.loading import load_mask
from ressq_edge.data.masks.reading import MaskClasses, read_mask
from ressq_edge.data.masks.scan import MaskScan, scan_masks

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


def pack_png(path: Path, index: Array, bits: int) -> None:
    """A grey PNG of 1, 2 or 4 bits, which Pillow itself does not write of indices."""
    height, width = index.shape
    rows = np.unpackbits(index[..., None], axis=2)[..., 8 - bits :].reshape(height, width * bits)
    packed = b"".join(b"\0" + np.packbits(row).tobytes() for row in rows)

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    path.parent.mkdir(parents=True, exist_ok=True)
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, 0, 0, 0, 0))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(packed)) + chunk(b"IEND", b""))


SAVERS = {
    "grey": save_mask,
    "palette": save_palette,
    "grey in RGB": lambda path, index: save_mask(path, np.repeat(index[..., None], 3, 2)),
    "16 bits": lambda path, index: save_mask(path, index.astype(np.uint16)),
    "32 bits": lambda path, index: save_mask(path.with_suffix(".tif"), index.astype(np.int32)),
    "opaque RGBA": lambda path, index: save_mask(path, np.dstack([index, index, index, np.full_like(index, 255)])),
    "opaque LA": lambda path, index: save_mask(path, np.dstack([index, np.full_like(index, 255)])),
    "2 bits": lambda path, index: pack_png(path, index, 2),
    "4 bits": lambda path, index: pack_png(path, index, 4),
    "BMP": lambda path, index: save_mask(path.with_suffix(".bmp"), index),
    "GIF": lambda path, index: save_mask(path.with_suffix(".gif"), index),
    "PGM": lambda path, index: save_mask(path.with_suffix(".pgm"), index),
    "TIFF": lambda path, index: save_mask(path.with_suffix(".tif"), index),
}


@pytest.mark.parametrize("kind", SAVERS)
def test_indices_are_read_as_they_were_stored(tmp_path: Path, kind: str) -> None:
    index = draw_index(1, 2)
    root = lay_out(tmp_path, index=index, save=SAVERS[kind])
    found = scan(root)
    assert found.complaints == ()
    assert found.classes is not None
    assert found.classes.labels == ("class_0", "class_1", "class_2")
    read = read_mask(root / found.scanned[0].pair.mask, found.classes)
    assert (read.dtype, read.shape) == (np.uint8, index.shape)
    assert np.array_equal(read, index)
    assert found.pixels[0].tolist() == [*np.bincount(index.ravel()), 0]


def test_classes_have_the_colours_of_the_palette(tmp_path: Path) -> None:
    """A person knows the classes by them; grey masks get colours that differ."""
    assert classes_of(lay_out(tmp_path / "palette", save=save_palette)).colours == (0, 0xB83DF5, 0xFF6037)
    assert len(set(classes_of(lay_out(tmp_path / "grey")).colours)) == 3


def test_a_lossless_webp_is_read(tmp_path: Path) -> None:
    def save(path: Path, index: Array) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(to_colours(index, COLOURS)).save(path.with_suffix(".webp"), lossless=True)

    root = lay_out(tmp_path, save=save)
    (root / "classes.csv").write_text("name,r,g,b\nsky,0,0,0\nroad,184,61,245\ncar,255,96,55\n")
    assert np.array_equal(read_mask(root / "masks/0.webp", classes_of(root)), draw_index(1, 2))


def test_a_bool_mask_has_two_classes(tmp_path: Path) -> None:
    root = lay_out(tmp_path, index=draw_index(1), save=lambda path, index: save_mask(path, index.astype(bool)))
    assert load_mask(root / "masks/0.png").image.mode == "1"
    assert np.array_equal(read_mask(root / "masks/0.png", classes_of(root)), draw_index(1))


@pytest.mark.parametrize("colour", [False, True])
def test_0_and_255_are_background_and_foreground(tmp_path: Path, colour: bool) -> None:
    index = draw_index(255)
    root = lay_out(tmp_path, index=np.repeat(index[..., None], 3, 2) if colour else index)
    classes = classes_of(root)
    assert classes.labels == ("background", "foreground")
    assert np.array_equal(read_mask(root / "masks/0.png", classes), index // 255)


def test_255_is_ignored_beside_indices(tmp_path: Path) -> None:
    index = draw_index(1, 2, 255)
    root = lay_out(tmp_path, index=index)
    classes = classes_of(root)
    assert classes.labels == ("class_0", "class_1", "class_2")
    assert np.array_equal(read_mask(root / "masks/0.png", classes), index)
    assert scan(root).pixels[0, -1] == (index == 255).sum()


@pytest.mark.parametrize("name", ["void", "Void", "ignore", "__ignore__"])
def test_a_class_named_void_is_ignored_and_those_behind_it_move_up(tmp_path: Path, name: str) -> None:
    root = lay_out(tmp_path, index=draw_index(1, 2))
    (root / "classes.csv").write_text(f"index,name\n0,sky\n1,{name}\n2,road\n")
    classes = classes_of(root)
    assert classes.labels == ("sky", "road")
    read = read_mask(root / "masks/0.png", classes)
    assert np.array_equal(read, np.array([0, 255, 1], np.uint8)[draw_index(1, 2)])


def test_indices_may_have_gaps_where_a_table_names_them(tmp_path: Path) -> None:
    root = lay_out(tmp_path, index=draw_index(7, 11))
    (root / "classes.csv").write_text("\ufeffIndex;Name\n0;sky\n7;road\n11;car\n")
    classes = classes_of(root)
    assert (classes.labels, classes.source) == (("sky", "road", "car"), "classes.csv")
    assert np.array_equal(np.unique(read_mask(root / "masks/0.png", classes)), [0, 1, 2])


def test_a_table_may_name_255(tmp_path: Path) -> None:
    root = lay_out(tmp_path, index=draw_index(255))
    (root / "classes.csv").write_text("index,name\n0,sky\n255,crack\n")
    assert np.array_equal(read_mask(root / "masks/0.png", classes_of(root)), draw_index(255) // 255)


@pytest.mark.parametrize("save", [save_mask, save_palette])
def test_colours_are_read_by_labelmap_never_by_its_order(tmp_path: Path, save: object) -> None:
    index = draw_index(1, 2)
    write = save_palette if save is save_palette else lambda path, found: save_mask(path, to_colours(found, COLOURS))
    root = lay_out(tmp_path, index=index, save=write)
    (root / "labelmap.txt").write_text(
        "# label:color_rgb:parts:actions\ncar:255,96,55::\nbackground:0,0,0::\nroad: wet:184,61,245::\n"
    )
    classes = classes_of(root)
    assert (classes.labels, classes.reading) == (("car", "background", "road: wet"), "colour")
    assert classes.colours == (0xFF6037, 0, 0xB83DF5)
    assert np.array_equal(read_mask(root / "masks/0.png", classes), np.array([1, 2, 0], np.uint8)[index])


def test_colours_are_read_by_classes_csv(tmp_path: Path) -> None:
    root = lay_out(tmp_path, save=lambda path, index: save_mask(path, to_colours(index, COLOURS)))
    (root / "classes.csv").write_text("index,name,r,g,b\n0,sky,0,0,0\n1,road,184,61,245\n2,void,255,96,55\n")
    classes = classes_of(root)
    assert (classes.labels, classes.reading) == (("sky", "road"), "colour")
    assert np.array_equal(np.unique(read_mask(root / "masks/0.png", classes)), [0, 1, 255])


def test_black_and_white_are_colours_where_the_table_says_so(tmp_path: Path) -> None:
    root = lay_out(tmp_path, index=draw_index(255))
    (root / "classes.csv").write_text("index,name,r,g,b\n0,ground,0,0,0\n1,crack,255,255,255\n")
    assert np.array_equal(read_mask(root / "masks/0.png", classes_of(root)), draw_index(1))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_masks_own_exif_is_applied(tmp_path: Path, orientation: int) -> None:
    index = np.zeros((40, 60), np.uint8)
    index[:10, :20] = 1
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(index).save(tmp_path / "a.png", exif=exif)
    loaded = load_mask(tmp_path / "a.png")
    assert loaded.image.size == ((40, 60) if orientation >= 5 else (60, 40))
    assert loaded.orientation == orientation
    corner = {1: (0, 0), 2: (0, -1), 3: (-1, -1), 4: (-1, 0), 5: (0, 0), 6: (0, -1), 7: (-1, -1), 8: (-1, 0)}[
        orientation
    ]
    assert np.asarray(loaded.image)[corner] == 1
