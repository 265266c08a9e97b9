"""RUN/data.html in a real browser without a network: what it tells, how it looks, and what it keeps to itself."""

from __future__ import annotations

import random
import shutil
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from browser import Page
from conftest import SHAPES, draw_shape
from ressq_edge.decoding import decode_pictures
from ressq_edge.errors import UnreadableError
from ressq_edge.request import Request
from ressq_edge.screen import Screen
from ressq_edge.session import Session
from ressq_edge.start import begin_run

GPS_IFD = 0x8825


@pytest.fixture(scope="module")
def patients(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Photos of three shapes: a copy in two parts, a copy in two classes, one with a position, one unreadable."""
    root = tmp_path_factory.mktemp("data") / "clinic"
    state = random.Random(3)
    for part, count in (("train", 9), ("val", 3), ("test", 3)):
        for shape in SHAPES:
            folder = root / part / shape
            folder.mkdir(parents=True)
            for index in range(count):
                draw_shape(shape, state).save(folder / f"doe{index % 3}-{part}-{index}.png")
    shutil.copy(root / "train/circle/doe0-train-0.png", root / "val/circle/doe0-copy.png")
    shutil.copy(root / "train/square/doe1-train-1.png", root / "train/triangle/doe1-torn-<b>.png")
    exif = Image.Exif()
    exif[0x010F], exif[0x0110] = "Acme", "<script>document.title = 'taken'</script>"
    exif[0x0112] = 6
    exif.get_ifd(GPS_IFD).update({2: (49.0, 24.0, 13.579), 4: (11.0, 2.0, 24.68)})
    draw_shape("circle", state).save(root / "train/circle/doe2-phone.jpg", exif=exif)
    (root / "train/square/doe2-broken.png").write_bytes(b"no picture")
    return root


def write(patients: Path, run: Path, *, thumbnails: bool = True) -> str:
    """The page of a run that ends where it finds the unreadable picture."""
    request = Request(patients, run, init="none", size=32, thumbnails=thumbnails)
    with pytest.raises(UnreadableError, match="found 1 unreadable pictures of 49"):
        decode_pictures(Session(request, begin_run(request, Screen()), Screen(), lambda: False))
    return (run / "data.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page(patients: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("run")
    write(patients, run)
    return run / "data.html"


def show(browser: Page, path: Path, width: int = 1200, scheme: str = "light") -> str:
    browser.faults.clear()
    browser.requests.clear()
    browser.open(path.as_uri(), width=width, height=1000, scheme=scheme)
    browser.wait_for("document.readyState === 'complete' && document.querySelector('footer') !== null")
    return str(browser.value("document.body.innerText"))


def test_it_tells_what_a_person_should_look_at(browser: Page, page: Path) -> None:
    text = show(browser, page)
    assert browser.faults == [], "the policy had nothing to refuse"
    assert [url for url in browser.requests if not url.startswith("data:image/jpeg;")] == [page.as_uri()]
    assert browser.value("document.title") == f"{page.parent.name}: data"
    for told in (
        "1 pairs of pictures in two parts show the same",
        "1 pairs of pictures that show the same are in two classes: one label of each pair may be wrong",
        "1 pictures cannot be read",
        "Privacy: 1 pictures tell in their EXIF data or GeoTIFF tags where they were taken",
        "Fewer than 50 training pictures: circle, square, triangle",
        "1 of 48 pictures (1 turned to the left)",
        "Acme <script>document.title = 'taken'</script> (1); 47 name none",
        "found no known kind of picture",
    ):
        assert told in text
    rows = browser.value("[...document.querySelectorAll('.classes tbody tr')].map(row => row.innerText.split(/\\s+/))")
    assert [row[:4] for row in rows] == [
        ["circle", "10", "4", "3"],
        ["square", "10", "3", "3"],
        ["triangle", "10", "3", "3"],
    ]
    assert browser.value("document.querySelectorAll('.channels tbody tr').length") == 9
    assert browser.value("document.querySelectorAll('.gallery img').length") == 18
    cards = browser.value("[...document.querySelectorAll('.cards article')].map(card => card.innerText)")
    assert cards[0].startswith("train and val\n\ncircle")
    assert cards[1].startswith("train\n\nsquare and triangle")
    assert "doe1-torn-<b>.png" in cards[1]


@pytest.mark.parametrize("width", [380, 1200])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_telephone_and_the_dark(browser: Page, page: Path, width: int, scheme: str) -> None:
    show(browser, page, width, scheme)
    assert browser.value("document.documentElement.scrollWidth") <= width
    with Image.open(BytesIO(browser.screenshot())) as picture:
        darkness = picture.convert("L").resize((1, 1)).getpixel((0, 0))
    assert isinstance(darkness, int)
    assert (darkness < 100) == (scheme == "dark")


def test_no_coordinate_is_in_it(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert "Privacy" in text
    for seconds in ("13.5", "24.6"):
        assert seconds not in text


def test_without_thumbnails_no_picture_and_no_name_is_in_it(patients: Path, tmp_path: Path) -> None:
    text = write(patients, tmp_path / "run", thumbnails=False)
    assert "1 pairs of pictures in two parts show the same" in text
    assert "that show the same are in two classes: one label of each pair may be wrong." in text
    assert "Trained with --no-thumbnails" in text
    for word in ("data:image", ".png", "doe", "clinic"):
        assert word not in text


def test_a_class_called_like_markup_or_like_a_template_stays_a_name(tmp_path: Path, browser: Page) -> None:
    names, state = ["<script>document.title = 'taken'<", "{{7*7}}{% endif %}"], random.Random(1)
    for name in names:
        (tmp_path / "data" / name).mkdir(parents=True)
        for index in range(8):
            draw_shape("circle", state).save(tmp_path / "data" / name / f'{index}{{{{7*7}}}}" onload="x.png')
    request = Request(tmp_path / "data", tmp_path / "run", init="none", size=32)
    decode_pictures(Session(request, begin_run(request, Screen()), Screen(), lambda: False))
    text = show(browser, tmp_path / "run" / "data.html")
    assert browser.faults == []
    assert browser.value("document.title") == "run: data"
    assert browser.value("document.querySelectorAll('[onload]').length") == 0
    for name in names:
        assert text.count(name) >= 3


def test_of_many_classes_some_are_shown_and_the_rest_is_counted(tmp_path: Path) -> None:
    state = random.Random(2)
    for number in range(62):
        folder = tmp_path / "data" / f"class{number:02}"
        folder.mkdir(parents=True)
        for index in range(6):
            draw_shape("square", state).save(folder / f"site{index}-{number}.png")
    request = Request(tmp_path / "data", tmp_path / "run", init="none", size=32, group_by="(site[0-9]+)")
    decode_pictures(Session(request, begin_run(request, Screen()), Screen(), lambda: False))
    text = (tmp_path / "run" / "data.html").read_text(encoding="utf-8")
    for told in (
        "The other 22 classes are not shown in pictures.",
        "The other 2 classes are left out.",
        "Each group, of a patient, a site or a thing, is in one part.",
        "6, of 62 to 62 pictures",
        "parts drawn by seed 0",
        "class04 and 57 more</bdi>.",
    ):
        assert told in text
