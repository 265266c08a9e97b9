"""What holds whatever the input: geometry, containers, intervals, percentiles."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from cards import golden_card, model_for
from ressq_runtime import PixelSpec, to_pixels
from ressq_runtime.artefact.container import attach_card
from ressq_runtime.artefact.zip_and_protobuf import DamagedError, find_onnx_property, find_zip_entry
from ressq_runtime.intervals import wilson
from ressq_runtime.profiling.latency import LatencyProfile, percentile

# Two ways to add the same floats differ in their last bits.
ROUNDING = 1e-9

samples = st.lists(st.floats(0.001, 1e5), min_size=1, max_size=200)


def naive_pixels(image: Image.Image, spec: PixelSpec) -> bytes:
    """The contract as design states it, written again with other means."""
    width, height = image.size
    if width <= height:
        resized = image.resize((spec.resize, (height * spec.resize + width // 2) // width), Image.Resampling.BILINEAR)
    else:
        resized = image.resize(((width * spec.resize + height // 2) // height, spec.resize), Image.Resampling.BILINEAR)
    left, top = (resized.width - spec.height) // 2, (resized.height - spec.height) // 2
    return np.asarray(resized)[top : top + spec.height, left : left + spec.height].tobytes()


@settings(deadline=None, max_examples=60)
@given(st.integers(32, 300), st.integers(32, 300), st.integers(16, 97))
def test_any_geometry_is_resized_and_cropped_as_stated(width: int, height: int, size: int) -> None:
    noise = random.Random(0).randbytes(width * height * 3)
    spec, image = PixelSpec.for_size(size), Image.frombytes("RGB", (width, height), noise)
    assert to_pixels(image, spec) == naive_pixels(image, spec)


@settings(max_examples=300)
@given(st.binary(max_size=200), st.integers(0, 2600), st.integers(0, 60))
def test_a_mutated_container_is_damaged_or_read_never_a_crash(junk: bytes, place: int, cut: int) -> None:
    for suffix, find in ((".tflite", find_zip_entry), (".onnx", find_onnx_property)):
        whole = attach_card(model_for(suffix), golden_card(), suffix)
        mutated = whole[:place] + junk + whole[place + cut :]
        try:
            find(mutated, "ressq.json" if suffix == ".tflite" else "ressq")
        except DamagedError:
            continue


@given(st.integers(0, 500), st.integers(0, 500))
def test_wilson_holds_the_share_and_stays_inside(hits: int, misses: int) -> None:
    low, high = wilson(hits, hits + misses)
    assert 0 <= low <= high <= 1
    if hits + misses:
        assert low - 1e-12 <= hits / (hits + misses) <= high + 1e-12


@given(samples, st.floats(0, 100))
def test_a_percentile_is_that_of_numpy(values: list[float], percent: float) -> None:
    assert percentile(values, percent) == pytest.approx(np.percentile(values, percent), rel=ROUNDING)


@given(samples)
def test_the_figures_are_those_of_numpy(values: list[float]) -> None:
    profile = LatencyProfile("decode", 1.0, tuple(values))
    assert profile.mean_ms == pytest.approx(np.mean(values), rel=ROUNDING)
    spread = np.std(values, ddof=1) if len(values) > 1 else 0
    assert profile.sd_ms == pytest.approx(spread, rel=1e-6, abs=1e-6)
