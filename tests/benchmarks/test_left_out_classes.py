"""Which pictures a network never saw: the folder that is laid out, the scores, and the table of both."""

from __future__ import annotations

import json
import shutil
from argparse import Namespace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

import left_out_classes
import resumable
from left_out.case import Case, lay_out, list_parts, read_case
from left_out.features import Seen
from left_out.scores import CONTENT, LOOK, TODAY, score_all, weigh
from page.markdown import to_markdown
from ressq_runtime.classifier import Classifier
from ressq_runtime.errors import FolderError

if TYPE_CHECKING:
    from pathlib import Path

PARTS = ("test", "train", "val")


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Three classes of two drawn pictures in each part."""
    for part in PARTS:
        for label in ("hat", "shirt", "shoe"):
            (tmp_path / "photos" / part / label).mkdir(parents=True)
            for index in range(2):
                Image.new("RGB", (80, 80)).save(tmp_path / "photos" / part / label / f"{index}.png")
    return tmp_path / "photos"


def test_a_case_names_strangers_others_and_what_is_left_out() -> None:
    assert read_case("hat") == Case(("hat",))
    assert read_case("hat,dress/shoe,shirt") == Case(("hat", "dress"), ("shoe", "shirt"))
    assert read_case("hat+shoe") == Case(("hat",), (), ("shoe",))
    assert read_case("hat+shoe").name == read_case("shoe+hat").name == "no-hat-shoe", "one network"
    assert read_case("hat/shoe").name == "no-hat-other-shoe"


def test_of_strangers_no_picture_is_laid_out_and_those_of_others_are_one_class(photos: Path, tmp_path: Path) -> None:
    for _ in range(2):
        folder = lay_out(read_case("hat/shoe"), photos, tmp_path / "laid")
    parts = list_parts(folder)
    assert set(parts) == set(PARTS)
    for classes in parts.values():
        assert {label: [path.name for path in paths] for label, paths in classes.items()} == {
            "other": ["shoe-0.png", "shoe-1.png"], "shirt": ["0.png", "1.png"],
        }  # fmt: skip
    assert set(list_parts(lay_out(read_case("hat+shoe"), photos, tmp_path / "fewer"))["test"]) == {"shirt"}


def test_a_class_or_a_part_that_is_not_there_is_refused(photos: Path, tmp_path: Path) -> None:
    with pytest.raises(FolderError, match="found no class boat, wanted those of hat, shirt, shoe"):
        lay_out(read_case("boat"), photos, tmp_path / "laid")
    shutil.rmtree(photos / "test")
    with pytest.raises(FolderError, match="found train, val, wanted train, val and test"):
        list_parts(photos)


def test_the_worth_of_a_score_is_counted_as_defined() -> None:
    usual, strange = np.arange(100.0), np.array([-1.0, 50.0, 97.5, 200.0])
    auroc = np.mean([[(far > near) + (far == near) / 2 for near in usual] for far in strange])
    assert weigh(usual, strange) == (pytest.approx(auroc), 0.25, 0.5)


def drawn(count: int, *, content: float = 0.0, look: float = 1.0) -> Seen:
    """Pictures of two classes; strangers differ in a direction of their content, or in how loud their channels are."""
    state = np.random.default_rng(count)
    pooled = state.normal(5, 0.3, (count, 128))
    pooled[: count // 2, 0] += 5
    pooled[:, 5] += content
    logits = pooled[:, [0, 1]] - pooled.mean(1, keepdims=True)
    return Seen(logits, pooled, look * state.uniform(1, 2, (count, 40)))


def test_strange_content_is_seen_by_content_and_a_strange_look_by_look_and_both_by_the_distance() -> None:
    parts = {"train": drawn(200), "val": drawn(100), "usual": drawn(102)}
    parts |= {"content": drawn(104, content=4), "look": drawn(106, look=9)}
    found = score_all(parts, np.repeat([0, 1], 100))
    worth = {name: {kind: weigh(s["usual"], s[kind]) for kind in ("content", "look")} for name, s in found.items()}
    assert worth[CONTENT]["content"].auroc == worth[LOOK]["look"].auroc == 1
    assert worth[CONTENT]["look"].auroc < 0.6 > worth[LOOK]["content"].auroc
    assert min(worth[TODAY][kind].at_5 for kind in ("content", "look")) == 1
    assert worth["energy"]["content"].at_5 < 0.5, "logits know nothing of that direction"
    for name in ("content, Mahalanobis from the nearest class", "content, third neighbour"):
        assert worth[name]["content"].auroc > 0.99, name


def test_a_network_is_asked_about_the_class_that_it_never_saw(
    artefacts: dict[str, Path], run: Path, shapes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_arguments: object) -> None:
        raise AssertionError("what is there is not done again")

    monkeypatch.setattr(resumable, "call", never)
    photos, made = tmp_path / "photos", tmp_path / "out" / "no-noise"
    shutil.copytree(run, made, ignore=shutil.ignore_patterns("cache"))
    split = json.loads((made / "split.json").read_text())
    for part in ("train", "val", "test"):  # the network was trained on a folder without parts
        for name, _ in split[part]:
            (photos / part / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(shapes / name, photos / part / name)
        split[part] = [[f"{part}/{name}", label] for name, label in split[part]]
    (made / "split.json").write_text(json.dumps(split))
    noise = photos / "test" / "noise"
    noise.mkdir()
    for index in range(4):
        pixels = np.random.default_rng(index).integers(0, 256, (80, 80, 3), np.uint8)
        Image.fromarray(pixels).save(noise / f"{index}.png")
    (made / "dist").mkdir()
    for kind, path in artefacts.items():
        shutil.copy(path, made / "dist" / f"no-noise_{kind}")
    arguments = Namespace(photos=photos, cases=[read_case("noise")], out=tmp_path / "out")
    report = left_out_classes.measure(arguments, [])
    (case,) = report["cases"]
    assert case["n"] == {"usual": len(split["test"]), "strange": 4}
    assert case["scores"][TODAY][0] == 1
    classifier = Classifier.load(artefacts["int8.tflite"])
    sure = [classifier.classify(path)[0].probability >= left_out_classes.SURE for path in sorted(noise.iterdir())]
    file = case["files"]["int8.tflite"]["strange"]
    assert (file["answered"], file["flagged"]) == (1, 0), "few validation pictures: no threshold and no limit"
    assert (file["taken"], file["taken_surely"]) == (1, np.mean(sure))
    text = to_markdown(left_out_classes.to_page(report))
    assert f"| {TODAY} | 1.000; 100%, 100% |" in text
    assert "| no noise | strange | 0.0% | 100.0% | 0.0% | 100.0% |" in text
