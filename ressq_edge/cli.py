"""`ressq-train`: from a folder of photos to a trained network."""

import argparse
import os
import shlex
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ressq_edge.choices import ARCHS, BYPASSES, DEVICES, HEADS, PRECISIONS, TASKS
from ressq_runtime.commands.command import mend_streams, print_result

if TYPE_CHECKING:
    from ressq_edge.request import Request

EPILOG = """\
example:
  ressq-train photos/ --out runs/leaf
      photos/oak/*.jpg, photos/beech/*.jpg: one folder a class; or photos/train/oak/..., photos/val/oak/...,
      photos/test/oak/... Without given parts each class is split 70/15/15 by the seed.
  ressq-train road/ --out runs/road --head unet
      road/images/*.jpg and road/masks/*.png: a class for each pixel (docs/masks.md, docs/segmentation.md)
  ressq-train recordings/ --out runs/gym --window 4s --group-by "(p[0-9]+)_"
      recordings/squat/*.csv, recordings/lunge/*.csv: windows of sensor data (docs/series.md)
  ressq-train photos/ --out runs/leaf --group-by "(patient[0-9]+)"
      no patient is in two parts; nearly equal pictures are kept together anyway
  ressq-train photos/ --out runs/leaf --labels labels.csv
      classes from a table: a row a picture, with the columns path and label (docs/data.md)
  ressq-train photos/ --out runs/leaf --resume
      goes on where Ctrl-C, a crash or a power cut ended it
  torchrun --nproc-per-node 2 -m ressq_edge.cli photos/ --out runs/leaf
      with several processes, one a GPU, on one machine or more (docs/training.md)
  ressq-export runs/leaf --out dist/
      is the next step: the files for the device

exit status: 0 done, 1 a fault you can mend (it says how), 2 wrong usage, 130 stopped by Ctrl-C
"""
STOPPED = 130  # 128 + SIGINT, what shells expect


def main(argv: Sequence[str] | None = None) -> int:
    """Train as the arguments say; prints the summary's path on stdout, all else on stderr."""
    mend_streams()
    arguments = _parser().parse_args(argv)
    try:
        return _train(arguments)
    except KeyboardInterrupt:  # before training, or the second Ctrl-C: nobody waits for it to save
        return STOPPED


def _train(arguments: argparse.Namespace) -> int:
    # After parsing: --help and a wrong flag answer at once.
    from ressq_edge.errors import Interrupted, WorkerError
    from ressq_edge.request import Request
    from ressq_edge.run import train_folder
    from ressq_edge.screen import Screen
    from ressq_runtime.errors import OutputError, RessqError

    first = os.environ.get("RANK", "0") == "0"  # of the processes that torchrun starts; it speaks for all
    request = Request(**vars(arguments))
    try:
        with _stop_on_signal() as stop:
            summary = train_folder(request, Screen(), stop)
        return print_result("ressq-train", str(summary), f"the summary is {summary}") if first else 0
    except Interrupted as error:
        if first:
            print(f"{error}; {_how_to_go_on(request)}", file=sys.stderr)
        return STOPPED
    except (OutputError, WorkerError) as error:
        print(f"ressq-train: error: {error}; {_how_to_go_on(request)}", file=sys.stderr)
        return 1
    except RessqError as error:
        print(f"ressq-train: error: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ressq-train",
        description="Train a small network on a folder of photos: what each shows, or what each pixel shows.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "data",
        type=_folder,
        metavar="DATA",
        help="folder of pictures or recordings, a sub-folder a class; or images/ and masks/; or one file of recordings",
    )
    parser.add_argument("--out", type=_folder, required=True, metavar="RUN", help="run folder to write; must be new")
    parser.add_argument("--resume", action="store_true", help="go on with the run in RUN")
    _add_data(parser.add_argument_group("data").add_argument)
    _add_network(parser.add_argument_group("network").add_argument)
    _add_series(parser.add_argument_group("recordings").add_argument)
    _add_training(parser.add_argument_group("training").add_argument)
    _add_machine(parser.add_argument_group("machine").add_argument)
    return parser


def _add_data(add: Callable[..., Any]) -> None:
    add(
        "--labels",
        type=Path,
        metavar="CSV",
        help="classes from a table instead of folders: columns path,label and, where wanted, part and group",
    )
    add(
        "--group-by",
        metavar="REGEX|CSV",
        help="keep a patient, site or thing in one part: an expression on the picture's path below DATA, or a table "
        "of the columns path,group",
    )
    add(
        "--no-mirror",
        dest="mirror",
        action="store_false",
        default=None,
        help="show no picture mirrored: where left and right tell the classes apart (hands, signs, writing)",
    )
    add("--skip-unreadable", action="store_true", help="train without pictures that cannot be decoded")
    add("--compare-all", action="store_true", help="look for copies among more than 100,000 pictures, too")
    add(
        "--no-thumbnails",
        dest="thumbnails",
        action="store_false",
        help="no picture and no picture's name in data.html and suspects.html: patients, say",
    )


def _add_network(add: Callable[..., Any]) -> None:
    add("--task", choices=TASKS, help="what to learn (default: segment where DATA holds masks, else classify)")
    add("--head", choices=HEADS, help="what answers for each pixel (default: deeplabv3plus)")
    add("--head-width", type=float, metavar="FACTOR", help="of the head's channels (default: 1)")
    add("--arch", choices=ARCHS, help="network (default: ressqueezenet1_1)")
    add(
        "--bypass",
        choices=BYPASSES,
        help="residual connections (default: those of the weights, else gated; simple: the paper's)",
    )
    add(
        "--init",
        metavar="imagenet|none|FILE",
        help="weights to start from: torchvision's, random, or a .pth, .safetensors or .caffemodel (default: imagenet)",
    )
    add(
        "--size",
        type=_size,
        metavar="N|HxW",
        help="height and width of the input in pixels (default: 224; for masks by the form of the pictures: 241x321 "
        "for those of 4:3)",
    )


def _add_series(add: Callable[..., Any]) -> None:
    add("--window", metavar="4s|N", help="length of a window, in seconds or samples (default: 4s)")
    add("--hop", metavar="1s|N", help="from a window to the next (default: a quarter of a window)")
    add(
        "--rate",
        type=float,
        metavar="HZ",
        help="samples a second of files that do not tell (default: 1 with --window and --hop in samples)",
    )
    add("--depth", type=int, metavar="N", help="Fire modules (default: 8)")
    add("--width", type=int, metavar="N", help="feature channels, a multiple of 4 (default: 48)")


def _add_training(add: Callable[..., Any]) -> None:
    add(
        "--epochs",
        type=int,
        metavar="N",
        help="default: from trained weights 26, up to 52 of few pictures; from random ones 40; for masks 40, up to 80",
    )
    add(
        "--batch-size",
        type=int,
        metavar="N",
        help="pictures a step (default: 32, fewer below 1,024 training pictures; for masks 8)",
    )
    add("--seed", type=int, metavar="N", help="of the split and all that is random (default: 0)")
    add("--profile", action="store_true", help="tell at the end, and in summary.md, where the time went")


def _add_machine(add: Callable[..., Any]) -> None:
    add(
        "--threads",
        type=int,
        metavar="N",
        help="CPU threads; with 1 the run is reproducible bit for bit (default: all)",
    )
    add("--precision", choices=PRECISIONS, help="of the convolutions (default: bf16 where the processor has it)")
    add("--device", choices=DEVICES, default="auto", help="to compute on (default: auto, a GPU if there is one)")


def _folder(text: str) -> Path:
    if not text:  # an empty variable of a script: the folder one is in, to Path
        raise argparse.ArgumentTypeError("found an empty value, wanted a folder")
    return Path(text)


def _size(text: str) -> int | tuple[int, int]:
    """A side of a square, or height and width."""
    sides = text.lower().split("x")
    if len(sides) > 2 or not all(side.isascii() and side.isdigit() for side in sides):
        raise argparse.ArgumentTypeError(f"found {text!r}, wanted a number of pixels, or height and width as 241x321")
    numbers = [int(side) for side in sides]
    return numbers[0] if len(numbers) == 1 else (numbers[0], numbers[1])


def _how_to_go_on(request: "Request") -> str:
    several = int(os.environ.get("WORLD_SIZE", "1")) > 1
    again = f"give the same {'torchrun ' if several else ''}command again"
    if not (request.out / "config.json").exists():
        return again
    if several:
        return f"{again}, with --resume"
    command = ["ressq-train", str(request.data), "--out", str(request.out), "--resume"]
    if request.device not in (None, "auto"):  # no setting of the run: each command says it anew
        command += ["--device", str(request.device)]
    if request.init not in (None, "imagenet", "none") and not (request.out / "last.safetensors").exists():
        command += ["--init", str(request.init)]
    if request.profile:
        command.append("--profile")
    return f"go on with: {shlex.join(command)}"


@contextmanager
def _stop_on_signal() -> Iterator[Callable[[], bool]]:
    """Asks "stop now?": the first Ctrl-C or SIGTERM makes it True, a second one ends the process.

    Signals go to the main thread alone. In another, a web application's, say, nothing asks for the end.
    """
    stopped = False
    before: dict[int, Any] = {}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def stop(_number: int, _frame: object) -> None:
        nonlocal stopped
        stopped = True
        if "LOCAL_RANK" not in os.environ:  # torchrun passes on a Ctrl-C that came here already
            restore()

    with suppress(ValueError):  # not the main thread
        for number in (signal.SIGINT, signal.SIGTERM):
            before[number] = signal.signal(number, stop)
    try:
        yield lambda: stopped
    finally:
        restore()


if __name__ == "__main__":
    sys.exit(main())
