"""A sensor's samples as they come: a ring of the last ones, and an answer a hop as JSON Lines.

The rule: a line that can't be used is counted and told, never fatal; a window across a gap has no answer.
"""

from __future__ import annotations

from array import array
from collections import deque
from time import perf_counter

from ressq_runtime.inputs.recording import GAP, RATE_TOLERANCE
from ressq_runtime.inputs.recording_times import find_unit, read_moment
from ressq_runtime.inputs.series_answer import average, find_outside, window_json
from ressq_runtime.lean_stdlib import dump_json
from ressq_runtime.streaming.sensor_lines import Columns, find_columns, open_lines, refuse_unused
from ressq_runtime.streaming.shutdown import GracefulShutdown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping, Sequence
    from typing import IO

    from ressq_runtime.engines.tensor import Tensor
    from ressq_runtime.inputs.series_spec import SeriesSpec
    from ressq_runtime.model import Model
    from ressq_runtime.rows import Say

    Row = dict[str, object]

_COUNTED = ("bad_lines", "doubled_lines", "lines_back_in_time", "gaps")


class Ring:
    """The last samples without a gap between them. Fields: rows, so far; start, the time of the first of these."""

    __slots__ = ("_kept", "_times", "_values", "_window", "rows", "start")

    def __init__(self, length: int, channels: int) -> None:
        self._window = length * channels
        self._kept = 2 * self._window
        self._values = array("f")
        self._times: deque[float] = deque(maxlen=length)
        self.rows = 0
        self.start = 0.0

    def clear(self) -> None:
        """Forgets all."""
        del self._values[:]
        self._times.clear()
        self.rows = 0

    def add(self, seconds: float, row: Sequence[float]) -> None:
        """Takes a sample in."""
        if not self.rows:
            self.start = seconds
        self._values.extend(row)
        if len(self._values) > self._kept:
            del self._values[: -self._window]
        self._times.append(seconds)
        self.rows += 1

    def window(self) -> bytes:
        """The newest window, float32, row by row."""
        return self._values[-self._window :].tobytes()

    def rate(self) -> float:
        """Samples a second in it."""
        return (len(self._times) - 1) / (self._times[-1] - self._times[0])


class Clock:
    """Seconds from the first sample, by the cells of the time, whose column has this name and unit."""

    def __init__(self, told: tuple[str, str], rate: float) -> None:
        self._told, self._rate = told, rate
        self._first: float | None = None
        self._last: float | None = None
        self._second: float | None = None  # in what the cells count in
        self._sure = False

    def read(self, cell: str) -> float | None:
        """The time of a cell; None: it is none."""
        moment = read_moment(cell)
        if moment is None:
            return None
        value, counted = moment
        if self._first is None or self._last is None:
            self._first = self._last = value
        step = value - self._last
        if not self._sure and step > 0:  # a torn first line makes a step that says nothing: two must agree
            second = find_unit(self._told, self._last, step, self._rate) if counted else 1.0
            if self._second not in (None, second):
                self._first = self._last
            self._sure, self._second = self._second == second, second
        self._last = value
        return (value - self._first) * (self._second or 1.0)


class Sensor:
    """A stream of lines, and the model that answers it.

    Args:
        model: of windows.
        spec: of its input.
        hop: samples from an answer to the next.
        smooth: windows whose scores an answer is the mean of.
        name: of the source, for messages.
    """

    def __init__(self, model: Model, spec: SeriesSpec, hop: int, smooth: int, name: str) -> None:
        self._model, self._spec, self._hop, self._name = model, spec, hop, name
        self._ring = Ring(spec.length, len(spec.channels))
        self._last: deque[Mapping[str, Tensor]] = deque(maxlen=smooth)
        self._columns: Columns | None = None
        self._clock = Clock(("", ""), spec.rate)
        self._before: float | None = None  # the time of the sample before
        self._read = 0
        self._unused: list[str] = []
        self._counts = dict.fromkeys(_COUNTED, 0)
        self._told = dict(self._counts)
        self.answers = 0

    def take(self, line: str) -> Iterator[Row]:
        """What a line gives: nothing, an answer, or why there is none where a gap or the rate forbids it.

        Raises:
            RecordingError: none of the first two hundred lines can be used.
        """
        text = line.lstrip("\ufeff").strip()
        if self._columns is None and text:
            self._columns, header = find_columns(text, self._spec)
            if self._columns is None:
                self._counts["bad_lines"] += 1
                self._unused.append(text)
                refuse_unused(self._name, self._unused, self._spec)
                return
            self._clock = Clock(self._columns.told, self._spec.rate)
            if header:
                return
        if not text or self._columns is None:
            return
        sample = self._columns.read(text)
        seconds = None if sample is None else self._time_of(sample[0])
        if sample is None or seconds is None:
            self._counts["bad_lines"] += 1
            if self._columns.time is None:  # a sample is lost, and no time tells of it
                self._break()
        elif sample[0] is None or (yield from self._follows(seconds)):
            yield from self._add(seconds, sample[1])

    def summarise(self) -> str:
        """What there was, for a person."""
        parts = [f"{count} {name.replace('_', ' ')}" for name, count in self._counts.items() if count]
        return ", ".join([f"{self.answers} answers", *parts])

    def _time_of(self, cell: str | None) -> float | None:
        return self._read / self._spec.rate if cell is None else self._clock.read(cell)

    def _follows(self, seconds: float) -> Generator[Row, None, bool]:
        """Whether a sample of this time is to be used."""
        if self._before is None:
            return True
        step = seconds - self._before
        if step == 0:
            self._counts["doubled_lines"] += 1
            return False
        if step < 0:
            self._counts["lines_back_in_time"] += 1
            if step > -self._spec.length / self._spec.rate:
                return False
            self._break()  # the sensor began anew
        elif step > GAP / self._spec.rate:
            self._break()
            said = f"found a gap of {step:.3g} s, wanted a sample every {1 / self._spec.rate:.3g} s"
            wait = f"the next answer needs {self._spec.length} samples without one"
            yield {"start": round(self._before, 6), "end": round(seconds, 6), "error": f"{said}; {wait}", **self._new()}
        return True

    def _add(self, seconds: float, values: Sequence[float]) -> Iterator[Row]:
        spec, ring = self._spec, self._ring
        self._before = seconds
        self._read += 1
        ring.add(seconds, values)
        if ring.rows < spec.length or (ring.rows - spec.length) % self._hop:
            return
        start = ring.start + (ring.rows - spec.length) / spec.rate
        rate = ring.rate()
        if abs(rate - spec.rate) > RATE_TOLERANCE * spec.rate:
            said = f"found {rate:.4g} samples a second, wanted {spec.rate:.4g} as in training; set the sensor's rate"
            yield {"start": round(start, 6), "end": round(seconds, 6), "error": said, **self._new()}
        else:
            yield self._answer(start)

    def _answer(self, start: float) -> Row:
        started = perf_counter()
        window = self._ring.window()
        self._last.append(self._model.run(window))
        outputs = self._last[0] if len(self._last) == 1 else average(list(self._last))
        answer = self._model.task.answer(outputs, (0, 0))
        found = window_json(
            answer, start, start + self._spec.length / self._spec.rate, find_outside(self._spec, array("f", window))
        )
        self.answers += 1
        latency = {"total": round(1000 * (perf_counter() - started), 3)}
        return {**found, **self._new(), "latency_ms": latency}

    def _break(self) -> None:
        self._counts["gaps"] += 1
        self._ring.clear()
        self._last.clear()

    def _new(self) -> dict[str, int]:
        """What was left out since the last row."""
        new = {name: count - self._told[name] for name, count in self._counts.items() if count > self._told[name]}
        self._told = dict(self._counts)
        return new


def answer_sensor(model: Model, spec: SeriesSpec, source: str, hop: int, smooth: int, out: IO[str], say: Say) -> None:
    """Answers the lines of a source, "-" for stdin, until its end, Ctrl-C or SIGTERM.

    Raises:
        RecordingError: it can't be opened or read, or no line can be used.
    """
    sensor = Sensor(model, spec, hop, smooth, "stdin" if source == "-" else source)
    try:
        with GracefulShutdown() as ending, open_lines(source) as lines:
            for line in lines:
                for row in sensor.take(line.decode("utf-8", "replace")):
                    with ending.held():
                        out.write(dump_json(row) + "\n")
                        out.flush()
    except KeyboardInterrupt:
        say("stopped")
    finally:
        say(sensor.summarise())
