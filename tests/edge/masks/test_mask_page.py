"""RUN/data.html of pictures with masks in a real browser: what it shows, how it looks, what it keeps to itself."""

from __future__ import annotations

import shutil
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from browser import Page
from mask_folders import draw_index, save_mask, save_picture
from ressq_edge.data.masks.reading import MaskClasses
from ressq_edge.first_look import look_at_data
from ressq_edge.pages.masks import make_mask_page
from ressq_edge.pages.overlays import draw_overlay, lay_over
from ressq_edge.reports.data_report import DataReport
from ressq_edge.request import Request
from ressq_edge.screen import Screen
from ressq_runtime.inputs.picture_spec import PixelSpec

SPEC = PixelSpec.stretched(64, 96)


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Cells with masks in three parts: a copy in two parts, a class that val lacks, one like markup, ignored pixels."""
    root = tmp_path_factory.mktemp("data") / "clinic"
    for part, count in (("train", 9), ("val", 3), ("test", 3)):
        for number in range(count):
            index = draw_index(1, *(() if part == "val" else (2,)))
            index[0] = 255
            save_picture(root / f"images/{part}/doe{number}-{part}.jpg")
            save_mask(root / f"masks/{part}/doe{number}-{part}.png", index)
    for name, suffix in (("images", "jpg"), ("masks", "png")):
        shutil.copy(root / f"{name}/train/doe0-train.{suffix}", root / f"{name}/test/doe9-copy.{suffix}")
    table = "index,name,r,g,b\n0,ground,10,20,30\n1,cell,250,0,0\n2,<b>{{7*7}}</b>,0,250,0\n"
    (root / "classes.csv").write_text(table)
    return root


def write(root: Path, folder: Path, *, named: bool = True) -> Path:
    screen = Screen(Console(quiet=True))
    found = look_at_data(Request(root, folder, threads=1), screen, lambda: False, lambda _: None)
    broken = {"images/val/doe1-val.jpg": "why"}
    report = DataReport(found.split, found.survey, broken, {}, found.scanned)
    folder.mkdir(parents=True, exist_ok=True)
    page = folder / "data.html"
    page.write_bytes(make_mask_page("run", report, SPEC, found.notes, root if named else None))
    return page


@pytest.fixture(scope="module")
def page(clinic: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(clinic, tmp_path_factory.mktemp("run"))


def show(browser: Page, path: Path, width: int = 1200, scheme: str = "light") -> str:
    browser.faults.clear()
    browser.requests.clear()
    browser.open(path.as_uri(), width=width, height=1000, scheme=scheme)
    browser.wait_for("document.readyState === 'complete' && document.querySelector('footer') !== null")
    return str(browser.value("document.body.innerText"))


def test_it_shows_pictures_with_their_masks_and_what_the_masks_hold(browser: Page, page: Path) -> None:
    text = show(browser, page)
    assert browser.faults == [], "the policy had nothing to refuse"
    assert [url for url in browser.requests if not url.startswith("data:image/jpeg;")] == [page.as_uri()]
    for told in (
        "16 pictures with masks, 3 classes, parts as the folders have them",
        "1 pairs of pictures in two parts show the same",
        "1 pictures or masks cannot be read",
        "Without a pixel in val, so that it cannot be measured there: <b>{{7*7}}</b>",
        "100% of the pictures are smaller than the network's input".replace("%", "\u202f%"),
        "16 PNG, L",
        "values: 0, 1, 2, 255; read by index, 255 ignored, names from classes.csv",
        "sizes: 48x48 (16)",
        "The network takes 96 × 64: the whole picture, stretched",
    ):
        assert told in text
    rows = browser.value("[...document.querySelectorAll('.stack tbody tr')].map(row => row.innerText.split('\\t'))")
    assert [[cell.strip() for cell in row] for row in rows] == [
        ["ground", "77.08\u202f% (9)", "87.50\u202f% (3)", "77.08\u202f% (4)"],
        ["cell", "10.42\u202f% (9)", "10.42\u202f% (3)", "10.42\u202f% (4)"],
        ["<b>{{7*7}}</b>", "10.42\u202f% (9)", "absent", "10.42\u202f% (4)"],
        ["ignored", "2.08\u202f%", "2.08\u202f%", "2.08\u202f%"],
    ]
    assert browser.value("document.querySelectorAll('.masks img').length") == 9
    swatches = browser.value(
        "[...document.querySelectorAll('.legend .swatch')].map(one => getComputedStyle(one).backgroundColor)"
    )
    assert swatches[:3] == ["rgb(10, 20, 30)", "rgb(250, 0, 0)", "rgb(0, 250, 0)"]


@pytest.mark.parametrize("width", [380, 1200])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_telephone_and_the_dark(browser: Page, page: Path, width: int, scheme: str) -> None:
    show(browser, page, width, scheme)
    assert browser.value("document.documentElement.scrollWidth") <= width
    with Image.open(BytesIO(browser.screenshot())) as picture:
        darkness = picture.convert("L").resize((1, 1)).getpixel((0, 0))
    assert isinstance(darkness, int)
    assert (darkness < 100) == (scheme == "dark")


def test_without_thumbnails_no_picture_and_no_name_is_in_it(clinic: Path, tmp_path: Path) -> None:
    text = write(clinic, tmp_path, named=False).read_text(encoding="utf-8")
    assert "Trained with --no-thumbnails" in text
    for told in ("1 pairs of pictures in two parts show the same", "values: 0, 1, 2, 255", "absent"):
        assert told in text
    for word in ("data:image", ".png", ".jpg", "doe", "clinic"):
        assert word not in text


def test_of_many_pictures_some_are_shown_and_each_class_is_among_them(tmp_path: Path, browser: Page) -> None:
    root = tmp_path / "data"
    for number in range(60):
        index = draw_index(1)
        if number == 37:
            index[:4] = 2
        save_picture(root / f"images/{number}.jpg")
        save_mask(root / f"masks/{number}.png", index)
    show(browser, write(root, tmp_path / "run"))
    names = browser.value("[...document.querySelectorAll('.masks img')].map(one => one.title)")
    assert len(names) == 24
    assert names[0] == "images/37.jpg"


def test_an_overlay_mixes_each_class_with_its_colour_and_stripes_what_is_ignored(tmp_path: Path) -> None:
    classes = MaskClasses(("a", "b"), (0x000000, 0xFF0000), "index", ((0, 0), (1, 1), (255, 255)), "the values")
    picture = np.full((40, 40, 3), 100, np.uint8)
    target = np.zeros((40, 40), np.uint8)
    target[:, 20:], target[30:] = 1, 255
    over = lay_over(picture, target, classes)
    assert over[0, 0].tolist() == [45, 45, 45]
    assert over[0, 30].tolist() == [185, 45, 45]
    assert {tuple(pixel) for pixel in over[30:].reshape(-1, 3).tolist()} == {(45,) * 3, (185,) * 3}
    save_mask(tmp_path / "m.png", np.zeros((300, 900), np.uint8))
    save_picture(tmp_path / "p.jpg", (300, 900))
    drawn = draw_overlay(tmp_path, "p.jpg", "m.png", classes)
    assert (drawn.width, drawn.height) == (320, 107)
    assert drawn.address.startswith("data:image/jpeg;base64,")
