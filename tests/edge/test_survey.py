"""The first look at the pictures: what their files tell, which of very many are looked at, and what is said of them."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from ressq_edge import notes, start, survey
from ressq_edge.data_report import DataReport
from ressq_edge.folder import split_folder
from ressq_edge.intake import decode_pictures
from ressq_edge.odd_values import tell_values
from ressq_edge.progress import Screen
from ressq_edge.request import Request
from ressq_edge.split import Split
from ressq_edge.survey import GPS, MAKE, MODEL, ORIENTATION, choose, is_grey, look_at


def save_photo(
    path: Path, camera: tuple[str, str] = ("", ""), orientation: int = 0, gps: dict[int, object] | None = None
) -> None:
    """A JPEG of 96 x 64 pixels: red 200, green 100 in its left half and 50 in its right, blue 0."""
    pixels = np.zeros((64, 96, 3), np.uint8)
    pixels[..., 0], pixels[:, :48, 1], pixels[:, 48:, 1] = 200, 100, 50
    exif = Image.Exif()
    exif[MAKE], exif[MODEL] = camera
    if orientation:
        exif[ORIENTATION] = orientation
    if gps:
        exif.get_ifd(GPS).update(gps)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, quality=95, exif=exif)


POSITION: dict[int, object] = {1: "N", 2: (49.0, 24.0, 6.0), 3: "E", 4: (11.0, 2.0, 0.0)}


def test_a_look_tells_size_colours_and_what_the_file_says(tmp_path: Path) -> None:
    save_photo(tmp_path / "phone.jpg", ("Acme", "Acme One\x1b[2J"), 6, POSITION)
    save_photo(tmp_path / "version.jpg", ("Acme", "Two"), gps={0: b"\x02\x03\x00\x00"})
    Image.new("L", (40, 50), 7).save(tmp_path / "grey.png")
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    seen: list[int] = []
    names = ["phone.jpg", "version.jpg", "grey.png", "broken.jpg"]

    @contextmanager
    def bar(title: str, total: int) -> Iterator[Callable[[], None]]:
        assert (title, total) == ("looking", 4)
        yield lambda: seen.append(1)

    found = look_at(tmp_path, names, 2, bar)
    assert len(seen) == 4
    assert found.looks["size"].tolist() == [[96, 64], [96, 64], [40, 50], [0, 0]]
    assert found.looks["orientation"].tolist() == [6, 0, 0, 0]
    assert found.looks["located"].tolist() == [True, False, False, False], "a version of GPS tags is no position"
    assert [found.cameras[number] for number in found.looks["camera"]] == ["Acme One[2J", "Acme Two", "", ""]
    assert found.looks["mean"][0] == pytest.approx([200, 75, 0], abs=3)
    assert found.looks["deviation"][0] == pytest.approx([0, 25, 0], abs=3)
    assert found.looks["mean"][2].tolist() == [7, 7, 7]
    assert found.alike == (), "one is stored turned"


@pytest.mark.parametrize(("coloured", "grey"), [(0, True), (1, True), (2, False), (20, False)])
def test_pictures_are_grey_where_nearly_all_are(tmp_path: Path, coloured: int, grey: bool) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (20, 48, 64, 3), np.uint8)
    for number, pixels in enumerate(noise):
        picture = Image.fromarray(pixels).resize((640, 480))  # each channel has nearly the mean of the others
        name = tmp_path / f"{number}.jpg"
        (picture if number < coloured else picture.convert("L").convert("RGB")).save(name, quality=70)
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    names = [*(f"{number}.jpg" for number in range(20)), "broken.jpg"]
    assert is_grey(look_at(tmp_path, names, 1)) is grey


@pytest.mark.parametrize("tag", [33550, 33922, 34264, 34735])
def test_a_geotiff_is_located_whichever_tag_says_it(tmp_path: Path, tag: int) -> None:
    tags = ImageFileDirectory_v2()
    tags.tagtype[tag] = 3 if tag == 34735 else 12
    tags[tag] = (1, 1, 0, 0) if tag == 34735 else (49.25, 11.75, 0.0)
    Image.new("RGB", (64, 64)).save(tmp_path / "field.tif", tiffinfo=tags)
    Image.new("RGB", (64, 64)).save(tmp_path / "plain.tif")
    assert look_at(tmp_path, ["field.tif", "plain.tif"], 1).looks["located"].tolist() == [True, False]


def test_damaged_exif_data_are_no_data(tmp_path: Path) -> None:
    path = tmp_path / "x.jpg"
    Image.new("RGB", (64, 64), "red").save(path, exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xff" + b"\xff" * 40)
    found = look_at(tmp_path, ["x.jpg"], 1)
    assert found.looks["size"].tolist() == [[64, 64]]
    assert (found.looks["orientation"][0], found.looks["located"][0], found.looks["camera"][0]) == (0, False, 0)


def test_of_very_many_pictures_some_are_looked_at_unless_all_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(survey, "MOST_LOOKED_AT", 9)
    monkeypatch.setattr(survey, "SAMPLE", 4)
    names = [str(index) for index in range(10)]
    assert choose(names, everything=False) == ["0", "2", "5", "7"]
    assert choose(names, everything=True) == names
    assert choose(names[1:], everything=False) == names[1:]


def test_that_copies_were_not_searched_is_said(shapes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(survey, "MOST_LOOKED_AT", 100)
    monkeypatch.setattr(notes, "MOST_LOOKED_AT", 100)
    monkeypatch.setattr(survey, "SAMPLE", 10)
    request = Request(shapes, tmp_path / "run", init="none")
    begun = start.begin_run(request, Screen())
    assert begun.survey is not None
    assert (len(begun.survey.names), begun.survey.total, begun.survey.alike) == (10, 120, None)
    assert any("120 pictures are more than the 100 that are compared unasked" in note for note in begun.notes)
    everything = start.begin_run(Request(shapes, tmp_path / "all", init="none", compare_all=True), Screen())
    assert everything.survey is not None
    assert everything.survey.alike is not None
    assert not any("unasked" in note for note in everything.notes)


def test_a_report_brings_looks_and_parts_together(tmp_path: Path) -> None:
    for part in ("train", "val"):
        save_photo(tmp_path / part / "cat" / "1.jpg", ("A", "1"))
        Image.new("RGB", (40, 80), (10, 20, 30)).save(tmp_path / part / "cat" / "2.png")
        Image.new("RGB", (100, 90), (0, 0, 90)).save(tmp_path / part / "dog_1.png")
        (tmp_path / part / "dog").mkdir()
        (tmp_path / part / "dog_1.png").rename(tmp_path / part / "dog" / "1.png")
    surveys = []

    def look(names: list[str]) -> tuple[tuple[str, str], ...]:
        surveys.append(look_at(tmp_path, names, 1))
        return surveys[0].alike or ()

    split: Split = split_folder(tmp_path, 0, None, look)
    report = DataReport(split, surveys[0], {}, {})
    assert report.torn == [("train/cat/1.jpg", "val/cat/1.jpg")]
    colours = report.colours(0, "train")
    assert colours is not None
    assert colours.n == 2
    assert colours.mean == pytest.approx([(200 + 10) / 2, (75 + 20) / 2, 30 / 2], abs=3)
    assert colours.deviation[0] == pytest.approx(95, abs=3), "between the pictures as well as within them"
    assert report.colours(1, "test") is None
    assert sorted(report.sides(0).tolist()) == [40, 40, 64, 64]
    assert report.cameras == [("A 1", 2)]
    assert report.imbalance == 2


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
    wanted = "20% of the pictures are nearly black; values of 12 bits in files of 16, say, must be stretched (times 16)"
    assert [note.removesuffix(" before training") for note in tell_values(found)] == [wanted]
    assert tell_values(look_at(tmp_path, names[1:], 1)) == [f"11%{wanted[3:]} before training"]
    assert tell_values(look_at(tmp_path, [*names[1:], names[9]], 1)) == [], "a tenth"
    assert tell_values(look_at(tmp_path, ["broken.jpg"], 1)) == []


def test_nearly_black_pictures_are_said_on_the_screen_and_stand_out_on_the_page(tmp_path: Path) -> None:
    for label in "ab":
        for index in range(9):
            save_12_bit(tmp_path / "data" / label / f"{index}.png", 1 if index < 3 else 16)
    request = Request(tmp_path / "data", tmp_path / "run", init="none", size=32)
    begun = start.begin_run(request, Screen())
    assert any(note.startswith("33% of the pictures are nearly black; values of 12 bits") for note in begun.notes)
    decode_pictures(request, begun, Screen(), lambda: False)
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


@pytest.mark.parametrize("name", ["scan.dcm", "brain.nii.gz", "camera.CR2", "tile.jp2", "tile.J2K", "tile.jpx"])
def test_pictures_that_are_not_read_are_told_with_what_to_do(tmp_path: Path, name: str) -> None:
    for file in (name, "a.txt", "b.jpg"):
        (tmp_path / file).touch()
    assert notes.tell_others(tmp_path) == [
        f"2 files are left out, being no pictures by their names: a.txt, {name}; "
        f"what {name} shows can be learned from once it is saved as PNG or JPEG"
    ]
    (tmp_path / name).unlink()
    assert notes.tell_others(tmp_path) == ["1 files are left out, being no pictures by their names: a.txt"]


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
    decode_pictures(request, begun, Screen(), lambda: False)
    page = (tmp_path / "run/data.html").read_text("utf-8")
    assert page.index(told) < page.index("<h2>Classes</h2>"), "among what stands out"
