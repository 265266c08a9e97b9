"""Answers as rows: text for people, JSON Lines for programs, CSV for tables."""

from __future__ import annotations

import sys
from contextlib import contextmanager

from ressq_runtime.errors import OutputError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import IO, Protocol

    from ressq_runtime.classify import Prediction

    # (path of the picture, predictions best first, milliseconds by stage)
    Answer = tuple[str, list[Prediction], dict[str, float]]

    class Writer(Protocol):
        """Where answers and faults go, one at a time."""

        def write(self, answer: Answer) -> None:
            """An answered picture."""

        def write_fault(self, path: str, fault: str) -> None:
            """A picture that could not be read; the fault is on stderr already."""


@contextmanager
def open_writer(csv_path: str | None, as_json: bool, *, single: bool, top_k: int) -> Iterator[Writer]:
    """The writer that the command line asks for; what it wrote is flushed at the end.

    Raises:
        OutputError: the CSV file exists or can't be written, or stdout can't take any more.
    """
    _tolerate_any_path(sys.stdout)
    try:
        if csv_path is None:
            yield JsonWriter(sys.stdout) if as_json else TextWriter(sys.stdout, single)
            sys.stdout.flush()
        else:
            with open(csv_path, "x", newline="", encoding="utf-8", errors="surrogateescape") as file:
                yield CsvWriter(file, top_k, also=JsonWriter(sys.stdout) if as_json else None)
    except FileExistsError as error:
        raise OutputError(f"{csv_path}: found a file already there, wanted a new one; choose another name") from error
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputError(f"{csv_path or 'stdout'}: {error.strerror}; free space, or write elsewhere") from error


class TextWriter:
    """One picture: a table of its answers. Several: a line each, so that `sort` and `grep` work."""

    def __init__(self, out: IO[str], single: bool) -> None:
        self._out = out
        self._single = single

    def write(self, answer: Answer) -> None:
        path, predictions, latency_ms = answer
        if not self._single:
            best = predictions[0]
            self._out.write(f"{path}: {best.label} {best.probability:.1%}\n")
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


class CsvWriter:
    """A row a picture: path, the answers with their probabilities, milliseconds in all, the fault if there was one."""

    def __init__(self, file: IO[str], top_k: int, also: JsonWriter | None) -> None:
        from csv import writer

        self._file = file
        self._rows = writer(file)
        self._top_k = top_k
        self._also = also
        names = [f"{name}_{rank}" for rank in range(1, top_k + 1) for name in ("label", "probability")]
        self._rows.writerow(["path", *names, "total_ms", "error"])

    def write(self, answer: Answer) -> None:
        path, predictions, latency_ms = answer
        cells = [cell for p in predictions for cell in (p.label, f"{p.probability:.6f}")]
        cells += [""] * (2 * self._top_k - len(cells))
        self._rows.writerow([path, *cells, latency_ms["total"], ""])
        self._file.flush()
        if self._also:
            self._also.write(answer)

    def write_fault(self, path: str, fault: str) -> None:
        self._rows.writerow([path, *[""] * (2 * self._top_k), "", fault])
        if self._also:
            self._also.write_fault(path, fault)


def _tolerate_any_path(out: IO[str]) -> None:
    """A file name may be no text in this locale; it must not end the run."""
    if hasattr(out, "reconfigure"):
        out.reconfigure(errors="backslashreplace")
