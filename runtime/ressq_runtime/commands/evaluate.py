"""`ressq-evaluate`: an artefact's accuracy on labelled pictures, on this device."""

from __future__ import annotations

import json
import sys

from ressq_runtime.commands.command import guard, leave, print_result

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Sequence

    from ressq_runtime.rows import Say

_NAME = "ressq-evaluate"
_EXAMPLES = """\
examples:
  ressq-evaluate leaf_int8.tflite photos/test      photos/test holds one folder per label
  ressq-evaluate leaf_int8.tflite photos/ --split runs/leaf/split.json     of photos/ what that run kept back"""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command with these arguments (None: the process's own); returns its exit code."""
    return guard(_NAME, lambda say: _evaluate(_build_parser().parse_args(argv), say))


def run() -> None:
    """The installed command."""
    leave(_NAME, main())


def _evaluate(arguments: Namespace, say: Say) -> int:
    from ressq_runtime.faults import Faults
    from ressq_runtime.inputs.test_split import has_groups
    from ressq_runtime.model import Model

    model = Model.load(arguments.artefact, engine=arguments.engine, threads=arguments.threads)
    progress = _show_progress if sys.stderr.isatty() else None
    found = model.task.extras().evaluate(model, arguments.folder, progress, arguments.split)
    if arguments.split and has_groups(arguments.split):
        say("note: the intervals take pictures of one group for independent")
    for fault in Faults(found.faults).lines():
        say(f"error: {fault}")
    text = json.dumps(found.to_json()) if arguments.json else found.to_text()
    code = print_result(_NAME, text, "free space, or write elsewhere")
    return 1 if found.faults else code


def _build_parser() -> ArgumentParser:
    from ressq_runtime.commands.arguments import add_engine_options, build_parser

    parser = build_parser(_NAME, "Measures an artefact's accuracy on labelled pictures.", _EXAMPLES, asked="")
    add = parser.add_argument
    add("artefact", metavar="ARTEFACT", help="a .tflite or .onnx artefact of ressq-export")
    add("folder", metavar="FOLDER", help="one sub-folder per label, pictures inside")
    add("--split", metavar="FILE", help="a run's split.json: only its test pictures, in the FOLDER it trained on")
    add("--json", action="store_true", help="one JSON object on stdout; shares are fractions")
    add_engine_options(parser)
    return parser


def _show_progress(done: int, count: int) -> None:
    end = "\n" if done == count else ""
    print(f"\r{done} of {count} pictures", end=end, file=sys.stderr, flush=True)
