"""What the commands' parsers have in common: argparse with one shape of help, and options that several take."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser

_END = """

The model is the first there is of: {0}, the environment's RESSQ_MODEL, the installed one, the built-in one.
Exit codes: 0 done, 1 a fault you can mend (each is named on stderr), 2 wrong usage, 130 stopped by Ctrl-C."""


def build_parser(name: str, description: str, examples: str, *, asked: str = "--model") -> ArgumentParser:
    """A parser whose help ends with examples, with how the model is found, and with the exit codes."""
    from argparse import ArgumentParser, RawDescriptionHelpFormatter

    from ressq_runtime import __version__

    parser = ArgumentParser(
        name, description=description, epilog=examples + _END.format(asked),
        # With a width argparse need not ask for the terminal's, which imports shutil at every start.
        formatter_class=lambda prog: RawDescriptionHelpFormatter(prog, width=110),
    )  # fmt: skip
    parser.add_argument("--version", action="version", version=f"{name} {__version__}")
    return parser


def add_answer_options(parser: ArgumentParser) -> None:
    """The options of every command that answers."""
    add = parser.add_argument
    add("--top-k", type=positive, default=5, metavar="N", help="answers a picture (default 5)")
    add("--abstain-below", type=_share, metavar="P",
        help="no answer below this probability, 0 to 1 (default: the model's own; 0: always answer)")  # fmt: skip
    add_model_options(parser)


def add_model_options(parser: ArgumentParser) -> None:
    """The options of every command that loads the model it is told, else the one in use."""
    add = parser.add_argument
    add("--model", metavar="FILE", help="a .tflite or .onnx artefact of ressq-export")
    add("--labels", metavar="FILE", help="class names, one a line, for a model that carries none")
    add_engine_options(parser)


def add_engine_options(parser: ArgumentParser) -> None:
    """The options of every command that runs a model."""
    from ressq_runtime.engines import ENGINES

    add = parser.add_argument
    add("--threads", type=positive, metavar="N", help="threads of the interpreter (default: the cores, at most 4)")
    add("--engine", choices=ENGINES, default="auto", help="interpreter (default: the first installed that fits)")


def positive(text: str) -> int:
    """A whole number from 1 on, for argparse."""
    from argparse import ArgumentTypeError

    if not text.isdecimal() or len(text) > 9 or int(text) < 1:
        raise ArgumentTypeError(f"found {text[:20]!r}, wanted a whole number from 1 on, of 9 digits at most")
    return int(text)


def _share(text: str) -> float:
    from argparse import ArgumentTypeError

    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise ArgumentTypeError(f"found {text!r}, wanted a probability, 0 to 1")
    return share
