"""The pictures that `--evaluate FOLDER` names: of the folder that a run was trained on, its test pictures."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ressq_export.inputs import open_input
from ressq_export.measurement.copies import find_copies
from ressq_export.run import Run
from ressq_runtime.errors import FolderError

TEST = "test split"


@dataclass(frozen=True)
class Evaluated:
    """Pictures to measure on besides the validation split.

    folder: where they are.
    title: "test split", or the folder as it was given.
    pictures: (picture, target) of each.
    notes: what a person should know of them.
    """

    folder: Path
    title: str
    pictures: list[tuple[Path, Any]]
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """For a certificate: without the folders above."""
        return self.title if self.title == TEST else self.folder.resolve().name


def find_evaluated(folder: Path, run: Run) -> Evaluated:
    """The test split, if this is the very folder that the run was trained on; else all samples in the folder.

    Raises:
        FolderError: the run kept no test pictures; the folder holds no samples of its task.
    """
    if folder.resolve() == run.data.resolve():
        if not run.split.test:
            raise FolderError(f"{folder}: found no test pictures in the run's split, wanted some; give another folder")
        return Evaluated(run.data, TEST, run.pictures("test"))
    spec = run.checkpoint.input
    files = run.task.list_samples(folder, run.split, spec)
    return Evaluated(folder, str(folder), open_input(spec).cut(files), _tell_seen(folder, files, run))


def _tell_seen(folder: Path, pictures: list[tuple[Path, Any]], run: Run) -> tuple[str, ...]:
    file_of = open_input(run.checkpoint.input).file_of
    used = [file_of(path) for part in ("train", "val") for path in run.split.paths(part, run.data)]
    seen = len(find_copies([path for path, _ in pictures], used))
    if not seen:
        return ()
    return (
        f"{folder}: {seen} of {len(pictures)} pictures are ones that the run trained on or chose its epoch by: "
        "the figure flatters",
    )
