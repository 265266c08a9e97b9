"""A recording of sensors: channels by name, cut where samples are missing, and the windows in it.

The rule: nothing is mended in silence. What is not as it should be is named with its line, and refused.
"""

from __future__ import annotations

import os
from array import array
from itertools import chain
from math import isfinite
from operator import itemgetter

from ressq_runtime.errors import RecordingError
from ressq_runtime.inputs.recording_table import Table, parse_table, read_table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

SUFFIXES = (".csv", ".tsv", ".wav")
GAP = 1.5  # periods: a longer step cuts the recording
RATE_TOLERANCE = 0.03  # a share of the model's rate: clocks of loggers differ


class Stretch:
    """Samples without a gap between them.

    line: of the first in its file; start: seconds from the recording's first sample; values: row by row, float32.
    """

    __slots__ = ("line", "start", "values")

    def __init__(self, line: int, start: float, values: array[float]) -> None:
        self.line = line
        self.start = start
        self.values = values


class Recording:
    """A recording.

    path; names, units: of its channels, a unit "" where none is told; rate: samples a second, None where the file does
    not tell; jitter: the widest step less the usual one, in periods; stretches; notes: what a person should know.
    """

    __slots__ = ("jitter", "names", "notes", "path", "rate", "stretches", "units")

    def __init__(
        self,
        path: str,
        names: Sequence[str],
        units: Sequence[str],
        rate: float | None,
        stretches: Sequence[Stretch],
        notes: Sequence[str] = (),
        jitter: float = 0.0,
    ) -> None:
        self.path = path
        self.names = tuple(names)
        self.units = tuple(units)
        self.rate = rate
        self.stretches = tuple(stretches)
        self.notes = tuple(notes)
        self.jitter = jitter

    @property
    def samples(self) -> int:
        """In all stretches."""
        return sum(len(stretch.values) for stretch in self.stretches) // len(self.names)


def is_recording(name: str) -> bool:
    """True for a name or path with a recording's suffix."""
    return name.lower().endswith(SUFFIXES)


def read_recording(
    source: str | bytes, channels: Sequence[str] = (), rate: float | None = None, ignored: Sequence[str] = ()
) -> Recording:
    """The recording in a CSV or WAV file.

    Args:
        source: a path, or a file's bytes.
        channels: the columns to take, in this order; none: all but the time and the ignored ones.
        rate: samples a second of a file that does not tell.
        ignored: columns that are no channels.

    Raises:
        RecordingError: it can't be read, lacks a channel, or holds what is no number or no time; the line is named.
    """
    if isinstance(source, bytes):
        path, head = "bytes", source[:4]
    else:
        path, head = source, _read_head(source)
    if head == b"RIFF":
        return _read_sound(path, source, channels)
    table = parse_table(path, source) if isinstance(source, bytes) else read_table(path)
    return make_recording(table, channels=channels, rate=rate, ignored=ignored)


def make_recording(
    table: Table,
    rows: Sequence[int] | None = None,
    channels: Sequence[str] = (),
    rate: float | None = None,
    ignored: Sequence[str] = (),
) -> Recording:
    """The recording in some rows of a table; None: in all.

    Raises:
        RecordingError: as `read_recording`.
    """
    from ressq_runtime.inputs.recording_times import find_time, read_times, split_name

    chosen = range(len(table.rows)) if rows is None else rows
    told = [split_name(name) for name in table.header]
    time = find_time(table, told)
    found = {name: number for number, (name, _) in enumerate(told) if number != time and name not in ignored}
    taken, notes = _choose(table.path, list(found), channels)
    columns = [found[name] for name in taken]
    values = _read_values(table, chosen, columns)
    if time is None:
        stretches = [Stretch(table.lines[chosen[0]], 0.0, values)] if chosen else []
        return Recording(table.path, taken, [told[n][1] for n in columns], rate, stretches, notes)
    times = read_times(table, chosen, time, told[time], rate)
    width = len(columns)
    stretches = [
        Stretch(
            table.lines[chosen[first]], times.seconds[first] - times.seconds[0], values[first * width : end * width]
        )
        for first, end in times.stretches
    ]
    units = [told[number][1] for number in columns]
    return Recording(table.path, taken, units, times.rate, stretches, (*notes, *times.notes), times.jitter)


def windows(stretches: Sequence[Stretch], channels: int, length: int, hop: int) -> Iterator[tuple[int, int, bytes]]:
    """(number of the stretch, its row that the window begins with, float32 bytes row by row) of each whole window."""
    for number, stretch in enumerate(stretches):
        rows = len(stretch.values) // channels
        for first in range(0, rows - length + 1, hop):
            yield number, first, stretch.values[first * channels : (first + length) * channels].tobytes()


def refuse_rate(path: str, found: float | None, wanted: float) -> None:
    """Raises RecordingError where a recording's rate is not the model's."""
    if found is not None and abs(found - wanted) > RATE_TOLERANCE * wanted:
        raise RecordingError(
            f"{path}: found {found:.4g} samples a second, wanted {wanted:.4g} as in training; "
            "record at that rate, or train on recordings of this one"
        )


def _read_sound(path: str, source: str | bytes, channels: Sequence[str]) -> Recording:
    from ressq_runtime.inputs.wav import read_wav

    count, rate, values, promised = read_wav(path, source)
    names = [f"channel{number + 1}" for number in range(count)]
    if channels and list(channels) != names:
        raise RecordingError(
            f"{path}: found {count} channels of sound, wanted {', '.join(channels)} as in training; give a CSV of those"
        )
    there, notes = len(values) // count, list[str]()
    if there < promised:
        notes.append(f"{path}: its header promises {promised} samples, {there} are there: the file was cut")
    return Recording(path, names, [""] * count, rate, [Stretch(1, 0.0, values)], notes)


def _read_head(path: str) -> bytes:
    if os.path.isdir(path):
        raise RecordingError(f"{path}: found a folder, wanted a recording; name a file in it")
    try:
        with open(path, "rb") as file:
            return file.read(4)
    except OSError as error:
        raise RecordingError(f"{path}: {error.strerror}; check the path and its permissions") from error


def _choose(path: str, found: Sequence[str], wanted: Sequence[str]) -> tuple[list[str], list[str]]:
    """The channels to take, and what to tell of those that stand otherwise."""
    if not found:
        raise RecordingError(
            f"{path}: found no channel, wanted one or more columns of numbers beside the time; add some"
        )
    if not wanted:
        return list(found), []
    missing = [name for name in wanted if name not in found]
    if missing:
        raise RecordingError(
            f"{path}: found the columns {', '.join(found)}, wanted {', '.join(missing)}, too, as in training; "
            "name the columns as they were"
        )
    notes = []
    if extra := [name for name in found if name not in wanted]:
        notes.append(f"{path}: columns that the model does not know are left out: {', '.join(extra)}")
    if [name for name in found if name in wanted] != list(wanted):
        notes.append(f"{path}: the columns stand in another order than in training; they are taken by their names")
    return list(wanted), notes


def _read_values(table: Table, chosen: Sequence[int], columns: Sequence[int]) -> array[float]:
    # In C as far as can be: cell by cell, a minute at 50 Hz took as long as fifty inferences.
    pick = itemgetter(*columns) if len(columns) > 1 else lambda row: (row[columns[0]],)
    rows = table.rows if len(chosen) == len(table.rows) else [table.rows[row] for row in chosen]
    cells: Iterable[str] = chain.from_iterable(map(pick, rows))
    if table.decimal_comma:
        cells = (cell.replace(",", ".") for cell in cells)
    try:
        numbers = list(map(float, cells))
        values = array("f", numbers)
    except (ValueError, OverflowError):
        _refuse_cell(table, chosen, columns)
        raise
    if not isfinite(sum(values)):
        _refuse_cell(table, chosen, columns)
    return values


def _refuse_cell(table: Table, chosen: Sequence[int], columns: Sequence[int]) -> None:
    """Raises RecordingError at the first cell that is no number."""
    for row in chosen:
        for column in columns:
            cell = table.rows[row][column]
            try:
                good = isfinite(array("f", [float(cell.replace(",", ".") if table.decimal_comma else cell)])[0])
            except (ValueError, OverflowError):
                good = False
            if not good:
                raise RecordingError(
                    f"{table.path}: found {cell[:40]!r} in line {table.lines[row]}, column {table.header[column]}, "
                    "wanted a number; mend the line, or cut the file there"
                )
