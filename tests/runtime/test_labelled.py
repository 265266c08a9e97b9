"""The labelled pictures of a folder, or of a split's test part: whatever lies around them, and however their names are
written.
"""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path
from unicodedata import normalize

import pytest

from ressq_runtime.errors import FolderError
from ressq_runtime.tasks.classify_evaluation import list_labelled

LABELS = ("circle", "square", "triangle")


def put(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return root


def found(root: Path, labels: tuple[str, ...] = LABELS, split: Path | None = None) -> list[tuple[int, str]]:
    return [(label, os.path.relpath(path, root)) for label, path in list_labelled(root, labels, split)]


@pytest.mark.parametrize(
    ("above", "beside"),
    [("x/x", "README.md"), ("set/test", "set/train/circle/0.png"), ("seg_test/seg_test", "seg_pred/0.png")],
)
def test_class_folders_further_down_are_named(tmp_path: Path, above: str, beside: str) -> None:
    put(tmp_path, f"{above}/circle/0.png", f"{above}/square/1.png", beside)
    with pytest.raises(FolderError, match=rf"wanted one of circle, .*; give {re.escape(str(tmp_path / above))}$"):
        found(tmp_path)
    assert len(found(tmp_path / above)) == 2


def test_where_none_are_the_names_are_to_be_mended(tmp_path: Path) -> None:
    with pytest.raises(
        FolderError, match=r"found the class ring, wanted one of .*; name the folders as the artefact's"
    ):
        found(put(tmp_path, "ring/0.png", "circle/1.png"))


def test_a_systems_folders_are_not_measured(tmp_path: Path) -> None:
    put(tmp_path, "circle/0.png", "circle/@eaDir/0.png/SYNOPHOTO_THUMB_M.png", "#recycle/circle/1.png")
    assert found(tmp_path) == [(0, "circle/0.png")]


FORMS = [(normalize(one, "Größe"), normalize(other, "Größe")) for one, other in (("NFC", "NFD"), ("NFD", "NFC"))]


@pytest.mark.skipif(sys.platform == "darwin", reason="its file system takes both for one")
@pytest.mark.parametrize(("label", "folder"), FORMS)
def test_a_class_is_the_same_in_either_unicode_form(tmp_path: Path, label: str, folder: str) -> None:
    put(tmp_path / "photos", f"{folder}/0.png", "klein/1.png")
    assert found(tmp_path / "photos", (label, "klein")) == [(0, f"{folder}/0.png"), (1, "klein/1.png")]
    with pytest.raises(FolderError, match=r"give .*photos$"):
        found(put(tmp_path, "other/0.png"), (label, "klein"))


@pytest.mark.skipif(sys.platform == "darwin", reason="its file system takes both for one")
@pytest.mark.parametrize(("label", "folder"), FORMS)
def test_pictures_of_a_split_are_found_in_either_unicode_form(tmp_path: Path, label: str, folder: str) -> None:
    put(tmp_path / "photos", f"{folder}/{folder}/0.png", f"{folder}/1.png")
    split = tmp_path / "split.json"
    pictures = [[f"{label}/{label}/0.png", 0], [f"{label}/1.png", 0], [f"{label}/gone.png", 0], ["häß/2.png", 1]]
    split.write_text(json.dumps({"format": 1, "labels": [label, "häß"], "test": pictures}), encoding="utf-8")
    assert found(tmp_path / "photos", (folder, "häß"), split) == [
        (0, f"{folder}/{folder}/0.png"),
        (0, f"{folder}/1.png"),
        (0, f"{folder}/gone.png"),
        (1, "häß/2.png"),
    ]
