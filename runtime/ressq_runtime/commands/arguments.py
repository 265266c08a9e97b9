"""The options of `ressq-infer`, by argparse: the one definition. `infer` reads the plainest command lines itself."""

from __future__ import annotations

from os.path import isdir

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Sequence

    from ressq_runtime.serving.address import Address

_EXAMPLES = """\
examples:
  ressq-infer photo.jpg                              the model that is installed, else the built-in one
  ressq-infer photos/ --model leaf_int8.tflite --csv answers.csv       again: goes on where it ended
  find /mnt -name '*.jpg' -print0 | ressq-infer --stdin0 --json
  rpicam-still -n -o - | ressq-infer -               a picture from a pipe, which need not touch the card
  ressq-infer --watch incoming/ --csv answers.csv    each picture that comes; Ctrl-C or SIGTERM ends
  ressq-infer photo.jpg --json | jq .label,.reason   null and why, where the model abstains
  ressq-infer --serve                                stay; open http://127.0.0.1:8765/ or send pictures with curl
  ressq-infer photos/ --profile --plot profile.html  what an answer costs on this device
  ressq-infer photo.jpg --explain where.png          which part of the picture speaks for the answer
  ressq-infer --install leaf_int8.tflite             from now on without --model
  ressq-infer --model leaf_int8.tflite --self-test   does this device answer what the workstation measured?

The model is the first there is of: --model, the environment's RESSQ_MODEL, the installed one, the built-in one.
Exit codes: 0 done, 1 a fault you can mend (each is named on stderr), 2 wrong usage, 130 stopped by Ctrl-C."""


def parse(argv: Sequence[str] | None) -> Namespace:
    """The arguments; ends the process with words and exit code 2 where they make no sense."""
    parser = _build_parser()
    arguments = parser.parse_args(argv)
    named = ("install", "info", "self_test", "profile", "camera", "serve", "stdin0", "watch")
    modes = [name for name in named if getattr(arguments, name)]
    if len(modes) > 1 and modes != ["camera", "serve"]:
        parser.error(f"found {' and '.join('--' + mode.replace('_', '-') for mode in modes)}, wanted one of them")
    if not arguments.pictures and (not modes or modes == ["profile"]):
        parser.error("found no picture, wanted one or more files or folders, for instance: ressq-infer photo.jpg")
    if arguments.pictures and modes and modes != ["profile"]:
        parser.error(f"found pictures and --{modes[0].replace('_', '-')}, wanted one of the two")
    if "-" in arguments.pictures and (modes or len(arguments.pictures) > 1):
        other = "--profile, which reads a picture many times" if modes else "other pictures"
        parser.error(f"found - and {other}, wanted - alone: it is the one picture on stdin; save it in a file first")
    if arguments.csv and modes and modes[0] not in ("stdin0", "watch"):
        parser.error(f"found --csv and --{modes[0].replace('_', '-')}, wanted --csv with pictures alone")
    if arguments.csv == "-":
        parser.error("found --csv -, wanted a FILE, which knows what is answered; --json prints")
    if arguments.self_test and (arguments.json or arguments.labels):
        other = "--json" if arguments.json else "--labels"
        parser.error(f"found --self-test and {other}, wanted --self-test alone: it says passed, or what differs")
    if arguments.serve_as and "serve" not in modes:
        parser.error("found --serve-as alone, wanted --serve with it: ressq-infer --serve --serve-as pi.lan")
    if arguments.runs and modes != ["profile"]:
        parser.error("found --runs alone, wanted --profile with it: ressq-infer photo.jpg --profile --runs 1000")
    if arguments.watch and not arguments.csv:
        parser.error("found --watch without --csv FILE, which knows after a restart what is answered already")
    one = len(arguments.pictures) == 1 and not isdir(arguments.pictures[0])
    if arguments.explain and (modes or arguments.csv or not one):
        parser.error(
            "found --explain, wanted one picture with it and no other mode: ressq-infer photo.jpg --explain out.png"
        )
    saved = len(arguments.pictures) == 1 and arguments.pictures[0].lower().endswith(".json")
    if arguments.plot and modes != ["profile"] and (modes or not saved):
        parser.error(
            "found --plot alone, wanted --profile with it, or one saved profile: ressq-infer saved.json --plot FILE"
        )
    return arguments


def _build_parser() -> ArgumentParser:
    from argparse import ArgumentParser, RawDescriptionHelpFormatter

    from ressq_runtime import __version__

    parser = ArgumentParser(
        "ressq-infer", description="Classifies pictures on this device.", epilog=_EXAMPLES,
        # With a width argparse need not ask for the terminal's, which imports shutil at every start.
        formatter_class=lambda prog: RawDescriptionHelpFormatter(prog, width=110),
    )  # fmt: skip
    add = parser.add_argument
    add(
        "pictures",
        nargs="*",
        metavar="IMAGE|FOLDER",
        help="pictures, or folders of them (nested folders too); -: one on stdin",
    )
    add("--model", metavar="FILE", help="a .tflite or .onnx artefact of ressq-export")
    add("--labels", metavar="FILE", help="class names, one a line, for a model that carries none")
    add("--top-k", type=positive, default=5, metavar="N", help="answers a picture (default 5)")
    add("--abstain-below", type=_share, metavar="P",
        help="give no answer below this probability, 0..1 (default: the model's own; 0: always answer)")  # fmt: skip
    add("--json", action="store_true", help="JSON Lines on stdout, one object a picture")
    add("--csv", metavar="FILE", help="a table, one row a picture; one that is there is continued")
    add("--stdin0", action="store_true", help="take the paths from stdin, each ended by a NUL (find -print0)")
    add("--watch", metavar="FOLDER", help="stay and answer what comes into FOLDER; needs --csv, which knows what was")
    add_engine_options(parser)
    add("--profile", action="store_true", help="measure latency: cold start, each stage, threads, modules")
    add("--runs", type=positive, metavar="N", help="warm runs of --profile (default 50; p99 is told from 1000 on)")
    add("--plot", metavar="FILE", help="draw the profile, or one saved with --profile --json, as .html or .png")
    add("--explain", metavar="FILE", help="draw where in the picture the network found its answer, as .png or .jpg")
    add("--self-test", action="store_true", help="compare this device with the workstation, then stop")
    add("--info", action="store_true", help="what the model says of itself, then stop")
    add("--serve", nargs="?", const="127.0.0.1:8765", type=_address, metavar="ADDRESS",
        help="stay and answer over HTTP, with a page: HOST:PORT, PORT, unix:PATH (default 127.0.0.1:8765)")  # fmt: skip
    add("--serve-as", type=_names, action="extend", default=[], metavar="NAME",
        help="further names and origins of the server, with commas between: pi.lan,https://pi.example.org")  # fmt: skip
    add("--camera", nargs="?", const="0", metavar="CAMERA",
        help="classify what a camera sees: number (default 0), device, video file or address of a stream")  # fmt: skip
    add("--install", metavar="FILE", help="make FILE the model that answers without --model, then stop")
    add("--version", action="version", version=f"ressq-infer {__version__}")
    return parser


def add_engine_options(parser: ArgumentParser) -> None:
    """The options of every command that loads a model."""
    from ressq_runtime.engines import ENGINES

    add = parser.add_argument
    add("--threads", type=positive, metavar="N", help="threads of the interpreter (default: the cores, at most 4)")
    add("--engine", choices=ENGINES, default="auto", help="interpreter (default: the first installed that fits)")


def _address(text: str) -> Address:
    from ressq_runtime.serving.address import Address

    return Address(text)


def _names(text: str) -> list[str]:
    from ressq_runtime.serving.address import read_name

    return [read_name(name) for name in text.split(",")]


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
