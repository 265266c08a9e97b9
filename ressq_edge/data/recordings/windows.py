"""The windows of a part: cut from recordings that were parted before, so that none is in two parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ressq_edge.data.recordings.reading import Values, read_all, stretches_of
from ressq_edge.data.split import Split
from ressq_runtime.inputs.recording import Recording, windows
from ressq_runtime.inputs.series_spec import SeriesSpec


@dataclass(frozen=True)
class Windows:
    """Windows by number.

    spec: of the network's input.
    stretches: of all recordings, (samples, channels) each.
    places: (number in `stretches`, first row) of each window.
    targets: the class of each.
    recordings: the number of the recording of each, in the order of the part.
    groups: the group of each, where recordings were grouped; else its recording.
    names: the recording of each and where in it.
    """

    spec: SeriesSpec
    stretches: tuple[Values, ...]
    places: tuple[tuple[int, int], ...]
    targets: tuple[int, ...]
    recordings: tuple[int, ...]
    groups: tuple[int, ...]
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, index: int) -> bytes:
        """float32, row by row, length * channels values: the bytes that the device's model gets."""
        return np.ascontiguousarray(self.window(index)).tobytes()

    def window(self, index: int) -> Values:
        """(length, channels)."""
        number, first = self.places[index]
        return self.stretches[number][first : first + self.spec.length]

    def values(self, numbers: Sequence[int]) -> NDArray[np.float32]:
        """(N, length, channels)."""
        return np.stack([self.window(number) for number in numbers])


def open_windows(data: Path, split: Split, part: str, spec: SeriesSpec) -> Windows:
    """The windows of "train", "val" or "test" of a run's split, every `spec.hop` samples.

    Raises:
        RecordingError: a recording can't be read.
    """
    samples = split.samples(part)
    recordings = read_all(data, [name for name, _ in samples], spec.names, spec.rate, lambda: None)
    return cut_windows(recordings, samples, split.groups_of(part) if part != "train" else [], spec)


def cut_windows(
    recordings: dict[str, Recording], samples: Sequence[tuple[str, int]], groups: Sequence[int], spec: SeriesSpec
) -> Windows:
    """The windows of these samples, (recording, class) each; groups: of each, or none."""
    stretches: list[Values] = []
    rows: list[tuple[tuple[int, int], int, int, int, str]] = []
    for number, (name, target) in enumerate(samples):
        recording = recordings[name]
        for at, first, _ in windows(recording.stretches, len(spec.channels), spec.length, spec.hop):
            start = recording.stretches[at].start + first / spec.rate
            group = groups[number] if groups else number
            rows.append(((len(stretches) + at, first), target, number, group, f"{name} at {start:.2f} s"))
        stretches += stretches_of(recording)
    places, targets, numbers, grouped, names = zip(*rows, strict=True) if rows else ((), (), (), (), ())
    return Windows(spec, tuple(stretches), places, targets, numbers, grouped, names)
