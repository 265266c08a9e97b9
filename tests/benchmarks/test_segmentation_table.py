"""The table of networks that answer for each pixel: what is kept of it, and what an export must have."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from board.heads import HEADS
from page.markdown import to_markdown
from segmentation_table import LIGHT, main, name_head, read_export, to_page

KEPT = Path(__file__).parents[2] / "benchmarks" / "results" / "segmentation_table.json"


def test_every_head_stands_beside_itself_without_bypass_and_the_light_networks() -> None:
    report = json.loads(KEPT.read_text())
    names = [row["name"] for row in report["rows"]]
    assert names == [
        *(name_head(arch, head) for arch in ("ressqueezenet1_1", "squeezenet1_1") for head in HEADS),
        LIGHT,
        "DeepLabV3 MobileNetV3-L",
    ]
    said = to_markdown(to_page(report))
    assert all(f"| {name} |" in said for name in names)
    assert "| deeplabv3plus, without bypass | 0.87 M |" in said


def test_the_default_head_takes_two_thirds_of_the_lightest_ones_instructions_on_a_pi_5() -> None:
    rows = {row["name"]: row for row in json.loads(KEPT.read_text())["rows"]}
    counts = {name: row["instructions"]["pi5"] for name, row in rows.items()}
    assert counts["deeplabv3plus"] <= 0.67 * counts[LIGHT]
    assert counts["deeplabv3plus"] <= 1.05 * counts["deeplabv3plus, without bypass"]


def test_an_export_without_test_pictures_gives_no_miou(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"found no figures of test pictures; make them by ressq-export --evaluate"):
        read_export(tmp_path)
    document = {"sets": [{"name": "validation split"}], "model": {}}
    (tmp_path / "road_certificate.json").write_text(json.dumps(document))
    with pytest.raises(SystemExit, match="found no figures of test pictures"):
        main([str(tmp_path), "--out", str(tmp_path / "out")])
    figures = {"fp32.tflite": {"miou": 0.5}, "int8.tflite": {"miou": 0.49}}
    tested = {"sets": [{"name": "test split", "figures": figures}], "model": {"arch": "squeezenet1_1", "head": "unet"}}
    (tmp_path / "road_certificate.json").write_text(json.dumps(tested))
    assert read_export(tmp_path) == ("unet, without bypass", {"fp32.tflite": 0.5, "int8.tflite": 0.49})
