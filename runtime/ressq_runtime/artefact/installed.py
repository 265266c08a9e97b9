"""Which model answers: --model, then RESSQ_MODEL, then the installed one, then the built-in one."""

from __future__ import annotations

import os

from ressq_runtime.errors import ArtefactError, OutputError

BUILTIN = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "builtin", "clothing_int8.tflite")


def find_model(asked: str | None, environment: dict[str, str] | None = None) -> tuple[str, str]:
    """(path, where it was named): "--model", "RESSQ_MODEL", "installed" or "built-in".

    Raises:
        ArtefactError: the path that --model or RESSQ_MODEL names does not exist.
    """
    environment = dict(os.environ) if environment is None else environment
    for path, origin in ((asked, "--model"), (environment.get("RESSQ_MODEL") or None, "RESSQ_MODEL")):
        if path is not None:
            if not os.path.exists(path):
                raise ArtefactError(f"{path}: found no such file, wanted the model that {origin} names; check the path")
            return path, origin
    installed = _installed(environment)
    return (installed, "installed") if installed else (BUILTIN, "built-in")


def install_model(path: str, environment: dict[str, str] | None = None) -> str:
    """Copies an artefact to where every command finds it without --model; returns its new path.

    It takes the place of the one installed before, in one step: a power cut leaves the old or the new one.

    Raises:
        ArtefactError: it is no artefact with a card, or damaged.
        OutputError: the folder can't be written, or there is no home folder to hold it.
    """
    from ressq_runtime.artefact.container import read_card

    environment = dict(os.environ) if environment is None else environment
    if read_card(path) is None:
        raise ArtefactError(
            f"{path}: found a model without a card, wanted an artefact of ressq-export; copy it again if it is one, "
            "else use --model for it"
        )
    folder = _folder(environment)
    if folder is None:
        raise OutputError(
            f"{path}: found no home folder to install it in; set HOME or XDG_DATA_HOME, or name the model with --model"
        )
    target = os.path.join(folder, "model" + os.path.splitext(path)[1].lower())
    partial = f"{target}.{os.getpid()}.part"
    try:
        os.makedirs(folder, exist_ok=True)
        try:
            with open(path, "rb") as source, open(partial, "wb") as copy:
                copy.write(source.read())
                copy.flush()
                os.fsync(copy.fileno())
            os.replace(partial, target)
        finally:
            if os.path.exists(partial):
                os.remove(partial)
        for other in _candidates(folder):
            if other != target and os.path.exists(other):
                os.remove(other)
    except OSError as error:
        raise OutputError(
            f"{target}: {error.strerror}; free space, make the folder writable, set HOME or XDG_DATA_HOME to another, "
            "or name the model with --model"
        ) from error
    return target


def _installed(environment: dict[str, str]) -> str | None:
    folder = _folder(environment)
    return folder and next((path for path in _candidates(folder) if os.path.isfile(path)), None)


def _candidates(folder: str) -> list[str]:
    return [os.path.join(folder, f"model{suffix}") for suffix in (".tflite", ".onnx")]


def _folder(environment: dict[str, str]) -> str | None:
    """The user's data folder for ressq: XDG's on Linux and macOS, LOCALAPPDATA on Windows; None: there is no home.

    A relative path is none of them, as XDG's specification says: it would be another folder at each start.
    """
    for name in ("XDG_DATA_HOME", "LOCALAPPDATA"):
        if os.path.isabs(environment.get(name, "")):
            return os.path.join(environment[name], "ressq")
    home = environment.get("HOME") or _home_of_account()
    return os.path.join(home, ".local", "share", "ressq") if os.path.isabs(home) else None


def _home_of_account() -> str:
    """What /etc/passwd says, or Windows; "~" where nothing does: in a container, under cron."""
    try:
        from pwd import getpwuid

        return getpwuid(os.getuid()).pw_dir
    except ImportError:
        return os.path.expanduser("~")
    except KeyError:
        return "~"
