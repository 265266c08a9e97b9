"""`ressq-watch`: what comes into a folder, or what a camera sees, answered as it comes."""

from __future__ import annotations

import sys
from os.path import isdir

from ressq_runtime.commands.command import guard, leave, load_answering
from ressq_runtime.errors import ArtefactError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Sequence

    from ressq_runtime.inputs.series_spec import SeriesSpec
    from ressq_runtime.model import Model
    from ressq_runtime.rows import Say


_NAME = "ressq-watch"
_EXAMPLES = """\
A number, an address (with ://), a pipeline of GStreamer (with " ! "), a file or a device is a camera.

examples:
  ressq-watch incoming/ --csv answers.csv      each picture that comes; Ctrl-C or SIGTERM ends
  ressq-watch 0                                the first camera, a line a frame
  ressq-watch film.mp4 --json                  a JSON object a frame; its path is when the frame came, UTC
  ressq-watch rtsp://user:password@192.168.1.9:554/stream2
  ressq-watch /dev/ttyACM0 --model gym_int8.tflite --hop 0.5s     lines of a sensor: a JSON object a hop"""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command with these arguments (None: the process's own); returns its exit code."""
    return guard(_NAME, lambda say: _watch(_parse(argv), say))


def run() -> None:
    """The installed command."""
    leave(_NAME, main())


def _watch(arguments: Namespace, say: Say) -> int:
    from ressq_runtime.rows import open_writer

    model = load_answering(arguments, say)
    if model.input.noun == "recording":
        return _watch_sensor(arguments, model, say)
    if arguments.source == "-" or arguments.hop or arguments.smooth > 1:
        raise ArtefactError(
            f"{model.path}: found a model of {model.input.noun}s, wanted one of recordings for lines of a sensor; "
            "name it by --model, or give a folder or camera without --hop and --smooth"
        )
    with open_writer(arguments, model, say) as writer:
        if arguments.csv:
            from ressq_runtime.streaming.stream import answer_watched

            if arguments.mask or arguments.explain:
                from ressq_runtime.streaming.pictures import Pictures

                drawn = Pictures(model, arguments.mask, arguments.explain, [], watched=arguments.source)
                writer = drawn.before(writer)
            answer_watched(model, arguments.source, writer, say)
        else:
            from ressq_runtime.streaming.camera import answer_camera

            answer_camera(model, arguments.source, writer, say)
    return 0


def _watch_sensor(arguments: Namespace, model: Model, say: Say) -> int:
    from ressq_runtime.streaming.sensor import answer_sensor

    for flag, value in (("--csv", arguments.csv), ("--mask", arguments.mask), ("--explain", arguments.explain)):
        if value is not None:
            raise ArtefactError(
                f"{flag}: found it and {model.path}, a model of recordings, wanted lines of a sensor; leave it out, or "
                "give files to ressq-infer"
            )
    spec: SeriesSpec = model.input  # type: ignore[assignment] # its noun says so
    hop = max(1, round(arguments.hop * spec.rate)) if arguments.hop else spec.hop
    answer_sensor(model, spec, arguments.source, hop, arguments.smooth, sys.stdout, say)
    return 0


def _seconds(text: str) -> float:
    from argparse import ArgumentTypeError

    try:
        found = float(text.removesuffix("s"))
    except ValueError:
        found = 0.0
    if not 0 < found < 1e6:
        raise ArgumentTypeError(f"found {text[:20]!r}, wanted seconds, 0.5s for instance")
    return found


def _parse(argv: Sequence[str] | None) -> Namespace:
    parser = _build_parser()
    arguments = parser.parse_args(argv)
    source = arguments.source
    if not source:
        parser.error("found an empty name, wanted a FOLDER or a CAMERA; is a variable of your script empty?")
    is_camera = source.isdecimal() or "://" in source or " ! " in source
    if arguments.csv is None and not is_camera and isdir(source):
        parser.error("found a folder without --csv FILE, which knows after a restart what is answered already")
    if arguments.csv is not None and is_camera:
        parser.error("found --csv and a camera, wanted --csv with a folder; --json prints")
    if arguments.csv is None and (arguments.mask or arguments.explain):
        parser.error("found --mask or --overlay and a camera, wanted them with a folder; ressq-serve shows a camera's")
    if arguments.csv in ("", "-"):
        parser.error(f"found --csv {arguments.csv!r}, wanted a FILE, which knows what is answered; --json prints, too")
    return arguments


def _build_parser() -> ArgumentParser:
    from ressq_runtime.commands.arguments import add_answer_options, add_drawing_options, build_parser, positive

    parser = build_parser(_NAME, "Answers what comes, until it is told to end.", _EXAMPLES)
    add = parser.add_argument
    add(
        "source",
        metavar="FOLDER|CAMERA|SENSOR",
        help="a folder; a camera by number, device or address; a film; a sensor's device or -",
    )
    add("--csv", metavar="FILE", help="the table of a folder's answers, which is continued after a restart")
    add("--json", action="store_true", help="JSON Lines on stdout, one object a picture")
    add(
        "--hop", type=_seconds, metavar="SECONDS", help="of a sensor: from an answer to the next (default: the model's)"
    )
    add("--smooth", type=positive, default=1, metavar="N", help="of a sensor: windows that an answer is the mean of")
    add_drawing_options(parser)
    add_answer_options(parser)
    return parser
