"""The export: a run in, four checked artefacts out, or none and a reason."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from ressq_export.artefacts import add_descriptions, close_models, open_models, write_artefacts
from ressq_export.calibration import (
    DEFAULT_COUNT,
    CalibrationSet,
    draw_from_folder,
    draw_from_training,
    read_pixels,
)
from ressq_export.card import Description
from ressq_export.chatter import Log
from ressq_export.convert import KINDS, Converted, convert
from ressq_export.errors import ExportError
from ressq_export.evaluation import labelled_folder, one_thread
from ressq_export.golden import choose_seeds
from ressq_export.measure import make_rows, measure_folder, measure_medians, measure_pictures
from ressq_export.progress import Screen
from ressq_export.publish import publish, refuse_overwriting, workshop
from ressq_export.report import Report, Row
from ressq_export.run import Run, read_run
from ressq_runtime.artefact import read_card
from ressq_runtime.card import Card

# Fitting it on the validation split comes with the certificate; until then the scores are softmax(logits).
TEMPERATURE = 1.0

VALIDATION = "validation split"


@dataclass(frozen=True)
class Request:
    """What is asked for.

    run: a folder made by ressq-train.
    out: folder for the artefacts.
    name: NAME in the file names.
    data: where the run's pictures are now; None: where they were.
    calibration: a folder of pictures to take int8 ranges from; None: the training split.
    evaluate: a folder of class folders to measure on besides the validation split.
    force: replace files that are there.
    about: free text for the cards.
    seed: of the draw of calibration pictures.
    """

    run: Path
    out: Path
    name: str
    data: Path | None = None
    calibration: Path | None = None
    evaluate: Path | None = None
    force: bool = False
    about: str = ""
    seed: int = 0

    @property
    def targets(self) -> dict[str, Path]:
        """The four files by kind."""
        return {kind: self.out / f"{self.name}_{kind}" for kind in KINDS}


def export(request: Request, screen: Screen) -> Report:
    """Make the four artefacts, or, where they are there, of this very run, and to be evaluated, just do that.

    Raises:
        RessqError: whatever is wrong; nothing has been written but the log that the message names.
    """
    if not request.name or Path(request.name).name != request.name or request.name.startswith("."):
        raise ExportError(f"--name: found {request.name!r}, wanted a plain file name without a folder or suffix")
    run = read_run(request.run, request.data)
    if request.evaluate:
        labelled_folder(request.evaluate, run.checkpoint.labels)  # a wrong folder is found before a minute's work
    with one_thread():
        if request.evaluate and not request.force and are_of_run(request.targets, run):
            return _evaluate(request, run, screen)
        if not request.force:
            refuse_overwriting(list(request.targets.values()))
        return _export(request, run, screen)


def are_of_run(targets: Mapping[str, Path], run: Run) -> bool:
    """True where all files are there, whole, and their cards name this run's checkpoint.

    Raises:
        ArtefactError: a file is there, and damaged.
    """
    if not all(path.is_file() for path in targets.values()):
        return False
    cards = [read_card(path) for path in targets.values()]
    return all(card is not None and _checkpoint_of(card.data) == run.sha256 for card in cards)


def _checkpoint_of(card: Mapping[str, object]) -> object:
    model = card.get("model")
    return model.get("checkpoint_sha256") if isinstance(model, dict) else None


def _evaluate(request: Request, run: Run, screen: Screen) -> Report:
    """The report on files that are already there."""
    paths = request.targets
    models = open_models(paths, run.checkpoint.labels)
    folder = cast(Path, request.evaluate)
    accuracies, faults = measure_folder(models, run, TEMPERATURE, folder, screen)
    close_models(models)
    medians = measure_medians(paths, run, TEMPERATURE, screen)
    tables = {str(folder): make_rows(paths, accuracies, medians)}
    card = cast(Card, models["int8.tflite"].card)
    calibration = cast(dict[str, object], card.data["calibration"])
    return Report(request.name, _texts(paths.values()), False, calibration, (), tables, tuple(faults))


def _export(request: Request, run: Run, screen: Screen) -> Report:
    calibration = _draw(request, run)
    screen.stage("calibration pictures")
    pixels = read_pixels(calibration, run.checkpoint.pixels)
    with workshop(request.out) as folder:
        log = Log(request.out / f"{request.name}_export.log")
        converted = convert(run.checkpoint, TEMPERATURE, pixels, folder, log, screen)
        costs = (converted.parameters, converted.multiply_adds)
        about = Description(request.name, request.about, run.checkpoint, run.sha256, *costs, TEMPERATURE, calibration)
        made, tables, faults = _finish(request, run, converted, about, folder, screen)
        files = publish(made, request.out)
        log.path.unlink()
    return Report(request.name, _texts(files), True, calibration.to_json(), converted.seams, tables, faults)


def _draw(request: Request, run: Run) -> CalibrationSet:
    if request.calibration is None:
        return draw_from_training(run.split, run.data, DEFAULT_COUNT, request.seed)
    return draw_from_folder(request.calibration, run.split, run.data, DEFAULT_COUNT, request.seed)


def _finish(
    request: Request,
    run: Run,
    converted: Converted,
    about: Description,
    folder: Path,
    screen: Screen,
) -> tuple[list[Path], dict[str, tuple[Row, ...]], tuple[str, ...]]:
    """Describe, measure and prove the converted models: the artefacts, the tables, unreadable pictures."""
    add_descriptions(converted.paths, about)
    models = open_models(converted.paths, run.checkpoint.labels)
    found, unreadable = measure_pictures(models, run, TEMPERATURE, run.pictures("val"), screen)
    if unreadable:
        raise ExportError(f"{unreadable[0]} (it is in the validation split)")
    screen.stage("self-test")
    seeds = choose_seeds(models["fp32.onnx"].scores, run.checkpoint.pixels)
    made = write_artefacts(models, about, converted.steps, found, seeds, folder)
    accuracies, faults = {VALIDATION: found}, list[str]()
    if request.evaluate:
        accuracies[str(request.evaluate)], faults = measure_folder(models, run, TEMPERATURE, request.evaluate, screen)
    close_models(models)
    paths = dict(zip(KINDS, made, strict=True))
    medians = measure_medians(paths, run, TEMPERATURE, screen)
    tables = {title: make_rows(paths, rows, medians) for title, rows in accuracies.items()}
    return made, tables, tuple(faults)


def _texts(paths: Iterable[Path]) -> tuple[str, ...]:
    return tuple(str(path) for path in paths)
