"""`--init FILE.caffemodel`: a file of Caffe's format, made here, gives in our network what Caffe would compute."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import cast

import pytest
import torch
import torch.nn.functional as F  # noqa: N812 - PyTorch's own name for it
from torch import Tensor, nn

from ressq_edge.choices import Version
from ressq_edge.errors import InitError
from ressq_edge.network.arch import ModelSpec, build_model
from ressq_edge.network.checkpoint import Normalise
from ressq_edge.network.init import default_bypass, initialise, load_init
from ressq_edge.network.model import Backbone, ResSqueezeNet
from ressq_edge.network.scratch import randomise

MEAN_BGR = (104.0, 117.0, 123.0)
LABELS = ("cat", "dog")


def field(number: int, content: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(content)) + content


def varint(value: int) -> bytes:
    low, rest = value & 0x7F, value >> 7
    return bytes([low | 0x80]) + varint(rest) if rest else bytes([low])


def blob(tensor: Tensor) -> bytes:
    shape = b"".join(varint(n) for n in tensor.shape)
    return field(7, field(1, shape)) + field(5, struct.pack(f"<{tensor.numel()}f", *tensor.flatten().tolist()))


def write_caffemodel(path: Path, version: Version, bypassed: bool, old: bool = False) -> Backbone:
    """Random SqueezeNet weights in Caffe's format; the backbone takes B, G, R minus the mean."""
    layer, name_field, blobs = (2, 4, 6) if old else (100, 1, 7)
    torch.manual_seed(0)
    model = ResSqueezeNet(version, "simple" if bypassed else "none")
    randomise(model)
    backbone = model.features
    convs = {"conv1": cast(nn.Conv2d, backbone[0])}
    for name, fire in backbone.fires():
        convs |= {f"{name}/{part}1x1": getattr(fire, part) for part in ("squeeze",)}
        convs |= {f"{name}/expand1x1": fire.expand1x1, f"{name}/expand3x3": fire.expand3x3}
    parts = [field(1, b"SqueezeNet")]
    for name, conv in convs.items():
        with torch.no_grad():
            cast(Tensor, conv.bias).normal_()
        values = b"".join(field(blobs, blob(tensor.detach())) for tensor in (conv.weight, cast(Tensor, conv.bias)))
        parts.append(field(layer, field(name_field, name.encode()) + values))
    if bypassed:
        parts.append(field(layer, field(name_field, b"bypass_23")))
    path.write_bytes(b"".join(parts))
    return backbone.eval()


@pytest.mark.parametrize(("version", "bypassed", "old"), [("1.0", True, False), ("1.1", False, True)])
def test_our_features_are_caffes(tmp_path: Path, version: Version, bypassed: bool, old: bool) -> None:
    caffe = write_caffemodel(tmp_path / "net.caffemodel", version, bypassed, old)
    arch = f"ressqueezenet{version.replace('.', '_')}"
    init = load_init(str(tmp_path / "net.caffemodel"), arch)
    assert (init.kind, init.bypass) == ("file", "simple" if bypassed else "none")
    bypass = default_bypass(arch, init)
    assert bypass == ("simple" if bypassed else "gated")
    model = build_model(ModelSpec(arch, bypass, len(LABELS))).eval()
    initialise(model, init, LABELS)
    pixels = torch.randint(0, 256, (2, 3, 67, 67), generator=torch.Generator().manual_seed(1)).float()  # R, G, B
    ours = Normalise()
    mean, std, bgr = (torch.tensor(v).view(1, 3, 1, 1) for v in (ours.mean, ours.std, MEAN_BGR))
    with torch.no_grad():
        wanted = caffe(pixels.flip(1) - bgr)
        found = model.backbone((pixels / 255 - mean) / std)
        swapped = model.backbone((pixels.flip(1) / 255 - mean) / std)
    assert F.mse_loss(found, wanted) < 1e-8 * wanted.square().mean()
    assert F.mse_loss(swapped, wanted) > 1e-2 * wanted.square().mean()  # the comparison can tell


def test_a_damaged_file_and_another_network_are_named(tmp_path: Path) -> None:
    path = tmp_path / "net.caffemodel"
    write_caffemodel(path, "1.0", bypassed=True)
    whole = path.read_bytes()
    path.write_bytes(whole[:-5])
    with pytest.raises(InitError, match=r"found no Caffe model .*cut off.*, wanted a \.caffemodel"):
        load_init(str(path), "ressqueezenet1_0")
    path.write_bytes(whole.replace(b"fire5/squeeze1x1", b"fire5/squeeze9x9"))
    with pytest.raises(InitError, match=r"found no weights at fire5/squeeze1x1, wanted \[8192, 32\]"):
        load_init(str(path), "ressqueezenet1_0")
    path.write_bytes(field(100, field(1, b"conv1") + field(7, field(5, b"123"))))
    with pytest.raises(InitError, match="3 bytes are no float32 values"):
        load_init(str(path), "ressqueezenet1_0")


def test_the_wrong_version_is_said(tmp_path: Path) -> None:
    write_caffemodel(tmp_path / "net.caffemodel", "1.0", bypassed=True)
    init = load_init(str(tmp_path / "net.caffemodel"), "ressqueezenet1_1")
    with pytest.raises(InitError, match="weights of another network"):
        initialise(build_model(ModelSpec("ressqueezenet1_1", "simple", 2)), init, LABELS)
