"""One run's settings, resolved: what was asked for, and what was chosen where nothing was asked.

RUN/config.json holds them; a checkpoint carries the part without paths.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ressq_edge.atomic import write_text
from ressq_edge.choices import BASELINES, Bypass, Head, Precision
from ressq_edge.errors import RunError
from ressq_runtime.inputs.series_spec import SeriesSpec

FORMAT = 2
Size = int | tuple[int, int]  # of a square, or height and width


@dataclass(frozen=True)
class SeriesSettings:
    """Settings of a network of windows.

    input: the card's `input`: length, rate, hop and channels; see the runtime's SeriesSpec.
    depth, width: Fire modules, and feature channels.
    """

    input: dict[str, Any]
    depth: int
    width: int

    @property
    def spec(self) -> SeriesSpec:
        """The network's input."""
        return SeriesSpec.from_json(self.input)


@dataclass(frozen=True)
class Config:
    """Settings of one run.

    task: what the network learns to give; see TASKS.
    arch, bypass: the network; see ARCHS.
    head, head_width: what answers for each pixel, and the factor of its channels; None for a classifier.
    init, init_sha256: where its weights began, and the hash of that file.
    size: height and width of the network's input, pixels; (height, width) of one that pictures are stretched to.
    resize: a picture's shorter side before the central size x size is cut out, pixels; as `size`, nothing of
        that side is lost. Of no meaning where pictures are stretched.
    epochs: times that every training picture is seen.
    seed: of everything random.
    batch_size: pictures a step.
    threads: of the CPU; one thread repeats a run bit for bit, more threads nearly.
    train_size: pixels of a training crop; a crop shows a thing larger than the device will see it,
        which a smaller crop undoes (Touvron et al., arXiv:1906.06423) and is faster. Views for masks have the input's
        height and width.
    learning_rate: the peak of the one-cycle schedule.
    backbone_rate: the backbone's rate as a share of it.
    warmup_share: part of the schedule in which the rate rises.
    schedule_share: part of the schedule that the run goes through. What is left out is the end of the rate's fall,
        on which a few thousand pictures are learned by heart; the average of the weights does what it would.
    weight_decay: AdamW's, on convolution weights only.
    label_smoothing: probability mass taken from the right class.
    smallest_crop: area of the smallest random crop, share of the largest.
    whole_views: share of the views that show nearly all: a crop of WHOLE_CROP of the largest one's area or more.
    jitter: how far brightness, contrast and saturation of a view may be moved, share.
    balance: loss weight of a class = (its share of pictures, or of pixels) ** -balance; 0 off, 1 full.
    dice: what 1 minus the mean Dice coefficient of the classes counts in the loss of masks.
    clip_norm: longest gradient that is followed in full, 0 for any; from scratch a few early ones
        would undo the rest.
    average: decay per step of the averaged weights (EMA) that are validated and kept.
    patience: epochs without a better validation before the run stops early.
    group_by: what kept pictures together in the split; None: nothing but that they show the same.
    precision: of the convolutions while training; validation and the kept weights are float32.
    norms: batch normalisation behind every convolution while training, folded into the kept weights.
    mirror: every second view is mirrored; False where left and right tell the classes apart.
    series: of windows of recordings; None of pictures. What is said of pictures and views above means nothing then.
    """

    task: str
    arch: str
    bypass: Bypass
    init: str
    init_sha256: str
    size: Size
    epochs: int
    seed: int
    batch_size: int
    threads: int
    train_size: int
    learning_rate: float
    warmup_share: float
    weight_decay: float
    label_smoothing: float
    smallest_crop: float
    jitter: float
    balance: float
    clip_norm: float
    average: float
    patience: int
    group_by: str | None
    precision: Precision
    norms: bool
    resize: int
    schedule_share: float
    whole_views: float
    mirror: bool
    head: Head | None = None
    head_width: float = 1.0
    backbone_rate: float = 1.0
    dice: float = 0.0
    series: SeriesSettings | None = None

    def to_json(self) -> dict[str, Any]:
        """The fields, JSON-able; of pictures nothing of windows."""
        return {name: value for name, value in asdict(self).items() if name != "series" or value}

    @property
    def height(self) -> int:
        """Of the network's input, pixels."""
        return to_sides(self.size)[0]

    @property
    def width(self) -> int:
        """Of the network's input, pixels."""
        return to_sides(self.size)[1]

    @property
    def view_size(self) -> Size:
        """Of a training view, pixels."""
        return self.train_size if isinstance(self.size, int) else self.size

    @property
    def normalises(self) -> bool:
        """Whether some layer normalises over the pictures of a batch while training."""
        return self.norms or self.arch in BASELINES or self.head is not None


def to_sides(size: Size) -> tuple[int, int]:
    """Height and width."""
    return (size, size) if isinstance(size, int) else size


def form_size(size: Size) -> str:
    """As it is given to --size: 224, or 241x321."""
    return str(size) if isinstance(size, int) else "x".join(map(str, size))


def write_config(run: Path, config: Config, about: dict[str, Any]) -> None:
    """Write RUN/config.json: the settings, and beside them where the data is and what made it.

    Raises:
        OutputError: the file cannot be written.
    """
    text = json.dumps({"format": FORMAT, "settings": config.to_json(), **about}, indent=1)
    write_text(run / "config.json", text + "\n")


def read_config(run: Path) -> tuple[Config, dict[str, Any]]:
    """The settings of RUN/config.json and what stands beside them.

    Raises:
        RunError: it is missing, damaged or of another format.
    """
    path = run / "config.json"
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if found["format"] != FORMAT:
            what = f"found format {found['format']!r:.20}, wanted {FORMAT}"
            raise RunError(f"{path}: {what}; train again into a new folder, or upgrade ressq-edge")
        settings = found.pop("settings")
        sides, series = settings["size"], settings.get("series")
        settings |= {"size": tuple(sides) if isinstance(sides, list) else sides}
        return Config(**settings | {"series": SeriesSettings(**series) if series else None}), found
    except FileNotFoundError as error:
        raise RunError(f"{path}: found no such file; give a folder made by ressq-train") from error
    except (ValueError, TypeError, KeyError, OSError) as error:
        raise RunError(f"{path}: found a damaged file ({error}); train into a new folder") from error
