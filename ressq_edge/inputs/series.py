"""Recordings: read once, parted as wholes, cut into windows, and told of by window and by recording."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from torch import Tensor

from ressq_edge import __version__
from ressq_edge.atomic import write_bytes
from ressq_edge.config import Config, SeriesSettings, write_config
from ressq_edge.data.recordings.folder import split_recordings, tell_persons
from ressq_edge.data.recordings.overlap import refuse_overlap
from ressq_edge.data.recordings.reading import agree_on_rate, measure_channels, read_all
from ressq_edge.data.recordings.views import WindowViews
from ressq_edge.data.recordings.windows import cut_windows, open_windows
from ressq_edge.data.split import PARTS, Split, pictures_sha256, write_split
from ressq_edge.errors import Interrupted, SplitError
from ressq_edge.inputs.series_request import check_series, choose_window, counts_samples, resolve_series
from ressq_edge.network.arch import count_window_multiply_adds
from ressq_edge.network.checkpoint import Checkpoint, Normalise, load_checkpoint, normalise_channels
from ressq_edge.network.init import InitWeights
from ressq_edge.notes import tell_others
from ressq_edge.pages.recordings import make_recordings_page
from ressq_edge.reports.recordings import tell_claim, tell_groups, tell_recordings
from ressq_edge.reports.report import write_report
from ressq_edge.request import Request
from ressq_edge.screen import Screen
from ressq_edge.session import Session, Start, Stop
from ressq_edge.start import OURS, refuse_used
from ressq_edge.training.random_draw import MOST_VIEWS, measure_random_draw
from ressq_edge.training.samples import WindowSamples
from ressq_edge.training.stages import Stages
from ressq_edge.training.state import TrainState
from ressq_runtime.inputs.recording import SUFFIXES, Recording
from ressq_runtime.inputs.series_spec import SeriesSpec

FEWEST_WINDOWS = 2  # of a class in a part


class Recordings:
    """Recordings; as `input.Input`."""

    def begin(self, request: Request, screen: Screen, stop: Stop) -> Start:
        """The start of a new run: all recordings are read, for what is wrong in one is told before anything is trained.

        Raises:
            RunError: the run folder holds a run, or an option means nothing here.
            FolderError, SplitError, RecordingError: the recordings cannot be learned from.
            Interrupted: `stop` said so.
        """
        refuse_used(request, OURS)
        check_series(request)
        split = split_recordings(request.data, request.seed or 0, request.group_by)
        recordings = _read(request, split, screen, stop)
        refuse_overlap(split, recordings)
        rate = agree_on_rate(recordings, request.rate, 1.0 if counts_samples(request) else None)
        learned = [recordings[name] for name, _ in split.train]
        length, hop = choose_window(request, rate)
        spec = SeriesSpec(length, rate, hop, measure_channels(learned))
        split = _count_windows(split, recordings, spec)
        config = resolve_series(request, spec, split)
        # Those of one person are of several classes, as a rule: no note on that.
        kept = (note for note in split.notes if "of several classes (" not in note)
        split = replace(split, notes=tuple(note.replace("pictures", "recordings") for note in kept))
        notes = (*split.notes, *_tell(request, split, recordings))
        screen.say(_announce(request, split, spec))
        packages = {name: version(name) for name in ("torch", "numpy")}
        about: dict[str, Any] = {
            "data": str(request.data.resolve()),
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "versions": {"ressq-edge": __version__, **packages},
            "thumbnails": request.thumbnails,
            "notes": notes,
        }
        return Start(config, split, InitWeights("none"), about, notes)

    def prepare(self, session: Session) -> Start:
        """Writes data.html, split.json and config.json, with which the run begins to exist."""
        request, start = session.request, session.start
        if not (request.out / "config.json").exists():
            _write_page(session)
            write_split(request.out, start.split)
            digest = pictures_sha256(start.split, request.data)
            write_config(request.out, start.config, {**start.about, "pictures_sha256": digest})
        return start

    def open_samples(self, session: Session, part: str) -> WindowSamples:
        """The windows of a part, in memory."""
        spec, norm = self.spec(session.start)
        return WindowSamples(open_windows(session.data, session.start.split, part, spec), WindowViews(), norm)

    def spec(self, start: Start) -> tuple[SeriesSpec, Normalise]:
        """The windows, and mean and deviation of each channel."""
        spec = _settings(start.config).spec
        return spec, normalise_channels(spec)

    def introduce(self, session: Session) -> tuple[str, str]:
        """The network's cost, and the windows."""
        spec, _ = self.spec(session.start)
        adds = count_window_multiply_adds(session.start.model, spec.length) / 1e6
        shape = f"{spec.length} samples of {len(spec.channels)} channels"
        return f"{adds:.2f} million multiply-adds a window", f"windows of {shape} at {spec.rate:g} Hz"

    def report(self, session: Session, state: TrainState, stages: Stages | None) -> list[str]:
        """The plots and summary.md."""
        best = load_checkpoint(session.folder / "best.safetensors")
        val = self.open_samples(session, "val")
        told = _describe(session.start, best)
        claimed = self._claim(session, val)

        def tell(kept: Tensor) -> Sequence[str]:
            return [
                tell_recordings(kept, val),
                *tell_groups(kept, val),
                *tell_claim(claimed, session.start.task.measure(kept)),
            ]

        notes = write_report(session.folder, session.data, session.start, state.epochs, val, best, told, stages, tell)
        return [note.replace("pictures", "windows") for note in notes]

    def _claim(self, session: Session, val: WindowSamples) -> float | None:
        """What a random draw of windows would have claimed; None where that takes too long to find out."""
        start, train = session.start, self.open_samples(session, "train")
        views = len(train) * start.config.epochs
        if views > MOST_VIEWS:
            return None
        with session.screen.bar("the same by a random draw of windows", views) as advance:

            def step(count: int) -> None:
                advance(count)
                session.check_stop("stopped while a random draw was measured; training is done")

            model, labels = start.model, start.split.labels
            return measure_random_draw(train, val, start.task, model, start.config, labels, step)


def _write_page(session: Session) -> None:
    request, split = session.request, session.start.split
    spec = _settings(session.start.config).spec
    recordings = read_all(request.data, [name for name, _ in split.windows], spec.names, spec.rate, lambda: None)
    train = cut_windows(recordings, split.train, (), spec)
    told = split, recordings, train, session.start.notes
    write_bytes(request.out / "data.html", make_recordings_page(request.out.name, *told, request.thumbnails))


def _settings(config: Config) -> SeriesSettings:
    assert config.series is not None  # noqa: S101 - `open_input` sees to it
    return config.series


def _read(request: Request, split: Split, screen: Screen, stop: Stop) -> dict[str, Recording]:
    names = [name for part in PARTS for name, _ in split.samples(part)]
    with screen.bar("reading", len(names)) as advance:

        def tick() -> None:
            advance(1)
            if stop():
                raise Interrupted("stopped while reading the recordings; nothing was trained yet")

        return read_all(request.data, names, (), request.rate, tick)


def _count_windows(split: Split, recordings: dict[str, Recording], spec: SeriesSpec) -> Split:
    """The split with the number of windows of each recording.

    Raises:
        SplitError: a class has too few in a part.
    """
    width = len(spec.channels)
    counts = {
        name: sum(
            max(0, (len(stretch.values) // width - spec.length) // spec.hop + 1) for stretch in recording.stretches
        )
        for name, recording in recordings.items()
    }
    for part in PARTS:
        found = Counter(dict.fromkeys(range(len(split.labels)), 0) if split.samples(part) else {})
        for name, label in split.samples(part):
            found[label] += counts[name]
        for label, count in found.items():
            if count < FEWEST_WINDOWS:
                raise SplitError(
                    f"{split.labels[label]}: found {count} windows of {spec.length / spec.rate:g} s in {part}, wanted "
                    f"{FEWEST_WINDOWS} or more; give a shorter --window, or longer recordings"
                )
    return replace(split, windows=tuple(counts.items()))


def _tell(request: Request, split: Split, recordings: dict[str, Recording]) -> list[str]:
    """What a person should know of the recordings."""
    names = list(recordings)
    empty = [name for name, count in split.windows if not count]
    told = tell_persons(names, request.group_by)
    if empty:
        told.append(f"{len(empty)} recordings are shorter than a window, and are left out: {', '.join(empty[:3])}")
    noted = [note for recording in recordings.values() for note in recording.notes]
    told += noted[:3]
    if len(noted) > 3:
        told.append(f"{len(noted) - 3} recordings more with such notes")
    others = [note for note in tell_others(request.data, tuple(names)) if not note.startswith("0 ")]
    return [*told, *(note.replace("no pictures", "no recordings") for note in others)]


def _announce(request: Request, split: Split, spec: SeriesSpec) -> str:
    counts = dict(split.windows)
    shares = ", ".join(f"{sum(counts[name] for name, _ in split.samples(part))} {part}" for part in PARTS)
    return (
        f"recordings found in {request.data} ({', '.join(SUFFIXES)}): {len(counts)}, {len(split.labels)} classes, "
        f"channels {', '.join(spec.names)}, {spec.rate:g} Hz; windows of {spec.length / spec.rate:g} s every "
        f"{spec.hop / spec.rate:g} s: {shares}"
    )


def _describe(start: Start, best: Checkpoint) -> list[str]:
    config, spec = start.config, best.series
    settings = _settings(config)
    return [
        f"* {config.arch}, {settings.depth} Fire modules of {settings.width} channels, bypass {config.bypass}; "
        f"{len(best.labels)} classes out",
        f"* windows of {spec.length} samples ({spec.length / spec.rate:g} s at {spec.rate:g} Hz) every {spec.hop}; "
        f"channels {', '.join(spec.names)}",
        f"* random weights; seed {config.seed}, {config.threads} threads, convolutions in {config.precision}",
        f"* {config.epochs} epochs, batch {config.batch_size}, peak learning rate {config.learning_rate:g}; every "
        "setting is in config.json",
    ]
