"""How a run begins, or goes on: the settings and the split, from a request or from the run folder."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from ressq_edge import __version__
from ressq_edge.atomic import remove_leftovers
from ressq_edge.choices import Task
from ressq_edge.config import Config, read_config, write_config
from ressq_edge.data.labels_table import has_groups, read_labels
from ressq_edge.data.names import refuse_moved_form
from ressq_edge.data.split import PARTS, Split, files_of, holds, read_split
from ressq_edge.data.table import read_table
from ressq_edge.errors import RunError
from ressq_edge.first_look import look_at_data
from ressq_edge.network.arch import build_model
from ressq_edge.network.init import InitWeights, initialise, load_init
from ressq_edge.notes import tell_rewritten
from ressq_edge.refusals import check_same, check_task
from ressq_edge.request import DEFAULT_ARCH, DEFAULT_INIT, Request, model_spec, resolve
from ressq_edge.screen import Screen
from ressq_edge.session import Start, Stop
from ressq_edge.tasks import open_task
from ressq_runtime.inputs.names import refuse_locale

# What only a run writes; config.json comes first, so a folder without it holds no run to go on with.
OURS = ("config.json", "best.safetensors", "last.safetensors", "metrics.csv", "summary.md")


def check_outside(request: Request) -> None:
    """Nothing is to be written among the pictures, nor where safetensors can't.

    Raises:
        RunError: the run folder lies in the folder of pictures, or below a name that is not UTF-8.
        FolderError: the locale reads one of their names as other letters.
    """
    path = str(request.out.resolve())
    refuse_locale(request.out, [path, str(request.data.resolve())])
    if path != path.encode(errors="replace").decode():
        raise RunError(
            f"{str(request.out)!a}: found a name that is not UTF-8, wanted one that is; choose another --out"
        )
    if not request.resume and request.out.resolve().is_relative_to(request.data.resolve()):
        raise RunError(
            f"{request.out}: found inside {request.data}, wanted a folder outside; "
            "it would be taken for a class of pictures"
        )


def begin_run(request: Request, screen: Screen, stop: Stop = lambda: False) -> Start:
    """The start of a new run; nothing is written.

    Raises:
        RunError: the run folder holds a run.
        FolderError, SplitError, MaskError, InitError, ModelError: as their sources say.
        Interrupted: `stop` said so.
    """
    refuse_used(request, OURS)
    request = take_groups(request)
    begun: list[tuple[Request, InitWeights]] = []

    def load(task: Task) -> None:
        # Wrong weights are told after a wrong folder, and before minutes of looking.
        asked = replace(request, task=task)
        check_task(asked)
        init = load_init(request.init or DEFAULT_INIT, request.arch or DEFAULT_ARCH)
        initialise(build_model(model_spec(asked, init, 2)), init, ("", ""))  # for what it refuses
        begun.append((asked, init))

    found = look_at_data(request, screen, stop, load)
    split, ((asked, init),) = found.split, begun
    config = resolve(asked, init, len(split.labels), len(split.train), found.survey.sizes())
    open_task(config.task, split, config)  # for what it refuses
    packages = {name: version(name) for name in ("torch", "torchvision", "pillow", "numpy")}
    about = {
        "data": str(request.data.resolve()),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": {"ressq-edge": __version__, **packages},
        "thumbnails": request.thumbnails,
    }
    about = {**about, "notes": found.notes}
    return Start(config, split, init, about, found.notes, found.survey, found.scanned)


def refuse_used(request: Request, names: Sequence[str]) -> None:
    """Raises RunError where the run folder holds what only a run writes."""
    used = [name for name in names if (request.out / name).exists()]
    if used:
        raise RunError(
            f"{request.out}: found a run ({used[0]}), wanted a new folder; "
            "go on with it by --resume, or choose another --out"
        )


def take_groups(request: Request) -> Request:
    """The request, grouped by its table of labels where that has a column `group` and nothing else was asked.

    Raises:
        SplitError: the table can't be read.
    """
    if not request.labels or request.group_by or not has_groups(read_table(request.labels, ("path",))):
        return request
    return replace(request, group_by=str(request.labels))


def continue_run(request: Request) -> Start:
    """The start of a run that was interrupted: its own settings, its own split.

    Raises:
        RunError: there is no run, it was made with other settings, or its pictures changed.
        OutputError: config.json cannot be written.
    """
    if not (request.out / "config.json").exists():
        raise RunError(f"{request.out}: found no run, wanted one to go on with; leave --resume out to begin one")
    config, about = read_config(request.out)
    remove_leftovers(request.out)
    remove_leftovers(request.out / "cache")
    check_same(request, config)
    if about.get("thumbnails", True) and not request.thumbnails:
        raise RunError(
            f"{request.out}: found a run that began with thumbnails, which data.html shows, wanted none with --resume; "
            "leave --no-thumbnails out, or train into another folder"
        )
    split = read_split(request.out)
    names = [name for part in PARTS for sample in split.samples(part) for name in files_of(sample)]
    refuse_locale(request.data, names, listed=False)
    if not holds(request.data, split, about):
        refuse_moved_form(request.data, names)
        raise RunError(
            f"{request.data}: found other pictures than {request.out} began with, which were in {about.get('data')}; "
            "bring them back, or train into another folder"
        )
    _check_labels(request, split)
    about = _note_move(request, config, about)
    changed = tuple(
        f"{name}: {version(name)} now, {was} when the run began; it goes on, but not bit for bit"
        for name, was in about.get("versions", {}).items()
        if name != "ressq-edge" and version(name) != was
    )
    saved = (request.out / "last.safetensors").exists()
    if not saved and (request.out / "best.safetensors").exists():
        raise RunError(
            f"{request.out}: found best.safetensors without last.safetensors, wanted both to go on; "
            "bring it back, export the run as it is, or train into another folder"
        )
    # Killed before the first state was saved: the weights are needed again.
    init = None if saved else load_init(_init_again(request, config), config.arch)
    notes = (*about.get("notes", split.notes), *changed, *tell_rewritten(request.data, split, about))
    return Start(config, split, init, about, notes)


def _check_labels(request: Request, split: Split) -> None:
    """Raises RunError where a table that is given again labels the pictures otherwise than the run began with."""
    if not request.labels:
        return
    table = read_labels(request.labels, request.data)
    now = {name: table.labels[label] for samples in table.parts.values() for name, label in samples}
    began = {name: split.labels[label] for part in PARTS for name, label in split.samples(part)}
    changed = [name for name in began if now.get(name) != began[name]]
    if changed:
        raise RunError(
            f"{request.labels}: found other labels for {len(changed)} pictures than {request.out} began with, the "
            f"first {changed[0]} ({began[changed[0]]}), wanted the same with --resume; train into another folder"
        )


def _note_move(request: Request, config: Config, about: dict[str, Any]) -> dict[str, Any]:
    """What stands in config.json, with the folder where the same pictures are now."""
    moved = {**about, "data": str(request.data.resolve())}
    if moved != about:
        write_config(request.out, config, moved)
    return moved


def _init_again(request: Request, config: Config) -> str:
    if config.init != "file":
        return config.init
    if request.init is None:
        raise RunError(
            f"{request.out}: found no last.safetensors, wanted the weights that it starts from; give --init FILE again"
        )
    return request.init
