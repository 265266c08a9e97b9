"""Files of masks of every kind that people have: what each pixel is read as."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mask_folders import Array, draw_index, lay_out, save_mask, to_colours
from odd_pictures import tiff
from ressq_edge.data.masks.classes import read_table
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


def test_an_index_in_another_classs_colour_is_refused(tmp_path: Path) -> None:
    root = lay_out(tmp_path, save=save_palette)
    (root / "classes.csv").write_text("index,name,r,g,b\n0,sky,0,0,0\n1,car,255,96,55\n2,road,184,61,245\n")
    with pytest.raises(
        MaskError, match=r"found index 1, which is car, in the colour 184,61,245 of road, wanted index and"
    ):
        scan(root)


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


def save_as(path: Path, **how: object) -> None:
    Image.fromarray(to_colours(draw_index(1, 2), COLOURS)).save(path, **how)


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


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("classes.csv", "class,colour\n", "found the header 'class,colour', wanted index,name,r,g,b; r, g and b"),
        ("classes.csv", "", "found the header 'of no column', wanted index,name"),
        ("classes.csv", "index,name\n0,a\n256,b\n", "found '256' in line 3, wanted a whole number from 0 to 255;"),
        ("classes.csv", "index,name\n0,a\n0,b\n", "found the index 0 twice, wanted it once; mend the second line"),
        ("classes.csv", "index,name\n0,a\n1,a\n", "found the name a twice"),
        ("classes.csv", "name,r,g,b\na,0,0,0\nb,0,0,0\n", "found the colour 0,0,0 twice"),
        ("classes.csv", "name,r,g,b\na,0,0,0\nb,,,\n", "found no colour for b, wanted one for each class; add it"),
        ("classes.csv", "index,name\n0,a\n1,void\n", "found 1 classes to learn, wanted two or more; name the"),
        ("classes.csv", "index,name\n0,a\n1,\n", "found the name '', wanted letters that can be seen; name the class"),
        ("classes.csv", "index,name\n0,a\n1,\"b\x1b\"\n", "wanted letters that can be seen"),
        ("labelmap.txt", "a:0,0,0::\nb::\n", "found 'b::' in line 2, wanted name:r,g,b::; mend or export it again"),
        ("labelmap.txt", "a:0,0,0::\nb:0,0,300::\n", "found '300' in line 2, wanted a whole number from 0 to 255"),
    ],
)  # fmt: skip
def test_a_table_that_can_not_be_used_says_why(tmp_path: Path, name: str, text: str, words: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(MaskError) as found:
        read_table(tmp_path)
    assert f"{tmp_path / name}: " in str(found.value)
    assert words in str(found.value)


def test_a_table_must_be_text_of_a_sensible_size_and_the_only_one(tmp_path: Path) -> None:
    (tmp_path / "classes.csv").write_bytes("index,name\n0,Straße\n".encode("latin1"))
    with pytest.raises(MaskError, match=r"found no UTF-8 text, wanted a line a class; save it as UTF-8"):
        read_table(tmp_path)
    (tmp_path / "classes.csv").write_text("index,name\n" + "0,a\n" * 300_000)
    with pytest.raises(MaskError, match=r"found more than 1 MB, wanted a line a class; mend it"):
        read_table(tmp_path)
    (tmp_path / "classes.csv").write_text('index,name\n0,"' + "a" * 200_000 + '"\n')
    with pytest.raises(MaskError, match=r"found a damaged table \(.*\), wanted index,name,r,g,b; save it again"):
        read_table(tmp_path)
    (tmp_path / "labelmap.txt").write_text("")
    with pytest.raises(
        MaskError, match=r"found both classes\.csv and labelmap\.txt, wanted one; move the other elsewhere"
    ):
        read_table(tmp_path)
    (tmp_path / "labelmap.txt").unlink()
    (tmp_path / "classes.csv").unlink()
    (tmp_path / "classes.csv").mkdir()
    with pytest.raises(MaskError, match=r"Is a directory; make it a file that can be read"):
        read_table(tmp_path)
