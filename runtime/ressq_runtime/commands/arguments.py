"""Options, by argparse: of `ressq-infer`, which reads the plainest command lines itself, and what several take."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Sequence

_MODEL = """
The model is the first there is of: {0}, the environment's RESSQ_MODEL, the installed one, the built-in one."""
_CODES = """
Exit codes: 0 done, 1 a fault you can mend (each is named on stderr), 2 wrong usage, 130 stopped by Ctrl-C."""


_INFER_EXAMPLES = """\
examples:
  ressq-infer photo.jpg                              the model that is installed, else the built-in one
  ressq-infer photos/ --model leaf_int8.tflite --csv answers.csv       again: goes on where it ended
  find /mnt -name '*.jpg' -print0 | ressq-infer --stdin0 --json
  rpicam-still -n -o - | ressq-infer -               a picture from a pipe
  ressq-infer photo.jpg --json | jq .label,.reason   null and why, where the model abstains
  ressq-infer photo.jpg --profile                    what an answer costs; ressq-profile tells more
  ressq-infer road/ --model road_int8.tflite --mask masks/ --overlay shown/      of several, OUT is a folder"""


def parse_infer(argv: Sequence[str]) -> Namespace:
    """The arguments; ends the process with words and exit code 2 where they make no sense."""
    parser = _infer_parser()
    arguments = parser.parse_args(argv)
    pictures = arguments.pictures
    if not pictures and not arguments.stdin0:
        parser.error("found no picture, wanted one or more files or folders, for instance: ressq-infer photo.jpg")
    if arguments.stdin0 and (pictures or arguments.profile):
        parser.error(f"found {'pictures' if pictures else '--profile'} and --stdin0, wanted one of the two")
    if "-" in pictures and (arguments.profile or len(pictures) > 1):
        other = "--profile, which reads a picture many times" if arguments.profile else "other pictures"
        parser.error(f"found - and {other}, wanted - alone: it is the one picture on stdin; save it in a file first")
    if arguments.profile and (arguments.mask or arguments.explain):
        parser.error("found --profile with --mask or --explain, wanted one of them; leave the other out")
    if arguments.csv == "-":
        parser.error("found --csv -, wanted a FILE, which knows what is answered; --json prints")
    return arguments


def _infer_parser() -> ArgumentParser:
    from argparse import SUPPRESS

    parser = build_parser("ressq-infer", "Classifies pictures on this device.", _INFER_EXAMPLES)
    parser.add_argument(
        "pictures", nargs="*", metavar="IMAGE|FOLDER",
        help="pictures, or folders of them (nested folders too); -: one on stdin",
    )  # fmt: skip
    add = parser.add_argument
    add("--stdin0", action="store_true", help="take the paths from stdin, each ended by a NUL (find -print0)")
    add("--json", action="store_true", help="JSON Lines on stdout, one object a picture")
    instead = parser.add_mutually_exclusive_group().add_argument
    instead("--csv", metavar="FILE", help="a table, one row a picture; one that is there is continued")
    add_drawing_options(parser)
    instead("--profile", action="store_true", help=SUPPRESS)  # ressq-profile has a help of its own
    add_answer_options(parser)
    return parser


def build_parser(name: str, description: str, examples: str, *, asked: str = "--model") -> ArgumentParser:
    """A parser whose help ends with examples, how the model is found (asked "": it is always named), and exit codes."""
    from argparse import ArgumentParser, RawDescriptionHelpFormatter

    from ressq_runtime import __version__

    parser = ArgumentParser(
        name, description=description, epilog=f"{examples}\n{_MODEL.format(asked) if asked else ''}{_CODES}",
        # With a width argparse need not ask for the terminal's, which imports shutil at every start.
        formatter_class=lambda prog: RawDescriptionHelpFormatter(prog, width=110),
    )  # fmt: skip
    parser.add_argument("--version", action="version", version=f"{name} {__version__}")
    return parser


def add_drawing_options(parser: ArgumentParser) -> None:
    """The options of every command that draws answers."""
    add = parser.add_argument
    add("--mask", metavar="OUT", help="the class of each pixel as a palette PNG of the photo's size")
    add("--explain", "--overlay", metavar="OUT",
        help="the picture under its classes' colours, or where its label was found")  # fmt: skip


def add_answer_options(parser: ArgumentParser) -> None:
    """The options of every command that answers."""
    add = parser.add_argument
    add("--top-k", type=positive, metavar="N", help="answers a picture (default: 5 labels; of a mask every class)")
    add("--abstain-below", "--threshold", type=_share, metavar="P",
        help="no answer, or class of a pixel, below this (default: the model's own)")  # fmt: skip
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
