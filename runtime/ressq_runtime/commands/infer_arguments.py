"""The options of `ressq-infer`, by argparse: the one definition. `infer` reads the plainest command lines itself."""

from __future__ import annotations

from os.path import isdir

from ressq_runtime.commands.arguments import add_answer_options, build_parser

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Sequence

_EXAMPLES = """\
examples:
  ressq-infer photo.jpg                              the model that is installed, else the built-in one
  ressq-infer photos/ --model leaf_int8.tflite --csv answers.csv       again: goes on where it ended
  find /mnt -name '*.jpg' -print0 | ressq-infer --stdin0 --json
  rpicam-still -n -o - | ressq-infer -               a picture from a pipe, which need not touch the card
  ressq-infer photo.jpg --json | jq .label,.reason   null and why, where the model abstains
  ressq-infer photo.jpg --explain where.png          which part of the picture speaks for the answer"""


def parse(argv: Sequence[str]) -> Namespace:
    """The arguments; ends the process with words and exit code 2 where they make no sense."""
    parser = _build_parser()
    arguments = parser.parse_args(argv)
    pictures = arguments.pictures
    if not pictures and not arguments.stdin0:
        parser.error("found no picture, wanted one or more files or folders, for instance: ressq-infer photo.jpg")
    if arguments.stdin0 and (pictures or arguments.profile):
        parser.error(f"found {'pictures' if pictures else '--profile'} and --stdin0, wanted one of the two")
    if "-" in pictures and (arguments.profile or len(pictures) > 1):
        other = "--profile, which reads a picture many times" if arguments.profile else "other pictures"
        parser.error(f"found - and {other}, wanted - alone: it is the one picture on stdin; save it in a file first")
    if arguments.csv == "-":
        parser.error("found --csv -, wanted a FILE, which knows what is answered; --json prints")
    if arguments.explain and (len(pictures) != 1 or isdir(pictures[0])):
        parser.error("found --explain, wanted one picture with it: ressq-infer photo.jpg --explain out.png")
    return arguments


def _build_parser() -> ArgumentParser:
    parser = build_parser("ressq-infer", "Classifies pictures on this device.", _EXAMPLES)
    parser.add_argument(
        "pictures", nargs="*", metavar="IMAGE|FOLDER",
        help="pictures, or folders of them (nested folders too); -: one on stdin",
    )  # fmt: skip
    add = parser.add_argument
    add("--stdin0", action="store_true", help="take the paths from stdin, each ended by a NUL (find -print0)")
    add("--json", action="store_true", help="JSON Lines on stdout, one object a picture")
    instead = parser.add_mutually_exclusive_group().add_argument
    instead("--csv", metavar="FILE", help="a table, one row a picture; one that is there is continued")
    instead("--explain", metavar="FILE", help="draw where in the picture the network found its answer, .png or .jpg")
    instead("--profile", action="store_true", help="measure what an answer costs instead, as ressq-profile does")
    add_answer_options(parser)
    return parser
