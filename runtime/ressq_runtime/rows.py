"""Answers as rows: text for people, JSON Lines for programs; tables are in table.py."""

from __future__ import annotations

import sys
from contextlib import contextmanager

from ressq_runtime.errors import OutputError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Set
    from typing import IO, Protocol

    from ressq_runtime.classify import Prediction
    from ressq_runtime.table import Table

    # (path of the picture, predictions best first, milliseconds by stage)
    Answer = tuple[str, list[Prediction], dict[str, float]]

    class Writer(Protocol):
        """Where answers and faults go, one at a time.

        Fields: earlier_faults, how many rows of an earlier run name a picture that could not be read.
        """

        earlier_faults: int

        @property
        def done(self) -> Set[str]:
            """The pictures that have a row and are not to be done again; it grows."""

        def write(self, answer: Answer) -> None:
            """An answered picture."""

        def write_fault(self, path: str, fault: str) -> None:
            """A picture that could not be read; the fault is on stderr already."""


@contextmanager
def open_writer(csv_path: str | None, as_json: bool, *, single: bool, top_k: int, model: str = "") -> Iterator[Writer]:
    """The writer that the command line asks for; what it wrote is flushed at the end.

    Raises:
        OutputError: the CSV file is no table of this model or can't be written, or stdout can't take any more.
    """
    _tolerate_any_path(sys.stdout)
    try:
        if csv_path is None:
            yield JsonWriter(sys.stdout) if as_json else TextWriter(sys.stdout, single)
            sys.stdout.flush()
        else:
            from ressq_runtime.table import Table

            table = Table(csv_path, model, top_k, also=JsonWriter(sys.stdout) if as_json else None)
            _announce(table)
            try:
                yield table
            finally:
                table.close()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputError(f"{csv_path or 'stdout'}: {error.strerror}; free space, or write elsewhere") from error


def _announce(table: Table) -> None:
    if table.removed_bytes:
        print(f"ressq-infer: {table.path}: removed half a row at its end, which broke off", file=sys.stderr)
    if table.done:
        counts = f"{len(table.done)} pictures have a row and are not done again"
        faults = f"; {table.earlier_faults} of them could not be read" if table.earlier_faults else ""
        print(f"ressq-infer: {table.path}: continued: {counts}{faults}", file=sys.stderr)


class TextWriter:
    """One picture: a table of its answers. Several: a line each, so that `sort` and `grep` work."""

    done: Set[str] = frozenset()
    earlier_faults = 0

    def __init__(self, out: IO[str], single: bool) -> None:
        self._out = out
        self._single = single

    def write(self, answer: Answer) -> None:
        path, predictions, latency_ms = answer
        if not self._single:
            best = predictions[0]
            self._out.write(f"{path}: {best.label} {best.probability:.1%}\n")
            self._out.flush()
            return
        width = max(len(prediction.label) for prediction in predictions)
        for prediction in predictions:
            self._out.write(f"{prediction.label:<{width}}  {prediction.probability:6.1%}\n")
        stages = ", ".join(f"{stage} {span:.1f}" for stage, span in latency_ms.items())
        print(f"ressq-infer: milliseconds: {stages}", file=sys.stderr)

    def write_fault(self, path: str, fault: str) -> None:
        pass


class JsonWriter:
    """One JSON object a line and picture; a fault has `error` in place of `predictions`."""

    done: Set[str] = frozenset()
    earlier_faults = 0

    def __init__(self, out: IO[str]) -> None:
        self._out = out

    def write(self, answer: Answer) -> None:
        path, predictions, latency_ms = answer
        listed = [{"label": p.label, "probability": round(p.probability, 7)} for p in predictions]
        self._dump({"path": path, "predictions": listed, "latency_ms": latency_ms})

    def write_fault(self, path: str, fault: str) -> None:
        self._dump({"path": path, "error": fault})

    def _dump(self, row: dict[str, object]) -> None:
        import json

        self._out.write(json.dumps(row) + "\n")
        self._out.flush()


def _tolerate_any_path(out: IO[str]) -> None:
    """A file name may be no text in this locale; it must not end the run."""
    if hasattr(out, "reconfigure"):
        out.reconfigure(errors="backslashreplace")
