"""Options that are refused: out of their range, of no meaning for what DATA holds, or not those of the run."""

from pathlib import Path

from ressq_edge.choices import BASELINES, SQUEEZENETS
from ressq_edge.config import Config, Size, form_size, to_sides
from ressq_edge.errors import RunError
from ressq_edge.network.model import MIN_SIZE
from ressq_edge.network.published import file_sha256
from ressq_edge.request import Request

MAX_SIZE = 1024  # pixels; beyond it a batch no longer fits the memory of a notebook
MAX_HEAD_WIDTH = 8
DEFAULT_MASK_SIZE = "241x321"  # of pictures of 4:3
LEAST = {"epochs": 1, "seed": 0, "batch_size": 1, "threads": 1}
MOST = {"threads": 1024}


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
    _check_sides(request.size)
    if request.head_width is not None and not 0 < request.head_width <= MAX_HEAD_WIDTH:
        raise RunError(f"--head-width: found {request.head_width:g}, wanted more than 0 and at most {MAX_HEAD_WIDTH}")
    if request.arch in BASELINES and request.batch_size == 1:
        raise RunError(
            f"--batch-size: found 1, wanted at least 2; {request.arch} normalises over the pictures of a batch"
        )


def _check_sides(size: Size | None) -> None:
    for side in () if size is None else to_sides(size):
        if side < MIN_SIZE:
            raise RunError(f"--size: found {side}, wanted at least {MIN_SIZE}")
        if side > MAX_SIZE:
            raise RunError(f"--size: found {side}, wanted at most {MAX_SIZE}")


def check_task(request: Request) -> None:
    """Refuse options that mean nothing for the request's task.

    Raises:
        RunError: which one, and what to give instead.
    """
    if request.on_pixels:
        if request.arch in BASELINES:
            raise RunError(
                f"--arch: found {request.arch} for masks, wanted one of {', '.join(SQUEEZENETS)}: the others have no "
                "stages for a head; leave --arch out"
            )
        if request.labels:
            raise RunError(
                f"--labels: found {request.labels} for masks, wanted it for classes alone; leave --labels out"
            )
        if isinstance(request.size, int):
            raise RunError(
                f"--size: found {request.size} for masks, wanted height and width as {DEFAULT_MASK_SIZE}; give both "
                "sides, or leave --size out"
            )
        return
    for flag, value in (("--head", request.head), ("--head-width", request.head_width)):
        if value is not None:
            raise RunError(
                f"{flag}: found {value} for class folders, wanted it for masks alone; leave {flag} out, or put the "
                "pictures into images/ and their masks into masks/"
            )
    if isinstance(request.size, tuple):
        height, width = request.size
        raise RunError(
            f"--size: found {height}x{width} for class folders, wanted one side of a square; give --size {height}"
        )


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
        "task": request.task,
        "head": request.head,
        "head_width": request.head_width,
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
            if name == "size":
                began, value = form_size(began), form_size(request.size or 0)
            raise RunError(
                f"{request.out}: found a run with {flag} {began}, wanted {value} with --resume; "
                f"leave {flag} out, or train into another folder"
            )
