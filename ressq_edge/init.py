"""Where a network's weights begin: ImageNet's, a file's, or random ones that train.

The rule: what is taken and what is left is said; nothing that does not fit is dropped in silence.
"""

import hashlib
import pickle
import warnings
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor, nn

from ressq_edge.arch import ARCHS
from ressq_edge.checkpoint import Tensors, read_safetensors
from ressq_edge.errors import CheckpointError, InitError
from ressq_edge.model import BYPASSES, Bypass, GatedBypassFire, ResSqueezeNet
from ressq_edge.scratch import randomise

HEAD = "classifier.1.weight"


@dataclass(frozen=True)
class InitWeights:
    """Weights to start from.

    kind: "imagenet", "none" or "file".
    source: what to call it in a message.
    sha256: of the file, "" without one.
    bypass: the bypass it was trained with; None without weights.
    labels: its classes, where the file says.
    tensors: its state dict; empty without weights.
    """

    kind: str
    source: str = "random weights"
    sha256: str = ""
    bypass: Bypass | None = None
    labels: tuple[str, ...] = ()
    tensors: Tensors = field(default_factory=dict, repr=False)


def load_init(init: str, arch: str) -> InitWeights:
    """The weights that `--init` names: "imagenet", "none", or a .pth or .safetensors file.

    Raises:
        InitError: they cannot be had or read.
    """
    if init == "none":
        return InitWeights("none")
    path = _imagenet_file(arch) if init == "imagenet" else Path(init)
    if not path.is_file():
        raise InitError(f"{path}: found no such file, wanted --init imagenet, none or a weights file")
    labels: tuple[str, ...] = ()
    bypass: Bypass | None = None
    if path.suffix == ".safetensors":
        try:
            tensors, about = read_safetensors(path)
        except CheckpointError as error:
            raise InitError(str(error)) from error
        if about:
            labels = tuple(about.get("labels", ()))
            bypass = _known_bypass(about.get("model", {}).get("bypass"))
    else:
        tensors = _read_pth(path)
    kind = "imagenet" if init == "imagenet" else "file"
    return InitWeights(kind, path.name, file_sha256(path), bypass or _bypass_of(tensors), labels, tensors)


def default_bypass(arch: str, init: InitWeights) -> Bypass:
    """Gated on weights trained without a bypass, simple from scratch, else the file's own."""
    if not ARCHS[arch][1]:
        return "none"
    if init.bypass is None:
        return "simple"
    return "gated" if init.bypass == "none" else init.bypass


def initialise(model: ResSqueezeNet, init: InitWeights, labels: tuple[str, ...]) -> list[str]:
    """Set a network's weights, in place; -> what a person should know about it.

    Raises:
        InitError: the weights are of another architecture.
    """
    randomise(model)
    if not init.tensors:
        return []
    notes, own, found = [], model.state_dict(), dict(init.tensors)
    head = found.get(HEAD)
    relabelled = bool(init.labels) and init.labels != labels
    if head is not None and (head.shape[0] != len(labels) or relabelled):
        found = {name: t for name, t in found.items() if not name.startswith("classifier.")}
        notes.append(f"{init.source}: its head for {head.shape[0]} classes is replaced by a new one for {len(labels)}")
    _check_fit(own, found, init)
    # A bypass that the file was not trained with starts so that the function is the file's.
    model.load_state_dict(found, strict=False)
    if init.bypass == "simple":
        for fire in model.modules():
            if isinstance(fire, GatedBypassFire):
                nn.init.ones_(fire.gate)
    plain = model.bypassed and init.bypass == "none" and not model.gates()
    if plain:
        notes.append(
            f"{init.source}: trained without a bypass; this one changes what the network computes, "
            "and it must be learned anew (--bypass gated starts where the weights are)"
        )
    return notes


def _check_fit(own: Tensors, found: Tensors, init: InitWeights) -> None:
    new = (".gate", ".bypass.weight", ".bypass.bias")
    has_head = HEAD in found
    missing = [
        name
        for name in own.keys() - found.keys()
        if not name.endswith(new) and (has_head or not name.startswith("classifier."))
    ]
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


def _known_bypass(found: object) -> Bypass | None:
    return next((bypass for bypass in BYPASSES if bypass == found), None)


def _bypass_of(tensors: Tensors) -> Bypass:
    """What the names tell; a simple bypass has no name, so a foreign file counts as without."""
    if any(name.endswith(".gate") for name in tensors):
        return "gated"
    return "complex" if any(".bypass." in name for name in tensors) else "none"


def _read_pth(path: Path) -> Tensors:
    try:
        with warnings.catch_warnings(action="ignore"):  # on old pickles; the errors are ours to tell
            found = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError, KeyError, OSError) as error:
        reason = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
        raise InitError(
            f"{path}: found no state dict that can be read safely ({reason}), "
            "wanted one saved by torch.save(model.state_dict(), ...) or a .safetensors file"
        ) from error
    if not isinstance(found, dict) or not all(isinstance(t, Tensor) for t in found.values()):
        raise InitError(
            f"{path}: found {type(found).__name__}, wanted a state dict of names and tensors; save model.state_dict()"
        )
    return {str(name): tensor for name, tensor in found.items()}


def _imagenet_file(arch: str) -> Path:
    """torchvision's published weights in the user's cache, downloaded when they are not there yet."""
    from torch.hub import get_dir, load_state_dict_from_url
    from torchvision.models import SqueezeNet1_0_Weights, SqueezeNet1_1_Weights

    known = {"1.0": SqueezeNet1_0_Weights, "1.1": SqueezeNet1_1_Weights}
    url: str = known[ARCHS[arch][0]].IMAGENET1K_V1.url
    name = url.rsplit("/", 1)[1]
    prefix = name.rsplit("-", 1)[1].removesuffix(".pth")
    path = Path(get_dir(), "checkpoints", name)
    try:
        if not path.is_file():
            load_state_dict_from_url(url, check_hash=True, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError) as error:
        raise InitError(
            f"--init imagenet: cannot download {url} ({error}); fetch {name} (its SHA-256 begins "
            f"with {prefix}) where there is a network and give it as --init FILE"
        ) from error
    if not file_sha256(path).startswith(prefix):
        raise InitError(f"{path}: found other bytes than published (SHA-256 begins with {prefix}); delete it")
    return path


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
