"""`ressq-train`: from a folder of photos to a trained network."""

import argparse
import shlex
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ressq_edge.request import Request

EPILOG = """\
example:
  ressq-train photos/ --out runs/leaf
      photos/oak/*.jpg, photos/beech/*.jpg: one folder a class; or photos/train/oak/..., photos/val/oak/...,
      photos/test/oak/... Without given parts each class is split 70/15/15 by the seed.
  ressq-train photos/ --out runs/leaf --resume
      goes on where Ctrl-C, a crash or a power cut ended it
  ressq-export runs/leaf --out dist/
      is the next step: the files for the device

exit status: 0 done, 1 a fault you can mend (it says how), 2 wrong usage, 130 stopped by Ctrl-C
"""
ARCHS = ("ressqueezenet1_1", "ressqueezenet1_0", "squeezenet1_1", "squeezenet1_0")
BYPASSES = ("none", "simple", "complex", "gated")
STOPPED = 130  # 128 + SIGINT, what shells expect


def main(argv: Sequence[str] | None = None) -> int:
    """Train as the arguments say; prints the summary's path on stdout, all else on stderr."""
    arguments = _parser().parse_args(argv)
    try:
        return _train(arguments)
    except KeyboardInterrupt:  # before training, or the second Ctrl-C: nobody waits for it to save
        return STOPPED


def _train(arguments: argparse.Namespace) -> int:
    # After parsing: --help and a wrong flag answer at once.
    from ressq_edge.errors import Interrupted
    from ressq_edge.progress import Screen
    from ressq_edge.request import Request
    from ressq_edge.run import train_folder
    from ressq_runtime.errors import RessqError

    request = Request(**vars(arguments))
    try:
        with _stop_on_signal() as stop:
            print(train_folder(request, Screen(), stop))
    except Interrupted as error:
        print(f"{error}; {_how_to_go_on(request)}", file=sys.stderr)
        return STOPPED
    except RessqError as error:
        print(f"ressq-train: error: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ressq-train",
        description="Train a small picture classifier on a folder of photos.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("data", type=Path, metavar="DATA", help="folder of pictures, one sub-folder a class")
    add("--out", type=Path, required=True, metavar="RUN", help="run folder to write; must be new")
    add("--arch", choices=ARCHS, help="network (default: ressqueezenet1_1)")
    add(
        "--bypass",
        choices=BYPASSES,
        help="residual connections (default: gated on weights trained without, simple from scratch)",
    )
    add(
        "--init",
        metavar="imagenet|none|FILE",
        help="weights to start from: torchvision's, random, or a .pth or .safetensors (default: imagenet)",
    )
    add("--size", type=int, metavar="N", help="height and width of the input in pixels (default: 224)")
    add("--epochs", type=int, metavar="N", help="default: 12 from trained weights, 40 from random ones")
    add("--seed", type=int, metavar="N", help="of the split and all that is random (default: 0)")
    add("--batch-size", type=int, metavar="N", help="pictures a step (default: 32)")
    add("--threads", type=int, metavar="N", help="of the CPU; 1 repeats bit for bit (default: all)")
    add("--resume", action="store_true", help="go on with the run in RUN")
    add("--skip-unreadable", action="store_true", help="train without pictures that cannot be decoded")
    return parser


def _how_to_go_on(request: "Request") -> str:
    if not (request.out / "config.json").exists():
        return "give the same command again"
    command = ["ressq-train", str(request.data), "--out", str(request.out), "--resume"]
    return f"go on with: {shlex.join(command)}"


@contextmanager
def _stop_on_signal() -> Iterator[Callable[[], bool]]:
    """Asks "stop now?": the first Ctrl-C or SIGTERM makes it True, a second one ends the process."""
    stopped = False
    before: dict[int, Any] = {}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def stop(_number: int, _frame: object) -> None:
        nonlocal stopped
        stopped = True
        restore()

    before |= {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: stopped
    finally:
        restore()


if __name__ == "__main__":
    sys.exit(main())
