"""torchvision's published ImageNet weights: the files, and the pictures that they expect."""

import hashlib
import os
from pathlib import Path
from typing import cast

import torch
from torch import nn

from ressq_edge.choices import SQUEEZENETS
from ressq_edge.errors import InitError
from ressq_edge.network.checkpoint import IMAGENET, Normalise, Tensors

# GoogLeNet's were converted from TensorFlow, whose networks take -1..1.
_MINUS_ONE_TO_ONE = Normalise((0.5,) * 3, (0.5,) * 3)


def published_normalise(arch: str) -> Normalise:
    """How pixels become the input of the published network."""
    return _MINUS_ONE_TO_ONE if arch == "googlenet" else IMAGENET


def imagenet_file(arch: str) -> Path:
    """torchvision's published weights in the user's cache, downloaded when they are not there yet.

    Raises:
        InitError: they cannot be downloaded or kept, or what is in the cache are other bytes.
    """
    from torch.hub import load_state_dict_from_url
    from torchvision.models import get_model_weights

    name = f"squeezenet{SQUEEZENETS[arch][0].replace('.', '_')}" if arch in SQUEEZENETS else arch
    url: str = get_model_weights(name).IMAGENET1K_V1.url
    name = url.rsplit("/", 1)[1]
    prefix = name.rsplit("-", 1)[1].removesuffix(".pth")
    instead = (
        f"fetch {name} (its SHA-256 begins with {prefix}) where there is a network and give it as --init FILE, or "
        "begin with random weights by --init none"
    )
    path = _cache(instead) / name
    try:
        if not path.is_file():
            load_state_dict_from_url(url, check_hash=True, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError) as error:
        raise InitError(f"--init imagenet: cannot download {url} to {path.parent} ({error}); {instead}") from error
    if not file_sha256(path).startswith(prefix):
        raise InitError(f"{path}: found other bytes than published (SHA-256 begins with {prefix}); delete it")
    return path


def _cache(instead: str) -> Path:
    """The folder in which torch keeps weights, made if need be.

    Raises:
        InitError: there is no home folder for it, or it cannot be made; `instead` says what else to do.
    """
    from torch.hub import get_dir

    folder = Path(get_dir(), "checkpoints")
    # torch leaves a "~" that nothing expands, a folder of that name here, and makes "/.cache" of an empty HOME.
    named = os.environ.get("TORCH_HOME", "~")[:1] not in ("", "~")  # it may be relative
    nowhere = os.environ.get("HOME") == "" and folder.is_relative_to("/.cache")
    if nowhere or not (named or folder.is_absolute()):
        raise InitError(
            f"--init imagenet: found no home folder to keep the weights in; set HOME or TORCH_HOME, or {instead}"
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InitError(
            f"--init imagenet: cannot make {folder} for the weights ({error.strerror}); set TORCH_HOME to one that can "
            f"be written, or {instead}"
        ) from error
    return folder


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def renormalise(model: nn.Module, tensors: Tensors, was: Normalise, now: Normalise) -> Tensors:
    """The weights of a network that takes pictures normalised by `now`, from those of one that takes `was`.

    The first convolution is scaled, and what its bias would gain goes there or into the mean of the batch norm
    behind. The same function but at the border, where the convolution's zeros stand for another colour.

    model: names the layers; its own weights are not touched.
    """
    conv = _first(model, nn.Conv2d)
    weight = tensors[f"{conv}.weight"].double()
    m_was, s_was, m_now, s_now = (
        torch.tensor(value, dtype=torch.float64).view(1, 3, 1, 1) for value in (was.mean, was.std, now.mean, now.std)
    )
    shift = (weight * (m_now - m_was) / s_was).sum((1, 2, 3))
    bias = f"{conv}.bias"
    if bias not in tensors:
        bias, shift = f"{_first(model, nn.BatchNorm2d)}.running_mean", -shift
    return tensors | {
        f"{conv}.weight": (weight * s_now / s_was).float(),
        bias: (tensors[bias].double() + shift).float(),
    }


def _first(model: nn.Module, kind: type[nn.Module]) -> str:
    return cast(str, next(name for name, layer in model.named_modules() if isinstance(layer, kind)))
