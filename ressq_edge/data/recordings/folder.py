"""Folders of recordings: whether a data folder holds some, and which recording is for what."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from ressq_edge.data.folder import split_files
from ressq_edge.data.layout import find_parts
from ressq_edge.data.split import Split
from ressq_runtime.inputs.folders import is_left_out, is_picture
from ressq_runtime.inputs.recording import is_recording

# What files of persons are called: p03, subject7, S12, user-4.
_PERSON = re.compile(
    r"(?:^|[_\-/])((?:p|s|u|id|subject|subj|person|user|patient|participant)[_\-]?\d{1,4})(?=[_\-./]|$)", re.I
)


def holds_recordings(root: Path) -> bool:
    """Whether a folder holds recordings and no pictures; False where it can't be read."""
    found = False
    for top, folders, files in root.walk(follow_symlinks=True):
        folders[:] = [name for name in folders if not is_left_out(name)]
        if any(is_picture(name) for name in files):
            return False
        found = found or (top != root and any(is_recording(name) for name in files))
    return found


def split_recordings(root: Path, seed: int, group_by: str | None) -> Split:
    """The split of a folder of recordings, one folder a class, or parts with those; drawn by whole recordings.

    Raises:
        FolderError: the folder is not laid out so.
        SplitError: there are too few recordings or groups, or parts tear a group apart.
    """
    return split_files(root, find_parts(root), is_recording, "recording", seed, group_by)


def tell_persons(names: Sequence[str], group_by: str | None) -> list[str]:
    """A note where file names look like people's, and nothing keeps a person's recordings in one part."""
    persons = [match[1] for name in names if (match := _PERSON.search(name))]
    if group_by or len(persons) < len(names) or not 1 < len(set(persons)) < len(names):
        return []
    return [
        f"file names look like those of {len(set(persons))} people ({persons[0]}, ...), who may be in several parts: "
        f"figures say nothing of others then; --group-by '({re.sub('[0-9]+', '', persons[0])}[0-9]+)' keeps each in one"
    ]
