"""The pictures of many answers, masks and overlays, in folders, each named by the picture that was answered."""

from __future__ import annotations

import os

from ressq_runtime.errors import OutputError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence, Set

    from ressq_runtime.model import Model
    from ressq_runtime.rows import Row, Writer

_MASK, _OVERLAY = ".png", ".jpg"
_SUFFIXES = (".png", ".jpg", ".jpeg")


class Pictures:
    """Where masks and overlays go: into folders, in which they lie as the pictures lie in the one that they share."""

    def __init__(
        self, model: Model, masks: str | None, overlays: str | None, named: Sequence[str], *, single: bool = False,
        watched: str = "",
    ) -> None:  # fmt: skip
        """Makes folders that are not there; `named` are the pictures that are known already.

        `single`: there is one picture, and the files themselves are named. `watched`: the folder that pictures come to.

        Raises:
            OutputError: the task makes none; or two pictures would give one, or it would replace what is not ours.
        """
        self._model, self._extras = model, model.task.extras()
        self._masks, self._overlays, self._single = masks, overlays, single
        folders = [os.path.abspath(watched)] if watched else [os.path.dirname(os.path.abspath(name)) for name in named]
        self._base = os.path.commonpath(folders) if folders else ""
        self._taken: dict[str, str] = {}  # file -> the picture that it is of
        if masks:
            self._extras.plan_mask(masks, "")  # before a folder is made: the task may have none
        for folder in () if single else filter(None, (masks, overlays)):
            if folder.lower().endswith(_SUFFIXES) and not os.path.isdir(folder):
                raise OutputError(f"{folder}: found the name of one picture, wanted a folder for several; name one")
            if watched and os.path.commonpath([self._base, os.path.abspath(folder)]) == self._base:
                raise OutputError(
                    f"{folder}: found it in the watched folder, wanted it elsewhere, or it would be answered"
                )
        for name in named:
            if masks:
                self._extras.plan_mask(self._place(masks, name, _MASK), name)
            if overlays:
                self._extras.plan_explanation(self._place(overlays, name, _OVERLAY), name)

    def before(self, writer: Writer) -> Writer:
        """A writer that draws an answer's pictures, then lets the other one write its row."""
        return _Before(self, writer)

    def draw(self, row: Row) -> None:
        """Writes the pictures of an answer.

        Raises:
            PictureError: the picture can't be read again.
            OutputError: as at the beginning, or there is no space.
        """
        name, answer, _ = row
        if self._masks:
            self._extras.plan_mask(self._place(self._masks, name, _MASK), name)(answer)
        if self._overlays:
            path = self._place(self._overlays, name, _OVERLAY)
            self._extras.plan_explanation(path, name)(self._model, name, answer)

    def _place(self, folder: str, name: str, suffix: str) -> str:
        """The file of a picture, whose folder is there."""
        if self._single:
            return folder
        below = os.path.relpath(os.path.abspath(name), self._base) if self._base else os.path.basename(name)
        path = os.path.join(folder, os.path.splitext(below)[0] + suffix)
        if (other := self._taken.setdefault(path, name)) != name:
            raise OutputError(f"{path}: found {other} and {name} for it, wanted a file for each; rename one of them")
        try:
            os.makedirs(os.path.dirname(path), exist_ok=True)
        except OSError as error:
            raise OutputError(f"{folder}: {error.strerror}, wanted a folder for several pictures; name one") from error
        return path


class _Before:
    """As `Pictures.before` says."""

    def __init__(self, pictures: Pictures, writer: Writer) -> None:
        self._pictures, self._writer = pictures, writer

    @property
    def earlier_faults(self) -> int:
        """As `rows.Writer` says."""
        return self._writer.earlier_faults

    @property
    def done(self) -> Set[str]:
        """As `rows.Writer` says."""
        return self._writer.done

    def write(self, row: Row) -> None:
        """As `rows.Writer` says."""
        self._pictures.draw(row)
        self._writer.write(row)

    def write_fault(self, path: str, fault: str) -> None:
        """As `rows.Writer` says."""
        self._writer.write_fault(path, fault)
