"""From a recording to its answer: every window is run, and the recording's scores are their mean."""

from __future__ import annotations

from array import array
from time import perf_counter

from ressq_runtime.engines.tensor import Tensor, TensorSpec
from ressq_runtime.errors import RecordingError
from ressq_runtime.inputs.recording import Recording, read_recording, refuse_rate, windows

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from PIL import Image

    from ressq_runtime.inputs.input_spec import Outputs, Say
    from ressq_runtime.inputs.series_spec import SeriesSpec

# A value further outside the training range than this share of it is told.
OUTSIDE = 0.1


class WindowPlaces:
    """Where the windows of a recording lie.

    starts: seconds from the recording's first sample; seconds: that each lasts; outside: for each the channels with
    values outside the training range; notes: what a person should know of the recording.
    """

    __slots__ = ("notes", "outside", "seconds", "starts")

    def __init__(
        self, starts: Sequence[float], seconds: float, outside: Sequence[Sequence[str]], notes: Sequence[str]
    ) -> None:
        self.starts = starts
        self.seconds = seconds
        self.outside = outside
        self.notes = notes


class RecordingAnswer:
    """What a model says of a recording: of the mean of its windows' scores, and of each window.

    Fields: whole, the answer of the mean; windows, the answer of each; places, where they lie.
    """

    __slots__ = ("places", "whole", "windows")

    def __init__(self, whole: Any, windows: Sequence[Any], places: WindowPlaces) -> None:
        self.whole = whole
        self.windows = windows
        self.places = places

    def to_text(self) -> str:
        """The answer of the whole, then how many windows say what."""
        lines = [self.whole.to_text(), f"{len(self.windows)} windows: {self._count()}"]
        if outside := self._outside():
            lines.append(f"outside the training range: {outside}")
        return "\n".join([*self.places.notes, *lines])

    def to_line(self) -> str:
        """The gist."""
        outside = self._outside()
        return str(self.whole.to_line()) + (f" (outside the training range: {outside})" if outside else "")

    def to_json(self) -> dict[str, object]:
        """The whole's keys, then `windows`, `outside_training_range` and `notes` where there are any."""
        found: dict[str, object] = self.whole.to_json()
        found["windows"] = [self.window_json(number) for number in range(len(self.windows))]
        if names := self._outside():
            found["outside_training_range"] = names.split(", ")
        if self.places.notes:
            found["notes"] = list(self.places.notes)
        return found

    def window_json(self, number: int) -> dict[str, object]:
        """`start` and `end` in seconds, and the answer of a window."""
        start = self.places.starts[number]
        return window_json(self.windows[number], start, start + self.places.seconds, self.places.outside[number])

    def to_cells(self) -> list[str]:
        """The whole's."""
        cells: list[str] = self.whole.to_cells()
        return cells

    def draw_over(self, picture: Image.Image) -> Image.Image:
        """The picture: a recording has none."""
        return picture

    def _count(self) -> str:
        said: dict[str, int] = {}
        for window in self.windows:
            label = getattr(window, "label", None) or "no answer"
            said[label] = said.get(label, 0) + 1
        return ", ".join(f"{count} {label}" for label, count in sorted(said.items(), key=lambda pair: -pair[1]))

    def _outside(self) -> str:
        return ", ".join(dict.fromkeys(name for names in self.places.outside for name in names))


def window_json(answer: Any, start: float, end: float, outside: Sequence[str]) -> dict[str, object]:
    """A window's answer with its place; the same of a file and of a stream."""
    found: dict[str, object] = {"start": round(start, 6), "end": round(end, 6), **answer.to_json()}
    if outside:
        found["outside_training_range"] = list(outside)
    return found


def prepare(
    spec: SeriesSpec, source: str | bytes | Recording, clock: Callable[[], float] = perf_counter
) -> tuple[list[bytes], float, float, WindowPlaces]:
    """The bytes of each window of a recording, the seconds to read and to cut it, and where the windows lie.

    Raises:
        RecordingError: it can't be read, has another rate, or is shorter than a window.
    """
    started = clock()
    recording = source if isinstance(source, Recording) else read_recording(source, spec.names, spec.rate)
    read = clock()
    refuse_rate(recording.path, recording.rate, spec.rate)
    cut = list(windows(recording.stretches, len(spec.channels), spec.length, spec.hop))
    if not cut:
        longest = max((len(s.values) for s in recording.stretches), default=0) // len(spec.channels)
        raise RecordingError(
            f"{recording.path}: found {longest} samples without a gap, wanted {spec.length} or more, a window; "
            "record for longer"
        )
    starts = [recording.stretches[number].start + first / spec.rate for number, first, _ in cut]
    data = [bytes_ for _, _, bytes_ in cut]
    # Of each window only where some sample of the recording is outside, which is rare.
    inside = not any(find_outside(spec, stretch.values) for stretch in recording.stretches)
    outside = [[]] * len(data) if inside else [find_outside(spec, array("f", one)) for one in data]
    places = WindowPlaces(starts, spec.length / spec.rate, outside, recording.notes)
    return data, read - started, clock() - read, places


def find_outside(spec: SeriesSpec, values: array[float]) -> list[str]:
    """The channels with values further outside the training range than a tenth of it; values: row by row, some."""
    count = len(spec.channels)
    found = []
    for number, channel in enumerate(spec.channels):
        mine, margin = values[number::count], OUTSIDE * (channel.high - channel.low)
        if min(mine) < channel.low - margin or max(mine) > channel.high + margin:
            found.append(channel.name)
    return found


def answer(say: Say, outputs: Sequence[Outputs], places: WindowPlaces) -> RecordingAnswer:
    """What the task says of the mean of the windows' outputs, and of each."""
    said = [say(one, (0, 0)) for one in outputs]
    return RecordingAnswer(say(average(outputs), (0, 0)), said, places)


def average(outputs: Sequence[Outputs]) -> Outputs:
    """The mean of each output over some runs, as float32."""
    found = {}
    for name, tensor in outputs[0].items():
        columns = zip(*(one[name].values() for one in outputs), strict=True)
        means = array("f", [sum(column) / len(outputs) for column in columns])
        found[name] = Tensor(TensorSpec(name, "float32", tensor.shape), means.tobytes())
    return found
