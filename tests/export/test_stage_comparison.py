"""Negative controls: what is not the same network does not pass for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from export_networks import checkpoint_of, wide_gate
from ressq_export.convert import Pictures, convert
from ressq_export.errors import ConversionError, ParityError
from ressq_export.formats.tflite_int8 import check_scales
from ressq_export.measurement.fidelity import FAITHFUL, UNFAITHFUL, measure_fidelity
from ressq_export.measurement.scores import scorer_of
from ressq_export.measurement.stage_comparison import (
    FLOAT_TOLERANCE,
    centred_logits,
    check_float_stages,
    check_spread,
    compare,
)
from ressq_export.network.tensor_names import pack, read_flatbuffer
from ressq_export.progress import Screen
from ressq_runtime.engines import load_engine

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from ressq_export.convert import Converted
    from ressq_export.formats.converter_log import Log
    from ressq_export.measurement.stage_comparison import Logits


def scores_of(path: Path, pixels: list[bytes]) -> NDArray[np.float64]:
    score = scorer_of(load_engine(str(path)))
    return np.array([score(picture) for picture in pixels])


def logits_of(path: Path, pixels: list[bytes]) -> Logits:
    score = scorer_of(load_engine(str(path)))
    return centred_logits(score(picture) for picture in pixels)


@pytest.mark.slow
def test_another_networks_file_does_not_pass_for_this_one(
    paths: dict[str, Path], pixels: list[bytes], log: Log, tmp_path: Path
) -> None:
    other = convert(checkpoint_of(seed=1), 1.0, Pictures(pixels, ()), wide_gate(tmp_path), tmp_path, log, Screen(None))
    wanted, found = (logits_of(files["fp32.onnx"], pixels) for files in (paths, other.paths))
    with pytest.raises(ParityError, match=r"torch -> fp32.onnx: found logits up to .* of their spread apart"):
        check_float_stages("torch -> fp32.onnx", wanted, found)


def with_broken_scale(path: Path, name: bytes) -> bytes:
    """The model with the scale of one tensor four times too large."""
    root, graph = read_flatbuffer(path.read_bytes())
    for tensor in graph.tensors:
        if tensor.name == name:
            tensor.quantization.scale = [tensor.quantization.scale[0] * 4]
    return pack(root)


def test_a_broken_scale_does_not_pass(paths: dict[str, Path], pixels: list[bytes], tmp_path: Path) -> None:
    broken = tmp_path / "broken.tflite"
    broken.write_bytes(with_broken_scale(paths["int8.tflite"], b"fire5.squeeze"))
    scores = [scores_of(path, pixels) for path in (paths["fp32.tflite"], paths["int8.tflite"], broken)]
    assert measure_fidelity(scores[0], scores[1]).grade == FAITHFUL
    assert measure_fidelity(scores[0], scores[2]).grade == UNFAITHFUL


def test_scales_that_were_not_asked_for_are_found(converted: Converted) -> None:
    path = converted.paths["int8.tflite"]
    check_scales("int8", path.read_bytes(), converted.ranges)
    broken = with_broken_scale(path, b"fire5.squeeze")
    with pytest.raises(ConversionError, match=r"found scale .* at fire5.squeeze, wanted"):
        check_scales("int8", broken, converted.ranges)


def random_logits(spread: float = 3.0) -> Logits:
    """(16, 4), centred."""
    found = np.random.default_rng(0).normal(0, spread, (16, 4))
    centred: Logits = found - found.mean(1, keepdims=True)
    return centred


def test_centred_logits_are_the_logits_that_a_softmax_took() -> None:
    wanted = random_logits()
    scores = np.exp(wanted + 7) / np.exp(wanted + 7).sum(1, keepdims=True)
    np.testing.assert_allclose(centred_logits(scores.tolist()), wanted, atol=1e-12)


def test_a_probability_of_zero_is_no_infinity() -> None:
    assert np.isfinite(centred_logits([[1.0, 0.0], [0.0, 1.0]])).all()


def test_an_untrained_network_proves_nothing() -> None:
    with pytest.raises(ParityError, match=r"found logits that vary by 0.0\d* over 16 pictures, .* train it first"):
        check_spread(random_logits(0.01))
    check_spread(random_logits())


def test_logits_that_are_not_numbers_prove_nothing() -> None:
    with pytest.raises(ParityError, match="found logits that vary by nan"):
        check_spread(random_logits() * np.nan)


def test_deviations_are_relative_to_the_spread() -> None:
    wanted = random_logits()
    found = compare("comparison", wanted, wanted + 0.3)
    assert found.worst == pytest.approx(0.3 / wanted.std(0).mean())
    assert found.rms == pytest.approx(found.worst)


def test_a_float_stage_within_tolerance_passes_and_beyond_it_does_not() -> None:
    wanted = random_logits()
    step = FLOAT_TOLERANCE * wanted.std(0).mean()
    assert check_float_stages("a -> b", wanted, wanted + 0.9 * step).worst < FLOAT_TOLERANCE
    with pytest.raises(ParityError, match=r"a -> b: found logits up to 0.0011 of their spread apart, wanted 0.001"):
        check_float_stages("a -> b", wanted, wanted + 1.1 * step)


def test_logits_that_are_not_numbers_do_not_pass() -> None:
    wanted = random_logits()
    with pytest.raises(ParityError, match="comparison: found"):
        check_float_stages("comparison", wanted, wanted * np.nan)
