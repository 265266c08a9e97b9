"""Answers as rows: text for people, JSON Lines for programs; tables are in streaming/table.py."""

from __future__ import annotations

import sys

from ressq_runtime.errors import OutputError, printable
from ressq_runtime.lean_stdlib import dump_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Set
    from typing import IO, Any, Protocol

    from ressq_runtime.model import Model
    from ressq_runtime.streaming.table import Table
    from ressq_runtime.tasks.task import Answer

    Say = Callable[[str], None]  # tells people a line, on stderr, under the command's name
    # (path of the picture, what the model says of it, milliseconds by stage)
    Row = tuple[str, Answer, dict[str, float]]

    class Writer(Protocol):
        """Where answers and faults go, one at a time."""

        @property
        def earlier_faults(self) -> int:
            """How many pictures an earlier run could not read and this one did not try again."""

        @property
        def done(self) -> Set[str]:
            """The pictures that are not to be done again; it grows."""

        def write(self, row: Row) -> None:
            """An answered picture."""

        def write_fault(self, path: str, fault: str) -> None:
            """A picture that could not be read; the fault is on stderr already."""


class open_writer:  # noqa: N801 - used as a function; contextlib alone would cost a quarter of an inference
    """The writer that `csv` and `json` ask for, as a context; what it wrote is flushed at the end.

    Raises:
        OutputError: the CSV file is no table of this model as it is set or can't be written, or stdout neither.
    """

    def __init__(self, asked: Any, model: Model, say: Say, *, single: bool = False) -> None:
        self._asked = asked
        self._model = model
        self._say = say
        self._single = single
        self._table: Table | None = None

    def __enter__(self) -> Writer:
        asked = self._asked
        if asked.csv is None:
            return JsonWriter(sys.stdout) if asked.json else TextWriter(sys.stdout, self._say, single=self._single)
        from ressq_runtime.streaming.table import Table, name_model

        try:
            also = JsonWriter(sys.stdout) if asked.json else None
            self._table = Table(asked.csv, name_model(self._model), self._model.task.extras(), also=also)
        except OSError as error:
            raise self._explain(error) from error
        _announce(self._table, self._say)
        return self._table

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        try:
            if self._table is not None:
                self._table.close()
            elif error is None:
                sys.stdout.flush()
            if isinstance(error, OSError):
                raise error
        except BrokenPipeError:
            raise
        except OSError as fault:
            raise self._explain(fault) from fault

    def _explain(self, error: OSError) -> OutputError:
        advice = "create its folder first" if isinstance(error, FileNotFoundError) else "free space, or write elsewhere"
        path = self._asked.csv
        return OutputError(f"{'stdout' if path is None else path or '--csv'}: {error.strerror}; {advice}")


def _announce(table: Table, say: Say) -> None:
    if table.removed_bytes:
        say(f"{table.path}: removed half a row at its end, which broke off")
    if table.done or table.earlier_faults:
        text = f"{table.path}: continued: {len(table.done)} pictures are answered and not done again"
        if table.earlier_faults:
            text += f"; rows with an error, tried again: {table.earlier_faults}"
        say(text)


class TextWriter:
    """One picture: all of its answer. Several: a line each, so that `sort` and `grep` work."""

    done: Set[str] = frozenset()
    earlier_faults = 0

    def __init__(self, out: IO[str], say: Say, *, single: bool) -> None:
        self._out = out
        self._say = say
        self._single = single

    def write(self, row: Row) -> None:
        path, said, latency_ms = row
        if not self._single:
            self._out.write(f"{printable(path)}: {said.to_line()}\n")
            self._out.flush()
            return
        self._out.write(f"{said.to_text()}\n")
        stages = ", ".join(f"{stage} {span:.1f}" for stage, span in latency_ms.items())
        self._say(f"milliseconds: {stages}")

    def write_fault(self, path: str, fault: str) -> None:
        pass


class JsonWriter:
    """One JSON object a line and picture; a fault has `error` in place of the answer."""

    done: Set[str] = frozenset()
    earlier_faults = 0

    def __init__(self, out: IO[str]) -> None:
        self._out = out

    def write(self, row: Row) -> None:
        path, said, latency_ms = row
        self._dump({"path": path, **said.to_json(), "latency_ms": latency_ms})

    def write_fault(self, path: str, fault: str) -> None:
        self._dump({"path": path, "error": fault})

    def _dump(self, row: dict[str, object]) -> None:
        self._out.write(dump_json(row) + "\n")
        self._out.flush()
