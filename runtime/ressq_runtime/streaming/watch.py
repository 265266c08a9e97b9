"""The pictures that come into a folder, each as soon as it no longer grows.

The folder is looked through again and again: that works with every system and file system, network drives
included, and misses nothing that came while nobody watched. What was answered before, the table knows.
"""

from __future__ import annotations

import os
from contextlib import suppress
from time import monotonic, sleep

from ressq_runtime.errors import FolderError
from ressq_runtime.inputs.folders import PICTURE_SUFFIXES, is_left_out
from ressq_runtime.inputs.names import refuse_locale

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterator

    State = tuple[int, int, int]

POLL_SECONDS = 0.5
# Looking takes longer the more files there are; it must leave the board to the pictures.
LARGEST_POLL_SHARE = 0.05
# Unchanged for this long, a file is taken as whole.
SETTLED_SECONDS = 1.0
# A transfer may stall for longer: a picture that can't be read is tried again after this.
SECOND_CHANCE_SECONDS = 10.0
# Of the pictures that were answered the last ones are looked at again.
_MOST_WATCHED = 100
_MOST_TOLD = 20
_CHANGED = "has changed since it was answered, and keeps its row; give each picture a name of its own"


class Watch:
    """A folder and what is new in it. `try_again` may be called while another thread looks."""

    def __init__(
        self,
        folder: str,
        done: Container[str],
        clock: Callable[[], float] = monotonic,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Begins to watch the folder and the folders in it, but for hidden ones, those of a system and links.

        `done` holds the absolute paths that have an answer; it grows while we look. `say` gets what a person may
        wait for in vain, each kind once.

        Raises:
            FolderError: there is no such folder.
        """
        # The table knows a picture by its path, which must be the same after a restart from elsewhere.
        self._folder = os.path.abspath(folder)
        self._done, self._clock, self._say = done, clock, say
        self._files: dict[str, _File] = {}
        self._answered: dict[str, State] = {}
        self._told = {".csv"}  # the table may lie there, too
        self._closed = False
        if not os.path.isdir(self._folder):
            raise FolderError(f"{folder}: found no such folder, wanted one to watch; make it first")

    def pictures(self) -> Iterator[str]:
        """The absolute path of each new picture, until closed.

        Raises:
            FolderError: the folder is gone, or a folder can't be read.
        """
        while not self._closed:
            began = self._clock()
            ready = self.look()
            took = self._clock() - began
            yield from ready
            sleep(max(POLL_SECONDS, took / LARGEST_POLL_SHARE))

    def close(self) -> None:
        """Ends `pictures` after its next look."""
        self._closed = True

    def look(self) -> list[str]:
        """The pictures that are new and whole since the last look, the oldest first.

        Raises:
            FolderError: the folder is gone, or a folder can't be read.
        """
        now = self._clock()
        files: dict[str, _File] = {}
        ready: list[tuple[int, str]] = []
        for path, state in self._new_files():
            file = files[path] = self._files.get(path) or _File(state, now)
            if file.given:
                continue
            if file.state != state:
                file.state, file.since, file.patience = state, now, SETTLED_SECONDS
            if now - file.since >= file.patience:
                file.given = True
                ready.append((file.state[1], path))
        self._tell_of_changed()
        self._files = files
        return [path for _, path in sorted(ready)]

    def try_again(self, path: str) -> bool:
        """True for a picture that could not be read but may still be on its way: it is given again later."""
        file = self._files.get(path)
        if file is None:
            return True
        state = None  # taken away before it was answered; should it come back, it is new
        with suppress(OSError):
            state = _state(os.stat(path))
        if file.patience == SECOND_CHANCE_SECONDS and state == file.state:
            return False
        file.patience, file.given = SECOND_CHANCE_SECONDS, False
        return True

    def _tell_of_changed(self) -> None:
        """Says once that a picture was replaced after its answer, as some cameras do with one name for all."""
        if _CHANGED in self._told:
            return
        self._answered |= {path: file.state for path, file in self._files.items() if file.given and path in self._done}
        self._answered = dict(list(self._answered.items())[-_MOST_WATCHED:])
        for path, state in self._answered.items():
            with suppress(OSError):
                if _state(os.stat(path)) != state:
                    self._told.add(_CHANGED)
                    self._say(f"{path}: {_CHANGED}")
                    return

    def _tell_of_other(self, path: str) -> None:
        """Says once for each suffix that its files are left out."""
        suffix = os.path.splitext(path)[1].lower()
        if suffix not in self._told and len(self._told) < _MOST_TOLD:
            self._told.add(suffix)
            kind = f"what ends in {suffix}" if suffix else "what has no suffix"
            self._say(f"{path}: left out, as {kind} is; pictures end in .jpg, .png and the like")

    def _new_files(self) -> Iterator[tuple[str, State]]:
        """Path and state of each picture without an answer."""
        folders = [self._folder]
        while folders:
            for entry in self._list(folders.pop()):
                if is_left_out(entry.name) or entry.path in self._done:
                    continue
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
                    continue
                with suppress(OSError):  # taken away while we look, or a link that leads nowhere
                    if os.path.splitext(entry.name)[1].lower() in PICTURE_SUFFIXES:
                        yield entry.path, _state(entry.stat())
                    elif entry.is_file():
                        self._tell_of_other(entry.path)

    def _list(self, folder: str) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(folder) as found:
                entries = list(found)
        except FileNotFoundError as error:
            if folder != self._folder:  # taken away while we look
                return []
            raise FolderError(f"{folder}: found no such folder any more; make it and start again") from error
        except OSError as error:
            raise FolderError(f"{folder}: {error.strerror}; make it a folder that can be read") from error
        refuse_locale(folder, (entry.name for entry in entries))
        return entries


class _File:
    """A picture without an answer: its state, since when it is so, how long it must be so, and if it was given out."""

    __slots__ = ("given", "patience", "since", "state")

    def __init__(self, state: State, since: float) -> None:
        self.state = state
        self.since = since
        self.patience = SETTLED_SECONDS
        self.given = False


def _state(status: os.stat_result) -> State:
    """What changes when a file is written or replaced: size, time of the last write in ns, inode."""
    return status.st_size, status.st_mtime_ns, status.st_ino
