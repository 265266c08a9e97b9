"""benchmarks/pi.py: what it refuses to count, and what it calls dearer."""

from __future__ import annotations

import copy
import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from board.photos import make_photo
from board.report import compare, steady, to_page
from page.markdown import to_markdown

ROOT = Path(__file__).parents[2]
REFERENCES = sorted((ROOT / "benchmarks" / "reference").glob("pi-*.json"))


@pytest.fixture(scope="module")
def pi() -> Any:
    spec = importlib.util.spec_from_file_location("pi_benchmark", ROOT / "benchmarks" / "pi.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def lines(*labels: str) -> str:
    return "\n".join(json.dumps({"predictions": [{"label": label}]}) for label in labels)


def test_another_label_than_the_plain_scripts_is_not_counted(pi: Any) -> None:
    pi.check_labels(lines("hat", "hat"), "1 0.9\n1 0.8", ["dress", "hat"], 2)
    with pytest.raises(SystemExit, match=r"wanted the plain script's .*nothing is counted"):
        pi.check_labels(lines("dress", "hat"), "1 0.9\n1 0.8", ["dress", "hat"], 2)
    with pytest.raises(SystemExit, match="nothing is counted"):
        pi.check_labels(lines("hat"), "1 0.9", ["dress", "hat"], 2)


def test_the_references_cover_what_the_benchmark_counts(pi: Any) -> None:
    assert REFERENCES
    for path in REFERENCES:
        reference = json.loads(path.read_text())
        assert reference["board"] in pi.BOARDS
        assert f"# {reference['board']}: millions of instructions" in to_markdown(to_page(reference))
        assert all(steady(reference["counts"], "int8", who) > 0 for who in ("ressq-infer", "plain script"))


def test_two_percent_more_is_tolerated_and_three_are_named() -> None:
    reference = json.loads(REFERENCES[0].read_text())
    assert compare(reference, reference) == []
    name = "int8 400x441 x1 ressq-infer"
    for share, dearer in ((1.019, 0), (0.5, 0), (1.03, 1)):
        found = copy.deepcopy(reference)
        found["counts"][name] = int(share * found["counts"][name])
        assert len(compare(found, reference)) == dearer
    tiny = "int8 4000x3000 stage rank"
    found = copy.deepcopy(reference)
    found["counts"][tiny] += 99_000  # more than twice as many, and nothing to anybody
    assert compare(found, reference) == []
    found["counts"][tiny] += 2_000
    assert len(compare(found, reference)) == 1
    del found["counts"][name]
    assert compare(found, reference)[0].startswith(
        f"{reference['board']}: {name}: found nothing, wanted at most 1.02 x"
    )


def test_a_pi_5_needs_a_third_of_the_plain_scripts_instructions() -> None:
    """At most half of the plain script's instructions for a small photo, 35 % for a large one, 30 % for the next."""
    counts = json.loads((ROOT / "benchmarks" / "reference" / "pi-pi5.json").read_text())["counts"]

    def share(name: str) -> float:
        return float(counts[f"int8 {name} ressq-infer"] / counts[f"int8 {name} plain script"])

    assert share("400x441 x1") <= 0.5
    assert share("4000x3000 x1") <= 0.35
    assert steady(counts, "int8", "ressq-infer") <= 0.3 * steady(counts, "int8", "plain script")


def inferences(board: str) -> dict[tuple[str, str, str], tuple[int, int]]:
    """(interpreter's site, precision, network) -> (instructions of an inference, multiply-adds), as kept."""
    rows = json.loads((ROOT / "benchmarks" / "reference" / f"pi-{board}.json").read_text())["engines"]
    keys = ("engine", "precision", "network")
    return {
        tuple(row[key] for key in keys): (row["instructions"], row["multiply_adds"])
        for row in rows
        if "instructions" in row
    }


def test_an_inference_is_near_the_floor_on_a_pi_5_and_no_dearer_than_a_plain_converters_on_a_pi_4() -> None:
    found = inferences("pi5")
    counted, multiply_adds = found["litert", "int8", "10 classes"]
    assert counted <= 2.1 * multiply_adds / 16
    counted, _ = found["litert", "int8", "1000 classes"]
    # Of the plain file's floor: our own file has a quarter fewer multiply-adds.
    assert counted <= 1.9 * found["litert", "int8", "1000 classes, plain"][1] / 16
    found = inferences("pi4")
    assert found["litert", "int8", "1000 classes"][0] <= found["litert", "int8", "1000 classes, plain"][0]


def test_the_photo_is_the_same_each_time_and_no_plain_surface(tmp_path: Path) -> None:
    first, second = (make_photo(tmp_path / name, 400, 441) for name in ("a.jpg", "b.jpg"))
    assert first.read_bytes() == second.read_bytes()
    with Image.open(first) as opened:
        assert opened.size == (400, 441)
        assert min(high - low for low, high in opened.getextrema()) > 100
