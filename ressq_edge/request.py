"""What a user asked for, and the settings that follow from it."""

import math
from dataclasses import dataclass
from pathlib import Path

from ressq_edge.choices import BASELINES, Bypass, Precision
from ressq_edge.config import (
    BASELINE_FROM_SCRATCH,
    FINE_TUNE,
    FROM_SCRATCH,
    Config,
    Recipe,
)
from ressq_edge.device import default_precision, default_threads, pick_device
from ressq_edge.errors import RunError
from ressq_edge.network.arch import ModelSpec
from ressq_edge.network.init import InitWeights, default_bypass
from ressq_edge.network.model import MIN_SIZE
from ressq_edge.network.published import file_sha256

DEFAULT_ARCH = "ressqueezenet1_1"
DEFAULT_INIT = "imagenet"
MAX_SIZE = 1024  # pixels; beyond it a batch no longer fits the memory of a notebook
SHORTEST_PATIENCE = 8  # epochs; a network from scratch may sit on a plateau for some
LEAST = {"size": MIN_SIZE, "epochs": 1, "seed": 0, "batch_size": 1, "threads": 1}
MOST = {"size": MAX_SIZE, "threads": 1024}


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
    task: "classify" or "segment"; None: what the data folder holds.
    The others are fields of Config; for group_by see `grouping.read_groups`.
    """

    data: Path
    out: Path
    arch: str | None = None
    bypass: Bypass | None = None
    init: str | None = None
    size: int | None = None
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
    task: str | None = None


def check_values(request: Request) -> None:
    """Refuse a number out of its range and an empty text, before any picture is looked at.

    Raises:
        RunError: which one, and what it may be.
    """
    for name, least in LEAST.items():
        value = getattr(request, name)
        flag = "--" + name.replace("_", "-")
        if value is not None and value < least:
            raise RunError(f"{flag}: found {value}, wanted at least {least}")
    for name in ("group_by", "init"):
        if getattr(request, name) == "":  # an empty variable of a script: not the same as not given
            flag = "--" + name.replace("_", "-")
            raise RunError(f"{flag}: found an empty value, wanted one; leave {flag} out, or give it what --help says")
    for name, most in MOST.items():
        value = getattr(request, name)
        if value is not None and value > most:
            raise RunError(f"--{name}: found {value}, wanted at most {most}")
    if request.arch in BASELINES and request.batch_size == 1:
        raise RunError(
            f"--batch-size: found 1, wanted at least 2; {request.arch} normalises over the pictures of a batch"
        )


def resolve(request: Request, init: InitWeights, num_classes: int, pictures: int) -> Config:
    """Every setting of a new run, the defaults of its kind where nothing was asked.

    pictures: number of training pictures.

    Raises:
        ModelError: arch and bypass do not exist or do not go together.
        RunError: batches of one picture, where batches are normalised.
    """
    arch = request.arch or DEFAULT_ARCH
    recipe = pick_recipe(arch, init)
    spec = ModelSpec(arch, request.bypass or default_bypass(arch, init), num_classes)
    size = _given(request.size, recipe.size)
    epochs = _given(request.epochs, default_epochs(recipe, pictures))
    norms = recipe.norms or init.norms
    if norms and request.batch_size == 1:
        raise RunError("--batch-size: found 1, wanted at least 2; such a run normalises over the pictures of a batch")
    return Config(
        task=request.task or "classify",
        arch=arch,
        bypass=spec.bypass,
        init=init.kind,
        init_sha256=init.sha256,
        size=size,
        epochs=epochs,
        seed=_given(request.seed, 0),
        batch_size=_given(request.batch_size, default_batch(pictures)),
        threads=_given(request.threads, default_threads()),
        train_size=max(MIN_SIZE, round(size * recipe.train_share)),
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
        norms=norms,
        resize=size,
        whole_views=recipe.whole_views,
        mirror=request.mirror is not False,
    )


def pick_recipe(arch: str, init: InitWeights) -> Recipe:
    """The defaults of an arch that begins so."""
    if init.kind != "none":
        return FINE_TUNE
    return BASELINE_FROM_SCRATCH if arch in BASELINES else FROM_SCRATCH


def default_epochs(recipe: Recipe, pictures: int) -> int:
    """The recipe's, or more for few pictures, up to twice as many."""
    return min(2 * recipe.epochs, max(recipe.epochs, math.ceil(recipe.fewest_views / pictures)))


def check_processes(config: Config, validation: int, processes: int) -> None:
    """Refuse more processes than there is work for.

    validation: number of validation pictures.

    Raises:
        RunError: a process would have no validation picture, or one picture a step to normalise over.
    """
    normalises = config.norms or config.arch in BASELINES
    most = max(1, min(validation, config.batch_size // 2) if normalises else validation)
    if processes > most:
        raise RunError(
            f"torchrun: found {processes} processes, wanted at most {most} for {validation} validation pictures "
            f"and a batch of {config.batch_size}; start fewer, or give a larger --batch-size"
        )


def default_batch(pictures: int) -> int:
    """32, or less for few pictures: an epoch should have some 32 steps; a power of two, 8 or more."""
    return min(32, max(8, 1 << (max(1, pictures // 32).bit_length() - 1)))


def check_same(request: Request, config: Config) -> None:
    """Refuse to go on with a run under other settings than it began with.

    Raises:
        RunError: a given setting differs from the run's.
    """
    init = request.init
    if init is not None and init not in ("imagenet", "none"):
        path = Path(init)
        # By content: the file may have moved since.
        init = "file" if path.is_file() and file_sha256(path) == config.init_sha256 else init
    asked = {
        "arch": request.arch,
        "bypass": request.bypass,
        "init": init,
        "size": request.size,
        "epochs": request.epochs,
        "seed": request.seed,
        "batch_size": request.batch_size,
        "threads": request.threads,
        "group_by": request.group_by,
        "precision": request.precision,
        "mirror": request.mirror,
    }
    for name, value in asked.items():
        began = getattr(config, name)
        if value is not None and value != began:
            flag = "--" + name.replace("_", "-")
            if name == "mirror":
                raise RunError(
                    f"{request.out}: found a run whose views are mirrored, wanted none so; leave --no-mirror out, or "
                    "train into another folder"
                )
            raise RunError(
                f"{request.out}: found a run with {flag} {began}, wanted {value} with --resume; "
                f"leave {flag} out, or train into another folder"
            )


def _given(value: int | None, default: int) -> int:
    return default if value is None else value
