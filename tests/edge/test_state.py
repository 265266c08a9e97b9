"""A state that is saved and read again goes on as the one that was not."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from ressq_edge.choices import BYPASSES, Bypass
from ressq_edge.network.arch import ModelSpec, build_model
from ressq_edge.network.init import load_init
from ressq_edge.network.model import ResSqueezeNet
from ressq_edge.request import Request, resolve
from ressq_edge.training.state import TrainState, begin_state, load_state, save_state

PICTURES = torch.randn(4, 3, 64, 64, generator=torch.Generator().manual_seed(0))


def begun(bypass: Bypass) -> TrainState:
    config = resolve(Request(Path(), Path(), bypass=bypass), load_init("none", "ressqueezenet1_1"), 3, 100)
    return begin_state(build_model(ModelSpec("ressqueezenet1_1", bypass, 3)).eval(), config)


def step(state: TrainState) -> None:
    state.optimizer.zero_grad()
    state.model(PICTURES).square().sum().backward()
    state.optimizer.step()
    state.step += 1


@pytest.mark.parametrize("bypass", BYPASSES)
def test_a_state_that_is_read_takes_the_same_next_step(bypass: Bypass, tmp_path: Path) -> None:
    state, read = begun(bypass), begun(bypass)
    for _ in range(2):
        step(state)
    save_state(tmp_path / "last.safetensors", state)
    load_state(tmp_path / "last.safetensors", read)
    for either in (state, read):
        step(either)
    assert all(torch.equal(read.model.state_dict()[name], own) for name, own in state.model.state_dict().items())


def test_a_run_from_before_the_first_gate_was_held_goes_on_learning_it(tmp_path: Path) -> None:
    state, read = begun("gated"), begun("gated")
    gate = dict(state.model.named_parameters())["features.4.gate"].requires_grad_()
    step(state)
    assert gate != 0
    save_state(tmp_path / "last.safetensors", state)
    load_state(tmp_path / "last.safetensors", read)
    for either in (state, read):
        step(either)
    assert torch.equal(dict(read.model.named_parameters())["features.4.gate"], gate)


def test_the_gates_are_learned_but_for_that_of_the_largest_maps() -> None:
    state = begun("gated")
    for _ in range(2):
        step(state)
    assert isinstance(state.model, ResSqueezeNet)
    gates = state.model.gates()
    assert gates.pop("fire3") == 0
    assert 0 not in gates.values()
