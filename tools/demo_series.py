"""`make demo-series`: the main job on recordings of a watch, from a folder to a stream that answers.

Without DATA the recordings are people doing exercises, of the package seglearn (see watch_set.py). The network never
sees the people that it is asked about. A second call goes on where the first one stopped.
"""

from __future__ import annotations

import argparse
import shlex
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from demo import ROOT, call, command_of, export, train
from ressq_edge.data.split import read_split

WATCH = ROOT / "watch"
PERSON = "(p[0-9]+)_"
# A line a second is more than anyone reads; three windows a line steady it.
WATCH_SETTINGS = ("--hop", "4s", "--smooth", "3")


def main(argv: list[str] | None = None) -> int:
    """Runs the demo; exit code of the first command that fails, else 0."""
    parser = argparse.ArgumentParser(description="Trains, exports and answers on recordings of sensors.")
    parser.add_argument("--data", type=Path, help="your recordings, one folder per class (default: a watch's)")
    parser.add_argument("--group-by", help="what keeps a person's recordings together, as of ressq-train")
    arguments = parser.parse_args(argv)
    try:
        data = arguments.data or lay_out_watch(WATCH)
        group = arguments.group_by or (None if arguments.data else PERSON)
        name = data.resolve().name
        run, dist = ROOT / f"{name}-run", ROOT / f"{name}-dist"
        train(data, run, "none", ("--group-by", group) if group else ())
        export(data, run, dist, name)
        answer(data, run, dist / f"{name}_int8.tflite")
    except subprocess.CalledProcessError as error:
        print(f"demo: stopped at: {shlex.join(error.cmd)}", file=sys.stderr)
        return int(error.returncode)
    print(f"\nrecordings {data}\nrun        {run}  (summary.md, curves.png, confusion.png)\nfiles      {dist}")
    print(f"On a Pi: copy {dist / f'{name}_int8.tflite'} and run:")
    print(f"ressq-watch /dev/ttyACM0 --model {name}_int8.tflite --hop 0.5s --smooth 3")
    return 0


def lay_out_watch(folder: Path) -> Path:
    """Writes folder/PART/EXERCISE/pPERSON_SIDE.csv, by a process of its own; returns the folder.

    Raises:
        SystemExit: the package is not installed.
    """
    if folder.is_dir():
        return folder
    package = find_spec("seglearn")
    if package is None or package.origin is None:
        raise SystemExit("demo: found no package seglearn, wanted its recordings; pip install --no-deps seglearn")
    source = Path(package.origin).with_name("data") / "watch_dataset.npy"
    folder.parent.mkdir(parents=True, exist_ok=True)
    script = Path(__file__).with_name("watch_set.py")
    subprocess.run([sys.executable, "-I", str(script), str(source), str(folder)], check=True)  # noqa: S603 - ours
    return folder


def answer(data: Path, run: Path, artefact: Path) -> None:
    """Answers a recording of a person that was held out: as a file, then line by line, as a sensor sends it."""
    split = read_split(run)
    name, label = (split.test or split.val)[0]
    recording = data / name
    print(f"\nA recording that the network did not learn from; it is of {split.labels[label]}:")
    call(["ressq-infer", str(recording), "--model", str(artefact)])
    stream(recording, ["ressq-watch", "-", "--model", str(artefact), *WATCH_SETTINGS])


def stream(recording: Path, command: list[str]) -> None:
    """Prints a command that reads the recording's lines from stdin, and runs it."""
    print(f"\n$ {shlex.join(command)} < {shlex.quote(str(recording))}", flush=True)
    with recording.open("rb") as lines:
        subprocess.run(command_of(command), stdin=lines, check=True)  # noqa: S603 - our own commands


if __name__ == "__main__":
    sys.exit(main())
