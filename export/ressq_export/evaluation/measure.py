"""The tables of a report: torch and the four artefacts, side by side on the same pictures."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ressq_export.artefacts import close_models, open_models
from ressq_export.errors import ExportError
from ressq_export.measurement.confidence import Confidence
from ressq_export.measurement.scores import (
    TORCH,
    FileScorer,
    Scored,
    Scorer,
    measure_latency,
    score_pictures,
    torch_logits,
)
from ressq_export.progress import Screen
from ressq_export.report import Row
from ressq_export.run import Run
from ressq_export.tasks.task import Measured
from ressq_runtime.model import Model


def scorers(models: Mapping[str, Model], run: Run, temperature: float) -> dict[str, Scorer]:
    """Torch first, then the files by kind."""
    compute, task = torch_logits(run.checkpoint), run.task
    return {
        TORCH: lambda pixels: task.read_logits(compute(pixels), pixels, temperature),
        **{kind: FileScorer(model.engine, task.read) for kind, model in models.items()},
    }


def measure_pictures(
    models: Mapping[str, Model],
    run: Run,
    temperature: float,
    pictures: Sequence[tuple[Path, Any]],
    screen: Screen,
) -> Scored:
    """What torch and the files make of pictures whose targets are known."""
    progress = screen.stage("accuracy")
    asked = scorers(models, run, temperature)
    found = score_pictures(asked, pictures, run.checkpoint.input, progress, run.task.stack)
    return replace(found, groups=run.groups_of(found.paths))


def measure_confidence(run: Run, screen: Screen) -> Confidence:
    """The temperature for the network, fitted on the validation split before anything is converted.

    Raises:
        ExportError: a picture of the validation split can't be read.
    """
    compute, task = torch_logits(run.checkpoint), run.task
    progress = screen.stage("temperature")
    logits = {TORCH: lambda pixels: task.keep_logits(compute(pixels), pixels)}
    found = score_pictures(logits, run.pictures("val"), run.checkpoint.input, progress, tuple)
    if found.faults:
        raise ExportError(f"{found.faults[0]} (it is in the validation split)")
    return task.fit_confidence(found.scores[TORCH], found.targets)


def measure_medians(paths: Mapping[str, Path], run: Run, temperature: float, screen: Screen) -> dict[str, float]:
    """Median milliseconds of one inference by torch and each file, one thread each."""
    spec = run.checkpoint.input
    pixels = spec.make_golden(0)
    progress = screen.stage("latency")
    models = open_models(paths, run.checkpoint)
    try:
        return measure_latency(scorers(models, run, temperature), pixels, progress)
    finally:
        close_models(models)


def make_rows(
    paths: Mapping[str, Path], measured: Mapping[str, Measured], medians: Mapping[str, float]
) -> tuple[Row, ...]:
    """Torch's row, then one of each file that was measured; paths: of those that are written."""
    sizes = {kind: path.stat().st_size for kind, path in paths.items()}
    return tuple(Row(name, sizes.get(name), measured[name], median) for name, median in medians.items())
