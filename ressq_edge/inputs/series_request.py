"""What was asked of a run on recordings, and the settings that follow from it."""

from __future__ import annotations

import math
import re

from ressq_edge.choices import SERIES_ARCHS
from ressq_edge.config import Config, SeriesSettings
from ressq_edge.data.split import Split
from ressq_edge.device import default_precision, default_threads, pick_device
from ressq_edge.errors import RunError
from ressq_edge.network.arch import ModelSpec, SeriesShape
from ressq_edge.network.series import MIN_LENGTH
from ressq_edge.request import Request, given
from ressq_runtime.inputs.series_spec import MOST_LENGTH, SeriesSpec

WINDOW_S, HOPS = 4.0, 4  # of a window; hops a window has
BATCH, FEWEST_STEPS, FEWEST_EPOCHS = 64, 1200, 12
RATE, DECAY, SMOOTHING = 3e-3, 0.05, 0.1
_TIME = re.compile(r"(\d+(?:\.\d+)?)(s|ms)?")


def check_series(request: Request) -> None:
    """Refuse options that mean nothing for recordings, or a window that nobody can cut.

    Raises:
        RunError: which one, and what to give instead.
    """
    for flag, value in (
        ("--head", request.head), ("--head-width", request.head_width), ("--size", request.size),
        ("--init", None if request.init == "none" else request.init), ("--no-mirror", request.mirror),
        ("--skip-unreadable", request.skip_unreadable or None), ("--compare-all", request.compare_all or None),
        ("--task", None if request.task in (None, "classify") else request.task),
    ):  # fmt: skip
        if value is not None:
            raise RunError(f"{flag}: found it for recordings, wanted it for pictures alone; leave {flag} out")
    if request.arch not in (None, *SERIES_ARCHS):
        raise RunError(f"--arch: found {request.arch} for recordings, wanted {', '.join(SERIES_ARCHS)}; leave it out")
    if request.rate is not None and not 0 < request.rate <= 1e6:
        raise RunError(f"--rate: found {request.rate:g}, wanted samples a second, more than 0")


def choose_window(request: Request, rate: float) -> tuple[int, int]:
    """Length of a window and hop, samples.

    Raises:
        RunError: the window is too short or too long, or the hop longer than it.
    """
    length = _to_samples("--window", request.window, rate) if request.window else round(WINDOW_S * rate)
    if not MIN_LENGTH <= length <= MOST_LENGTH:
        raise RunError(
            f"--window: found {length} samples at {rate:g} Hz, wanted {MIN_LENGTH} to {MOST_LENGTH}; give another, in "
            "seconds as 4s or in samples as 200"
        )
    hop = _to_samples("--hop", request.hop, rate) if request.hop else max(1, length // HOPS)
    if not 1 <= hop <= length:
        raise RunError(f"--hop: found {hop} samples, wanted 1 to {length}, which is a window; give another")
    return length, hop


def counts_samples(request: Request) -> bool:
    """Whether windows are asked for in samples, so that files need not tell how many a second there are."""
    return all(text and text.strip().isdigit() for text in (request.window, request.hop))


def _to_samples(flag: str, text: str, rate: float) -> int:
    match = _TIME.fullmatch(text.strip().lower())
    if not match or (not match[2] and "." in text):
        raise RunError(f"{flag}: found {text!r}, wanted seconds as 4s or 250ms, or samples as 200")
    if not match[2]:
        return int(match[1])
    return round(float(match[1]) * rate * (1e-3 if match[2] == "ms" else 1))


def resolve_series(request: Request, spec: SeriesSpec, split: Split) -> Config:
    """Every setting of a new run.

    Raises:
        ModelError: the network's size or bypass does not exist.
    """
    shape = SeriesShape(len(spec.channels), given(request.depth, 8), given(request.width, 48))
    model = ModelSpec(SERIES_ARCHS[0], request.bypass or "simple", len(split.labels), series=shape)
    counts = dict(split.windows)
    steps = math.ceil(sum(counts[name] for name, _ in split.train) / (batch := given(request.batch_size, BATCH)))
    epochs = given(request.epochs, max(FEWEST_EPOCHS, math.ceil(FEWEST_STEPS / steps)))
    return Config(
        task="classify", arch=model.arch, bypass=model.bypass, init="none", init_sha256="", size=0, epochs=epochs,
        seed=given(request.seed, 0), batch_size=batch, threads=given(request.threads, default_threads()),
        train_size=0, learning_rate=RATE, warmup_share=0.3, weight_decay=DECAY, label_smoothing=SMOOTHING,
        smallest_crop=1.0, jitter=0.0, balance=0.5, clip_norm=1.0, average=0.99, patience=epochs,
        group_by=request.group_by, precision=request.precision or default_precision(pick_device(request.device)),
        norms=True, resize=0, schedule_share=1.0, whole_views=0.0, mirror=False,
        series=SeriesSettings(spec.to_json(), shape.depth, shape.width),
    )  # fmt: skip
