"""The lines of a sensor: where they come from, which cell is what, and which lines can be used."""

from __future__ import annotations

import sys
from contextlib import contextmanager

from ressq_runtime.errors import RecordingError
from ressq_runtime.inputs.recording_table import split_line
from ressq_runtime.inputs.recording_times import TIME_NAMES, split_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import IO

    from ressq_runtime.inputs.series_spec import SeriesSpec

LONGEST = 65_536  # bytes of a line
MOST = 3.4028234e38  # float32's
_MOST_UNUSED = 200  # lines at the start, before it is said that none can be used


class Columns:
    """Where the channels stand in a line, in the model's order, and the time.

    count: cells of a line; time: None where there is none; told: its name and unit.
    """

    __slots__ = ("channels", "count", "separator", "time", "told")

    def __init__(
        self, count: int, channels: Sequence[int], time: int | None, told: tuple[str, str], separator: str
    ) -> None:
        self.count = count
        self.channels = channels
        self.time = time
        self.told = told
        self.separator = separator

    def read(self, line: str) -> tuple[str | None, list[float]] | None:
        """The cell of the time and the values; None: the line can't be used."""
        cells = split_line(line, self.separator)
        if len(cells) != self.count:
            return None
        if self.separator != ",":
            cells = [cell.replace(",", ".") for cell in cells]
        try:
            values = [float(cells[number]) for number in self.channels]
        except ValueError:
            return None
        if not all(-MOST <= value <= MOST for value in values):  # nor a NaN
            return None
        return None if self.time is None else cells[self.time].strip(), values


def find_columns(line: str, spec: SeriesSpec) -> tuple[Columns | None, bool]:
    """What a first line tells of the columns, None where nothing, and whether it is a header, not a sample.

    Without a header the channels stand in the model's order, behind the time if there is one cell more.
    """
    separator = next((one for one in ";\t," if one in line), ",")  # a comma may be a decimal one
    cells = [cell.strip() for cell in split_line(line, separator)]
    told = [split_name(cell) for cell in cells]
    names = [name for name, _ in told]
    if set(spec.names) <= set(names):
        time = next((number for number, name in enumerate(names) if name.lower() in TIME_NAMES), None)
        unit = ("", "") if time is None else told[time]
        return Columns(len(cells), [names.index(name) for name in spec.names], time, unit, separator), True
    channels = len(spec.names)
    for before, time in ((0, None), (1, 0)):
        columns = Columns(channels + before, range(before, channels + before), time, ("", ""), separator)
        if columns.read(line) is not None:
            return columns, False
    return None, False


def refuse_unused(source: str, unused: Sequence[str], spec: SeriesSpec) -> None:
    """Raises RecordingError where so many first lines can't be used that none will be."""
    if len(unused) >= _MOST_UNUSED:
        raise RecordingError(
            f"{source}: found {len(unused)} lines that hold no sample, the last {unused[-1][:60]!r}, wanted "
            f"{', '.join(spec.names)} between commas, the time before them if there is one; mend what sends them"
        )


@contextmanager
def open_lines(source: str) -> Iterator[Iterator[bytes]]:
    """The lines of a file or device, as they come; "-": of stdin. A line longer than LONGEST comes in parts.

    Raises:
        RecordingError: it can't be opened or read.
    """
    name = "stdin" if source == "-" else source
    try:
        file = sys.stdin.buffer if source == "-" else open(source, "rb")
    except OSError as error:
        raise RecordingError(f"{name}: {error.strerror}; check the path and its permissions") from error
    try:
        yield _read_lines(file, name)
    finally:
        if source != "-":
            file.close()


def _read_lines(file: IO[bytes], name: str) -> Iterator[bytes]:
    try:
        while line := file.readline(LONGEST):
            yield line
    except OSError as error:
        raise RecordingError(f"{name}: {error.strerror}; see if the sensor is still there") from error
