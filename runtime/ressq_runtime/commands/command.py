"""What commands do alike: they mend their streams, list pictures, load a model, tell faults and end with a code."""

from __future__ import annotations

import os
import sys

from ressq_runtime.errors import RessqError, printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from ressq_runtime.inputs.input_spec import InputSpec
    from ressq_runtime.model import Model
    from ressq_runtime.rows import Say


def guard(name: str, work: Callable[[Say], int]) -> int:
    """Does a command's work; returns its exit code, 1 for a fault, which is told, and 130 for Ctrl-C."""

    def say(text: str) -> None:
        print(f"{name}: {printable(text)}", file=sys.stderr)

    mend_streams()
    try:
        return work(say)
    except RessqError as error:
        say(f"error: {error}")
        return 1
    except BrokenPipeError:  # the reader has what it wanted (`| head`)
        _drop_stdout()
        return 1
    except OSError as error:
        say(f"error: {error}; check the disk that it writes to")
        return 1
    except KeyboardInterrupt:
        say("interrupted")
        return 130


def list_named(names: Iterable[str], say: Say, spec: InputSpec | None = None) -> list[str]:
    """The files that files and folders name, in their order; says what else is in a folder.

    spec: what goes into the model; None: pictures.

    Raises:
        FolderError: a folder holds none for the model, or can't be read; or the locale reads names as other letters.
        PictureError: a network address stands among the names.
    """
    found: list[str] = []
    for name in names:
        if not name.isascii():
            from ressq_runtime.inputs.names import refuse_locale

            refuse_locale(name, [name])
        if "://" in name:
            from ressq_runtime.inputs.names import refuse_address

            refuse_address(name)
        found += _list_folder(name, say, spec) if os.path.isdir(name) else [name]
    return found


def _list_folder(name: str, say: Say, spec: InputSpec | None) -> list[str]:
    from pathlib import Path

    from ressq_runtime.errors import FolderError

    if spec is None:
        from ressq_runtime.inputs.picture_spec import PixelSpec

        spec = PixelSpec()
    found, others = spec.list_files(Path(name))
    if others:
        shown = ", ".join(path.name for path in others[:3]) + (", ..." if len(others) > 3 else "")
        say(f"{name}: left out {len(others)} files that are no {spec.noun}s: {shown}")
    if not found:
        raise FolderError(f"{name}: found no {spec.noun}, wanted a folder with {spec.suffixes}")
    return [str(path) for path in found]


def load_named(arguments: Any, say: Say, **settings: Any) -> Model:
    """The model that `--model` and its fellows name, with settings of its task; says which it is and what runs it.

    Raises:
        RessqError: there is none, or it can't be loaded.
    """
    from ressq_runtime.artefact.installed import find_model
    from ressq_runtime.model import Model

    path, origin = find_model(arguments.model)
    if arguments.labels:
        settings["labels"] = _read_labels(arguments.labels, say)
    model = Model.load(path, engine=arguments.engine, threads=arguments.threads, **settings)
    engine = model.engine
    if arguments.labels:
        model.task.extras().check_labels(arguments.labels)
    by = f"{engine.name} {engine.version}, {engine.threads} thread{'s' if engine.threads > 1 else ''}"
    if origin == "built-in":
        say(f"built-in clothing model ({', '.join(model.task.labels)}); name yours with --model. {by}")
    else:
        say(f"{path} ({origin}). {by}")
    return model


def load_answering(arguments: Any, say: Say) -> Model:
    """`load_named` for a command that answers, and so takes `--top-k` and `--abstain-below`, too."""
    return load_named(arguments, say, top_k=arguments.top_k, threshold=arguments.abstain_below)


def _read_labels(path: str, say: Say) -> list[str]:
    from ressq_runtime.artefact.labels import read_labels

    labels, notes = read_labels(path)
    for note in notes:
        say(note)
    return labels


def leave(name: str, code: int) -> None:
    """Ends the process of an installed command with the exit code of its `main`.

    Everything is flushed, then the process ends at once: taking Python's modules down one by one costs
    half an inference and changes nothing.
    """
    try:
        sys.stdout.flush()
    except OSError as error:
        if code == 0:  # else it has been told: what could not be written is still in the buffer
            print(f"{name}: error: stdout: {error.strerror}; free space, or write elsewhere", file=sys.stderr)
        code = 1
    sys.stderr.flush()
    os._exit(code)


def mend_streams() -> None:
    """A closed stdout fails where it is written to, a closed stderr is wanted so; any file name can be shown."""
    sys.stdout = sys.stdout or os.fdopen(os.open(os.devnull, os.O_RDONLY), "w")
    sys.stderr = sys.stderr or open(os.devnull, "w")
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="backslashreplace")


def print_result(command: str, text: str, advice: str) -> int:
    """Prints what a command found; the exit code: 1 where stdout takes it no more, which is told with the advice."""
    try:
        print(text, flush=True)
    except OSError as error:
        if not isinstance(error, BrokenPipeError):
            print(f"{command}: error: stdout: {error.strerror}; {advice}", file=sys.stderr)
        _drop_stdout()
        return 1
    return 0


def _drop_stdout() -> None:
    """Python would complain again when it closes stdout."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
