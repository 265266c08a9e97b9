"""Quantization steps: equalisation is exact, the simulation is the file, and each mends what it is there to mend."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from export_networks import SIZE, as_batch, checkpoint_of, drawn_pixels, harden
from ressq_export.formats.converter_log import Log
from ressq_export.measurement.scores import scorer_of
from ressq_export.measurement.stage_comparison import centred_logits
from ressq_export.network.deployed import DeployedNetwork, deploy
from ressq_export.network.ranges import Range
from ressq_export.quantization.quantizer import FORMATS, Candidate, Quantizer
from ressq_export.quantization.simulation import WEIGHT_STEPS, RoundedTensor, RoundedWeight, Simulation
from ressq_export.quantization.steps import STEPS
from ressq_export.quantization.steps.correct_biases import correct_biases
from ressq_export.quantization.steps.equalise import _measure_spans, equalise, equalise_network, find_channels
from ressq_export.quantization.steps.finetune import finetune, train
from ressq_export.quantization.steps.least_error import take_least_error
from ressq_export.quantization.steps.min_max import take_min_max
from ressq_runtime.engines import load_engine
from ressq_runtime.inputs.picture_spec import PixelSpec

if TYPE_CHECKING:
    from ressq_edge.choices import Bypass

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def network_of(arch: str = "ressqueezenet1_1", bypass: Bypass = "simple", hard: bool = False) -> DeployedNetwork:
    model = checkpoint_of(arch, bypass).build()
    if hard:
        harden(model)
    return deploy(model, MEAN, STD)


@pytest.fixture(scope="module")
def batch() -> torch.Tensor:
    return as_batch(drawn_pixels())


@pytest.fixture(scope="module")
def quantizer(tmp_path_factory: pytest.TempPathFactory) -> Quantizer:
    folder = tmp_path_factory.mktemp("quantizer")
    return Quantizer(network_of(hard=True), drawn_pixels(), (), PixelSpec.for_size(SIZE), folder, Log(folder / "log"))


@pytest.fixture(scope="module")
def start(quantizer: Quantizer) -> Candidate:
    return take_least_error(Candidate(dict.fromkeys(FORMATS, quantizer.original), {}), quantizer)


def test_fine_tuning_is_left_out_where_no_batch_of_training_pictures_is(quantizer: Quantizer) -> None:
    step = next(step for step in STEPS if step.apply is finetune)
    paths = tuple(Path(f"{index}.png") for index in range(16))
    assert step.suits(replace(quantizer, training=paths))
    assert not step.suits(replace(quantizer, training=paths[1:]))


def error(found: torch.Tensor, wanted: torch.Tensor) -> float:
    """Root mean square deviation of logits, as a share of their spread."""
    return float((found - wanted).square().mean().sqrt() / wanted.std(0).mean())


def simulated(candidate: Candidate, batch: torch.Tensor, kind: str = "tflite") -> torch.Tensor:
    simulation = Simulation(candidate.networks[kind], candidate.ranges, WEIGHT_STEPS[kind])
    with torch.inference_mode():
        return simulation.network.logits(batch)


@pytest.mark.parametrize("arch", ["ressqueezenet1_0", "ressqueezenet1_1"])
@pytest.mark.parametrize("bypass", ["none", "simple", "complex", "gated"])
def test_equalisation_keeps_the_function_bit_for_bit(arch: str, bypass: Bypass, batch: torch.Tensor) -> None:
    network = network_of(arch, bypass, hard=True)
    equal = equalise_network(network, batch)
    with torch.inference_mode():
        assert torch.equal(equal.logits(batch), network.logits(batch))
    changed = [not torch.equal(a, b) for a, b in zip(equal.parameters(), network.parameters(), strict=True)]
    assert sum(changed) > 40, "or nothing was done"


def test_a_hard_network_computes_what_it_did_before(batch: torch.Tensor) -> None:
    with torch.inference_mode():
        assert error(network_of(hard=True).logits(batch), network_of().logits(batch)) < 1e-5


def test_equalised_channels_span_nearly_the_same(batch: torch.Tensor) -> None:
    network = network_of(hard=True)

    def unevenness(network: DeployedNetwork) -> float:
        """log2 of the widest channel over the median one, averaged over the tensors."""
        spans = _measure_spans(network, list(find_channels(network)), batch)
        return float(np.mean([float((span.max() / span[span > 0].median()).log2()) for span in spans]))

    assert unevenness(equalise_network(network, batch)) < unevenness(network) / 1.5


def test_equalisation_mends_a_hard_network(quantizer: Quantizer, start: Candidate, batch: torch.Tensor) -> None:
    with torch.inference_mode():
        wanted = quantizer.original.logits(batch)
    equal = equalise_network(quantizer.original, batch)
    mended = take_least_error(Candidate(dict.fromkeys(FORMATS, equal), {}), quantizer)
    assert error(simulated(mended, batch), wanted) < error(simulated(start, batch), wanted) / 2


@pytest.mark.parametrize("kind", FORMATS)
def test_the_simulation_answers_as_the_file(
    quantizer: Quantizer, start: Candidate, batch: torch.Tensor, kind: str
) -> None:
    path: Path = quantizer.quantise(start)[f"int8.{kind}"]
    engine = load_engine(str(path))
    score = scorer_of(engine)
    found = torch.from_numpy(centred_logits(score(pixels) for pixels in quantizer.calibration))
    engine.close()
    wanted = simulated(start, batch, kind)
    with torch.inference_mode():
        exact = quantizer.original.logits(batch)
    centred, exact = (logits - logits.mean(1, keepdim=True) for logits in (wanted, exact))
    # One flipped rounding flips more in every layer behind it, so what weights add is found again, not each rounding.
    assert error(found, centred) < error(found, exact) * 0.8


def test_bias_correction_takes_the_mean_shift_away(quantizer: Quantizer, start: Candidate, batch: torch.Tensor) -> None:
    networks = {
        kind: correct_biases(network, start.ranges, WEIGHT_STEPS[kind], batch)
        for kind, network in start.networks.items()
    }
    with torch.inference_mode():
        wanted = quantizer.original.logits(batch)
    for kind in FORMATS:
        before, after = (
            (simulated(candidate, batch, kind) - wanted).mean(0).abs().mean()
            for candidate in (start, Candidate(networks, start.ranges))
        )
        assert after < before / 3


def test_fine_tuning_comes_nearer_to_the_float_answers(
    quantizer: Quantizer, start: Candidate, batch: torch.Tensor
) -> None:
    with torch.inference_mode():
        wanted = quantizer.original.logits(batch)
    begun = equalise(start, quantizer)
    simulation = Simulation(begun.networks["onnx"], begun.ranges, WEIGHT_STEPS["onnx"])
    train(simulation, quantizer.original, iter([batch] * 24), 24)
    with torch.inference_mode():
        after = simulation.network.logits(batch)
    # 0.86 of it here; ten times the rate brought it to 1.09.
    assert error(after, wanted) < error(simulated(begun, batch, "onnx"), wanted) * 0.95
    again = Simulation(simulation.plain(), begun.ranges, WEIGHT_STEPS["onnx"])
    with torch.inference_mode():
        assert torch.equal(again.network.logits(batch), after), "handed on is what was trained"


def test_min_max_clips_nothing_and_least_error_may(quantizer: Quantizer, start: Candidate) -> None:
    widest = take_min_max(start, quantizer).ranges
    assert all(spread.high <= widest[name].high for name, spread in start.ranges.items())
    assert any(spread.high < widest[name].high for name, spread in start.ranges.items())


def test_weights_are_rounded_to_steps_of_their_own_channel() -> None:
    weight = torch.tensor([[1.0, 0.5, 0.2], [100.0, 0.3, -99.9]])
    found = RoundedWeight(4)(weight)
    assert found.tolist() == [[1.0, 0.5, 0.25], [100.0, 0.0, -100.0]]


def test_activations_are_rounded_and_clipped_to_their_range() -> None:
    rounded = RoundedTensor(Range(-51.0, 204.0))  # steps of 1
    found = rounded(torch.tensor([-60.0, -50.6, 0.4, 203.7, 300.0]))
    assert found.tolist() == [-51.0, -51.0, 0.0, 204.0, 204.0]
