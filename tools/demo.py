"""`make demo`: the main job on real pictures, from a folder of photos to answers and a latency profile.

Without DATA the pictures are the 2,624 electroluminescence photos of solar cells of the package elpv-dataset
(Buerhop-Lutz et al. 2018, CC BY-NC-SA 4.0). Functional is a defect probability of 0, defective of 1; the 401
cells that the experts graded between are left out. A second call goes on where the first one stopped.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shlex
import subprocess
import sys
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from ressq_runtime import Classifier, PictureError
from ressq_runtime.inputs.names import compose, locate

ROOT = Path("demo")
SEED = 0
# Small and few enough for two cores to be done in ten minutes, from random weights; more of both is more accurate.
SOLAR_SETTINGS = ("--size", "128", "--epochs", "32")
RIGHT, WRONG, WITHHELD = "answered rightly", "answered wrongly", "not answered, as the model is too unsure"
# Of a large set some tell as much, and no one waits.
MOST_ANSWERED = 500
# (part, share of each stratum): the rest is for training.
HELD_OUT = (("val", 0.15), ("test", 0.15))


def main(argv: list[str] | None = None) -> int:
    """Runs the demo; exit code of the first command that fails, else 0."""
    parser = argparse.ArgumentParser(description="Trains, exports, classifies and measures on real pictures.")
    parser.add_argument("--data", type=Path, help="your photos, one folder per class (default: solar cells)")
    parser.add_argument(
        "--init", help="none (from scratch), imagenet or a weights FILE (default: imagenet with --data)"
    )
    arguments = parser.parse_args(argv)
    data = arguments.data or lay_out_solar_cells(ROOT / "solar-cells")
    name = data.resolve().name
    run, dist = ROOT / f"{name}-run", ROOT / f"{name}-dist"
    try:
        init = arguments.init or ("imagenet" if arguments.data else "none")
        train(data, run, init, () if arguments.data else SOLAR_SETTINGS)
        export(data, run, dist, name)
        answer(data, run / "split.json", dist / f"{name}_int8.tflite")
    except subprocess.CalledProcessError as error:
        print(f"demo: stopped at: {shlex.join(error.cmd)}", file=sys.stderr)
        return int(error.returncode)
    print(f"\nphotos {data}\nrun    {run}  (summary.md, curves.png, confusion.png)\nfiles  {dist}")
    print(f"On a Pi: copy {dist / f'{name}_int8.tflite'} and run: ressq-infer photo.jpg --model {name}_int8.tflite")
    return 0


def lay_out_solar_cells(folder: Path) -> Path:
    """Writes folder/{train,val,test}/{functional,defective}/*.png, split by label and cell type; returns the folder."""
    if folder.is_dir():
        return folder
    from elpv_dataset.utils import load_dataset
    from PIL import Image

    images, probabilities, types = load_dataset()
    strata: dict[tuple[str, str], list[int]] = defaultdict(list)
    for index, (probability, kind) in enumerate(zip(probabilities, types, strict=True)):
        if probability in (0, 1):
            strata["defective" if probability else "functional", str(kind)].append(index)
    partial = folder.with_name(folder.name + ".part")
    for (label, kind), members in sorted(strata.items()):
        random.Random(f"{SEED} {label} {kind}").shuffle(members)  # noqa: S311 - a split, no secret
        for part, index in assign_parts(members):
            place = partial / part / label
            place.mkdir(parents=True, exist_ok=True)
            Image.fromarray(images[index]).save(place / f"{kind}-{index:04}.png")
    partial.rename(folder)
    count = sum(map(len, strata.values()))
    print(f"{folder}: {count} solar cells, {len(images) - count} of uncertain grade left out")
    return folder


def assign_parts(members: list[int]) -> list[tuple[str, int]]:
    """(part, member) for the members of one stratum, in their order: val, test, then train."""
    assigned: list[tuple[str, int]] = []
    rest = list(members)
    for part, share in HELD_OUT:
        count = round(share * len(members))
        assigned += [(part, member) for member in rest[:count]]
        rest = rest[count:]
    return assigned + [("train", member) for member in rest]


def train(data: Path, run: Path, init: str, settings: Sequence[str]) -> None:
    """Trains, or goes on with, or skips what is trained already."""
    if (run / "summary.md").is_file():
        trained_on = Path(json.loads((run / "config.json").read_text(encoding="utf-8"))["data"])
        if trained_on != data.resolve():
            raise SystemExit(f"demo: {run}: found a run on {trained_on}, wanted one on {data.resolve()}; delete {run}")
        begun = json.loads((run / "config.json").read_text(encoding="utf-8"))["settings"]["init"]
        if begun != (init if init in ("none", "imagenet") else "file"):
            raise SystemExit(f"demo: {run}: found a run that began with {begun}, wanted {init}; delete {run}")
        print(f"{run}: trained already; delete {ROOT} to start again")
        return
    command = ["ressq-train", str(data), "--out", str(run), "--init", init, *settings]
    call([*command, "--resume"] if (run / "last.safetensors").is_file() else command)


def export(data: Path, run: Path, dist: Path, name: str) -> None:
    """Exports the four files and compares them on the test pictures, if there are any."""
    command = ["ressq-export", str(run), "--out", str(dist), "--name", name, "--force"]
    untested = (data / "train").is_dir() and not (data / "test").is_dir()
    call(command if untested else [*command, "--evaluate", str(data)])


def answer(data: Path, split: Path, artefact: Path) -> None:
    """Classifies two pictures that say something, with what they truly show, then measures latency."""
    with Classifier.load(artefact) as classifier:
        chosen = choose(classifier, data, split)
    for words, picture in chosen:
        print(f"\n{words}")
        call(["ressq-infer", picture, "--model", str(artefact)])
    call(["ressq-profile", *[picture for _, picture in chosen], "--model", str(artefact)])


def choose(classifier: Classifier, data: Path, split: Path) -> list[tuple[str, str]]:
    """(what it is an example of, picture): a sure and right answer, and one withheld for a good reason, or a wrong one.

    split: a run's split.json; of its test pictures, or without such its validation pictures, some hundred are answered.
    """
    found = json.loads(split.read_text(encoding="utf-8"))
    part = "test" if found["test"] else "val"
    pictures = random.Random(SEED).sample(found[part], min(len(found[part]), MOST_ANSWERED))  # noqa: S311 - no secret
    kinds: dict[str, list[tuple[bool, bool, float, str, str]]] = {RIGHT: [], WRONG: [], WITHHELD: []}
    for path, index in pictures:
        truth, picture = compose(found["labels"][index]), locate(str(data), path, {})
        with suppress(PictureError):  # which ressq-export has named
            predictions = classifier.classify(picture)
            kind = WITHHELD if predictions.label is None else RIGHT if predictions.label == truth else WRONG
            best = predictions[0]
            telling = kind != WITHHELD or best.label != truth, not predictions.out_of_distribution, best.probability
            kinds[kind].append((*telling, picture, truth))
    shown = (RIGHT, WITHHELD if kinds[WITHHELD] else WRONG)
    return [
        (
            f"{kind}: {len(kinds[kind])} of {len(pictures)} {part} pictures. One of them, which truly shows {truth}:",
            picture,
        )
        for kind in shown
        for *_, picture, truth in sorted(kinds[kind])[-1:]
    ]


def call(command: list[str]) -> None:
    """Prints a command of this environment as a user would type it, and runs it."""
    print(f"\n$ {shlex.join(command)}", flush=True)
    subprocess.run(command_of(command), check=True)  # noqa: S603 - our own commands


def command_of(command: list[str]) -> list[str]:
    """The same with the file of this environment that it stands for."""
    beside = Path(sys.executable).with_name(command[0] + (".exe" if os.name == "nt" else ""))
    return [str(beside), *command[1:]]


if __name__ == "__main__":
    sys.exit(main())
