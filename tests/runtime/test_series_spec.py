"""A window as a model's input: its card, its fingerprint, and golden windows that are the same everywhere."""

from __future__ import annotations

from array import array
from hashlib import sha256

import pytest

from ressq_runtime.engines.tensor import TensorSpec
from ressq_runtime.errors import ArtefactError, EngineError
from ressq_runtime.inputs.series_spec import Channel, SeriesSpec

SPEC = SeriesSpec(200, 50.0, 50, [Channel("ax", "g", 0.25, 0.5, -2.0, 2.0), Channel("wx", "", 100_000, 1000, 0, 2e5)])


def test_a_card_says_all_of_it() -> None:
    card = SPEC.to_json()
    assert card["kind"] == "series"
    assert SeriesSpec.from_json(card) == SPEC
    assert SPEC.names == ("ax", "wx")
    tensor = TensorSpec("series", "float32", (1, 200, 2))
    assert SeriesSpec.read("a.tflite", card, [tensor]) == SPEC


def test_a_golden_window_is_the_same_everywhere_and_lies_where_the_channel_does() -> None:
    data = SPEC.make_golden(3)
    assert sha256(data).hexdigest()[:16] == "8702887c6475ae1b"
    values = array("f", data)
    assert len(values) == 400
    assert all(abs(value - 0.25) <= 2 * 0.5 for value in values[::2])
    assert all(abs(value - 100_000) <= 2 * 1000 for value in values[1::2])
    assert len(set(values[::2])) > 20
    assert SPEC.make_golden(4) != data


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"length": 0}, r"found length 0 and hop 50 in the card's input, wanted 1 <= hop <= length <= 65536"),
        ({"length": True}, "found length True"),
        ({"hop": 201}, "found length 200 and hop 201"),
        ({"rate": float("nan")}, "found rate nan in the card's input, wanted more than 0"),
        ({"rate": "50"}, "found rate '50'"),
        ({"channels": []}, "found no list of channels in the card's input, wanted 1 to 1024"),
        ({"channels": [1]}, "found a channel 1 in the card's input, wanted an object"),
        ({"rate": 49.0}, "found the fingerprint"),
    ],
)
def test_a_card_of_something_else_is_refused(change: dict[str, object], said: str) -> None:
    with pytest.raises(ArtefactError, match=said):
        SeriesSpec.from_json({**SPEC.to_json(), **change})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": ""}, "found a channel called '' in the card's input, wanted a name and a unit of at most 100"),
        ({"unit": None}, "wanted a name and a unit"),
        ({"mean": "1"}, "wanted numbers for mean, deviation, low, high"),
        ({"deviation": 0.0}, "wanted a deviation above 0, and low below high"),
        ({"low": 3.0}, "wanted a deviation above 0, and low below high"),
        ({"name": "wx"}, "found two channels of one name in the card's input, wanted a name for each"),
    ],
)
def test_a_channel_of_something_else_is_refused(change: dict[str, object], said: str) -> None:
    card = SPEC.to_json()
    first, second = card["channels"]  # type: ignore[misc]
    with pytest.raises(ArtefactError, match=said):
        SeriesSpec.from_json({**card, "channels": [{**first, **change}, second]})


def test_a_model_that_does_not_take_it_is_refused() -> None:
    card = SPEC.to_json()
    with pytest.raises(EngineError, match=r"found the input uint8 \[1, 200, 2\], wanted one of float32 \[1, 200, 2\]"):
        SeriesSpec.read("a.tflite", card, [TensorSpec("series", "uint8", (1, 200, 2))])
    with pytest.raises(ArtefactError, match=r"found an input of \[1, 100, 2\], wanted the card's \[1, 200, 2\]"):
        SeriesSpec.read("a.tflite", card, [TensorSpec("series", "float32", (1, 100, 2))])
