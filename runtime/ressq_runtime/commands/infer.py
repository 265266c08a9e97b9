"""`ressq-infer`: pictures in, answers out.

Start-up is a feature: this module loads an imaging library, an interpreter or a card only on the way that
needs it, so `--help` and a wrong argument cost Python and argparse alone, and the plainest call not even argparse.
"""

from __future__ import annotations

import gc
import sys
from os.path import isdir

from ressq_runtime.commands.command import guard, leave, list_named, load_answering
from ressq_runtime.errors import InputError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from ressq_runtime.model import Model
    from ressq_runtime.rows import Say

_NAME = "ressq-infer"
# How what may be a pipe is named.
_PIPED = ("-", "/dev/", "/proc/")


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command with these arguments (None: the process's own); returns its exit code."""
    return guard(_NAME, lambda say: _answer(list(sys.argv[1:] if argv is None else argv), say))


def run() -> None:
    """The installed command."""
    if read_plain(sys.argv[1:]):
        # It ends after one picture: to look for garbage among its modules costs a part in seventy and finds none.
        gc.disable()
    leave(_NAME, main())


class Plain:
    """`arguments.parse_infer` of a command line that names one picture and no more than _VALUES and --json."""

    labels = csv = abstain_below = explain = mask = None
    stdin0 = profile = False
    engine = "auto"

    def __init__(self) -> None:
        self.pictures: list[str] = []
        self.model: str | None = None
        self.top_k: int | None = None
        self.json = False
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


def _answer(words: list[str], say: Say) -> int:
    arguments: Any = read_plain(words)  # or argparse's Namespace: the same attributes
    if arguments is None:
        from ressq_runtime.commands.arguments import parse_infer

        arguments = parse_infer(words)
    if arguments.profile:
        from ressq_runtime.commands.profile import measure

        return measure(arguments, None, say)
    named: list[str] = arguments.pictures
    piped = len(named) == 1 and named[0].startswith(_PIPED)
    if piped:
        from ressq_runtime.inputs.piped import is_piped

        piped = is_piped(named[0])
    in_folder = not piped and any(map(isdir, named))  # what is in it that counts, the model tells
    pictures = named if piped or in_folder else list_named(named, say)
    model = load_answering(arguments, say)
    if arguments.explain:
        from ressq_runtime.inputs import want_pictures

        want_pictures(model.path, model.input, "--explain")
    pictures = list_named(named, say, model.input) if in_folder else pictures
    if not piped and (len(pictures) != 1 or pictures != named or arguments.csv):
        return _answer_many(arguments, model, pictures, say)
    return _answer_one(arguments, model, pictures[0], piped, say)


def _answer_many(arguments: Any, model: Model, pictures: list[str], say: Say) -> int:
    from ressq_runtime.rows import open_writer
    from ressq_runtime.streaming.stream import answer_many, read_paths

    gc.enable()
    drawn = None
    if arguments.mask or arguments.explain:
        from ressq_runtime.streaming.pictures import Pictures

        drawn = Pictures(
            model,
            arguments.mask,
            arguments.explain,
            pictures,
            single=len(pictures) == 1 and pictures == arguments.pictures,
        )
    with open_writer(arguments, model, say) as writer:
        named = read_paths(say) if arguments.stdin0 else pictures
        faults = answer_many(
            model, named, drawn.before(writer) if drawn else writer, say,
            rows=bool(arguments.csv or arguments.json), endless=arguments.stdin0,
        )  # fmt: skip
        return 1 if faults or writer.earlier_faults else 0


def _answer_one(arguments: Any, model: Model, name: str, piped: bool, say: Say) -> int:
    from ressq_runtime.rows import open_writer

    mask = model.task.extras().plan_mask(arguments.mask, name) if arguments.mask else None
    explain = model.task.extras().plan_explanation(arguments.explain, name) if arguments.explain else None
    named = name
    if piped:
        from ressq_runtime.inputs.piped import name_row, read_piped

        name = name_row(name, arguments.csv)
    with open_writer(arguments, model, say, single=True) as writer:
        try:
            source = read_piped(named) if piped else named
            answer, spent = model.answer(source)
            if mask:
                mask(answer)
            writer.write((name, answer, spent))
        except InputError as fault:
            said = str(fault).replace("bytes:", "stdin:", 1) if piped else str(fault)
            say(f"error: {said}")
            writer.write_fault(name, said)
            return 1
    if explain:
        explain(model, source, answer)
    for path in filter(None, (arguments.mask, arguments.explain)):
        say(f"wrote {path}")
    return 0
