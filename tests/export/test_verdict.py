"""The verdict on two int8 files: labels decide where there are enough, and else what every picture says."""

from __future__ import annotations

import pytest

from ressq_export.measurement.fidelity import Compared, Fidelity
from ressq_export.measurement.paired import Drop, drop_interval
from ressq_export.measurement.verdict import decide
from ressq_runtime.intervals import wilson


def file(
    n: int,
    lost: int = 0,
    gained: int = 0,
    *,
    of: int = 153,
    changed: int = 0,
    snr_db: float = 30.0,
    moved: float = 0.002,
) -> Compared:
    drop = Drop(n, lost, gained, (lost - gained) / n, *drop_interval(n, lost, gained), 1 - (lost + gained) / n)
    return Compared(drop, Fidelity(of, changed, *wilson(changed, of), moved, snr_db))


GOOD = file(27)


@pytest.mark.parametrize(
    ("other", "outcome", "headline"),
    [
        (file(27, changed=1), "faithful", "int8 answers as fp32 does on 152 of 153 pictures"),
        (
            file(27, 3, changed=9),
            "unsure",
            "int8 may be 10.8 points worse: 27 validation pictures are too few to tell; 9 of 153 answers changed",
        ),
        (
            file(27, snr_db=14.2),
            "unsure",
            "int8 may be 2.4 points worse: 27 validation pictures are too few to tell; "
            "logits 14 dB above the noise of rounding",
        ),
        (file(27, 3, changed=18), "refused", "int8 is refused: take the fp32 files"),
        (file(27, 9), "refused", "int8 is refused: take the fp32 files"),
    ],
)
def test_with_few_labels_every_picture_decides_and_the_headline_says_the_worst_that_may_be(
    other: Compared, outcome: str, headline: str
) -> None:
    for found in ({"int8.tflite": GOOD, "int8.onnx": other}, {"int8.tflite": other, "int8.onnx": GOOD}):
        verdict = decide(found, 0.005, "top-1", 180)
        assert (verdict.outcome, verdict.headline) == (outcome, headline)
        assert ("photos in all" in verdict.note) == (outcome != "refused")


def test_with_few_labels_int8_that_was_calibrated_on_other_pictures_is_unsure_whatever_it_answers() -> None:
    unlike = ("they are much darker (on average 4 of 255, training pictures 110)", "fp32 answers hat to 90% of them")
    found = {"int8.tflite": GOOD, "int8.onnx": GOOD}
    verdict = decide(found, 0.005, "top-1", 180, unlike=unlike)
    assert (verdict.outcome, verdict.headline) == (
        "unsure",
        "int8 was calibrated on pictures unlike the training pictures: they are much darker (on average 4 of 255, "
        "training pictures 110); give ordinary ones, or leave --calibration out",
    )
    assert "photos in all" in verdict.note
    assert decide(found, 0.005, "top-1").outcome == "faithful"
    doubtful = decide({"int8.tflite": GOOD, "int8.onnx": file(27, 3, changed=9)}, 0.005, "top-1", unlike=unlike)
    assert doubtful.headline.startswith("int8 may be 10.8 points worse"), "what it may cost says more"
    assert decide({"int8.tflite": GOOD, "int8.onnx": file(27, 9)}, 0.005, "top-1", unlike=unlike).refused
    enough = file(20_000, 10, 5)
    assert decide({"int8.tflite": enough, "int8.onnx": enough}, 0.005, "top-1", unlike=unlike).outcome == "kept"


def test_labels_decide_where_there_are_enough() -> None:
    many = file(20_000, 10, 5, changed=100, snr_db=3)
    verdict = decide({"int8.tflite": many, "int8.onnx": many}, 0.005, "top-1")
    assert (verdict.outcome, verdict.note) == ("kept", "")
    lost = file(20_000, 150)
    assert decide({"int8.tflite": many, "int8.onnx": lost}, 0.005, "top-1").outcome == "refused"


def test_the_file_that_strays_furthest_is_named_with_all_that_is_against_it() -> None:
    found = {"int8.tflite": file(27, snr_db=9, moved=0.1), "int8.onnx": file(27, changed=18, snr_db=8, moved=0.2)}
    assert decide(found, 0.005, "top-1").fault == (
        "int8.onnx: found 18 of 153 answers changed, wanted at most 5%; "
        "logits 8 dB above the noise of rounding, wanted 10"
    )


def test_what_is_taken_all_the_same_is_called_what_it_is() -> None:
    strange, lost = file(27, changed=18), file(27, 9)
    verdicts = [
        decide({"int8.tflite": GOOD, "int8.onnx": one}, 0.005, "top-1", allow=True) for one in (strange, lost, GOOD)
    ]
    assert [verdict.outcome for verdict in verdicts] == ["lost", "lost", "faithful"]
    assert verdicts[0].fault == "int8.onnx: found 18 of 153 answers changed, wanted at most 5%"
    headlines = [verdict.headline for verdict in verdicts]
    assert headlines[:2] == ["int8 does not answer as fp32 does", "int8 loses accuracy"]
    assert headlines[2].startswith("int8 answers as fp32 does")
