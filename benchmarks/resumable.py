"""Runs that are made step by step: trained, exported, asked for the test split. What is there is not done again."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from artefacts import KINDS
from matched_pairs.answers import answer_all, label_pictures
from ressq_edge.network.published import file_sha256
from ressq_runtime.classifier import Classifier
from ressq_runtime.errors import OutputError, PictureError

# From scratch at half the size: three seeds of both SqueezeNets then take what one would at 224 pixels.
SCRATCH_SIZE, SCRATCH_EPOCHS = 112, 24


def split_further(argv: list[str] | None) -> tuple[list[str], list[str]]:
    """A benchmark's own arguments, and those behind `--`, which are ressq-train's.

    Not left to argparse: by its release, it refuses what follows an option and `--`.
    """
    given = sys.argv[1:] if argv is None else argv
    at = given.index("--") if "--" in given else len(given)
    return given[:at], given[at + 1 :]


def make(photos: Path, run: Path, train: Sequence[str], export: Sequence[str] = ()) -> None:
    """The run, with these flags of ressq-train, and its artefacts in run/dist, with these of ressq-export.

    Raises:
        CalledProcessError: one of them failed; it said why.
        OutputError: the run was begun with other flags or pictures.
    """
    refuse_other(photos, run, train)
    if not (run / "summary.md").exists():
        resume = ["--resume"] if (run / "config.json").exists() else []
        call("ressq_edge.cli", photos, "--out", run, *train, *resume)  # that refuses a run of other flags
    if not (run / "dist" / f"{run.name}_int8.tflite").exists():
        call("ressq_export.cli", run, "--out", run / "dist", "--name", run.name, "--data", photos, *export)


def refuse_other(photos: Path, run: Path, train: Sequence[str]) -> None:
    """What is done is not done again, so it must have been asked for in the same words.

    Raises:
        OutputError: it was asked for in others.
    """
    asked, kept = {"photos": str(photos.resolve()), "train": list(train)}, run / "asked.json"
    if not kept.exists():
        if not (run / "config.json").exists():  # a run of before this was kept is taken as it is
            run.mkdir(parents=True, exist_ok=True)
            kept.write_text(json.dumps(asked) + "\n")
    elif json.loads(kept.read_text()) != asked:
        raise OutputError(f"{kept}: found {kept.read_text().strip()}, wanted {json.dumps(asked)}; choose another --out")


def ask(run: Path, pictures: Path) -> None:
    """run/test.json: the hash of each of the run's four files, and the label that it gives each of the pictures.

    Raises:
        RessqError: a picture can't be read: the runs would no longer be asked the same.
    """
    files = {kind: file_sha256(run / "dist" / f"{run.name}_{kind}") for kind in KINDS}
    if (run / "test.json").exists() and json.loads((run / "test.json").read_text()).get("files") == files:
        return
    classifiers = {kind: Classifier.load(run / "dist" / f"{run.name}_{kind}") for kind in KINDS}
    answered = answer_all(classifiers, label_pictures(pictures, classifiers[KINDS[0]].labels))
    for classifier in classifiers.values():
        classifier.close()
    if answered.faults:
        raise PictureError(answered.faults[0])
    found = {
        "files": files,
        "truth": answered.truths.tolist(),
        **{kind: of.tolist() for kind, of in answered.answers.items()},
    }
    (run / "test.json").write_text(json.dumps(found) + "\n")


def call(module: str, *arguments: str | Path) -> None:
    """One of our commands, with this Python; what it says on stderr is seen."""
    subprocess.run([sys.executable, "-m", module, *map(str, arguments)], check=True, stdout=subprocess.DEVNULL)
