"""`ressq-infer`: pictures in, labels out.

Start-up is a feature: this module loads an imaging library, an interpreter or a card only on the way that
needs it, so `--help` and a wrong argument cost Python and argparse alone.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Sequence

    from ressq_runtime.address import Address

_EXAMPLES = """\
examples:
  ressq-infer photo.jpg                              the model that is installed, else the built-in one
  ressq-infer photos/ --model leaf_int8.tflite --csv answers.csv       again: goes on where it ended
  find /mnt -name '*.jpg' -print0 | ressq-infer --stdin0 --json
  ressq-infer --watch incoming/ --csv answers.csv    each picture that comes; Ctrl-C or SIGTERM ends
  ressq-infer photo.jpg --json | jq .predictions[0]
  ressq-infer --serve                                stay; open http://127.0.0.1:8765/ or send pictures with curl
  ressq-infer photos/ --profile --plot profile.html  what an answer costs on this device
  ressq-infer --install leaf_int8.tflite             from now on without --model
  ressq-infer --model leaf_int8.tflite --self-test   does this device answer what the workstation measured?

The model is the first there is of: --model, the environment's RESSQ_MODEL, the installed one, the built-in one.
Exit codes: 0 done, 1 a fault you can mend (each is named on stderr), 2 wrong usage."""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command with these arguments (None: the process's own); returns its exit code."""
    from ressq_runtime.errors import RessqError

    arguments = _parse(argv)
    try:
        return _dispatch(arguments)
    except RessqError as error:
        print(f"ressq-infer: error: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        # The reader has what it wanted (`| head`). Python would complain again when it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        print("ressq-infer: interrupted", file=sys.stderr)
        return 130


def run() -> None:
    """The installed command: `main`, as the process's exit code.

    Everything is flushed, then the process ends at once: taking Python's modules down one by one costs
    half an inference and changes nothing.
    """
    code = main()
    try:
        sys.stdout.flush()
    except OSError as error:
        print(f"ressq-infer: error: stdout: {error.strerror}; free space, or write elsewhere", file=sys.stderr)
        code = 1
    sys.stderr.flush()
    os._exit(code)


def _dispatch(arguments: Namespace) -> int:
    from ressq_runtime.models import find_model, install_model

    if arguments.install:
        print(f"installed {install_model(arguments.install)}; ressq-infer now uses it without --model", file=sys.stderr)
        return 0
    if arguments.plot and not arguments.profile:
        from ressq_runtime.profile_cli import plot_saved

        return plot_saved(arguments.pictures[0], arguments.plot)
    path, origin = find_model(arguments.model)
    if arguments.info:
        from ressq_runtime.info import print_info

        return print_info(path, origin, as_json=arguments.json)
    if arguments.self_test:
        from ressq_runtime.selftest import self_test

        count = self_test(path, arguments.engine, arguments.threads)
        print(f"{path}: self-test passed: hash, pixels and scores of {count} golden pictures agree")
        return 0
    if arguments.serve:
        from ressq_runtime.serve import serve

        return serve(arguments, path, origin)
    if arguments.camera:
        from ressq_runtime.camera import answer_camera

        return answer_camera(arguments, path, origin)
    if arguments.profile:
        from ressq_runtime.profile_cli import profile_all

        return profile_all(arguments, path, origin)
    from ressq_runtime.answer import answer_all

    return answer_all(arguments, path, origin)


def _parse(argv: Sequence[str] | None) -> Namespace:
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
    if arguments.csv and modes and modes[0] not in ("stdin0", "watch"):
        parser.error(f"found --csv and --{modes[0].replace('_', '-')}, wanted --csv with pictures alone")
    if arguments.watch and not arguments.csv:
        parser.error("found --watch without --csv FILE, which knows after a restart what is answered already")
    saved = len(arguments.pictures) == 1 and arguments.pictures[0].lower().endswith(".json")
    if arguments.plot and modes != ["profile"] and (modes or not saved):
        parser.error(
            "found --plot alone, wanted --profile with it, or one saved profile: ressq-infer saved.json --plot FILE"
        )
    return arguments


def _build_parser() -> ArgumentParser:
    from argparse import ArgumentParser, RawDescriptionHelpFormatter

    from ressq_runtime import __version__
    from ressq_runtime.engines import ENGINES

    parser = ArgumentParser(
        "ressq-infer", description="Classifies pictures on this device.", epilog=_EXAMPLES,
        # With a width argparse need not ask for the terminal's, which imports shutil at every start.
        formatter_class=lambda prog: RawDescriptionHelpFormatter(prog, width=110),
    )  # fmt: skip
    add = parser.add_argument
    add("pictures", nargs="*", metavar="IMAGE|FOLDER", help="pictures, or folders of them (nested folders too)")
    add("--model", metavar="FILE", help="a .tflite or .onnx artefact of ressq-export")
    add("--labels", metavar="FILE", help="class names, one a line, for a model that carries none")
    add("--top-k", type=_positive, default=5, metavar="N", help="answers a picture (default 5)")
    add("--json", action="store_true", help="JSON Lines on stdout, one object a picture")
    add("--csv", metavar="FILE", help="a table, one row a picture; one that is there is continued")
    add("--stdin0", action="store_true", help="take the paths from stdin, each ended by a NUL (find -print0)")
    add("--watch", metavar="FOLDER", help="stay and answer what comes into FOLDER; needs --csv, which knows what was")
    add("--threads", type=_positive, metavar="N", help="threads of the interpreter (default: the cores, at most 4)")
    add("--engine", choices=ENGINES, default="auto", help="interpreter (default: the first installed that fits)")
    add("--profile", action="store_true", help="measure latency: cold start, each stage, threads, modules")
    add("--plot", metavar="FILE", help="draw the profile, or one saved with --profile --json, as .html or .png")
    add("--self-test", action="store_true", help="compare this device with the workstation, then stop")
    add("--info", action="store_true", help="what the model says of itself, then stop")
    add("--serve", nargs="?", const="127.0.0.1:8765", type=_address, metavar="ADDRESS",
        help="stay and answer over HTTP, with a page: HOST:PORT or unix:PATH (default 127.0.0.1:8765)")  # fmt: skip
    add("--camera", nargs="?", const="0", metavar="CAMERA",
        help="classify what a camera sees: its number (default 0), device or video file")  # fmt: skip
    add("--install", metavar="FILE", help="make FILE the model that answers without --model, then stop")
    add("--version", action="version", version=f"ressq-infer {__version__}")
    return parser


def _address(text: str) -> Address:
    from ressq_runtime.address import Address

    return Address(text)


def _positive(text: str) -> int:
    from argparse import ArgumentTypeError

    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"found {text!r}, wanted a whole number from 1 on")
    return int(text)
