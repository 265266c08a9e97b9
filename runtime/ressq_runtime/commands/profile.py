"""`ressq-profile`: what an answer costs on this device, as a table or as JSON that `ressq-plot` draws."""

from __future__ import annotations

import json

from ressq_runtime.commands.command import guard, leave, list_named, load_named

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Sequence
    from typing import Any

    from ressq_runtime.rows import Say


_NAME = "ressq-profile"
_EXAMPLES = """\
examples:
  ressq-profile photo.jpg --model leaf_int8.tflite     cold start, each stage, threads, modules, memory, the board
  ressq-profile photos/ --runs 1000                    p99 too; the pictures in turn
  ressq-profile photo.jpg --json > profile.json        then on the workstation: ressq-plot profile.json out.html"""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command with these arguments (None: the process's own); returns its exit code."""
    return guard(_NAME, lambda say: _measure(_parse(argv), say))


def run() -> None:
    """The installed command."""
    leave(_NAME, main())


def _measure(arguments: Namespace, say: Say) -> int:
    return measure(arguments, arguments.runs, say)


def measure(arguments: Any, runs: int | None, say: Say) -> int:
    """Measures with the pictures and the model that the arguments name, and prints it; exit code 0.

    Raises:
        RessqError: the model or a picture can't be read.
    """
    from ressq_runtime.inputs import want_pictures
    from ressq_runtime.profiling.profiler import RUNS, profile
    from ressq_runtime.profiling.table import render_table

    pictures = list_named(arguments.pictures, say)
    model = load_named(arguments, say)
    want_pictures(model.path, model.input, "a profile")
    found = profile(model, pictures, runs=runs or RUNS)
    print(json.dumps(found) if arguments.json else render_table(found), flush=True)
    return 0


def _parse(argv: Sequence[str] | None) -> Namespace:
    parser = _build_parser()
    arguments = parser.parse_args(argv)
    if "-" in arguments.pictures:
        parser.error("found -, wanted a picture's file, which is read many times; save it in a file first")
    return arguments


def _build_parser() -> ArgumentParser:
    from ressq_runtime.commands.arguments import add_model_options, build_parser, positive

    parser = build_parser(_NAME, "Measures what an answer costs on this device.", _EXAMPLES)
    add = parser.add_argument
    add("pictures", nargs="+", metavar="IMAGE|FOLDER", help="pictures to measure with, or folders of them")
    add("--runs", type=positive, metavar="N", help="warm runs (default 50; p99 is told from 1000 on)")
    add("--json", action="store_true", help="one JSON object on stdout, with every sample")
    add_model_options(parser)
    return parser
