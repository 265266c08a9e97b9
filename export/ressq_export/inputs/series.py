"""Recordings: a sample is one of their windows."""

from dataclasses import dataclass, field
from pathlib import Path

from ressq_runtime.inputs.series_spec import SeriesSpec


@dataclass(frozen=True)
class Window:
    """A window of a recording.

    path: of the recording.
    place: where in it, for a person: "at 1.50 s".
    recording: a number, the same for all windows of one.
    group: likewise, of its group.
    data: float32 values, row by row.
    """

    path: Path
    place: str
    recording: int
    group: int
    data: bytes = field(repr=False)

    def __str__(self) -> str:
        return f"{self.path} {self.place}"


@dataclass(frozen=True)
class Series:
    """Windows as a network with this input takes them."""

    spec: SeriesSpec

    def read(self, sample: Window) -> bytes:
        """Its values, which were read with the recording."""
        return sample.data
