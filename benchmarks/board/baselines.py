"""torchvision's light networks for masks, with random weights, through the same converters: what ours are beside.

No quantization step of ours is applied: ranges are those of ai-edge-quantizer's own calibration.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn
from torchvision.models import segmentation

from board.heads import CLASSES, HEIGHT, WIDTH
from board.photos import make_photo
from ressq_edge.network.arch import count_parameters, multiply_adds_of
from ressq_edge.network.checkpoint import IMAGENET
from ressq_export.formats.converter_log import Log
from ressq_export.network.deployed_segmentation import answer_pixels
from ressq_runtime.inputs.picture import to_pixels
from ressq_runtime.inputs.picture_spec import PixelSpec

BASELINES = {
    "LR-ASPP MobileNetV3-L": "lraspp_mobilenet_v3_large",
    "DeepLabV3 MobileNetV3-L": "deeplabv3_mobilenet_v3_large",
}
_PICTURES = 4


class GlobalMean(nn.Module):
    """The mean over all places: of AdaptiveAvgPool2d(1) onnx2tf makes nothing that it can convert."""

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, 1, 1)."""
        return x.mean((2, 3), keepdim=True)


class Baseline(nn.Module):
    """uint8 (N, H, W, 3) -> the outputs that ours have: the logits of the network's own stride, answered likewise."""

    def __init__(self, name: str) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.network = getattr(segmentation, name)(weights=None, weights_backbone=None, num_classes=CLASSES).eval()
        _replace_pools(self.network)
        mean, std = torch.tensor(IMAGENET.mean), torch.tensor(IMAGENET.std)
        self.register_buffer("factor", (1 / (255 * std)).view(1, 3, 1, 1))
        self.register_buffer("shift", (mean / std).view(1, 3, 1, 1))

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """The class of each pixel, and the scores of each cell."""
        x = pixels.permute(0, 3, 1, 2).float() * cast(Tensor, self.factor) - cast(Tensor, self.shift)
        features: Any = self.network.backbone(x)
        taken = features if "low" in features else features["out"]
        return answer_pixels(self.network.classifier(taken), pixels.shape[1:3])


def _replace_pools(part: nn.Module) -> None:
    for parent in list(part.modules()):
        for name, layer in list(parent.named_children()):
            if isinstance(layer, nn.AdaptiveAvgPool2d):
                setattr(parent, name, GlobalMean())


def make_baseline(folder: Path, name: str) -> tuple[dict[str, Path], int, int]:
    """int8.tflite and fp32.tflite, kept in the folder; parameters and multiply-adds."""
    network = Baseline(BASELINES[name])
    costs = count_parameters(network), multiply_adds_of(network, torch.zeros((1, HEIGHT, WIDTH, 3), dtype=torch.uint8))
    stamp = sha256(Path(__file__).read_bytes()).hexdigest()[:12]
    paths = {kind: folder / f"{BASELINES[name]}-{stamp}_{kind}" for kind in ("int8.tflite", "fp32.tflite")}
    if not all(path.exists() for path in paths.values()):
        spec = PixelSpec.stretched(HEIGHT, WIDTH)
        with tempfile.TemporaryDirectory() as made:
            photos = [make_photo(Path(made, f"{seed}.jpg"), 400, 300, seed) for seed in range(_PICTURES)]
            _convert(network, paths, [to_pixels(photo, spec) for photo in photos], Path(made))
    return paths, *costs


def _convert(network: nn.Module, paths: dict[str, Path], pixels: Sequence[bytes], folder: Path) -> None:
    import numpy as np
    from ai_edge_quantizer import quantizer, recipe
    from ai_edge_quantizer.qtyping import TFLOperationName as Operation

    log, onnx = Log(folder / "log"), folder / "float.onnx"
    example = (torch.zeros((1, HEIGHT, WIDTH, 3), dtype=torch.uint8),)
    with log.capture("torch.onnx.export"):
        names: dict[str, Any] = {"input_names": ["pixels"], "output_names": ["classes", "scores"]}
        torch.onnx.export(network, example, str(onnx), opset_version=18, dynamo=True, external_data=False, **names)
    command = [sys.executable, "-m", "onnx2tf", "-i", str(onnx), "-o", str(folder), "-kat", "pixels", "-n"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, check=False)
    made = folder / "float_float32.tflite"
    if not made.is_file():
        raise SystemExit(f"{onnx}: onnx2tf {version('onnx2tf')} made no file:\n{(done.stdout + done.stderr)[-2000:]}")
    paths["fp32.tflite"].write_bytes(made.read_bytes())
    with log.capture("ai-edge-quantizer"):
        asked = quantizer.Quantizer(str(made), recipe.static_wi8_ai8())
        for operation in (Operation.INPUT, Operation.OUTPUT, Operation.SOFTMAX):
            asked.update_quantization_recipe(".*", operation, algorithm_key="no_quantize")
        shown = [np.frombuffer(found, np.uint8).reshape(1, HEIGHT, WIDTH, 3) for found in pixels]
        ranges = asked.calibrate({"serving_default": [{"pixels": picture} for picture in shown]})
        paths["int8.tflite"].write_bytes(bytes(asked.quantize(ranges).quantized_model))
