"""A data folder before training: what is to be learned from it, who goes into which part, and what stands out.

What a network of these pictures would give, classes or a class for each pixel, is recognised here; `--task` says it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from ressq_edge.choices import Task
from ressq_edge.data.folder import split_folder, split_table
from ressq_edge.data.masks.layout import find_masks
from ressq_edge.data.masks.matching import count
from ressq_edge.data.masks.pairs import MaskFolder
from ressq_edge.data.masks.parts import read_pair_groups, split_pairs
from ressq_edge.data.masks.scan import MaskScan, refuse_complaints, scan_masks
from ressq_edge.data.masks.telling import tell_scan
from ressq_edge.data.split import Split
from ressq_edge.data.survey import Bar, Survey, choose, look_at
from ressq_edge.device import default_threads
from ressq_edge.errors import Interrupted, MaskError
from ressq_edge.notes import tell_masks, tell_pictures
from ressq_edge.request import Request
from ressq_edge.screen import Screen
from ressq_runtime.errors import FolderError

# Raises where what the user asked for beside the pictures is wrong; called once the task is known.
Check = Callable[[Task], None]


@dataclass(frozen=True)
class FirstLook:
    """What was found in a data folder.

    task: what is to be learned from it; a name in `tasks`.
    split: which picture is for what.
    survey: what the pictures look like.
    notes: what a person should know, a sentence each.
    scanned: what the scan of masks tells, a line each; empty without masks.
    """

    task: Task
    split: Split
    survey: Survey
    notes: tuple[str, ...]
    scanned: tuple[str, ...] = ()


def look_at_data(request: Request, screen: Screen, stop: Callable[[], bool], check: Check) -> FirstLook:
    """What is in the data folder of a new run.

    Raises:
        FolderError, SplitError, MaskError: it cannot be learned from as it is.
        Interrupted: `stop` said so.
    """
    bar = _make_bar(screen, stop)
    masks = _find_asked(request)
    if masks is None:
        return _look_at_classes(request, bar, check)
    return _look_at_masks(request, masks, screen, bar, check)


def _find_asked(request: Request) -> MaskFolder | None:
    """The pictures and masks that are to be learned from; None: class folders are."""
    root = request.data
    if request.task == "classify" or (request.labels and request.task is None):
        return None
    masks = find_masks(root)
    if masks is None and request.task == "segment":
        if not root.is_dir():
            raise FolderError(f"{root}: found no such folder, wanted a folder of pictures and masks")
        raise MaskError(
            f"{root}: found no masks, wanted images/ and masks/ for --task segment; lay the files out so "
            "(docs/masks.md), or leave --task out"
        )
    return masks


def _look_at_classes(request: Request, bar: Bar, check: Check) -> FirstLook:
    surveys: list[Survey] = []

    def find_near_duplicates(names: list[str]) -> tuple[tuple[str, str], ...]:
        check("classify")
        surveys.append(_survey(request, names, bar))
        return surveys[0].near_duplicates or ()

    given = request.data, request.seed or 0, request.group_by, find_near_duplicates
    split = split_table(request.labels, *given) if request.labels else split_folder(*given)
    notes = (*_tell_masks_beside(request), *split.notes, *tell_pictures(request, split, surveys[0]))
    return FirstLook("classify", split, surveys[0], notes)


def _tell_masks_beside(request: Request) -> list[str]:
    """With --task classify, folders that look like masks are classes, or lie in them."""
    try:
        masks = find_masks(request.data) if request.task == "classify" else None
    except MaskError as error:
        return [f"trained as classes, as --task classify says, although: {error}"]
    return [f"{masks.layout} are taken for class folders, as --task classify says"] if masks else []


def _look_at_masks(request: Request, masks: MaskFolder, screen: Screen, bar: Bar, check: Check) -> FirstLook:
    root, pairs = request.data, masks.pairs
    groups = read_pair_groups(root, pairs, request.group_by)
    check("segment")
    scan = scan_masks(root, masks, request.threads or default_threads(), bar)
    scanned = tuple(tell_scan(scan))
    _say_scan(scan, scanned, screen)
    classes = refuse_complaints(root, scan)
    found = f"{count(len(pairs), 'pair')}, {len(classes.labels)} classes"
    screen.say(f"masks found in {masks.layout}: {found}: training segmentation (--task segment)")
    survey = _survey(request, [pair.picture for pair in pairs], bar)
    split = split_pairs(
        root, pairs, scan, classes, request.seed or 0, request.group_by, groups, survey.near_duplicates or ()
    )
    notes = (*masks.notes, *split.notes, *tell_masks(request, split, survey, scan))
    return FirstLook("segment", split, survey, notes, scanned)


def _say_scan(scan: MaskScan, lines: tuple[str, ...], screen: Screen) -> None:
    for line in lines if scan.scanned else ():
        screen.say(line)
    for complaint in scan.complaints if len(scan.complaints) > 1 else ():
        screen.say(f"fault: {complaint}")


def _survey(request: Request, names: list[str], bar: Bar) -> Survey:
    """A look at the pictures, or at some of very many."""
    chosen = choose(names, everything=request.compare_all)
    search = len(chosen) == len(names)
    found = look_at(request.data, chosen, request.threads or default_threads(), bar, search=search)
    return replace(found, total=len(names))


def _make_bar(screen: Screen, stop: Callable[[], bool]) -> Bar:
    """Bars of the screen, during which the user can stop."""

    @contextmanager
    def bar(title: str, total: int) -> Iterator[Callable[[], None]]:
        with screen.bar(title, total) as advance:

            def tick() -> None:
                advance(1)
                if stop():
                    raise Interrupted("stopped while looking at the pictures; nothing was trained yet")

            yield tick

    return bar
