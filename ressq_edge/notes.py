"""What a person should know of the pictures before they are learned from; a note each."""

import re
from datetime import datetime
from pathlib import Path
from typing import Any

from ressq_edge.config import read_config
from ressq_edge.data.image_issues import tell_values
from ressq_edge.data.masks.classes import LABELMAP, TABLE
from ressq_edge.data.masks.scan import MaskScan
from ressq_edge.data.masks.telling import note_scan
from ressq_edge.data.nested_folders import tell_mask_folders, tell_nested_folders
from ressq_edge.data.split import PARTS, Split, files_of, read_split
from ressq_edge.data.survey import MOST_LOOKED_AT, Survey
from ressq_edge.data.table_names import tell_changed
from ressq_edge.errors import RunError
from ressq_edge.request import Request
from ressq_runtime.inputs.folders import list_others
from ressq_runtime.inputs.names import compose

# Pictures of scanners, microscopes and cameras that Pillow does not read, medicine's and the makers' raw ones; and
# JPEG 2000, which it reads not everywhere.
UNREAD_SUFFIXES = (
    ".dcm", ".dicom", ".nii", ".nii.gz", ".svs", ".czi", ".nd2",
    ".cr2", ".cr3", ".nef", ".arw", ".dng", ".raf", ".orf", ".rw2", ".jp2", ".j2k", ".jpx",
)  # fmt: skip
# What belongs to a folder with masks: the tables of classes, VOC's lists.
_OF_MASKS = (TABLE, LABELMAP, "ImageSets/")


def tell_pictures(request: Request, split: Split, survey: Survey) -> tuple[str, ...]:
    """All there is to say of a new run's pictures but what their split says."""
    nested = () if request.labels else tell_nested_folders(split, grouped=request.group_by is not None)
    looks = (*_tell_unsearched(survey), *tell_values(survey))
    names = (*tell_changed(split.labels), *nested, *_tell_sides(split, request))
    return (*names, *_tell_known(split, request), *looks, *tell_others(request.data, _tables_in(request)))


def _tables_in(request: Request) -> tuple[str, ...]:
    """The table of labels, where it lies in the data folder."""
    path, root = request.labels and request.labels.resolve(), request.data.resolve()
    return (path.relative_to(root).as_posix(),) if path and path.is_relative_to(root) else ()


def tell_masks(request: Request, split: Split, survey: Survey, scan: MaskScan) -> tuple[str, ...]:
    """The same of a new run's pictures and masks."""
    looks = (*_tell_unsearched(survey), *tell_values(survey, cropped=False))
    names = (*tell_changed(split.labels), *_tell_sides(split, request))
    folders = tell_mask_folders(split, grouped=request.group_by is not None)
    return (
        *names,
        *folders,
        *note_scan(scan),
        *_tell_known(split, request),
        *looks,
        *tell_others(request.data, _OF_MASKS),
    )


def _tell_known(split: Split, request: Request) -> list[str]:
    """Pictures to be measured on that the run whose weights this one begins with was trained on."""
    if request.init in (None, "imagenet", "none"):
        return []
    earlier = Path(request.init).parent
    try:
        before, about = read_split(earlier), read_config(earlier)[1]
        was = Path(about["data"])
    except (RunError, KeyError):  # the weights are no run's
        return []
    learned = {compose(name): name for part in ("train", "val") for name, _ in before.samples(part)}
    measured = [(name, learned.get(compose(name))) for part in ("val", "test") for name, _ in split.samples(part)]
    known = sum(earlier is not None and _is_copy(request.data / name, was / earlier) for name, earlier in measured)
    if not known:
        return []
    return [
        f"{request.init}: {known} of the {len(measured)} pictures for validation and test are ones that it was trained "
        "on or chosen by: figures on them will look better than they are"
    ]


def _is_copy(path: Path, was: Path) -> bool:
    """Whether a picture may be that of an earlier run: by its size in bytes, or by its name where that one has gone."""
    try:
        return path.stat().st_size == was.stat().st_size
    except OSError:
        return True


def _tell_sides(split: Split, request: Request) -> list[str]:
    """A mirrored left hand is a right one."""
    sides = [label for label in split.labels if re.search(r"(?<![a-z])left(?![a-z])", label.casefold())]
    named = {label.casefold() for label in split.labels}
    if request.mirror is False or not any(label.casefold().replace("left", "right") in named for label in sides):
        return []
    return [f"{sides[0]}: every second view is mirrored, which makes a left one a right one; --no-mirror shows none so"]


def _tell_unsearched(survey: Survey) -> list[str]:
    if survey.near_duplicates is not None:
        return []
    return [
        f"{survey.total:,} pictures are more than the {MOST_LOOKED_AT:,} that are compared unasked: pictures in two "
        "parts may show the same; --compare-all compares them, which takes about a quarter of an hour for a million"
    ]


def tell_others(root: Path, known: tuple[str, ...] = ()) -> list[str]:
    """Files that are no pictures by their names; `known`: beginnings of paths below the folder that are something."""
    others = [name for path in list_others(root) if not (name := path.relative_to(root).as_posix()).startswith(known)]
    if not others:
        return []
    unread = [name for name in others if name.lower().endswith(UNREAD_SUFFIXES)]
    advice = f"; what {unread[0]} shows can be learned from once it is saved as PNG or JPEG" if unread else ""
    return [f"{len(others)} files are left out, being no pictures by their names: {_shorten(others)}{advice}"]


def _shorten(names: list[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more


def tell_rewritten(root: Path, split: Split, about: dict[str, Any]) -> list[str]:
    """Pictures of the same names and sizes may show something else: grey values stretched in a BMP, say."""
    if "created" not in about:
        return []
    began = datetime.fromisoformat(about["created"]).timestamp() + 1  # it is in whole seconds
    samples = (sample for part in PARTS for sample in split.samples(part))
    times = (max((root / name).stat().st_mtime for name in files_of(sample)) for sample in samples)
    if not (count := sum(time > began for time in times)):
        return []
    what = "pictures or masks" if split.masks else "pictures"
    return [
        f"{count} {what} were written since the run began: if they show something else now, its weights learn from "
        "both, and nothing repeats bit for bit"
    ]
