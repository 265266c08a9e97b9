"""What converters print, kept in a log: they write to stdout, to stderr, and from C++ past Python.

The log lies among the temporary files, and goes with them when all went well. Where something fails it is kept
beside the files that were to be made, and the error names it.
"""

import os
import shutil
import sys
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from threading import Lock

from ressq_export.errors import ConversionError

# What converters raise when they do not know what to do; everything else is ours, or the system's.
_FAULTS = (RuntimeError, ValueError, TypeError, LookupError, AttributeError, AssertionError)

# The descriptors are the process's: two threads that exchanged them at once would give each other's back.
_alone = Lock()


class Log:
    """A text file that takes a converter's output while `capture` is open."""

    def __init__(self, path: Path, kept: Path | None = None) -> None:
        """Begin the file `path`; `keep` copies it to `kept`."""
        self.path, self._kept = path, kept
        path.write_text("", encoding="utf-8")

    def keep(self) -> Path:
        """Leave the log where it will be found; returns that place, for an error's words."""
        return Path(shutil.copyfile(self.path, self._kept)) if self._kept else self.path

    def write(self, text: str) -> None:
        """Append a line."""
        with self.path.open("a", encoding="utf-8") as file:
            file.write(text + "\n")

    @contextmanager
    def capture(self, stage: str) -> Iterator[None]:
        """Send file descriptors 1 and 2 and Python's streams to the log until the block ends.

        Raises:
            ConversionError: the converter in the block failed; its traceback is in the log.
        """
        self.write(f"== {stage}")
        with _alone, self.path.open("a", encoding="utf-8") as file, warnings.catch_warnings():
            sys.stdout.flush()
            sys.stderr.flush()
            saved = [os.dup(1), os.dup(2)]
            warnings.simplefilter("ignore")
            try:
                os.dup2(file.fileno(), 1)
                os.dup2(file.fileno(), 2)
                with redirect_stdout(file), redirect_stderr(file):
                    yield
            except _FAULTS as error:
                file.write(traceback.format_exc())
                file.flush()
                reason = (str(error).strip() or type(error).__name__).splitlines()[0][:200]
                raise ConversionError(f"{stage}: failed ({reason}); see {self.keep()}") from error
            finally:
                for descriptor, copy in enumerate(saved, start=1):
                    os.dup2(copy, descriptor)
                    os.close(copy)
