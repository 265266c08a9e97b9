"""One run folder, one `ressq-train`: two at once would write over each other.

The lock is the system's (flock), not the file: a process that ends in any way, `kill -9` too, leaves the file and no
lock. So RUN/.lock stays where it is and says nothing by being there. Of a run that was refused nothing stays.
"""

import errno
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from shlex import quote

from filelock import FileLock, Timeout

from ressq_edge.atomic import cannot_write
from ressq_edge.errors import RunError

LOCK = ".lock"


@contextmanager
def locked(run: Path) -> Iterator[None]:
    """The run folder, for this process alone while the block lasts; made if it is not there.

    Raises:
        RunError: another process works in it, or nothing can keep one out.
        OutputError: the folder or its lock cannot be written.
    """
    lock = FileLock(run / LOCK, timeout=0)
    try:
        run.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout as error:  # an OSError, too
        raise RunError(
            f"{run}: found another ressq-train working in it, wanted its end; "
            f"wait for it (`fuser -v {quote(str(run / LOCK))}` shows the process), or choose another --out"
        ) from error
    except OSError as error:
        if error.errno in (errno.ENOLCK, errno.EOPNOTSUPP):  # some network drives
            raise RunError(
                f"{run}: found a file system without locks, wanted one that has them; choose an --out on another, "
                "a local disk, say"
            ) from error
        raise cannot_write(run, error) from error
    try:
        yield
    finally:
        with suppress(OSError):  # Windows deletes no file that is open
            if [path.name for path in run.iterdir()] == [LOCK]:
                (run / LOCK).unlink()
                run.rmdir()
        lock.release()
