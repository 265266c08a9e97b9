"""What a user asked for, and the settings that follow from it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ressq_edge.choices import BASELINES, Bypass, Head, Precision, Task
from ressq_edge.config import Config, Size, to_sides
from ressq_edge.device import default_precision, default_threads, pick_device
from ressq_edge.errors import RunError
from ressq_edge.network.arch import ModelSpec
from ressq_edge.network.init import InitWeights, default_bypass
from ressq_edge.network.model import MIN_SIZE
from ressq_edge.recipe import default_batch, default_epochs, default_mask_size, pick_recipe

DEFAULT_ARCH = "ressqueezenet1_1"
DEFAULT_INIT = "imagenet"
DEFAULT_HEAD: Head = "deeplabv3plus"
SHORTEST_PATIENCE = 8  # epochs; a network from scratch may sit on a plateau for some


@dataclass(frozen=True)
class Request:
    """One call of `ressq-train`; None is "not given".

    data, out: folder of pictures, run folder.
    init: "imagenet", "none" or a file.
    resume: go on with the run in `out`.
    skip_unreadable: train without the pictures that cannot be decoded.
    compare_all: look for pictures that show the same among very many, too.
    thumbnails: data.html and suspects.html may show pictures and name their files.
    device: "auto", "cpu", "cuda" or "mps"; a run may go on with another one.
    profile: tell where the time of training went.
    window, hop, rate, depth, width: of recordings: seconds ("4s") or samples ("200"), samples a second of files that
        do not tell, Fire modules, and feature channels.
    task: None: what the data folder holds.
    labels: a table of the pictures' classes; None: folders are the classes.
    The others are fields of Config; for group_by see `grouping.read_groups`.
    """

    data: Path
    out: Path
    task: Task | None = None
    labels: Path | None = None
    head: Head | None = None
    head_width: float | None = None
    arch: str | None = None
    bypass: Bypass | None = None
    init: str | None = None
    size: Size | None = None
    epochs: int | None = None
    seed: int | None = None
    batch_size: int | None = None
    threads: int | None = None
    resume: bool = False
    skip_unreadable: bool = False
    group_by: str | None = None
    precision: Precision | None = None
    mirror: bool | None = None
    compare_all: bool = False
    thumbnails: bool = True
    device: str | None = None
    profile: bool = False
    window: str | None = None
    hop: str | None = None
    rate: float | None = None
    depth: int | None = None
    width: int | None = None

    @property
    def on_pixels(self) -> bool:
        """Whether each pixel gets a class, once the task is known."""
        return self.task == "segment"


def model_spec(request: Request, init: InitWeights, num_classes: int) -> ModelSpec:
    """The network that is asked for.

    Raises:
        ModelError: arch, bypass and head do not exist or do not go together.
    """
    arch = request.arch or DEFAULT_ARCH
    bypass = request.bypass or default_bypass(arch, init)
    if not request.on_pixels:
        return ModelSpec(arch, bypass, num_classes)
    return ModelSpec(arch, bypass, num_classes, request.head or init.head or DEFAULT_HEAD, request.head_width or 1.0)


def resolve(
    request: Request, init: InitWeights, num_classes: int, pictures: int, sizes: Sequence[tuple[int, int]] = ()
) -> Config:
    """Every setting of a new run, the defaults of its kind where nothing was asked.

    pictures: number of training pictures.
    sizes: height and width of some pictures, where there are masks.

    Raises:
        ModelError: arch, bypass and head do not exist or do not go together.
        RunError: batches of one picture, where batches are normalised.
    """
    task = request.task or "classify"
    spec = model_spec(request, init, num_classes)
    recipe = pick_recipe(spec.arch, init, task)
    size = request.size or (default_mask_size(sizes) if request.on_pixels else recipe.size)
    height, _ = to_sides(size)
    epochs = given(request.epochs, default_epochs(recipe, pictures))
    config = Config(
        task=task,
        arch=spec.arch,
        bypass=spec.bypass,
        init=init.kind,
        init_sha256=init.sha256,
        size=size,
        epochs=epochs,
        seed=given(request.seed, 0),
        batch_size=given(request.batch_size, recipe.batch_size or default_batch(pictures)),
        threads=given(request.threads, default_threads()),
        train_size=max(MIN_SIZE, round(height * recipe.train_share)),
        learning_rate=recipe.learning_rate,
        warmup_share=recipe.warmup_share,
        schedule_share=recipe.schedule_share,
        weight_decay=recipe.weight_decay,
        label_smoothing=recipe.label_smoothing,
        smallest_crop=recipe.smallest_crop,
        jitter=recipe.jitter,
        balance=recipe.balance,
        clip_norm=recipe.clip_norm,
        average=recipe.average,
        patience=max(SHORTEST_PATIENCE, epochs // 2),
        group_by=request.group_by,
        precision=request.precision or default_precision(pick_device(request.device)),
        norms=recipe.norms or init.norms,
        resize=height,
        whole_views=recipe.whole_views,
        mirror=request.mirror is not False,
        head=spec.head,
        head_width=spec.width,
        backbone_rate=recipe.backbone_rate,
        dice=recipe.dice,
    )
    if config.normalises and config.batch_size == 1 and config.arch not in BASELINES:
        raise RunError("--batch-size: found 1, wanted at least 2; such a run normalises over the pictures of a batch")
    return config


def check_processes(config: Config, validation: int, processes: int) -> None:
    """Refuse more processes than there is work for.

    validation: number of validation pictures.

    Raises:
        RunError: a process would have no validation picture, or one picture a step to normalise over.
    """
    most = max(1, min(validation, config.batch_size // 2) if config.normalises else validation)
    if processes > most:
        raise RunError(
            f"torchrun: found {processes} processes, wanted at most {most} for {validation} validation pictures "
            f"and a batch of {config.batch_size}; start fewer, or give a larger --batch-size"
        )


def given(value: int | None, default: int) -> int:
    """The value, or the default where nothing was asked."""
    return default if value is None else value
