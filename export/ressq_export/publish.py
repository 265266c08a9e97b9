"""All files or none: made in a folder of their own, moved into place when all are good."""

import errno
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ressq_edge.atomic import cannot_write
from ressq_runtime.errors import OutputError


def refuse_overwriting(targets: Sequence[Path]) -> None:
    """Nothing is there yet.

    Raises:
        OutputError: one of the files exists, or can have no such name.
    """
    try:
        found = [path for path in targets if path.exists()]
    except OSError as error:
        if error.errno != errno.ENAMETOOLONG:
            raise cannot_write(targets[0].parent, error) from error
        name = targets[0].name
        raise OutputError(
            f"{name:.40}: found a name of {len(name)} letters, wanted one that the disk takes; give a shorter --name"
        ) from error
    if found:
        raise OutputError(
            f"{found[0]}: found {len(found)} of {len(targets)} files already there, wanted none; "
            "give --force to replace them, or another --name or --out"
        )


@contextmanager
def workshop(out: Path) -> Iterator[Path]:
    """A temporary folder inside `out`, so that what is made in it can be moved, not copied; removed at the end.

    Raises:
        OutputError: nothing can be written there.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=".ressq-export-", dir=out))
    except OSError as error:
        raise cannot_write(out, error) from error
    try:
        yield folder
    except OSError as error:
        raise cannot_write(Path(error.filename or out), error) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def publish(made: Sequence[Path], out: Path, stale: Sequence[Path] = ()) -> list[Path]:
    """Move files into `out`, all of them or none; what they replace is put back if one cannot be moved.

    Args:
        made: the files, in a folder on the same disk.
        out: where they go.
        stale: files in `out` that these replace under other names, if they are there.

    Raises:
        OutputError: one cannot be moved.
    """
    replaced: list[tuple[Path, Path]] = []
    moved: list[Path] = []

    def set_aside(target: Path) -> None:
        if target.exists():
            backup = made[0].with_name(f"{target.name}.replaced")
            replaced.append((backup, target))
            target.replace(backup)

    try:
        for path in made:
            target = out / path.name
            set_aside(target)
            moved.append(target)
            path.replace(target)
        for target in stale:
            set_aside(target)
    except BaseException as error:  # Ctrl-C, too, leaves all or none
        for target in moved:
            target.unlink(missing_ok=True)
        for backup, target in replaced:
            if backup.exists():
                backup.replace(target)
        if isinstance(error, OSError):
            raise cannot_write(out, error) from error
        raise
    return moved
