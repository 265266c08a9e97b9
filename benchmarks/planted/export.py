"""One network, exported with ranges from training photos and from planted ones, and measured on photos kept back."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from planted.cases import PLANTS, Case, plant_pictures
from ressq_export.run import read_run
from resumable import call, refuse_other

GOOD = "none"  # planted


def measure_case(case: Case, folder: Path, train: list[str]) -> list[dict[str, Any]]:
    """Two rows: of the export with the plant, and of the good one; what is done is not done again.

    Raises:
        CalledProcessError: the network can't be trained, or not exported.
        OutputError: it was begun with other flags or pictures.
    """
    place = folder / case.name
    run = train_case(case, place, train)
    return [export_case(case, place, run, plant) for plant in (case.plant, GOOD)]


def train_case(case: Case, place: Path, train: list[str]) -> Path:
    """The run of the case's network."""
    for part, classes in (("photos", case.photos), ("held", case.held)):
        for name, paths in classes.items():
            (place / part / name).mkdir(parents=True, exist_ok=True)
            for path in paths:
                shutil.copy(path, place / part / name / path.name)
    run, flags = place / "run", [*train, "--seed", str(case.seed)]
    refuse_other(place / "photos", run, flags)
    if not (run / "summary.md").exists():
        resume = ["--resume"] if (run / "config.json").exists() else []
        call("ressq_edge.cli", place / "photos", "--out", run, *flags, *resume)
    return run


def export_case(case: Case, place: Path, run: Path, plant: str) -> dict[str, Any]:
    """What the export said, and what is true: a row."""
    name = plant.replace(" ", "-")
    dist = place / f"dist-{name}"
    kept = dist / "m_certificate.json"
    if not kept.exists():
        further: list[str | Path] = ["--evaluate", place / "held"]
        if plant != GOOD:
            pictures = place / name
            if pictures.exists():
                shutil.rmtree(pictures)  # half of them, perhaps
            plant_pictures(plant, read_run(run).pictures("train"), pictures, case.seed)
            further += ["--calibration", pictures]
        call("ressq_export.cli", run, "--out", dist, "--name", "m", "--force", "--allow-drop", *further)
    return read_row(case, json.loads(kept.read_text(encoding="utf-8")), plant)


def read_row(case: Case, certificate: dict[str, Any], plant: str) -> dict[str, Any]:
    """A row: the verdict, what is against the file, what changed most, and what the photos kept back say."""
    verdict, recipe = certificate["verdict"], certificate["quantization"]
    last = [row for row in recipe["attempts"] if row["step"] == recipe["step"]]
    return {
        "photos": case.count,
        "classes": list(case.photos),
        "plant": plant,
        "calibrated_on": "training photos" if plant == GOOD else PLANTS[plant],
        "outcome": verdict["outcome"],
        "why": verdict["fault"].partition("; tried ")[0] or verdict["headline"],
        "step": recipe["step"],
        "compared": last[0]["compared"],
        "changed": max(row["changed"] for row in last),
        "moved": max(row["moved"] for row in last),
        "true": certificate["sets"][1]["paired"],
    }
