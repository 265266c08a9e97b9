"""Class names that a spreadsheet or pandas changes when it reads a table of answers."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from ressq_edge.data.table_names import tell_changed
from ressq_edge.request import Request
from ressq_edge.screen import Screen
from ressq_edge.start import begin_run

SAFE = [
    "oak",
    "Größe",
    "3",
    "10",
    "class 1",
    "t-shirt",
    "no",
    "yes",
    "none",
    "nano",
    "NAND",
    "march",
    "may",
    "true_oak",
    "A1",
]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("None", "a missing value"), ("NA", "a missing value"), ("N/A", "a missing value"),
        ("NULL", "a missing value"), ("null", "a missing value"), ("nan", "a missing value"),
        ("NaN", "a missing value"), ("<NA>", "a missing value"), (" ", "a missing value"), ("=1+1", "a formula"),
        ("+x", "a formula"), ("-none", "a formula"), ("@home", "a formula"), ("TRUE", "true or false"),
        ("false", "true or false"), ("1-2", "a date or time"), ("2024-01-31", "a date or time"),
        ("3.10", "a date or time"), ("12:30", "a date or time"), ("MAR1", "a date or time"),
        ("SEPT2", "a date or time"), ("1-Mar", "a date or time"), ("007", "a number"), ("1e5", "a number"),
        ("2E3", "a number"), ("50%", "a number"), ("$5", "a number"), ("0,5", "a number"),
        ("1234567890123456", "a number"), ("inf", "a number"),
    ],
)  # fmt: skip
def test_a_name_that_a_table_does_not_give_back_is_told(name: str, kind: str) -> None:
    (note,) = tell_changed([*SAFE, name])
    assert note.startswith("spreadsheets or pandas take class names for something else: ")
    assert f": {name if name.strip() else repr(name)} for {kind}; rename the folders, or read tables" in note


def test_names_that_stay_as_they_are_are_not_told() -> None:
    assert tell_changed(SAFE) == []


def test_one_note_tells_all_of_them() -> None:
    (note,) = tell_changed(["None", "=1+1", "01", "02", "03", "04", "oak"])
    assert "else: None for a missing value; =1+1 for a formula; 01, 02, 03 and 1 more for a number; rename" in note


def test_it_is_said_before_training(tmp_path: Path) -> None:
    for label in ("None", "Some"):
        (tmp_path / "data" / label).mkdir(parents=True)
        for number in range(4):
            Image.effect_noise((40, 40), 30 + number).save(tmp_path / "data" / label / f"{number}.png")
    notes = begin_run(Request(tmp_path / "data", tmp_path / "run", init="none", size=32), Screen()).notes
    assert any("something else: None for a missing value" in note for note in notes)
