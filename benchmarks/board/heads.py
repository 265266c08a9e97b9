"""Networks with random weights that answer for each pixel, as the exporter makes them, to count with.

Counts hardly depend on weights. Every bypass is a plain sum, as most are that were trained.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from board.models import ARCHITECTURE, made_of
from board.photos import make_photo
from ressq_runtime import read_card
from ressq_runtime.artefact.container import attach_card

if TYPE_CHECKING:
    from ressq_edge.choices import Head
    from ressq_edge.network.segmentation import SegmentationNet

# The table's; deeplabv3 is a step on the way to deeplabv3plus.
HEADS: tuple[Head, ...] = ("deeplabv3plus", "unet", "segnet", "pspnet")
HEIGHT, WIDTH, CLASSES = 241, 321, 11
_CALIBRATION_PICTURES = 4
_LOGITS = 3.0  # their standard deviation, as trained ones have it


def make_head(folder: Path, head: Head, arch: str = ARCHITECTURE) -> dict[str, Path]:
    """int8.tflite and fp32.tflite of a head, kept in the folder until networks or exporter change."""
    name, stamp = f"random-{arch}-{head}", made_of()
    paths = {kind: folder / f"{name}_{kind}" for kind in ("int8.tflite", "fp32.tflite")}
    kept = [read_card(str(path)) if path.exists() else None for path in paths.values()]
    if not all(card and card.data.get("made_of") == stamp for card in kept):
        _make(paths, head, arch, stamp)
    return paths


def _make(paths: dict[str, Path], head: Head, arch: str, stamp: str) -> None:
    from ressq_edge.network.arch import ModelSpec, build_model, count_multiply_adds, count_parameters, may_bypass
    from ressq_edge.network.checkpoint import IMAGENET
    from ressq_edge.network.segmentation import SegmentationNet
    from ressq_export.formats.converter_log import Log
    from ressq_export.formats.onnx_fp32 import export_onnx
    from ressq_export.formats.tflite_fp32 import convert_to_tflite
    from ressq_export.formats.tflite_int8 import quantise_tflite
    from ressq_export.network.deployed_segmentation import deploy_segmentation
    from ressq_export.quantization.ranges import measure_ranges
    from ressq_runtime.inputs.picture import to_pixels
    from ressq_runtime.inputs.picture_spec import PixelSpec

    spec = PixelSpec.stretched(HEIGHT, WIDTH)
    model = ModelSpec(arch, "simple" if may_bypass(arch) else "none", CLASSES, head)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        photos = [make_photo(folder / f"{seed}.jpg", 400, 300, seed) for seed in range(_CALIBRATION_PICTURES)]
        pixels, log = [to_pixels(photo, spec) for photo in photos], Log(folder / "log")
        built = build_model(model).eval()
        assert isinstance(built, SegmentationNet)
        enliven(built, pixels)
        onnx, tflite, int8 = folder / "float.onnx", folder / "float.tflite", folder / "int8.tflite"
        export_onnx(deploy_segmentation(built, IMAGENET.mean, IMAGENET.std), spec, onnx, log)
        convert_to_tflite(onnx, tflite, log)
        quantise_tflite(tflite, measure_ranges(onnx, pixels), int8, log)
        about = {
            "format": 2, "name": f"random {head}", "task": "segment", "input": spec.to_json(), "self_test": [],
            "labels": [f"class {index}" for index in range(CLASSES)],
            "colours": [[20 * index, 255 - 20 * index, 40] for index in range(CLASSES)],
            "output": {"activation": "softmax", "temperature": 1, "step": 0},
            "model": {
                "arch": arch, "bypass": model.bypass, "head": head, "parameters": count_parameters(built),
                "multiply_adds": count_multiply_adds(model, HEIGHT, WIDTH),
            },
            "made_of": stamp, "about": "Random weights, to count with.",
        }  # fmt: skip
        for kind, made in (("int8.tflite", int8), ("fp32.tflite", tflite)):
            card = {**about, "precision": {"scheme": kind.split(".")[0]}}
            paths[kind].write_bytes(attach_card(made.read_bytes(), card, ".tflite"))


def enliven(model: SegmentationNet, pixels: list[bytes]) -> None:
    """Random weights, in place, with logits as large as trained ones have, where each class wins somewhere."""
    import torch
    from torch import nn

    from ressq_edge.data.augment import normalise
    from ressq_edge.network.checkpoint import IMAGENET
    from ressq_edge.network.heads.segnet import SegNet

    torch.manual_seed(0)
    for layer in model.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight)
            assert layer.bias is not None
            nn.init.normal_(layer.bias, 0.0, 0.1)
    arrays = [torch.frombuffer(bytearray(found), dtype=torch.uint8).view(HEIGHT, WIDTH, 3) for found in pixels]
    pictures = normalise(torch.stack(arrays).permute(0, 3, 1, 2), IMAGENET.mean, IMAGENET.std)
    with torch.no_grad():
        if isinstance(model.head, SegNet):
            model.head.fit(model.features.stages(pictures))
        logits, last = model(pictures), model.classifier
        factor = _LOGITS / logits.std()
        assert last.bias is not None
        last.bias.copy_((last.bias - logits.mean((0, 2, 3))) * factor)
        last.weight.mul_(factor)


def keep_logits(source: Path, target: Path) -> Path:
    """The network alone: of a .tflite file all but what makes a class map and probabilities of its logits."""
    import ai_edge_litert.schema_py_generated as schema

    from ressq_export.network.tensor_names import OUTPUT, operator_kind, pack, read_flatbuffer

    root, graph = read_flatbuffer(source.read_bytes())
    logits = int(next(operator for operator in graph.operators if operator_kind(root, operator) == "SOFTMAX").inputs[0])
    needed, kept = {logits}, []
    for operator in reversed(graph.operators):
        if needed & set(map(int, operator.outputs)):
            kept.append(operator)
            needed |= set(map(int, operator.inputs))
    graph.operators, graph.outputs = kept[::-1], [logits]
    mapped = schema.TensorMapT()
    mapped.name, mapped.tensorIndex = OUTPUT.encode(), logits
    root.signatureDefs[0].outputs = [mapped]
    target.write_bytes(pack(root))
    return target
