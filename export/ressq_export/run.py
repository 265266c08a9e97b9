"""The training run that is exported: its best checkpoint, its split and where its pictures are."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ressq_edge.data.names import refuse_moved_form
from ressq_edge.data.split import PARTS, Split, files_of, read_split
from ressq_edge.network.checkpoint import Checkpoint, load_checkpoint
from ressq_edge.network.published import file_sha256
from ressq_export.errors import ExportError
from ressq_export.tasks import open_task
from ressq_export.tasks.task import Task
from ressq_runtime.inputs.names import refuse_locale

CHECKPOINT = "best.safetensors"


@dataclass(frozen=True)
class Run:
    """A run folder, read.

    folder: where it is.
    checkpoint: the best weights and what they mean.
    sha256: of the checkpoint file.
    split: which picture, or window of a recording, is for what.
    data: the folder that the split's paths are relative to.
    finished: it was trained to its end.
    thumbnails: its pages may show pictures and name their files, and so may what is made of it.
    grouped: its split was drawn by groups, of patients, say.
    """

    folder: Path
    checkpoint: Checkpoint
    sha256: str
    split: Split
    data: Path
    finished: bool = True
    thumbnails: bool = True
    grouped: bool = False

    @property
    def task(self) -> Task:
        """What its network answers."""
        return open_task(self.checkpoint)

    def pictures(self, part: str) -> list[tuple[Path, Any]]:
        """(picture, target) of each picture in "train", "val" or "test"."""
        task, split = self.task, self.split
        return [(self.data / name, task.open_target(target, self.data, split)) for name, target in split.samples(part)]

    @property
    def photos(self) -> int:
        """How many pictures its split has, all parts together."""
        return sum(len(self.split.samples(part)) for part in ("train", "val", "test"))

    def groups_of(self, paths: Sequence[Path]) -> tuple[int, ...]:
        """The group of each of these pictures; empty where one is none of the run's, or no groups were kept."""
        known = {self.data / name: group for name, group in self.split.groups}
        return tuple(known[path] for path in paths) if all(path in known for path in paths) else ()

    def notes(self) -> tuple[str, ...]:
        """What a person should know of it."""
        notes = []
        if not self.finished:
            epoch, epochs = self.checkpoint.metrics.get("epoch"), self.checkpoint.config.get("epochs")
            notes.append(
                f"{self.folder}: found no summary.md, so the run was interrupted; exported is epoch {epoch} of "
                f"{epochs}; ressq-train --resume goes on"
            )
        if not self.thumbnails:
            notes.append("the run was made with --no-thumbnails: a certificate shows and names no pictures either")
        return tuple(notes)


def read_run(folder: Path, data: Path | None = None) -> Run:
    """The run in `folder`; `data` overrides where its pictures were when it was trained.

    Raises:
        CheckpointError, RunError: the folder is no run of ressq-train.
        ExportError: it is none, or no epoch is trained yet, or its pictures are not where they were.
        SplitError: they are there under names in another Unicode form.
        FolderError: the locale reads their names as other letters.
    """
    path = folder / CHECKPOINT
    if not path.is_file():
        raise ExportError(
            f"{path}: found no such file, wanted a folder made by ressq-train, with an epoch or more; check the "
            "path, or go on with ressq-train --resume"
        )
    before = file_sha256(path)
    checkpoint = load_checkpoint(path)
    if file_sha256(path) != before:
        raise ExportError(f"{path}: found another while it was read, wanted one epoch's; ressq-train runs: try again")
    parted = read_split(folder)
    about = _read_about(folder / "config.json")
    where = data if data is not None else _data_folder(folder / "config.json", about)
    files = {part: [name for sample in parted.samples(part) for name in files_of(sample)] for part in PARTS}
    split = parted.by_window()
    refuse_locale(where, (name for part in PARTS for name in files[part]), listed=False)
    for part in ("train", "val"):
        missing = [name for name in files[part] if not (where / name).is_file()]
        if missing:
            refuse_moved_form(where, missing)
            raise ExportError(
                f"{where}: found no {missing[0]} (nor {len(missing) - 1} more of {part}), wanted the pictures the run "
                "was trained on; give the folder they are in now with --data"
            )
    finished = (folder / "summary.md").is_file()
    thumbnails = about.get("thumbnails") is not False
    settings = about.get("settings")
    grouped = isinstance(settings, dict) and settings.get("group_by") is not None
    return Run(folder, checkpoint, before, split, where, finished, thumbnails, grouped)


def _read_about(path: Path) -> dict[str, Any]:
    """What stands in config.json, nothing where it is lost; the settings are of the trainer's version, not ours."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _data_folder(path: Path, about: dict[str, Any]) -> Path:
    """Where the run's pictures were."""
    if not isinstance(about.get("data"), str):
        raise ExportError(f"{path}: found no data folder in it; name the pictures' folder with --data")
    return Path(about["data"])
