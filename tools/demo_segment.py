"""`make demo-segment`: the main job on real pictures with masks, from a folder to an overlay to look at.

Without DATA the pictures are the solar cells of tools/solar-cracks. A second call goes on where the first one stopped.
"""

from __future__ import annotations

import argparse
import shlex
import subprocess
import sys
from pathlib import Path

from PIL import Image

from demo import ROOT, call, export, train
from ressq_edge.data.split import read_split

CELLS = Path(__file__).with_name("solar-cracks")
# Small enough for two cores to be done in five minutes, from random weights.
CELLS_SETTINGS = ("--size", "209x209", "--epochs", "60")


def main(argv: list[str] | None = None) -> int:
    """Runs the demo; exit code of the first command that fails, else 0."""
    parser = argparse.ArgumentParser(description="Trains, exports and answers on real pictures with masks.")
    parser.add_argument("--data", type=Path, help="your folder with images/ and masks/ (default: solar cells)")
    parser.add_argument(
        "--init", help="none (from scratch), imagenet or a weights FILE (default: imagenet with --data)"
    )
    arguments = parser.parse_args(argv)
    data = arguments.data or CELLS
    name = data.resolve().name
    run, dist = ROOT / f"{name}-run", ROOT / f"{name}-dist"
    try:
        init = arguments.init or ("imagenet" if arguments.data else "none")
        train(data, run, init, () if arguments.data else CELLS_SETTINGS)
        export(data, run, dist, name)
        overlay = answer(data, run, dist / f"{name}_int8.tflite")
    except subprocess.CalledProcessError as error:
        print(f"demo: stopped at: {shlex.join(error.cmd)}", file=sys.stderr)
        return int(error.returncode)
    print(f"\nrun     {run}  (summary.md, curves.png)\nfiles   {dist}\noverlay {overlay}  - look at it")
    print(f"On a Pi: copy {dist / f'{name}_int8.tflite'} and run:")
    print(f"ressq-infer photo.jpg --model {name}_int8.tflite --overlay overlay.jpg")
    return 0


def answer(data: Path, run: Path, artefact: Path) -> Path:
    """Answers a picture whose mask shows most classes, then measures latency; returns the overlay."""
    split = read_split(run)
    picture, mask = max(split.test or split.val, key=lambda sample: (count_values(data / sample[1]), sample[0]))
    overlay = ROOT / f"{data.resolve().name}-overlay.jpg"
    print(f"\nA picture that the network did not learn from; its mask is {data / mask}:")
    call([
        "ressq-infer", str(data / picture), "--model", str(artefact), "--mask", str(overlay.with_suffix(".png")),
        "--overlay", str(overlay),
    ])  # fmt: skip
    call(["ressq-profile", str(data / picture), "--model", str(artefact)])
    return overlay


def count_values(mask: Path) -> int:
    """How many different values a mask has."""
    with Image.open(mask) as image:
        return sum(map(bool, image.histogram()))


if __name__ == "__main__":
    sys.exit(main())
