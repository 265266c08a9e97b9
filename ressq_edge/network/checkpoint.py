"""Weights and all that gives them meaning, in one file: safetensors with JSON in its header.

One file, moved into place when it is whole: weights and their description can never disagree, and
nothing in it can run code when it is opened.
"""

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, cast

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from ressq_edge.atomic import replacing
from ressq_edge.choices import SQUEEZENETS
from ressq_edge.errors import CheckpointError
from ressq_edge.network.arch import ModelSpec, SeriesShape, build_model
from ressq_runtime.errors import RessqError
from ressq_runtime.inputs.picture_spec import PixelSpec
from ressq_runtime.inputs.series_spec import SeriesSpec

FORMAT = 1
_KEYS = {PixelSpec: "pixels", SeriesSpec: "series"}  # what the input is called in the header
HEADER = "ressq"  # the key of our JSON in the safetensors header

Tensors = dict[str, Tensor]


@dataclass(frozen=True)
class Normalise:
    """What turns pixels into the network's input: (pixels / 255 - mean) / std, RGB, 0..1."""

    mean: tuple[float, ...] = (0.485, 0.456, 0.406)  # ImageNet's, as torchvision's weights expect
    std: tuple[float, ...] = (0.229, 0.224, 0.225)


IMAGENET = Normalise()
# (pixels - 128) / 128. A baseline pads its first convolution with zeros, which then stand for a value that a pixel can
# have, so that no file pads with anything else, however it folds the normalisation.
MID_GREY = Normalise((128 / 255,) * 3, (128 / 255,) * 3)


def normalise_channels(spec: SeriesSpec) -> Normalise:
    """How a window becomes the network's input: (value - mean) / deviation, a channel each."""
    return Normalise(tuple(c.mean for c in spec.channels), tuple(c.deviation for c in spec.channels))


def normalise_for(arch: str) -> Normalise:
    """How pixels become the input of a network of this kind."""
    return IMAGENET if arch in SQUEEZENETS else MID_GREY


@dataclass(frozen=True)
class Checkpoint:
    """A trained network and what it means.

    model: the network without its weights.
    input: how a picture becomes uint8 pixels, or a recording windows of float32.
    normalise: how pixels become the network's input; of windows the mean and deviation of each channel.
    labels: class names in the order of the logits.
    colours: (red, green, blue) of each, where the network answers for each pixel; None for a classifier.
    config: the run's settings.
    metrics: what was measured on the validation pictures; epoch is counted from 1.
    weights: the state dict.
    """

    model: ModelSpec
    input: PixelSpec | SeriesSpec
    normalise: Normalise
    labels: tuple[str, ...]
    config: dict[str, Any]
    metrics: dict[str, Any]
    weights: Tensors = field(repr=False)
    colours: tuple[tuple[int, int, int], ...] | None = None

    @property
    def pixels(self) -> PixelSpec:
        """The input of a network of pictures."""
        return cast(PixelSpec, self.input)

    @property
    def series(self) -> SeriesSpec:
        """The input of a network of windows."""
        return cast(SeriesSpec, self.input)

    def build(self) -> nn.Module:
        """The trained network, ready to answer."""
        model = build_model(self.model)
        model.load_state_dict(self.weights)
        return model.eval()


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint, all of it or nothing.

    Raises:
        OutputError: the file cannot be written.
    """
    about: dict[str, Any] = {
        "model": {name: value for name, value in asdict(checkpoint.model).items() if name != "series" or value},
        _KEYS[type(checkpoint.input)]: checkpoint.input.to_json(),
        "normalise": asdict(checkpoint.normalise),
        "labels": checkpoint.labels,
        "config": checkpoint.config,
        "metrics": checkpoint.metrics,
    }
    if checkpoint.colours is not None:
        about["colours"] = checkpoint.colours
    write_tensors(path, checkpoint.weights, about)


def load_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint that `ressq-train` wrote.

    Raises:
        CheckpointError: it is missing, damaged, not ours, or of another format.
    """
    weights, about = read_tensors(path)
    try:
        checkpoint = Checkpoint(
            _read_model(about["model"]),
            _read_input(about, str(path)),
            Normalise(*(tuple(about["normalise"][key]) for key in ("mean", "std"))),
            tuple(about["labels"]),
            about["config"],
            about["metrics"],
            weights,
            _read_colours(about),
        )
        checkpoint.build()  # weights that do not fit their description are damage, found here
    except (KeyError, TypeError, ValueError, RuntimeError, RessqError) as error:
        reason = " ".join(str(error).split())[:200]
        raise CheckpointError(f"{path}: found a damaged checkpoint ({reason}); take another or train again") from error
    return checkpoint


def _read_model(about: dict[str, Any]) -> ModelSpec:
    series = about.get("series")
    return ModelSpec(**{**about, "series": SeriesShape(**series) if series else None})


def _read_input(about: dict[str, Any], path: str) -> PixelSpec | SeriesSpec:
    if "series" in about:
        return SeriesSpec.from_json(about["series"], path)
    return PixelSpec.from_json(about["pixels"], path)


def _read_colours(about: dict[str, Any]) -> tuple[tuple[int, int, int], ...] | None:
    colours = about.get("colours")
    if colours is None:
        return None
    found = tuple((red, green, blue) for red, green, blue in colours)
    if len(found) != len(about["labels"]):
        raise KeyError(f"{len(found)} colours of {len(about['labels'])} classes")
    return found


def write_tensors(path: Path, tensors: Tensors, about: dict[str, Any]) -> None:
    """Write tensors and the JSON that describes them as one file, all of it or nothing.

    Raises:
        OutputError: the file cannot be written.
    """
    plain = {name: tensor.detach().contiguous() for name, tensor in tensors.items()}
    header = {HEADER: json.dumps({"format": FORMAT, **about})}
    with replacing(path) as temporary:  # save_file would make a file that only its owner can read
        temporary.write_bytes(save(plain, header))


def read_tensors(path: Path) -> tuple[Tensors, dict[str, Any]]:
    """Tensors and JSON of a file that `write_tensors` wrote.

    Raises:
        CheckpointError: it is missing, damaged, not ours, or of another format.
    """
    tensors, about = read_safetensors(path)
    if not isinstance(about, dict):
        raise CheckpointError(f"{path}: found no {HEADER!r} in its header, wanted ressq-train's file")
    if about.get("format") != FORMAT:
        raise CheckpointError(f"{path}: found format {about.get('format')!r}, wanted {FORMAT}; upgrade ressq-edge")
    return tensors, about


def read_safetensors(path: Path) -> tuple[Tensors, dict[str, Any] | None]:
    """Tensors of any safetensors file, and our JSON where the file is ours.

    Raises:
        CheckpointError: it is missing or damaged.
    """
    if not path.is_file():
        raise CheckpointError(f"{path}: found no such file; check the path")
    try:
        with safe_open(os.fspath(path), framework="pt") as file:
            header = (file.metadata() or {}).get(HEADER)
            tensors: Tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        return tensors, None if header is None else json.loads(header)
    except (SafetensorError, OSError, ValueError) as error:
        raise CheckpointError(f"{path}: found no safetensors file ({error}); copy it again") from error
