"""The table of answers (`--csv`): one row a picture, continued where the last run ended, however it ended.

The rule: a picture is done when its row is whole and holds an answer. One that could not be read is tried again at each
start, and keeps one row. Half a row at the end of the file, left by `kill -9` or a power cut, is removed; what else we
did not write is refused. docs/tables.md describes columns and policy.
"""

from __future__ import annotations

import csv
import os

from ressq_runtime.errors import OutputError
from ressq_runtime.streaming.appender import Appender

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ressq_runtime.model import Model
    from ressq_runtime.rows import JsonWriter, Row
    from ressq_runtime.tasks.task import Extras

# Without a prefix a spreadsheet reads twelve digits as a number, or with an e among them as an exponent.
_MODEL_PREFIX = "sha256:"
_MODEL_DIGITS = 12
# A path and an error take a few kB; what is longer is no line of ours, and must not fill the memory.
_LONGEST_LINE_BYTES = 1 << 20
_BEFORE, _AFTER = ["path"], ["total_ms", "error", "model"]  # the columns round the answer's
_PATH, _ERROR, _MODEL = 0, -2, -1
_ANSWER = slice(len(_BEFORE), -len(_AFTER))


def name_model(model: Model) -> str:
    """What stands for the model in a row: the hash in its card, of a foreign model that of its file and labels."""
    if model.card is not None:
        return f"{_MODEL_PREFIX}{model.card.sha256[:_MODEL_DIGITS]}"
    from hashlib import sha256

    with open(model.path, "rb") as file:
        whole = sha256(file.read())
    whole.update("\n".join(model.task.labels).encode())
    return _MODEL_PREFIX + whole.hexdigest()[:_MODEL_DIGITS]


class Table:
    """The rows of a CSV file; new ones are appended.

    Fields beside Writer's: path; removed_bytes of half a row that was found at the end.
    """

    def __init__(self, path: str, model: str, rows: Extras, *, also: JsonWriter | None = None) -> None:
        """Opens the table in `path`, or begins it; every row carries `model`, which `name_model` says.

        `rows` are of the model's task: those that it would write otherwise as it is set are not continued.
        `also` gets each answer before the table: what breaks off in between is given twice, never lost.

        Raises:
            OutputError: the file holds something else, or rows of another model or other settings; another
                process writes it; it can't be read or written.
        """
        self.path = path
        self.done: set[str] = set()
        # By the path of a picture that could not be read: the error in its last row, while it was not tried again.
        self._faults: dict[str, str] = {}
        self._stale: set[tuple[str, str]] = set()  # path and error of rows that a later one replaces
        self._model, self._answers, self._also = model, rows, also
        self._header = [*_BEFORE, *rows.columns, *_AFTER]
        self._file = Appender(path)
        self._rows = csv.writer(self._file)
        try:
            self.removed_bytes = self._continue()
        except BaseException:
            self._file.close()
            raise

    @property
    def earlier_faults(self) -> int:
        """How many pictures have a row with an error and were not tried again."""
        return len(self._faults)

    def write(self, row: Row) -> None:
        """A row for an answered picture."""
        path, answer, latency_ms = row
        if self._also:
            self._also.write(row)
        self._rows.writerow([path, *self._fill(answer.to_cells()), latency_ms["total"], "", self._model])
        self._settle(path, "")

    def write_fault(self, path: str, fault: str) -> None:
        """A row for a picture that could not be read."""
        if self._also:
            self._also.write_fault(path, fault)
        if self._faults.get(path) != fault:
            self._rows.writerow([path, *self._fill([]), "", fault, self._model])
        self._settle(path, fault)

    def close(self) -> None:
        """Every row is on the disk, replaced ones are gone, and another process may continue the table."""
        try:
            if self._stale and os.name != "nt":  # which replaces no open file: there both rows stay
                self._file.replace(self._fresh_rows())
        finally:
            self._file.close()

    def _fill(self, cells: list[str]) -> list[str]:
        return cells + [""] * (len(self._header[_ANSWER]) - len(cells))

    def _settle(self, path: str, error: str) -> None:
        """A picture has its row, with this error or an answer; an earlier one that says another thing is stale."""
        before = self._faults.pop(path, error)
        if before != error:
            self._stale.add((path, before))
        self.done.add(path)

    def _fresh_rows(self) -> Iterator[bytes]:
        """The file's rows, byte by byte, but stale ones."""
        with open(self.path, "rb") as file:
            start = 0
            for row, end, _ in _read_rows(self.path):
                content, start = file.read(end - start), end
                if (row[_PATH], row[_ERROR]) not in self._stale:
                    yield content

    def _continue(self) -> int:
        """Takes over the rows there are; returns how many bytes of half a row it removed."""
        size, end = os.path.getsize(self.path), 0
        for number, (row, row_end, finished) in enumerate(_read_rows(self.path)):
            if not finished or not (self._take(row) if number else row == self._header):
                if row_end < size or not self._is_half(row, number, finished):
                    raise OutputError(f"{self.path}: {self._explain(row, number)}")
                break
            end = row_end
        if end < size:
            self._file.truncate(end)
        if not end:
            self._rows.writerow(self._header)
        return size - end

    def _take(self, row: list[str]) -> bool:
        """Marks a row's picture as done, if the row is whole and of this model."""
        if len(row) != len(self._header) or row[_MODEL] != self._model or self._refuse(row):
            return False
        self._settle(row[_PATH], row[_ERROR])
        if row[_ERROR]:
            self.done.discard(row[_PATH])
            self._faults[row[_PATH]] = row[_ERROR]
        return True

    def _refuse(self, row: list[str]) -> tuple[str, str] | None:
        """What the answer in a row is and what this task, as it is set, writes; None: it may have written it."""
        return None if row[_ERROR] else self._answers.refuse_cells(row[_ANSWER])

    def _is_half(self, row: list[str], number: int, finished: bool) -> bool:
        """True for a last row that broke off; one with all its cells and a line end did not."""
        if number:
            return not (finished and len(row) == len(self._header))
        return not finished and ",".join(self._header).startswith(",".join(row))

    def _explain(self, row: list[str], number: int) -> str:
        """Why a row is not ours to continue."""
        if number == 0:
            ours = row[: len(_BEFORE)] == _BEFORE and row[-len(_AFTER) :] == _AFTER
            found = self._answers.refuse_columns(row[_ANSWER]) if ours else ""
            return found or "found no table of --csv, or one that a spreadsheet saved; name another file"
        if len(row) == len(self._header) and row[_MODEL] == self._model and (refusal := self._refuse(row)):
            found, wanted = refusal
            return f"found {found} in row {number + 1}, wanted {wanted}, mend or delete that row, or name another file"
        if len(row) == len(self._header) and row[_MODEL].startswith(_MODEL_PREFIX):
            return f"found rows of the model {row[_MODEL]}, wanted {self._model}; name another file for this model"
        return f"found {len(row)} cells in row {number + 1}, wanted {len(self._header)}; mend or delete that row"


def _read_rows(path: str) -> Iterator[tuple[list[str], int, bool]]:
    """(cells, where the row ends in bytes, whether by a line end) of each row; no cells where it is no CSV."""
    end, finished = 0, True

    def lines() -> Iterator[str]:
        nonlocal end, finished
        for line in iter(lambda: file.readline(_LONGEST_LINE_BYTES), b""):
            end, finished = end + len(line), line.endswith(b"\n")
            yield line.decode("utf-8", "surrogateescape")

    with open(path, "rb") as file:
        try:
            for row in csv.reader(lines()):
                yield row, end, finished
        except csv.Error:
            yield [], end, False
