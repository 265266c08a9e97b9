"""What an export measured, as a table for a person and as JSON for a script."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from rich.table import Table
from rich.text import Text

from ressq_export.measurement.confidence import Confidence
from ressq_export.measurement.scores import TORCH
from ressq_export.measurement.stage_comparison import StageComparison
from ressq_export.quantization.search import Int8Recipe
from ressq_export.tasks.task import Measured


@dataclass(frozen=True)
class Row:
    """One file in a table.

    size_bytes: of its file; None for torch, and for an int8 file that was refused.
    measured: the metric on the pictures that the table is about.
    median_ms: of one inference here, one thread, warm.
    """

    name: str
    size_bytes: int | None
    measured: Measured
    median_ms: float

    def to_json(self) -> dict[str, object]:
        """Flat: name, size_bytes, median_ms and what was measured."""
        flat = {"name": self.name, "size_bytes": self.size_bytes, "median_ms": self.median_ms}
        return {**flat, **self.measured.to_json()}


@dataclass(frozen=True)
class Report:
    """What happened.

    name: of the artefacts.
    files: their paths.
    exported: False where they were already there and only evaluated.
    calibration: what the int8 ranges were taken from, as in the card.
    confidence: the temperature and what it changed; None where nothing was exported.
    quantization: how int8 came to its accuracy; None where nothing was exported.
    comparisons: how far apart neighbouring stages are; empty where nothing was exported.
    tables: rows by what they were measured on ("validation split", a folder).
    faults: pictures that could not be read, with reasons.
    notes: what a person should know, and may mend.
    refused: why the int8 files were not written, and what to take; empty where they were.
    """

    name: str
    files: tuple[str, ...]
    exported: bool
    calibration: Mapping[str, object]
    confidence: Confidence | None
    quantization: Int8Recipe | None
    comparisons: tuple[StageComparison, ...]
    tables: Mapping[str, tuple[Row, ...]]
    faults: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    refused: str = ""

    def to_json(self) -> dict[str, object]:
        """JSON-able; shares are fractions."""
        tables = {title: [row.to_json() for row in rows] for title, rows in self.tables.items()}
        return {**asdict(self), "tables": tables}


def render(title: str, rows: Sequence[Row]) -> Table:
    """A table of the rows: size, what was measured, latency."""
    n = rows[0].measured.n
    table = Table(title=Text(f"{title}: {n} pictures"), title_justify="left")
    table.add_column("file", no_wrap=True)
    for column in ("bytes", *rows[0].measured.columns, "median ms, 1 thread here"):
        table.add_column(column, justify="right")
    for row in rows:
        trained = row.name == TORCH
        size = ("" if trained else "not written") if row.size_bytes is None else f"{row.size_bytes:,}"
        table.add_row(row.name, size, *row.measured.cells(reference=trained), f"{row.median_ms:.2f}")
    return table
