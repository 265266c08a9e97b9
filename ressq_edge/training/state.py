"""All that training has reached, and RUN/last.safetensors, from which it goes on bit for bit.

The state is complete: every random draw is a function of the seed and of `step`, so no generator's
state is kept, and the learning rate is a function of `step` as well.
"""

import copy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ressq_edge.config import Config
from ressq_edge.errors import CheckpointError
from ressq_edge.network.checkpoint import Tensors, read_tensors, write_tensors
from ressq_edge.network.fire import GatedBypassFire

BACKBONE = "features."  # what its parameters begin with, in each of our networks
MOMENTS = ("exp_avg", "exp_avg_sq")  # AdamW's, one of each a parameter


@dataclass
class TrainState:
    """What changes while training.

    model: the weights that the gradient moves.
    averaged: their moving average, which is validated and kept.
    optimizer: AdamW.
    step: steps done since the start.
    loss_sum, credit, seen: of this epoch so far, over training samples; credit is the metric's sum.
    epochs: one row of metrics an epoch done.
    """

    model: nn.Module
    averaged: nn.Module
    optimizer: torch.optim.AdamW
    step: int = 0
    loss_sum: float = 0.0
    credit: float = 0.0
    seen: int = 0
    epochs: list[dict[str, Any]] = field(default_factory=list)


def begin_state(model: nn.Module, config: Config) -> TrainState:
    """The state before the first step; biases and gates do not decay towards zero."""
    model = model.to(memory_format=torch.channels_last)
    _hold_first_gate(model)
    optimizer = torch.optim.AdamW(_group(model, config), lr=config.learning_rate)
    return TrainState(model, copy.deepcopy(model).eval(), optimizer)


def _group(model: nn.Module, config: Config) -> list[dict[str, Any]]:
    """The parameters by their decay, and by their share of the learning rate, the largest share last."""
    slow = dict(model.named_parameters(prefix="")) if config.backbone_rate != 1 else {}
    slow = {name: parameter for name, parameter in slow.items() if name.startswith(BACKBONE)}
    fast = {name: parameter for name, parameter in model.named_parameters() if name not in slow}
    return [
        {
            "params": [parameter for parameter in some.values() if (parameter.ndim > 1) is decays],
            "weight_decay": config.weight_decay if decays else 0.0,
            "share": share,
        }
        for some, share in ((slow, config.backbone_rate), (fast, 1.0))
        if some
        for decays in (True, False)
    ]


def _hold_first_gate(model: nn.Module) -> None:
    """A first gate that is closed stays closed (docs/decisions/0023).

    On its maps, the largest, a sum takes as long on the device as those of all other gates together.
    """
    gate = next((fire.gate for fire in model.modules() if isinstance(fire, GatedBypassFire)), None)
    if gate is not None:
        gate.requires_grad_(gate.item() != 0)


def rest_batch_norm(model: nn.Module) -> None:
    """Let batch normalisation use the statistics gathered so far, until `model.train()` is called again."""
    for layer in model.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.eval()


def save_state(path: Path, state: TrainState) -> None:
    """Write all that `load_state` needs, all of it or nothing.

    Raises:
        OutputError: the file cannot be written.
    """
    tensors: Tensors = {f"model.{name}": t for name, t in state.model.state_dict().items()}
    for name, parameter in state.model.named_parameters():
        kept = state.optimizer.state.get(parameter, {})
        tensors |= {f"{moment}.{name}": kept[moment] for moment in MOMENTS if kept}
    tensors |= {f"averaged.{name}": t for name, t in state.averaged.state_dict().items()}
    counters = {key: getattr(state, key) for key in ("step", "loss_sum", "credit", "seen", "epochs")}
    write_tensors(path, tensors, {"state": counters})


def load_state(path: Path, state: TrainState) -> None:
    """Set a state to what `save_state` wrote, in place.

    Raises:
        CheckpointError: the file is missing, damaged, or of another network.
    """
    tensors, about = read_tensors(path)
    try:
        for key, value in about["state"].items():
            setattr(state, key, value)
        _fill(state.model, tensors, "model")
        _fill(state.averaged, tensors, "averaged")
        _hold_first_gate(state.model)
        for name, parameter in state.model.named_parameters():
            if state.step and parameter.requires_grad:
                state.optimizer.state[parameter] = {
                    "step": torch.tensor(float(state.step)),
                    **{m: _like(parameter, tensors[f"{m}.{name}"]) for m in MOMENTS},
                }
    except (KeyError, RuntimeError, AttributeError) as error:
        raise CheckpointError(
            f"{path}: found the state of another network ({error}); train into a new folder"
        ) from error


def _fill(model: nn.Module, tensors: Tensors, prefix: str) -> None:
    with torch.no_grad():
        for name, own in model.state_dict().items():
            own.copy_(tensors[f"{prefix}.{name}"])


def _like(parameter: Tensor, saved: Tensor) -> Tensor:
    """The saved values in the memory layout of the parameter (safetensors keeps plain ones)."""
    return torch.zeros_like(parameter).copy_(saved)
