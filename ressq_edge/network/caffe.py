"""A `.caffemodel` of SqueezeNet, with or without its bypass, as weights for ours.

songhan/SqueezeNet-Residual published what nobody else did: ImageNet weights that were trained with the bypass.
Caffe's networks read B, G, R minus a mean; the first convolution is rewritten for (pixels / 255 - mean) / std of
R, G, B, which is exact, since it pads nothing. The classifier is left out: Caffe's pads a 1x1 convolution, ours
does not, and its classes are not the user's.

Format: caffe.proto (NetParameter: 100 = layer, 2 = layers of before 2015; BlobProto: 5 = data, packed float32).
"""

from pathlib import Path
from typing import cast

import torch
from torch import Tensor, nn

from ressq_edge.choices import Bypass, Version
from ressq_edge.errors import InitError
from ressq_edge.network.model import Backbone
from ressq_runtime.artefact.zip_and_protobuf import DamagedError, protobuf_fields

Means = tuple[float, ...]

MEAN_RGB: Means = (123.0, 117.0, 104.0)  # subtracted from 0..255; both published SqueezeNets were trained so

# (field of the layer in NetParameter, of its name, of its blobs)
_NEW, _OLD = (100, 1, 7), (2, 4, 6)
_DATA = 5
_PARTS = {"squeeze": "squeeze1x1", "expand1x1": "expand1x1", "expand3x3": "expand3x3"}


def read_caffemodel(path: Path, mean: Means, std: Means) -> tuple[dict[str, Tensor], Bypass]:
    """(the backbone's tensors under our names, the bypass it was trained with) of a `.caffemodel`.

    Args:
        path: the file.
        mean, std: of R, G, B; the weights then take pictures as (pixels / 255 - mean) / std.

    Raises:
        InitError: no Caffe model, or not that of a SqueezeNet.
    """
    layers = _read_layers(path)
    version: Version = "1.1" if sum(blob.numel() for blob in layers.get("conv1", ())[:1]) == 64 * 3 * 9 else "1.0"
    backbone = Backbone(version)
    with torch.no_grad():
        conv1 = cast(nn.Conv2d, backbone[0])
        _fill(conv1, "conv1", layers, path)
        _take_rgb(conv1, mean, std)
        for name, fire in backbone.fires():
            for ours, theirs in _PARTS.items():
                _fill(cast(nn.Conv2d, getattr(fire, ours)), f"{name}/{theirs}", layers, path)
    tensors = {f"features.{name}": tensor for name, tensor in backbone.state_dict().items()}
    return tensors, "simple" if any(name.startswith("bypass_") for name in layers) else "none"


def _read_layers(path: Path) -> dict[str, list[Tensor]]:
    """Layer name -> its blobs, flat."""
    layers: dict[str, list[Tensor]] = {}
    try:
        for _, number, layer in protobuf_fields(path.read_bytes()):
            for wanted, name, blobs in (_NEW, _OLD):
                if number == wanted:
                    fields = protobuf_fields(layer)
                    key = next((text.decode() for _, n, text in fields if n == name), "")
                    layers[key] = [_read_blob(blob) for _, n, blob in fields if n == blobs]
    except (DamagedError, UnicodeDecodeError, OSError) as error:
        raise InitError(f"{path}: found no Caffe model ({error}), wanted a .caffemodel; copy it again") from error
    return layers


def _read_blob(blob: bytes) -> Tensor:
    data = b"".join(value for _, number, value in protobuf_fields(blob) if number == _DATA)
    if len(data) % 4:
        raise DamagedError(f"{len(data)} bytes are no float32 values")
    return torch.frombuffer(bytearray(data), dtype=torch.float32) if data else torch.empty(0)


def _fill(conv: nn.Conv2d, name: str, layers: dict[str, list[Tensor]], path: Path) -> None:
    found = [blob.numel() for blob in layers.get(name, ())]
    wanted = [parameter.numel() for parameter in (conv.weight, conv.bias) if parameter is not None]
    if found != wanted:
        raise InitError(
            f"{path}: found {found or 'no weights'} at {name}, wanted {wanted} values; give SqueezeNet 1.0 or 1.1"
        )
    for parameter, blob in zip((conv.weight, cast(Tensor, conv.bias)), layers[name], strict=True):
        parameter.copy_(blob.view_as(parameter))


def _take_rgb(conv: nn.Conv2d, mean: Means, std: Means) -> None:
    """From B, G, R in 0..255 minus Caffe's mean to normalised R, G, B: pixels = 255 (std x + mean)."""
    weight = conv.weight.double().flip(1)
    means, stds, caffe = (torch.tensor(v, dtype=torch.float64).view(1, 3, 1, 1) for v in (mean, std, MEAN_RGB))
    conv.bias.add_((weight * (255 * means - caffe)).sum((1, 2, 3)))  # type: ignore[union-attr]
    conv.weight.copy_(weight * 255 * stds)
