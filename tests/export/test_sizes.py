"""Every version and input size is converted: pooling rounds up on even sides and not on odd ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from ressq_edge.network.model import ResSqueezeNet
from ressq_edge.network.scratch import randomise
from ressq_export.formats.converter_log import Log
from ressq_export.formats.onnx_fp32 import export_onnx
from ressq_export.formats.tflite_fp32 import convert_to_tflite
from ressq_export.measurement.scores import scorer_of
from ressq_export.network.deployed import deploy
from ressq_runtime.engines import load_engine
from ressq_runtime.inputs.picture_spec import PixelSpec

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
# Probabilities near a half move by a quarter of what a logit moves; float32 kernels differ by 1e-6.
TOLERANCE = 1e-5


def random_network(version: str) -> ResSqueezeNet:
    """Random weights whose answers differ, and gates of both signs."""
    torch.manual_seed(0)
    model = ResSqueezeNet(version, "gated", 4)  # type: ignore[arg-type]
    randomise(model)
    for name, parameter in model.named_parameters():
        if name.endswith(".gate"):
            parameter.data.fill_(-0.4 if ".4." in name else 0.3)
    return model


@pytest.mark.slow
@pytest.mark.parametrize(("version", "size"), [("1.0", 224), ("1.0", 64), ("1.1", 227), ("1.1", 100), ("1.1", 32)])
def test_any_size_gives_the_same_scores_in_both_formats(version: str, size: int, tmp_path: Path) -> None:
    network, log = deploy(random_network(version), MEAN, STD), Log(tmp_path / "log")
    export_onnx(network, PixelSpec.for_size(size), tmp_path / "a.onnx", log)
    convert_to_tflite(tmp_path / "a.onnx", tmp_path / "a.tflite", log)
    spec = PixelSpec.for_size(size)
    golden = [np.frombuffer(spec.make_golden(seed), np.uint8) for seed in range(3)]
    pictures = np.stack(golden).reshape(3, 1, size, size, 3)
    pictures[1] //= 4
    pictures[2, ..., 0] = 255
    wanted = np.stack([network(torch.from_numpy(picture)).detach().numpy()[0] for picture in pictures])
    assert np.ptp(wanted, axis=0).max() > 0.01, "the pictures must not be answered alike"
    for name in ("a.onnx", "a.tflite"):
        score = scorer_of(load_engine(str(tmp_path / name)))
        found = np.array([score(picture.tobytes()) for picture in pictures])
        assert np.abs(found - wanted).max() < TOLERANCE
