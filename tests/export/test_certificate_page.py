"""The certificate's page in a real browser without a network, and what hostile names do to it: nothing."""

from __future__ import annotations

import json
import shutil
from copy import deepcopy
from dataclasses import replace
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from browser import Page
from export_networks import colours, group_by_number
from ressq_edge.pages.words import percent
from ressq_export.card import Description
from ressq_export.certificate.document import Evidence
from ressq_export.certificate.page import list_kinds, make_page
from ressq_export.certificate.write import to_json, write_certificate
from ressq_export.cli import main
from ressq_export.convert import FLOATS, KINDS
from ressq_export.measurement.confidence import fit_confidence
from ressq_export.measurement.fidelity import Compared, Fidelity
from ressq_export.measurement.paired import Drop
from ressq_export.measurement.scores import TORCH, PictureSet, Scored
from ressq_export.measurement.verdict import Verdict
from ressq_export.quantization.calibration import CalibrationSet
from ressq_export.quantization.search import Attempt, Int8Recipe

if TYPE_CHECKING:
    from pathlib import Path

    from ressq_edge.network.checkpoint import Checkpoint

HOSTILE = (
    "</td></table><script>document.title = 'taken'</script>",
    '"><img src=x onerror="document.title = \'taken\'">',
    "<style>main { display: none }</style><!--",
    "&lt;b&gt; & ' \" ` {{7*7}}",
    "\N{RIGHT-TO-LEFT OVERRIDE}esrever",
    "half a \udce9 surrogate",
)


@pytest.fixture(scope="module")
def document(exported: dict[str, Path]) -> dict[str, Any]:
    path = exported["fp32.onnx"].parent / "café_certificate.json"
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def show(browser: Page, path: Path, width: int = 1200, scheme: str = "light") -> str:
    """The page's text, after it was opened from the disk."""
    browser.faults.clear()
    browser.requests.clear()
    browser.open(path.as_uri(), width=width, height=1000, scheme=scheme)
    browser.wait_for("document.readyState === 'complete' && document.querySelector('footer') !== null")
    return str(browser.value("document.body.innerText"))


def test_it_opens_without_a_network(browser: Page, document: dict[str, Any], exported: dict[str, Path]) -> None:
    path = exported["fp32.onnx"].parent / "café_certificate.html"
    text = show(browser, path)
    assert browser.faults == []
    assert [url for url in browser.requests if not url.startswith("data:image/jpeg;")] == [path.as_uri()]
    first = document["sets"][0]
    for name, figures in first["figures"].items():
        assert name in text
        assert percent(figures["top1"]) in text
        assert f"{figures['nll']:.3f}" in text
    for shown in (document["verdict"]["headline"], document["files"]["int8.tflite"]["sha256"], "validation split"):
        assert shown.lower() in text.lower()
    assert browser.value("document.querySelectorAll('.layers title').length") == len(document["layers"])


@pytest.mark.parametrize("width", [380, 1200])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_telephone_and_the_dark(browser: Page, exported: dict[str, Path], width: int, scheme: str) -> None:
    show(browser, exported["fp32.onnx"].parent / "café_certificate.html", width, scheme)
    assert browser.value("document.documentElement.scrollWidth") <= width
    with Image.open(BytesIO(browser.screenshot())) as picture:
        darkness = picture.convert("L").resize((1, 1)).getpixel((0, 0))
    assert isinstance(darkness, int)
    assert (darkness < 100) == (scheme == "dark")


def test_hostile_names_stay_names(browser: Page, document: dict[str, Any], tmp_path: Path) -> None:
    hostile = deepcopy(document)
    hostile["name"] = hostile["about"] = hostile["sets"][0]["name"] = HOSTILE[0]
    hostile["labels"] = list(HOSTILE)
    classes = hostile["sets"][0]["classes"]
    hostile["sets"][0]["classes"] = [{**classes[0], "label": name} for name in HOSTILE]
    hostile["sets"][0]["flips"] = [
        {
            "picture": name,
            "truth": name,
            "answers": {file: {"label": name, "probability": 0.5} for file in (TORCH, "int8.tflite", "int8.onnx")},
        }
        for name in HOSTILE
    ]
    path = tmp_path / "hostile.html"
    path.write_bytes(make_page(hostile, [{}]))
    text = show(browser, path)
    assert browser.faults == [], "the policy had nothing to refuse"
    assert browser.requests == [path.as_uri()]
    assert browser.value("document.querySelectorAll('script, img').length") == 0
    assert browser.value("document.querySelectorAll('style').length") == 1
    assert browser.value("document.title") == f"{HOSTILE[0]}: certificate"
    for name in HOSTILE[:4]:
        assert text.count(name) >= 2
    assert "half a ? surrogate" in text
    assert json.loads(to_json(hostile))["labels"] == list(HOSTILE), "the JSON keeps what the page can't show"


@pytest.fixture
def evidence(exported: dict[str, Path], checkpoint: Checkpoint, pixels: list[bytes], tmp_path: Path) -> Evidence:
    """Of real files and pictures, but with answers of which int8 changes two."""
    patients = tmp_path / "patient-doe"
    patients.mkdir()
    paths = [patients / f"doe-{index}.png" for index in range(4)]
    for index, path in enumerate(paths):
        colours(index).save(path)
    exact = np.tile([0.7, 0.2, 0.1], (4, 1))
    rounded = exact.copy()
    rounded[:2] = [0.4, 0.5, 0.1]
    scores = {name: rounded if name.startswith("int8") else exact for name in (TORCH, *KINDS)}
    found = Scored(tuple(paths), np.zeros(4, int), scores, ())
    drop = Drop(1000, 6, 0, 0.006, 0.002, 0.014, 0.985)
    found_all = Compared(drop, Fidelity(1000, 17, 0.011, 0.027, 0.012, 21.7))
    attempts = tuple(Attempt.of(step, "int8.tflite", found_all, 2.0) for step in ("min/max", "least square error"))
    recipe = Int8Recipe(
        "least square error", 0.005, attempts, Verdict("faithful", "int8 answers as fp32 does"), "top-1"
    )
    about = Description(
        "leaf", "", checkpoint, "0" * 64, 1, 1, 1.0, CalibrationSet((), 0, "train", "0" * 64, ()), recipe
    )
    medians = dict.fromkeys(scores, 1.0)
    sets = [PictureSet("validation split", patients, found)]
    confidence = fit_confidence(np.log(exact), found.targets)
    pair = (exported["fp32.tflite"], exported["int8.tflite"])
    return Evidence(about, exported, sets, medians, confidence, pixels[:2], pair)


def test_flipped_pictures_are_shown(browser: Page, evidence: Evidence, tmp_path: Path) -> None:
    json_path, html_path = write_certificate(evidence, tmp_path, thumbnails=True)
    show(browser, html_path)
    assert browser.faults == []
    assert browser.value("[...document.images].map(image => [image.alt, image.naturalWidth])") == [
        ["doe-0.png", 144],
        ["doe-1.png", 144],
    ]
    assert [flip["picture"] for flip in json.loads(json_path.read_text())["sets"][0]["flips"]] == [
        "doe-0.png",
        "doe-1.png",
    ]


def test_what_was_tried_is_told(browser: Page, evidence: Evidence, tmp_path: Path) -> None:
    json_path, html_path = write_certificate(evidence, tmp_path, thumbnails=True)
    text = show(browser, html_path)
    assert "Taken: least square error." in text
    cells = browser.value("[...document.querySelectorAll('.attempts tbody tr')].map(row => row.innerText.split('\\t'))")
    worse = ["0.6 points worse", "0.2 worse to 1.4 worse"]
    assert cells[0] == ["min/max", "int8.tflite", *worse, "17 of 1,000", "1.2 points", "22 dB", "2.0"]
    assert [row[0] for row in cells] == ["min/max", "least square error"]
    found = json.loads(json_path.read_text(encoding="utf-8"))["quantization"]
    assert [row["drop"] for row in found["attempts"]] == [0.006, 0.006]


def test_a_person_can_choose_a_threshold(browser: Page, document: dict[str, Any], tmp_path: Path) -> None:
    given = deepcopy(document)
    point = {"answered": 49, "coverage": 0.49, "top1": 0.91, "top1_low": 0.8, "top1_high": 0.96}
    none = {"answered": 0, "coverage": 0.0, "top1": None, "top1_low": None, "top1_high": None}
    points = [{"threshold": 0.0, **point}, {"threshold": 0.451234, **point}, {"threshold": 0.99, **none}]
    given["sets"][0]["thresholds"]["int8.tflite"] = points
    given["files"]["int8.tflite"]["abstention"] = {"threshold": 0.451234}
    path = tmp_path / "chosen.html"
    path.write_bytes(make_page(given, [{}]))
    text = show(browser, path)
    cells = "[...document.querySelectorAll('.thresholds tbody tr')].map(row => row.innerText.split('\\t'))"
    shares = [percent(0.49), "49", percent(0.91), f"{percent(0.8)} – {percent(0.96)}"]
    assert browser.value(cells) == [
        ["none", *shares], ["0.451, the file's own", *shares], ["0.99", percent(0), "0", "–", "–"],
    ]  # fmt: skip
    assert "so new ones will do a little worse. Measure test pictures with ressq-evaluate." in text
    given["sets"].append(deepcopy(given["sets"][0]))
    path.write_bytes(make_page(given, [{}, {}]))
    assert show(browser, path).count("Measure test pictures") == 1, "test pictures chose nothing"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_each_outcome_but_two_bad_ones_has_a_colour_of_its_own(
    browser: Page, document: dict[str, Any], tmp_path: Path, scheme: str
) -> None:
    colours = {}
    for outcome in ("kept", "faithful", "unsure", "lost", "refused"):
        shown = deepcopy(document)
        shown["verdict"]["outcome"] = outcome
        path = tmp_path / f"{outcome}.html"
        path.write_bytes(make_page(shown, [{}]))
        show(browser, path, scheme=scheme)
        colours[outcome] = browser.value("getComputedStyle(document.querySelector('.verdict h2')).color")
    assert colours["lost"] == colours["refused"]
    assert len(set(colours.values())) == 4


def test_a_loss_that_was_allowed_is_said(browser: Page, document: dict[str, Any], tmp_path: Path) -> None:
    worse = deepcopy(document)
    worse["verdict"]["outcome"] = "lost"
    path = tmp_path / "worse.html"
    path.write_bytes(make_page(worse, [{}]))
    assert f"Taken: {worse['quantization']['step']}, which is at fault and was published with --allow-drop." in show(
        browser, path
    )


def test_that_int8_was_refused_is_said_with_what_it_answered(browser: Page, evidence: Evidence, tmp_path: Path) -> None:
    floats = {kind: path for kind, path in evidence.paths.items() if kind in FLOATS}
    told = Verdict("refused", "int8 is refused: take the fp32 files", "", "int8.onnx: found much, wanted less")
    recipe = replace(evidence.about.recipe, verdict=told)
    refused = replace(evidence, paths=floats, about=replace(evidence.about, recipe=recipe))
    json_path, html_path = write_certificate(refused, tmp_path, thumbnails=True)
    text = show(browser, html_path)
    assert browser.faults == []
    for said in (
        "int8 is refused: take the fp32 files",
        "No int8 file was written. int8.onnx: found much, wanted less.",
        "Taken: least square error, the best of these, but no int8 file was written.",
        "Answers that changed: 2",
    ):
        assert said in text
    found = json.loads(json_path.read_text(encoding="utf-8"))
    assert found["verdict"]["outcome"] == "refused"
    assert found["verdict"]["fault"] == "int8.onnx: found much, wanted less"
    assert set(found["files"]) == set(FLOATS)
    assert set(found["sets"][0]["figures"]) == {TORCH, *KINDS}
    assert found["layers"]


def test_without_thumbnails_no_picture_is_in_it(evidence: Evidence, tmp_path: Path) -> None:
    for path in write_certificate(evidence, tmp_path, thumbnails=False):
        text = path.read_text(encoding="utf-8")
        assert "50.0" in text or "0.5" in text, "the answers are told"
        for word in ("data:image", ".png", "doe-", "patient"):
            assert word not in text
    assert "Exported with --no-thumbnails" in text


@pytest.mark.slow
def test_the_command_keeps_pictures_out(lively_run: Path, tmp_path: Path) -> None:
    patients = tmp_path / "patient-doe"
    shutil.copytree(lively_run.parent / "data" / "test", patients)
    run, out = group_by_number(lively_run, tmp_path, "patient-(.*)"), tmp_path / "dist"
    assert main([str(run), "--out", str(out), "--no-thumbnails", "--evaluate", str(patients)]) == 0
    document = json.loads((out / "café_certificate.json").read_text(encoding="utf-8"))
    assert document["pictures_named"] is False
    assert [found["name"] for found in document["sets"]] == ["validation split", "evaluation folder"]
    assert [found["groups"] for found in document["sets"]] == [4, None]
    told = "\n".join(document["notes"])
    assert "evaluation folder: groups are not known, so pictures of one count as independent" in told
    assert "the interval of what int8 loses counts pictures of one --group-by group as independent" in told
    assert "validation split: intervals of top-1 are over its 4 groups" in told
    assert "12 validation pictures are fewer than 20: the files always answer" in told
    page = (out / "café_certificate.html").read_text(encoding="utf-8")
    assert "12 pictures of 4 groups" in page
    assert all(note in page for note in document["notes"])
    for suffix in ("json", "html"):
        assert "patient" not in (out / f"café_certificate.{suffix}").read_text(encoding="utf-8")


def test_the_legend_names_the_colours_that_are_drawn() -> None:
    layers = [
        {"kind": "convolution", "snr_db": 30.0}, {"kind": "sum", "snr_db": None}, {"kind": "mean", "snr_db": 20.0},
    ]  # fmt: skip
    assert list(list_kinds(layers).values()) == ["convolution", "other"]
    layers[1]["snr_db"] = 25.0
    assert list(list_kinds(layers).values()) == ["convolution", "sum of a bypass", "other"]


def test_of_many_classes_and_flips_some_are_shown_and_the_rest_is_counted(document: dict[str, Any]) -> None:
    large = deepcopy(document)
    first = large["sets"][0]
    right = {TORCH: 3, "int8.tflite": 3, "int8.onnx": 3}
    first["classes"] = [{"label": f"class{number}", "n": 4, "right": right} for number in range(40)]
    first["classes"][7]["right"] = {**right, "int8.onnx": 1}
    answers = {name: {"label": "class7", "probability": 0.5} for name in right}
    first["flips"] = [{"picture": None, "truth": "class7", "answers": answers}] * 60
    first["groups"], first["unreadable"] = 1, 2
    text = make_page(large, [{}]).decode()
    for told in (
        "The other 39 classes did not change.",
        "The first 48 of 60; the JSON beside this page lists all.",
        " of 1 group, 2 unreadable</small>",
        "<bdi>picture 48</bdi>",
    ):
        assert told in text
    assert text.count("<article>") == 48
