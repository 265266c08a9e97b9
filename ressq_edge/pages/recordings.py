"""RUN/data.html of recordings: what they are like, before a network learns from their windows; recordings.html beside
this has the words."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from ressq_edge.charts.recordings import COLOURS, draw_recording, draw_spectra
from ressq_edge.data.recordings.reading import stretches_of
from ressq_edge.data.recordings.spectra import measure_spectra
from ressq_edge.data.recordings.windows import Windows
from ressq_edge.data.split import PARTS, Split
from ressq_edge.pages.render import render
from ressq_edge.pages.words import percent, short
from ressq_runtime.inputs.recording import Recording
from ressq_runtime.inputs.series_spec import SeriesSpec

# A page of more would be megabytes.
_MOST_SHOWN_CLASSES, _MOST_CHANNELS, _MOST_NAMED = 24, 12, 300
_WINDOWS_SHOWN = 2  # lengths of a window that a plot of a recording spans
_JITTER = 0.25  # periods: a step that is so much longer than the others is told
_IMBALANCE = 5.0


def make_recordings_page(
    name: str, split: Split, recordings: Mapping[str, Recording], train: Windows, notes: Sequence[str], named: bool
) -> bytes:
    """The page, UTF-8.

    Args:
        name: of the run.
        split: which recording is for what.
        recordings: name -> recording.
        train: the training windows.
        notes: what was said on the screen; may name files.
        named: recordings are shown, and called by their files' names.
    """
    spec = train.spec
    held = [part for part in PARTS if split.samples(part)]
    shown = spec.names[:_MOST_CHANNELS]
    frequencies, spectra = measure_spectra(train)
    told = {split.labels[label]: found for label, found in list(spectra.items())[: len(COLOURS)]}
    rows = list(_rows(split, recordings))
    return render(
        "recordings.html",
        name=name, split=split, spec=spec, named=named, notes=notes, held=held, total=len(recordings),
        findings=_list_findings(split, recordings), tiles=_tiles(split, recordings, spec),
        classes=list(_classes(split, held)),
        channels=[[c.name, c.unit or "–", *map(short, (c.mean, c.deviation, c.low, c.high))] for c in spec.channels],
        gallery=list(_gallery(split, recordings, spec)) if named else [],
        spectra=draw_spectra(frequencies, told, shown), legend=list(zip(told, COLOURS, strict=False)),
        left_out=len(spectra) - len(told), rows=rows[:_MOST_NAMED] if named else [], further=len(rows) - _MOST_NAMED,
    )  # fmt: skip


def _seconds(recording: Recording, spec: SeriesSpec) -> float:
    return recording.samples / spec.rate


def _list_findings(split: Split, recordings: Mapping[str, Recording]) -> list[str]:
    """A sentence each."""
    found = []
    counts = dict(split.windows)
    if gaps := sum(len(recording.stretches) > 1 for recording in recordings.values()):
        found.append(f"Recordings with gaps, which are cut there: {gaps:,}.")
    if uneven := sum(recording.jitter > _JITTER for recording in recordings.values()):
        found.append(f"Recordings with steps that last {_JITTER:g} periods longer than the others: {uneven:,}.")
    if empty := sum(not counts[name] for name in recordings):
        found.append(f"Recordings that are shorter than a window, and tell nothing: {empty:,}.")
    windows = [sum(counts[name] for name, label in split.train if label == one) for one in range(len(split.labels))]
    if max(windows) > _IMBALANCE * min(windows):
        found.append(f"The largest class has {max(windows) / min(windows):.1f} times as many windows as the smallest.")
    if not split.test:
        found.append("There are no test recordings: no figure will be unbiased.")
    return found


def _tiles(split: Split, recordings: Mapping[str, Recording], spec: SeriesSpec) -> list[tuple[str, str, str]]:
    counts = dict(split.windows)
    learned = sum(counts[name] for name, _ in split.train)
    rates = [recording.rate for recording in recordings.values() if recording.rate]
    span = f"{min(rates):.4g} to {max(rates):.4g} Hz as found" if rates else "files do not tell"
    seconds = sum(_seconds(recording, spec) for recording in recordings.values())
    return [
        ("recordings", f"{len(recordings):,}", f"{len(split.train):,} to learn from"),
        ("windows", f"{sum(counts.values()):,}", f"{learned:,} to learn from"),
        ("lasting", f"{seconds / 60:,.1f} min", f"{spec.length / spec.rate:g} s a window"),
        ("rate", f"{spec.rate:g} Hz", span),
    ]


def _classes(split: Split, held: Sequence[str]) -> Iterator[dict[str, Any]]:
    counts = dict(split.windows)
    windows = [
        [sum(counts[name] for name, label in split.samples(part) if label == one) for part in held]
        for one in range(len(split.labels))
    ]
    most, total = max(row[0] for row in windows), sum(map(sum, windows))
    for one, row in enumerate(windows):
        files = [sum(label == one for _, label in split.samples(part)) for part in held]
        yield {
            "label": split.labels[one],
            "length": row[0] / most,
            "counts": [f"{found:,} of {number:,}" for found, number in zip(row, files, strict=True)],
            "share": percent(sum(row) / total),
        }


def _gallery(split: Split, recordings: Mapping[str, Recording], spec: SeriesSpec) -> Iterator[tuple[str, str, Any]]:
    """Class, name and drawing of a training recording of each class, from its middle."""
    means = np.array([channel.mean for channel in spec.channels[:_MOST_CHANNELS]])
    deviations = np.array([channel.deviation for channel in spec.channels[:_MOST_CHANNELS]])
    for one, label in enumerate(split.labels[:_MOST_SHOWN_CLASSES]):
        mine = [name for name, index in split.train if index == one]
        name = mine[len(mine) // 2]
        longest = max(stretches_of(recordings[name]), key=len)
        first = max(0, (len(longest) - _WINDOWS_SHOWN * spec.length) // 2)
        cut = longest[first : first + _WINDOWS_SHOWN * spec.length, :_MOST_CHANNELS]
        values = (cut.astype(np.float64) - means) / deviations
        yield label, name, draw_recording(values, spec.names[:_MOST_CHANNELS], spec.rate, name)


def _rows(split: Split, recordings: Mapping[str, Recording]) -> Iterator[list[str]]:
    """Name, class, part, rate, jitter in periods, samples, stretches and windows of each recording."""
    counts = dict(split.windows)
    for part in PARTS:
        for name, label in split.samples(part):
            recording = recordings[name]
            rate = f"{recording.rate:.4g}" if recording.rate else "–"
            figures = (f"{recording.jitter:.2f}", recording.samples, len(recording.stretches), counts[name])
            yield [name, split.labels[label], part, rate, *map(str, figures)]
