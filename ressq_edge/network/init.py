"""Where a network's weights begin: ImageNet's, a file's, or random ones that train.

The rule: what is taken and what is left is said; nothing that does not fit is dropped in silence.
"""

import pickle
import struct
import warnings
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ressq_edge.choices import BYPASSES, HEADS, Bypass, Head
from ressq_edge.errors import CheckpointError, InitError
from ressq_edge.network.arch import head_name, may_bypass
from ressq_edge.network.caffe import read_caffemodel
from ressq_edge.network.checkpoint import IMAGENET, Normalise, Tensors, read_safetensors
from ressq_edge.network.fire import GatedBypassFire
from ressq_edge.network.model import Backbone, ResSqueezeNet
from ressq_edge.network.published import file_sha256, imagenet_file, published_normalise, renormalise
from ressq_edge.network.scratch import randomise
from ressq_edge.network.segmentation import SegmentationNet
from ressq_edge.network.series import SeriesNet
from ressq_runtime.artefact.not_a_model import recognise
from ressq_runtime.inputs.names import compose

# What weights may lack: a bypass they were not trained with, and a counter that files of before 2018 do not have.
_NEW = (".gate", ".bypass.weight", ".bypass.bias", ".num_batches_tracked")
# What torch.load raises at files that are cut off, changed or something else altogether.
_BROKEN = (
    pickle.UnpicklingError, struct.error, RuntimeError, EOFError, ValueError, LookupError, TypeError, AttributeError,
    AssertionError, OSError,
)  # fmt: skip
_WEIGHTS = ("PyTorch", "weights")  # what `recognise` calls them
_HEADS = ("head.", "classifier.")  # of a network that answers for each pixel; a classifier's has the second
_AUXILIARY = ("aux1.", "aux2.")  # GoogLeNet's


@dataclass(frozen=True)
class InitWeights:
    """Weights to start from.

    kind: "imagenet", "none" or "file".
    source: what to call it in a message.
    sha256: of the file, "" without one.
    bypass: the bypass it was trained with; None without weights.
    labels: its classes, where the file says.
    tensors: its state dict; empty without weights.
    normalise: how the pictures were normalised that it was trained on.
    norms: its backbone was trained with batch normalisation that is folded into its weights.
    head: what answers for each pixel; None: it is a classifier's, or the file does not say.
    """

    kind: str
    source: str = "random weights"
    sha256: str = ""
    bypass: Bypass | None = None
    labels: tuple[str, ...] = ()
    tensors: Tensors = field(default_factory=dict, repr=False)
    normalise: Normalise = IMAGENET
    norms: bool = False
    head: Head | None = None


def load_init(init: str, arch: str) -> InitWeights:
    """The weights that `--init` names: "imagenet", "none", or a .pth, .safetensors or .caffemodel file.

    Raises:
        InitError: they cannot be had or read.
    """
    if init == "none":
        return InitWeights("none")
    path = imagenet_file(arch) if init == "imagenet" else Path(init)
    if not path.is_file():
        raise InitError(f"{path}: found no such file, wanted --init imagenet, none or a weights file")
    labels: tuple[str, ...] = ()
    bypass, norms, normalise, on_pixels = None, False, published_normalise(arch), None
    if path.suffix == ".safetensors":
        try:
            tensors, about = read_safetensors(path)
        except CheckpointError as error:
            raise InitError(_other_kind(path) or str(error)) from error
        if about is not None:
            labels, bypass, norms, normalise, on_pixels = _read_about(about, path)
    elif path.suffix == ".caffemodel":
        tensors, bypass = read_caffemodel(path, normalise.mean, normalise.std)
    else:
        tensors = _read_pth(path)
    kind = "imagenet" if init == "imagenet" else "file"
    bypass = bypass or _bypass_of(tensors)
    return InitWeights(kind, path.name, file_sha256(path), bypass, labels, tensors, normalise, norms, on_pixels)


def default_bypass(arch: str, init: InitWeights) -> Bypass:
    """The file's own, gated on weights trained without one and from scratch; none for a baseline."""
    if not may_bypass(arch):
        return "none"
    return "gated" if init.bypass in (None, "none") else init.bypass


def initialise(
    model: nn.Module, init: InitWeights, labels: tuple[str, ...], normalise: Normalise = IMAGENET
) -> list[str]:
    """Set a network's weights, in place; -> what a person should know about it.

    normalise: how pixels become the network's input. Ours takes what its published weights take; a baseline does
        not, and its first convolution is rewritten.

    Raises:
        InitError: the weights are of another architecture.
    """
    backbone = model.backbone if isinstance(model, ResSqueezeNet | SegmentationNet) else None
    if backbone is not None or isinstance(model, SeriesNet):
        randomise(model)  # torchvision's networks have drawn theirs
    if not init.tensors:
        _open_gates(model, closed=1)
        return []
    notes, found, head = [], dict(init.tensors), head_name(model)
    if _has_other_head(model, init):
        found = _without(found, *_HEADS)
        notes += [f"{init.source}: its head {init.head} is left out"] if init.head else []
    before = found.get(f"{head}.weight")
    relabelled = bool(init.labels) and tuple(map(compose, init.labels)) != tuple(map(compose, labels))
    if before is not None and (before.shape[0] != len(labels) or relabelled):
        found = _without(found, f"{head}.")
        notes.append(f"{init.source}: its head for {len(before)} classes is replaced by a new one for {len(labels)}")
    if any(name.startswith(_AUXILIARY) for name in found):
        found = _without(found, *_AUXILIARY)
        notes.append(f"{init.source}: its auxiliary classifiers, of use in training alone, are left out")
    _check_fit(model.state_dict(), found, head, init)
    if normalise != init.normalise:
        found = renormalise(model, found, init.normalise, normalise)
        notes.append(
            f"{init.source}: its first convolution is rescaled to pixels minus 128; that is exact but at the border "
            "of a picture, where its padding now means grey"
        )
    model.load_state_dict(found, strict=False)
    return notes + (_fit_bypass(backbone, init) if backbone is not None else [])


def _has_other_head(model: nn.Module, init: InitWeights) -> bool:
    """Whether the head of the weights is another one, so that what its classes' weights take means nothing here."""
    if not isinstance(model, SegmentationNet):
        return init.head is not None
    own = model.state_dict()
    shapes = {name: own[name].shape for name in own if name.startswith(_HEADS[0])}
    before = {name: tensor.shape for name, tensor in init.tensors.items() if name.startswith(_HEADS[0])}
    return init.head != model.kind or before != shapes


def _fit_bypass(backbone: Backbone, init: InitWeights) -> list[str]:
    """A bypass that the file was not trained with starts so that the function is the file's."""
    if init.bypass == "simple":
        _open_gates(backbone)
    gated, projected = bool(backbone.gates()), any(".bypass." in name for name in backbone.state_dict())
    if backbone.bypassed and init.bypass == "none" and not gated:
        return [
            f"{init.source}: trained without a bypass; this one changes what the network computes, "
            "and it must be learned anew (--bypass gated starts where the weights are)"
        ]
    if init.bypass == "simple" and (projected or not backbone.bypassed):
        return [
            f"{init.source}: trained with a simple bypass; {'a complex one' if projected else 'none'} changes what the "
            "network computes, and it must be learned anew (leave --bypass out to start where the weights are)"
        ]
    return []


def _open_gates(model: nn.Module, closed: int = 0) -> None:
    """Every gate at 1, but as many first ones: learned from the start, a bypass is worth having."""
    for fire in [layer for layer in model.modules() if isinstance(layer, GatedBypassFire)][closed:]:
        nn.init.ones_(fire.gate)


def _without(tensors: Tensors, *prefixes: str) -> Tensors:
    return {name: tensor for name, tensor in tensors.items() if not name.startswith(prefixes)}


def _check_fit(own: Tensors, found: Tensors, head: str, init: InitWeights) -> None:
    anew = () if f"{head}.weight" in found else (f"{head}.",)
    if not any(name.startswith(_HEADS[0]) for name in found):
        anew = (*anew, _HEADS[0])
    missing = [name for name in own.keys() - found.keys() if not name.endswith(_NEW) and not name.startswith(anew)]
    unexpected = found.keys() - own.keys()
    shapes = [name for name in own.keys() & found.keys() if own[name].shape != found[name].shape]
    faults = (("missing", missing), ("unexpected", unexpected), ("of another shape", shapes))
    told = "; ".join(f"{what}: {_shorten(names)}" for what, names in faults if names)
    if told:
        raise InitError(
            f"{init.source}: found weights of another network ({told}); "
            "choose the --arch and --bypass they were made for"
        )


def _shorten(names: Iterable[str]) -> str:
    ordered = sorted(names)
    more = f" and {len(ordered) - 3} more" if len(ordered) > 3 else ""
    return ", ".join(ordered[:3]) + more


def _read_about(about: Any, path: Path) -> tuple[tuple[str, ...], Bypass | None, bool, Normalise, Head | None]:
    """What our own JSON tells of weights: labels, bypass, norms, how pixels are normalised, and the head."""
    try:
        if "state" in about:
            raise InitError(f"{path}: found the state of a run, wanted its weights; take best.safetensors beside it")
        normalise = Normalise(*(tuple(about["normalise"][key]) for key in ("mean", "std")))
        bypass = next((known for known in BYPASSES if known == about["model"]["bypass"]), None)
        head = next((known for known in HEADS if known == about["model"].get("head")), None)
        return tuple(about["labels"]), bypass, bool(about["config"].get("norms")), normalise, head
    except (KeyError, TypeError, AttributeError) as error:
        reason = error.args[0]
        raise InitError(f"{path}: found a damaged checkpoint ({reason}); take another or train again") from error


def _bypass_of(tensors: Tensors) -> Bypass:
    """What the names tell; a simple bypass has no name, so a foreign file counts as without."""
    if any(name.endswith(".gate") for name in tensors):
        return "gated"
    return "complex" if any(".bypass." in name for name in tensors) else "none"


def _other_kind(path: Path) -> str:
    """What a file that holds no weights is; empty where that is not known."""
    try:
        with path.open("rb") as file:
            kind, mend = recognise(file.read(4096))
    except OSError:  # that is said already
        return ""
    return f"{path}: found {kind}, wanted a weights file; {mend}" if kind and not kind.startswith(_WEIGHTS) else ""


def _read_pth(path: Path) -> Tensors:
    try:
        with warnings.catch_warnings(action="ignore"):  # on old pickles; the errors are ours to tell
            found = torch.load(path, map_location="cpu", weights_only=True)
    except _BROKEN as error:
        reason = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
        raise InitError(
            _other_kind(path)
            or f"{path}: found no state dict that can be read safely ({reason}), "
            "wanted one saved by torch.save(model.state_dict(), ...) or a .safetensors file; copy it again if it is one"
        ) from error
    if not isinstance(found, dict) or not all(isinstance(t, Tensor) for t in found.values()):
        raise InitError(
            f"{path}: found {type(found).__name__}, wanted a state dict of names and tensors; save model.state_dict()"
        )
    return {str(name): tensor for name, tensor in found.items()}
