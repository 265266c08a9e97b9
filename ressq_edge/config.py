"""One run's settings, resolved: what was asked for, and what was chosen where nothing was asked.

RUN/config.json holds them; a checkpoint carries the part without paths.
"""

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from ressq_edge.atomic import write_text
from ressq_edge.choices import Bypass, Precision
from ressq_edge.errors import RunError

FORMAT = 2


@dataclass(frozen=True)
class Config:
    """Settings of one run.

    task: what the network learns to give: classify.
    arch, bypass: the network; see ARCHS.
    init, init_sha256: where its weights began, and the hash of that file.
    size: height and width of the network's input, pixels.
    resize: a picture's shorter side before the central size x size is cut out, pixels; as `size`, nothing of
        that side is lost.
    epochs: times that every training picture is seen.
    seed: of everything random.
    batch_size: pictures a step.
    threads: of the CPU; one thread repeats a run bit for bit, more threads nearly.
    train_size: pixels of a training crop; a crop shows a thing larger than the device will see it,
        which a smaller crop undoes (Touvron et al., arXiv:1906.06423) and is faster.
    learning_rate: the peak of the one-cycle schedule.
    warmup_share: part of the schedule in which the rate rises.
    schedule_share: part of the schedule that the run goes through. What is left out is the end of the rate's fall,
        on which a few thousand pictures are learned by heart; the average of the weights does what it would.
    weight_decay: AdamW's, on convolution weights only.
    label_smoothing: probability mass taken from the right class.
    smallest_crop: area of the smallest random crop, share of the largest.
    whole_views: share of the views that show nearly all: a crop of WHOLE_CROP of the largest one's area or more.
    jitter: how far brightness, contrast and saturation of a view may be moved, share.
    balance: loss weight of a class = (its share of pictures) ** -balance; 0 off, 1 full.
    clip_norm: longest gradient that is followed in full, 0 for any; from scratch a few early ones
        would undo the rest.
    average: decay per step of the averaged weights (EMA) that are validated and kept.
    patience: epochs without a better validation before the run stops early.
    group_by: what kept pictures together in the split; None: nothing but that they show the same.
    precision: of the convolutions while training; validation and the kept weights are float32.
    norms: batch normalisation behind every convolution while training, folded into the kept weights.
    mirror: every second view is mirrored; False where left and right tell the classes apart.
    """

    task: str
    arch: str
    bypass: Bypass
    init: str
    init_sha256: str
    size: int
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


@dataclass(frozen=True)
class Recipe:
    """Defaults: what differs between going on from trained weights and starting from random ones.

    train_share: train_size as a share of size.
    fewest_views: what few pictures are seen more often for, up to twice `epochs`. The other fields are Config's.
    """

    epochs: int
    learning_rate: float
    label_smoothing: float
    smallest_crop: float
    jitter: float
    clip_norm: float
    train_share: float
    norms: bool
    size: int = 224
    warmup_share: float = 0.15
    schedule_share: float = 1.0
    weight_decay: float = 0.05
    balance: float = 0.5
    average: float = 0.99
    fewest_views: int = 0
    whole_views: float = 0.0


FINE_TUNE = Recipe(
    26, 5e-4, 0.1, 0.35, jitter=0.3, clip_norm=0.0, train_share=204 / 224, norms=False, schedule_share=26 / 48,
    fewest_views=26 * 3000, whole_views=0.5,
)  # fmt: skip
FROM_SCRATCH = Recipe(
    40, 3e-3, 0.05, 0.35, jitter=0.3, clip_norm=1.0, train_share=1.0, norms=True, whole_views=0.5
)  # fmt: skip
# torchvision's networks have norms of their own; by the SqueezeNets' rate MobileNetV2 loses eight points.
BASELINE_FROM_SCRATCH = replace(FROM_SCRATCH, learning_rate=1e-3, norms=False)


def write_config(run: Path, config: Config, about: dict[str, Any]) -> None:
    """Write RUN/config.json: the settings, and beside them where the data is and what made it.

    Raises:
        OutputError: the file cannot be written.
    """
    text = json.dumps({"format": FORMAT, "settings": asdict(config), **about}, indent=1)
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
        return Config(**found.pop("settings")), found
    except FileNotFoundError as error:
        raise RunError(f"{path}: found no such file; give a folder made by ressq-train") from error
    except (ValueError, TypeError, KeyError, OSError) as error:
        raise RunError(f"{path}: found a damaged file ({error}); train into a new folder") from error
