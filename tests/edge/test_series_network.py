"""The network of windows: its shapes and costs, its bypass, and norms that fold away."""

from __future__ import annotations

import pytest
import torch

from ressq_edge.errors import ModelError
from ressq_edge.network.arch import ModelSpec, SeriesShape, build_model, count_parameters, count_window_multiply_adds
from ressq_edge.network.norms import fit_norms, fold_norms, insert_norms
from ressq_edge.network.scratch import randomise
from ressq_edge.network.series import MIN_LENGTH, SeriesNet


def spec(depth: int = 8, bypass: str = "simple") -> ModelSpec:
    return ModelSpec("ressqueezenet1d", bypass, 7, series=SeriesShape(6, depth))  # type: ignore[arg-type]


def test_the_default_network_is_as_small_as_it_is_said_to_be() -> None:
    assert count_parameters(build_model(spec())) == 21_319
    assert count_window_multiply_adds(spec(), 200) == 641_952


@pytest.mark.parametrize("depth", [1, 3, 8, 16, 32])
@pytest.mark.parametrize("length", [MIN_LENGTH, 200])
def test_a_window_of_any_length_becomes_logits(depth: int, length: int) -> None:
    assert build_model(spec(depth)).eval()(torch.zeros(2, 6, 1, length)).shape == (2, 7)


def test_every_fire_module_has_the_bypass_and_none_has_none() -> None:
    names = tuple(f"fire{number}" for number in range(2, 10))
    simple, none, gated = (build_model(spec(bypass=bypass)) for bypass in ("simple", "none", "gated"))
    assert isinstance(simple, SeriesNet)
    assert isinstance(none, SeriesNet)
    assert isinstance(gated, SeriesNet)
    assert simple.bypassed == names
    assert none.bypassed == ()
    assert tuple(gated.gates()) == names
    none.load_state_dict(simple.state_dict())  # a plain sum has no weights
    window = torch.randn(1, 6, 1, 200)
    assert not torch.equal(simple.eval()(window), none.eval()(window))


def test_it_is_one_dimensional_throughout() -> None:
    kernels = {layer.kernel_size for layer in build_model(spec()).modules() if isinstance(layer, torch.nn.Conv2d)}
    assert kernels == {(1, 7), (1, 5), (1, 1)}


def test_norms_fold_away() -> None:
    torch.manual_seed(0)
    model = build_model(spec())
    assert isinstance(model, SeriesNet)
    randomise(model)
    insert_norms(model)
    windows = torch.randn(16, 6, 1, 200)
    with torch.no_grad():
        fit_norms(model.backbone, model.backbone, windows, keep=False)
        plain = build_model(spec())
        plain.load_state_dict(fold_norms(model.state_dict()))
        torch.testing.assert_close(plain.eval()(windows), model.eval()(windows), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        ({"channels": 0}, "channels: found 0, wanted 1 to 1024"),
        ({"channels": 1, "depth": 65}, "depth: found 65, wanted 1 to 64"),
        ({"channels": 1, "width": 50}, "width: found 50, wanted a multiple of 4"),
        ({"channels": 1, "width": 4}, "width: found 4, wanted 8 to 512"),
    ],
)
def test_a_size_out_of_range_is_refused(shape: dict[str, int], said: str) -> None:
    with pytest.raises(ModelError, match=said):
        SeriesShape(**shape)


def test_a_network_of_pictures_takes_no_windows_and_the_reverse() -> None:
    with pytest.raises(ModelError, match="arch: found 'ressqueezenet1_1', wanted one of ressqueezenet1d"):
        ModelSpec("ressqueezenet1_1", "simple", 7, series=SeriesShape(6))
    with pytest.raises(ModelError, match="arch: found 'ressqueezenet1d', wanted one of ressqueezenet1_1"):
        ModelSpec("ressqueezenet1d", "simple", 7)
    with pytest.raises(ModelError, match="window: found 20 samples, wanted at least 21"):
        count_window_multiply_adds(spec(), 20)
