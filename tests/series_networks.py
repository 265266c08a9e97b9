"""Networks of windows that answer without having been trained, and windows to ask them about."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from ressq_edge.choices import Bypass
from ressq_edge.network.arch import ModelSpec, SeriesShape, build_model
from ressq_edge.network.checkpoint import Checkpoint, normalise_channels
from ressq_runtime.inputs.series_spec import Channel, SeriesSpec

LABELS = ("boxing", "café", "walking")
LENGTH = 96
CHANNELS = 3
GATES = (0.0, 0.3, -0.2, 1.0, 0.7, -1.0, 0.4, 0.9)
FACTOR, OFFSET = 1000.0, 100_000.0  # of a channel in other units


def series_spec(other_units: int | None = None) -> SeriesSpec:
    """Of windows of three channels; one of them may be in other units."""
    channels = []
    for number, name in enumerate(("ax", "ay", "wx")):
        factor, offset = (FACTOR, OFFSET) if number == other_units else (1.0, 0.0)
        mean, deviation = 0.3 * number, 1.0 + number / 2
        low, high = (factor * (mean + sign * 4 * deviation) + offset for sign in (-1, 1))
        channels.append(Channel(name, "", factor * mean + offset, factor * deviation, low, high))
    return SeriesSpec(LENGTH, 50, LENGTH // 4, channels)


def series_checkpoint(bypass: Bypass = "simple", other_units: int | None = None, width: int = 16) -> Checkpoint:
    """A checkpoint of a small random network whose logits differ from window to window."""
    spec = ModelSpec("ressqueezenet1d", bypass, len(LABELS), series=SeriesShape(CHANNELS, 8, width))
    model, generator = build_model(spec), torch.Generator().manual_seed(0)
    for layer in model.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, generator=generator)
            nn.init.normal_(layer.bias, 0.0, 0.1, generator=generator)
    gates = [parameter for name, parameter in model.named_parameters() if name.endswith("gate")]
    for gate, value in zip(gates, GATES, strict=False):
        nn.init.constant_(gate, value)
    _centre(model.eval())
    config = {"task": "classify", "input": "series"}
    found = series_spec(other_units)
    return Checkpoint(spec, found, normalise_channels(found), LABELS, config, {}, dict(model.state_dict()))


def _centre(model: nn.Module) -> None:
    """Let each class be answered about as often: logits of mean 0 and deviation 1 over `windows`."""
    values = np.stack([np.frombuffer(window, "<f4").reshape(LENGTH, CHANNELS) for window in windows(64)])
    spec = series_spec()
    x = (values - [c.mean for c in spec.channels]) / [c.deviation for c in spec.channels]
    head = model.get_submodule("classifier.1")
    with torch.no_grad():
        logits = model(torch.from_numpy(x.astype(np.float32).transpose(0, 2, 1)[:, :, None]))
        mean, deviation = logits.mean(0), logits.std(0)
        head.weight.div_(deviation.view(-1, 1, 1, 1))
        head.bias.copy_((head.bias - mean) / deviation)


def windows(count: int = 24, other_units: int | None = None) -> list[bytes]:
    """Waves of a pitch and a height of their own, the same for a number; a channel may be in other units."""
    made, spec = [], series_spec()
    for seed in range(count):
        state = np.random.default_rng(seed)
        rows = np.arange(LENGTH)[:, None] * state.uniform(0.02, 0.6, CHANNELS) + state.uniform(0, 6, CHANNELS)
        values = np.sin(rows) * state.uniform(0.2, 2.0, CHANNELS) + state.normal(0, 0.2, rows.shape)
        values = values * [c.deviation for c in spec.channels] + [c.mean for c in spec.channels]
        if other_units is not None:
            values[:, other_units] = values[:, other_units] * FACTOR + OFFSET
        made.append(values.astype("<f4").tobytes())
    return made
