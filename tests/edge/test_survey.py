"""The first look at the pictures: what their files tell, which of very many are looked at, and what is said of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PIL.ExifTags import IFD, Base
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from ressq_edge import notes, start
from ressq_edge.data import survey
from ressq_edge.data.folder import split_folder
from ressq_edge.data.split import Split
from ressq_edge.data.survey import choose, look_at
from ressq_edge.reports.data_report import DataReport
from ressq_edge.request import Request
from ressq_edge.screen import Screen


def save_photo(
    path: Path, camera: tuple[str, str] = ("", ""), orientation: int = 0, gps: dict[int, object] | None = None
) -> None:
    """A JPEG of 96 x 64 pixels: red 200, green 100 in its left half and 50 in its right, blue 0."""
    pixels = np.zeros((64, 96, 3), np.uint8)
    pixels[..., 0], pixels[:, :48, 1], pixels[:, 48:, 1] = 200, 100, 50
    exif = Image.Exif()
    exif[Base.Make], exif[Base.Model] = camera
    if orientation:
        exif[Base.Orientation] = orientation
    if gps:
        exif.get_ifd(IFD.GPSInfo).update(gps)
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
    assert found.near_duplicates == (), "one is stored turned"


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


def test_exif_data_of_odd_lengths_are_no_warning_on_the_screen(
    tmp_path: Path, recwarn: pytest.WarningsRecorder
) -> None:
    twice = b"Exif\0\0II*\0\x08\0\0\0\x01\0" + b"\x0f\x01\x03\0\x02\0\0\0\x01\0\x02\0" + bytes(4)
    Image.new("RGB", (64, 64), "red").save(tmp_path / "x.jpg", exif=twice + bytes(8))
    assert look_at(tmp_path, ["x.jpg"], 1).looks["size"].tolist() == [[64, 64]]
    assert [str(found.message) for found in recwarn] == []


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
    assert (len(begun.survey.names), begun.survey.total, begun.survey.near_duplicates) == (10, 120, None)
    assert any("120 pictures are more than the 100 that are compared unasked" in note for note in begun.notes)
    everything = start.begin_run(Request(shapes, tmp_path / "all", init="none", compare_all=True), Screen())
    assert everything.survey is not None
    assert everything.survey.near_duplicates is not None
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
        return surveys[0].near_duplicates or ()

    split: Split = split_folder(tmp_path, 0, None, look)
    report = DataReport(split, surveys[0], {}, {})
    names = ("cat/1.jpg", "cat/2.png", "dog/1.png")  # flat ones, too, since the very files are equal
    assert report.torn == [(f"train/{name}", f"val/{name}") for name in names]
    colours = report.colours(0, "train")
    assert colours is not None
    assert colours.n == 2
    assert colours.mean == pytest.approx([(200 + 10) / 2, (75 + 20) / 2, 30 / 2], abs=3)
    assert colours.deviation[0] == pytest.approx(95, abs=3), "between the pictures as well as within them"
    assert report.colours(1, "test") is None
    assert sorted(report.sides(0).tolist()) == [40, 40, 64, 64]
    assert report.cameras == [("A 1", 2)]
    assert report.imbalance == 2


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
