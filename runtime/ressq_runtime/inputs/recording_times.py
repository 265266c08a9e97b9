"""The time of a recording: its column and unit, how many samples a second there are, and where some are missing."""

from __future__ import annotations

from itertools import pairwise
from math import isfinite, log
from operator import itemgetter, sub

from ressq_runtime.errors import RecordingError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from ressq_runtime.inputs.recording_table import Table

    Told = tuple[str, str]  # name and unit of a column

TIME_NAMES = {
    "time", "t", "timestamp", "datetime", "date", "date_time", "elapsed", "seconds", "millis", "milliseconds", "micros",
    "zeit", "temps", "tiempo", "tempo", "elapsed_time", "time_stamp", "uptime", "epoch",
}  # fmt: skip
# Unit -> seconds.
_UNITS = {
    "s": 1.0, "sec": 1.0, "secs": 1.0, "second": 1.0, "seconds": 1.0, "ms": 1e-3, "msec": 1e-3, "millis": 1e-3,
    "milliseconds": 1e-3, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "micros": 1e-6, "microseconds": 1e-6, "ns": 1e-9,
    "nanoseconds": 1e-9,
}  # fmt: skip
# An epoch's seconds, milliseconds, microseconds and nanoseconds: what they begin at in 2001.
_EPOCHS = ((1e18, 1e-9), (1e15, 1e-6), (1e12, 1e-3), (1e9, 1.0))


class Times:
    """Of some rows.

    seconds: of each row; rate: samples a second; stretches: (first row, row behind the last) without a gap between;
    jitter: the widest step in a stretch less the usual one, in periods; notes: what a person should know.
    """

    __slots__ = ("jitter", "notes", "rate", "seconds", "stretches")

    def __init__(
        self, seconds: list[float], rate: float, stretches: list[tuple[int, int]], jitter: float, notes: list[str]
    ) -> None:
        self.seconds = seconds
        self.rate = rate
        self.stretches = stretches
        self.jitter = jitter
        self.notes = notes


def split_name(text: str) -> Told:
    """Name and unit of a column: `ax [g]`, `ax (g)` and `time_ms` tell one, a bare name none."""
    for opened, closed in ("[]", "()"):
        if text.endswith(closed) and opened in text[1:]:
            name, _, unit = text[:-1].rpartition(opened)
            return name.strip(), unit.strip()
    name, _, unit = text.rpartition("_")
    if name.lower() in TIME_NAMES and unit.lower() in _UNITS:
        return name, unit
    return text, ""


def find_time(table: Table, told: Sequence[Told]) -> int | None:
    """The number of the column that holds the time; None: there is none."""
    named = [number for number, (name, _) in enumerate(told) if name.lower() in TIME_NAMES]
    if len(named) > 1:
        names = ", ".join(table.header[number] for number in named)
        raise RecordingError(
            f"{table.path}: found several columns of time ({names}), wanted one; take the others out of the file"
        )
    return named[0] if named else None


def read_times(
    table: Table, chosen: Sequence[int], column: int, told: Told, rate: float | None, gap: float = 1.5
) -> Times:
    """The time of some rows of a table, whose column has this name and unit.

    rate: of the model, which tells a unit that the header does not; None: there is no model.

    Raises:
        RecordingError: a cell is no time, or time stands still or runs back; the line is named.
    """
    rows = table.rows if len(chosen) == len(table.rows) else [table.rows[row] for row in chosen]
    cells = list(map(itemgetter(column), rows))
    raw, counted = _read_cells(table, chosen, column, cells)
    notes: list[str] = []
    if len(raw) < 2:
        return Times(raw, rate or 0.0, [(0, len(raw))], 0.0, notes)
    steps = list(map(sub, raw[1:], raw))
    if min(steps) <= 0:
        number = next(number for number, step in enumerate(steps) if step <= 0)
        what = "stands still" if steps[number] == 0 else "runs back"
        raise RecordingError(
            f"{table.path}: found time that {what} in line {table.lines[chosen[number + 1]]} ({cells[number]}, then "
            f"{cells[number + 1]}), wanted each later than the one before; mend the lines, or cut the file there"
        )
    usual = sorted(steps)[len(steps) // 2]
    second = find_unit(told, raw[0], usual, rate) if counted else 1.0
    if second is None:
        second, unit = (1.0, "") if usual <= 1 else (1e-3, "milliseconds") if usual < 1000 else (1e-6, "microseconds")
        if unit:
            notes.append(f"{table.path}: column {table.header[column]} names no unit, taken for {unit} by its steps")
    widest = gap * usual
    cuts = [0, *(number for number, step in enumerate(steps, 1) if step > widest), len(raw)]
    stretches = list(pairwise(cuts))
    if len(stretches) > 1:
        line = table.lines[chosen[stretches[1][0]]]
        notes.append(
            f"{table.path}: {len(stretches) - 1} gaps of more than {gap} periods cut it, the first before line {line}"
        )
    inside = [(end - begin - 1, raw[end - 1] - raw[begin]) for begin, end in stretches if end - begin > 1]
    periods, lasting = sum(count for count, _ in inside), sum(span for _, span in inside)
    found = periods / (lasting * second) if lasting else 1 / (usual * second)
    most = max(step for step in steps if step <= widest) if len(stretches) > 1 else max(steps)
    return Times([value * second for value in raw], found, stretches, (most - usual) / usual, notes)


def _read_cells(table: Table, chosen: Sequence[int], column: int, cells: Sequence[str]) -> tuple[list[float], bool]:
    """The cells as numbers, and True; or the seconds of dates from the first, and False."""
    comma = table.decimal_comma
    try:
        values = [float(cell.replace(",", ".")) for cell in cells] if comma else list(map(float, cells))
    except ValueError:
        return _read_dates(table, chosen, column, cells), False
    if not isfinite(sum(values)):
        row, cell = next((r, c) for r, v, c in zip(chosen, values, cells, strict=True) if not isfinite(v))
        raise _refuse(table, row, column, cell)
    return values, True


def read_moment(cell: str) -> tuple[float, bool] | None:
    """A cell of a time: a number and True, or the seconds of a date and False; None: it is neither."""
    try:
        value = float(cell)
    except ValueError:
        from datetime import datetime

        try:
            moment = datetime.fromisoformat(cell)
        except ValueError:
            return None
        return (moment - datetime(1970, 1, 1, tzinfo=moment.tzinfo)).total_seconds(), False
    return (value, True) if isfinite(value) else None


def _read_dates(table: Table, chosen: Sequence[int], column: int, cells: Sequence[str]) -> list[float]:
    found: list[float] = []
    for row, cell in zip(chosen, cells, strict=True):
        moment = read_moment(cell.strip())
        if moment is None or moment[1]:
            raise _refuse(table, row, column, cell)
        found.append(moment[0])
    return [seconds - found[0] for seconds in found]


def _refuse(table: Table, row: int, column: int, cell: str) -> RecordingError:
    return RecordingError(
        f"{table.path}: found {cell[:40]!r} in line {table.lines[row]}, column {table.header[column]}, wanted seconds, "
        "milliseconds or a time as 2026-01-31T12:00:00.000; mend the line, or cut the file there"
    )


def find_unit(told: Told, first: float, usual: float, rate: float | None) -> float | None:
    """Seconds in what the column counts in; None: neither its name nor its values nor the model's rate tell."""
    name, unit = told
    if unit.lower() in _UNITS:
        return _UNITS[unit.lower()]
    if name.lower() in _UNITS:  # a column called millis
        return _UNITS[name.lower()]
    for begin, second in _EPOCHS:
        if first >= begin:
            return second
    if rate is not None:  # the unit that comes nearest to the model's rate
        return min((1.0, 1e-3, 1e-6), key=lambda second: abs(log(usual * second * rate)))
    return None
