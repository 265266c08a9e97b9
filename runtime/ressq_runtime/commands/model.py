"""`ressq-model`: what a model says of itself, whether it answers here as on the workstation, and which one answers."""

from __future__ import annotations

from ressq_runtime.artefact.installed import find_model, install_model
from ressq_runtime.commands.command import guard, leave

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Sequence

    from ressq_runtime.rows import Say


_NAME = "ressq-model"
_EXAMPLES = """\
examples:
  ressq-model info                        what the model that answers now says of itself
  ressq-model info leaf_int8.tflite --json | jq .accuracy
  ressq-model check leaf_int8.tflite      does this device answer what the workstation measured?
  ressq-model install leaf_int8.tflite    from now on every command answers with it"""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command with these arguments (None: the process's own); returns its exit code."""
    return guard(_NAME, lambda say: _do(_build_parser().parse_args(argv), say))


def run() -> None:
    """The installed command."""
    leave(_NAME, main())


def _do(arguments: Namespace, say: Say) -> int:
    if arguments.action == "install":
        say(f"installed {install_model(arguments.file)}; it now answers without --model and RESSQ_MODEL")
        return 0
    path, origin = (arguments.file, "named") if arguments.file else find_model(None)
    if arguments.action == "info":
        from ressq_runtime.commands.info import print_info

        print_info(path, origin, as_json=arguments.json)
    else:
        from ressq_runtime.selftest import self_test

        count = self_test(path, arguments.engine, arguments.threads)
        print(f"{path}: self-test passed: hash, pixels and scores of {count} golden pictures agree")
    return 0


def _build_parser() -> ArgumentParser:
    from ressq_runtime.commands.arguments import add_engine_options, build_parser

    parser = build_parser(_NAME, "Describes, checks or installs a model.", _EXAMPLES, asked="FILE")
    actions = parser.add_subparsers(dest="action", required=True, metavar="info|check|install")
    info = actions.add_parser("info", help="what the model says of itself", description="Prints a model's card.")
    info.add_argument("--json", action="store_true", help="the whole card, one JSON object")
    check = actions.add_parser(
        "check", help="compare this device with the workstation",
        description="Repeats the self-test that the export put into the model: its hash, pixels and scores.",
    )  # fmt: skip
    add_engine_options(check)
    for action in (info, check):
        action.add_argument("file", nargs="?", metavar="FILE", help="a model (default: the one in use)")
    install = actions.add_parser(
        "install", help="make a model the one that answers",
        description="Copies a model to where every command finds it without --model.",
    )  # fmt: skip
    install.add_argument("file", metavar="FILE", help="a .tflite or .onnx artefact of ressq-export")
    return parser
