"""What is said of values, bands and shapes that a network sees otherwise than a person."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ressq_edge import start
from ressq_edge.data.image_issues import tell_values
from ressq_edge.data.survey import look_at
from ressq_edge.decoding import decode_pictures
from ressq_edge.request import Request
from ressq_edge.screen import Screen
from ressq_edge.session import Session


def save_12_bit(path: Path, stretch: int = 1) -> None:
    """64 x 64 pixels of grey noise, 0 to 4095, in a file of 16 bits."""
    path.parent.mkdir(parents=True, exist_ok=True)
    state = np.random.default_rng(list(path.as_posix().encode()))
    Image.fromarray(state.integers(0, 4096, (64, 64), np.uint16) * np.uint16(stretch)).save(path)


@pytest.mark.parametrize("kind", ["png", "tif"])
def test_pictures_of_12_bits_in_files_of_16_are_told_where_they_are_more_than_a_tenth(
    tmp_path: Path, kind: str
) -> None:
    names = [f"a/{index}.{kind}" for index in range(10)]
    for index, name in enumerate(names):
        save_12_bit(tmp_path / name, 1 if index < 2 else 16)
    (tmp_path / "broken.jpg").write_bytes(b"not to be read, and so not black")
    found = look_at(tmp_path, [*names, "broken.jpg"], 1)
    wanted = "of the pictures are nearly black; values of 12 bits in files of 16, say, must be stretched (times 16)"
    how = "before training: docs/data.md shows how"
    assert tell_values(found) == [f"20% {wanted} {how}"]
    assert tell_values(look_at(tmp_path, names[1:], 1)) == [f"11% {wanted} {how}"]
    assert tell_values(look_at(tmp_path, [*names[1:], names[9]], 1)) == [], "a tenth"
    assert tell_values(look_at(tmp_path, ["broken.jpg"], 1)) == []


def test_nearly_black_pictures_are_said_on_the_screen_and_stand_out_on_the_page(tmp_path: Path) -> None:
    for label in "ab":
        for index in range(9):
            save_12_bit(tmp_path / "data" / label / f"{index}.png", 1 if index < 3 else 16)
    request = Request(tmp_path / "data", tmp_path / "run", init="none", size=32)
    begun = start.begin_run(request, Screen())
    assert any(note.startswith("33% of the pictures are nearly black; values of 12 bits") for note in begun.notes)
    decode_pictures(Session(request, begun, Screen(), lambda: False))
    assert "33\u202f% of the pictures are nearly black: values of 12 bits" in (tmp_path / "run/data.html").read_text(
        "utf-8"
    )


def save_bands(path: Path, bands: int, extra: tuple[int, ...]) -> None:
    """A TIFF of 64 x 64 pixels, 8 bits a band, whose ExtraSamples are `extra`: 0 unspecified, 2 opacity."""
    pixels = np.random.default_rng(bands).integers(0, 256, (64, 64, bands), np.uint8)
    colour = bands - len(extra) == 3
    # tag -> type (3: 16 bits, 4: 32 bits) and values; the pixels lie right behind the header
    tags = {
        256: (3, (64,)), 257: (3, (64,)), 258: (3, (8,) * bands), 259: (3, (1,)), 262: (3, (2 if colour else 1,)),
        273: (4, (8,)), 277: (3, (bands,)), 278: (3, (64,)), 279: (4, (pixels.nbytes,)), 284: (3, (1,)),
        338: (3, extra),
    }  # fmt: skip
    at = 8 + pixels.nbytes
    more = at + 2 + 12 * len(tags) + 4
    entries, behind = b"", b""
    for tag, (kind, values) in tags.items():
        told = struct.pack(f"<{len(values)}{'H' if kind == 3 else 'I'}", *values)
        place = told.ljust(4, b"\0") if len(told) <= 4 else struct.pack("<I", more + len(behind))
        behind += told if len(told) > 4 else b""
        entries += struct.pack("<HHI", tag, kind, len(values)) + place
    directory = struct.pack("<H", len(tags)) + entries + bytes(4) + behind
    path.write_bytes(struct.pack("<2sHI", b"II", 42, at) + pixels.tobytes() + directory)


OPACITY = (
    " TIFFs have a fourth band, or a second one beside grey, which is taken for opacity; if it is near infrared, say, "
    "save three bands (gdal_translate -b 1 -b 2 -b 3) or one"
)
LEFT_OUT = (
    " TIFFs have more bands than are read: all but the first three, of grey ones all but the first, are left out; "
    "choose three (gdal_translate -b 4 -b 1 -b 2, say)"
)


@pytest.mark.parametrize(
    ("bands", "extra", "told"),
    [
        (4, (2,), ["1" + OPACITY]),
        (4, (0,), ["1" + LEFT_OUT]),  # as an aerial picture with near infrared says it
        (6, (2, 0, 0), ["1" + OPACITY, "1" + LEFT_OUT]),
        (2, (2,), ["1" + OPACITY]),
        (2, (0,), ["1" + LEFT_OUT]),  # as radar in two polarisations
    ],
)
def test_bands_of_a_tiff_beyond_the_colours_are_told(
    tmp_path: Path, bands: int, extra: tuple[int, ...], told: list[str]
) -> None:
    save_bands(tmp_path / "field.tif", bands, extra)
    found = look_at(tmp_path, ["field.tif"], 1)
    assert found.looks["size"].tolist() == [[64, 64]], "it is read"
    assert tell_values(found) == told


def test_what_has_no_bands_beyond_the_colours_is_passed_over(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (64, 64, 4), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "drawing.png")
    for mode in ("RGB", "L", "P", "CMYK"):
        Image.fromarray(pixels).convert("RGB").convert(mode).save(tmp_path / f"{mode}.tif")
    names = [path.name for path in tmp_path.iterdir()]
    assert tell_values(look_at(tmp_path, names, 1)) == []


def save_long(root: Path, long: int, of: int) -> list[str]:
    """Noise of 65 x 32 pixels, upright every second time, and as much of 64 x 32."""
    names = [f"{'ab'[index % 2]}/{index:02}.png" for index in range(of)]
    for index, name in enumerate(names):
        shape = (32, 65 if index < long else 64, 3)
        pixels = np.random.default_rng(index).integers(0, 256, shape, np.uint8)
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels if index % 4 else pixels.transpose(1, 0, 2)).save(root / name)
    return names


@pytest.mark.parametrize(("long", "told"), [(0, False), (1, False), (2, True)])
def test_long_pictures_are_told_where_they_are_more_than_a_twentieth(tmp_path: Path, long: int, told: bool) -> None:
    names = save_long(tmp_path, long, 20)
    (tmp_path / "broken.png").write_bytes(b"no picture")
    found = tell_values(look_at(tmp_path, [*names, "broken.png"], 1))
    assert found == told * [
        "2 of 20 pictures are more than twice as long as wide; the network sees only their middle; "
        "cut out the part that matters"
    ]


def test_long_pictures_are_said_on_the_screen_and_stand_out_on_the_page(tmp_path: Path) -> None:
    save_long(tmp_path / "data", 9, 20)
    request = Request(tmp_path / "data", tmp_path / "run", init="none", size=32)
    begun = start.begin_run(request, Screen())
    told = "9 of 20 pictures are more than twice as long as wide; the network sees only their middle"
    assert any(note.startswith(told) for note in begun.notes)
    decode_pictures(Session(request, begun, Screen(), lambda: False))
    page = (tmp_path / "run/data.html").read_text("utf-8")
    assert page.index(told) < page.index("<h2>Classes</h2>"), "among what stands out"


def save_plain(path: Path, colour: str, kind: str = "PNG", spot: bool = False) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.new("RGB", (80, 70), colour)
    if spot:
        image.paste("#456", (30, 30, 40, 40))
    image.save(path, kind)


@pytest.mark.parametrize(("colour", "kind"), [("white", "PNG"), ("black", "PNG"), ("#3a7", "JPEG"), ("red", "WEBP")])
def test_blank_pictures_of_any_colour_are_told(tmp_path: Path, colour: str, kind: str) -> None:
    for index in range(12):
        save_plain(tmp_path / f"{index:02}.png", colour, kind, spot=index > 3)
    (tmp_path / "broken.png").write_bytes(b"no picture")
    names = sorted(path.name for path in tmp_path.iterdir())
    told = "pictures are blank, of one colour throughout"
    how = "; remove them, or save them again from what shows more"
    assert f"4 of 12 {told} (00.png, 01.png, 02.png, ...){how}" in tell_values(look_at(tmp_path, names, 1))
    assert f"1 of 9 {told} (03.png){how}" in tell_values(look_at(tmp_path, names[3:], 1))
    assert not any("blank" in note for note in tell_values(look_at(tmp_path, names[4:], 1)))


def test_blank_pictures_are_said_on_the_screen_and_stand_out_on_the_page(tmp_path: Path) -> None:
    for label in "ab":
        for index in range(9):
            save_12_bit(tmp_path / "data" / label / f"{index}.png", 16)
        save_plain(tmp_path / "data" / label / "3.png", "white" if label == "a" else "#123456")
    request = Request(tmp_path / "data", tmp_path / "run", init="none", size=32)
    begun = start.begin_run(request, Screen())
    assert any(
        note.startswith("2 of 18 pictures are blank, of one colour throughout (a/3.png, b/3") for note in begun.notes
    )
    decode_pictures(Session(request, begun, Screen(), lambda: False))
    page = (tmp_path / "run/data.html").read_text("utf-8")
    told = "2 of 18 pictures are blank, of one colour throughout; remove them"
    assert page.index(told) < page.index("<h2>Classes</h2>"), "among what stands out"
