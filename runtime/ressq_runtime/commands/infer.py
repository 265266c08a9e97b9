"""`ressq-infer`: pictures in, labels out.

Start-up is a feature: this module loads an imaging library, an interpreter or a card only on the way that
needs it, so `--help` and a wrong argument cost Python and argparse alone, and the plainest call not even argparse.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command with these arguments (None: the process's own); returns its exit code."""
    from ressq_runtime.errors import RessqError

    mend_streams()
    words = list(sys.argv[1:] if argv is None else argv)
    arguments: Any = read_plain(words)  # or argparse's Namespace: the same attributes
    if arguments is None:
        from ressq_runtime.commands.arguments import parse

        arguments = parse(words)
    try:
        return _dispatch(arguments)
    except RessqError as error:
        print(f"ressq-infer: error: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        # The reader has what it wanted (`| head`). Python would complain again when it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        print(f"ressq-infer: error: {error}; check the disk that it writes to", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("ressq-infer: interrupted", file=sys.stderr)
        return 130


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
        if not isinstance(error, BrokenPipeError):  # such a reader has what it wanted (`| head`)
            print(f"{command}: error: stdout: {error.strerror}; {advice}", file=sys.stderr)
        # Python would complain again when it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return 0


def run() -> None:
    """The installed command: `main`, as the process's exit code.

    Everything is flushed, then the process ends at once: taking Python's modules down one by one costs
    half an inference and changes nothing.
    """
    code = main()
    try:
        sys.stdout.flush()
    except OSError as error:
        if code == 0:  # else it has been told: what could not be written is still in the buffer
            print(f"ressq-infer: error: stdout: {error.strerror}; free space, or write elsewhere", file=sys.stderr)
        code = 1
    sys.stderr.flush()
    os._exit(code)


class Plain:
    """`arguments.parse` of a command line that names one picture and no more than _VALUES and --json."""

    labels = csv = watch = runs = plot = serve = camera = install = abstain_below = explain = None
    stdin0 = profile = self_test = info = False
    engine = "auto"

    def __init__(self) -> None:
        self.pictures: list[str] = []
        self.serve_as: list[str] = []
        self.model: str | None = None
        self.top_k, self.json = 5, False
        self.threads: int | None = None


# option -> (attribute, what its value is read by)
_VALUES: dict[str, tuple[str, type]] = {
    "--model": ("model", str),
    "--top-k": ("top_k", int),
    "--threads": ("threads", int),
}


def read_plain(words: list[str]) -> Plain | None:
    """The arguments, read without argparse; None: they are not plain, so argparse must judge them."""
    plain, rest = Plain(), iter(words)
    for word in rest:
        if word == "--json":
            plain.json = True
        elif word in _VALUES:
            (name, kind), value = _VALUES[word], next(rest, "")
            if (
                not value
                or value[0] == "-"
                or (kind is int and not (value.isdecimal() and len(value) < 5 and int(value)))
            ):
                return None
            setattr(plain, name, kind(value))
        elif not word or word[0] == "-" or plain.pictures:
            return None
        else:
            plain.pictures = [word]
    return plain if plain.pictures else None


def _dispatch(arguments: Any) -> int:
    from ressq_runtime.artefact.installed import find_model, install_model

    if arguments.install:
        print(
            f"installed {install_model(arguments.install)}; ressq-infer now uses it without --model and RESSQ_MODEL",
            file=sys.stderr,
        )
        return 0
    if arguments.plot and not arguments.profile:
        from ressq_runtime.profiling.command import plot_saved

        return plot_saved(arguments.pictures[0], arguments.plot)
    path, origin = find_model(arguments.model)
    if arguments.info:
        from ressq_runtime.commands.info import print_info

        return print_info(path, origin, as_json=arguments.json)
    if arguments.self_test:
        from ressq_runtime.selftest import self_test

        count = self_test(path, arguments.engine, arguments.threads)
        print(f"{path}: self-test passed: hash, pixels and scores of {count} golden pictures agree")
        return 0
    if arguments.serve:
        from ressq_runtime.serving.serve import serve

        return serve(arguments, path, origin)
    if arguments.camera:
        from ressq_runtime.streaming.camera import answer_camera

        return answer_camera(arguments, path, origin)
    if arguments.profile:
        from ressq_runtime.profiling.command import profile_all

        return profile_all(arguments, path, origin)
    from ressq_runtime.answer import answer_all

    return answer_all(arguments, path, origin)
