"""`ressq-serve`: one model that stays and answers over HTTP, with a page. docs/serve.md says how to use it."""

from __future__ import annotations

from ressq_runtime.commands.command import guard, leave, load_answering

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Sequence

    from ressq_runtime.rows import Say
    from ressq_runtime.serving.address import Address

_NAME = "ressq-serve"
_EXAMPLES = """\
examples:
  ressq-serve                                  open http://127.0.0.1:8765/ or send pictures with curl
  ressq-serve 8080                             another port of this machine
  ressq-serve 0.0.0.0:8765 --name pi.lan       for the network, which calls it by that name
  ressq-serve unix:/run/user/1000/ressq.sock   no port at all
  ressq-serve --camera 0                       what the camera sees, live on the page"""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command with these arguments (None: the process's own); returns its exit code."""
    return guard(_NAME, lambda say: _serve(_build_parser().parse_args(argv), say))


def run() -> None:
    """The installed command."""
    leave(_NAME, main())


def _serve(arguments: Namespace, say: Say) -> int:
    from ressq_runtime.serving.serve import bound_memory, serve

    bound_memory()
    model = load_answering(arguments, say)
    serve(model, arguments.address, arguments.name, arguments.camera, say)
    return 0


def _build_parser() -> ArgumentParser:
    from ressq_runtime.commands.arguments import add_answer_options, build_parser

    parser = build_parser(_NAME, "Answers over HTTP, with a page, until it is told to end.", _EXAMPLES)
    add = parser.add_argument
    add("address", nargs="?", type=_address, default="127.0.0.1:8765", metavar="ADDRESS",
        help="where to listen: HOST:PORT, PORT, unix:PATH (default 127.0.0.1:8765)")  # fmt: skip
    add("--name", type=_names, action="extend", default=[], metavar="NAME",
        help="further names and origins of the server, with commas between: pi.lan,https://pi.example.org")  # fmt: skip
    add("--camera", metavar="CAMERA", help="show what a camera sees: a number, a device, a film or an address")
    add_answer_options(parser)
    return parser


def _address(text: str) -> Address:
    from ressq_runtime.serving.address import Address

    return Address(text)


def _names(text: str) -> list[str]:
    from ressq_runtime.serving.address import read_name

    return [read_name(name) for name in text.split(",")]
