"""The export: a run in, four checked artefacts and their certificate out; without int8, where that is refused."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import cast

from ressq_export.artefacts import close_models, open_models
from ressq_export.card import Description
from ressq_export.certificate.write import certificate_paths
from ressq_export.convert import FLOATS, KINDS, Pictures, convert
from ressq_export.errors import ExportError
from ressq_export.evaluation.evaluated import Evaluated, find_evaluated
from ressq_export.evaluation.measure import make_rows, measure_confidence, measure_medians, measure_pictures
from ressq_export.evaluation.notes import tell_groups
from ressq_export.finish import Job, finish
from ressq_export.formats.converter_log import Log
from ressq_export.inputs import open_input
from ressq_export.measurement.fidelity import MOST_COMPARED
from ressq_export.measurement.scores import one_thread
from ressq_export.network.deployed import SCORED_TENSORS
from ressq_export.out_of_distribution.score import add_score
from ressq_export.progress import Screen
from ressq_export.publish import publish, refuse_overwriting, workshop
from ressq_export.quantization.calibration import (
    DEFAULT_COUNT,
    draw,
    draw_from_training,
    draw_from_validation,
    draw_mixed,
    halve,
    read_pixels,
)
from ressq_export.quantization.gate import Gate
from ressq_export.quantization.search import Int8Recipe
from ressq_export.report import Report
from ressq_export.request import Request
from ressq_export.run import Run, read_run
from ressq_runtime.artefact.card import Card
from ressq_runtime.artefact.container import read_card
from ressq_runtime.inputs.names import refuse_locale

SEEN_COUNT = 512  # training pictures that others are compared with; of 128, a network of nine classes knew much less
FINETUNE_COUNT = 1024  # pictures, each once; drawn now, read only if it comes to that


_UNSCORED = "{}: its files have no out-of-distribution score, so they answer what is unlike training, too"
_AS_IT_WAS = "the certificate stays as it was; --force makes all files anew, with these figures in it"


def export(request: Request, screen: Screen) -> Report:
    """Make the four artefacts, or, where they are there, of this very run, and to be evaluated, just do that.

    Raises:
        RessqError: whatever is wrong; nothing has been written but the log that the message names.
    """
    if not request.name or Path(request.name).name != request.name or request.name.startswith("."):
        raise ExportError(f"--name: found {request.name!r}, wanted a plain file name without a folder or suffix")
    refuse_locale(request.out, [str(request.run.resolve()), str(request.out.resolve()), request.name, request.about])
    given = {"--out": str(request.out.resolve()), "--name": request.name, "--about": request.about}
    for option, text in given.items():
        if text != text.encode(errors="replace").decode():
            raise ExportError(f"{option}: found {text!a}, wanted UTF-8, as files and cards want it; give another")
    run = read_run(request.run, request.data)
    thumbnails = request.thumbnails and run.thumbnails  # patients, say: what held for training holds here
    # A wrong folder is found before a minute's work.
    evaluated = find_evaluated(request.evaluate, run) if request.evaluate else None
    with one_thread():
        if evaluated and not request.force and (there := find_files(request.targets, run)):
            return _evaluate(there, Job(request, run, evaluated, screen))
        if not request.force:
            refuse_overwriting([*request.targets.values(), *certificate_paths(request.out, request.name)])
        return _export(Job(replace(request, thumbnails=thumbnails), run, evaluated, screen))


def find_files(targets: Mapping[str, Path], run: Run) -> dict[str, Path]:
    """The files that are there, by kind, if they are all of an export of this run's checkpoint, and whole; else none.

    Raises:
        ArtefactError: a file is there, and damaged.
    """
    there = {kind: path for kind, path in targets.items() if path.is_file()}
    if tuple(there) not in (KINDS, FLOATS):
        return {}
    cards = [read_card(path) for path in there.values()]
    return there if all(card is not None and _checkpoint_of(card.data) == run.sha256 for card in cards) else {}


def _checkpoint_of(card: Mapping[str, object]) -> object:
    model = card.get("model")
    return model.get("checkpoint_sha256") if isinstance(model, dict) else None


def _evaluate(paths: Mapping[str, Path], job: Job) -> Report:
    """The report on files that are already there, by kind; without int8 where that was refused."""
    request, run, screen, evaluated = job.request, job.run, job.screen, cast(Evaluated, job.evaluated)
    models = open_models(paths, run.checkpoint)
    card = cast(Card, models[list(paths)[-1]].card)
    temperature = cast(dict[str, float], card.data["output"])["temperature"]
    scored = measure_pictures(models, run, temperature, evaluated.pictures, screen)
    close_models(models)
    medians = measure_medians(paths, run, temperature, screen)
    tables = {evaluated.title: make_rows(paths, run.task.measure(scored), medians)}
    calibration = cast(dict[str, object], card.data["calibration"] or {})
    files, faults = _texts(paths.values()), scored.faults
    groups = tell_groups(run, {evaluated.title: scored})
    notes = (*run.notes(), *evaluated.notes, *groups, _AS_IT_WAS, *request.tell_unused())
    return Report(request.name, files, False, calibration, None, None, (), tables, faults, notes)


def _export(job: Job) -> Report:
    request, run, screen = job.request, job.run, job.screen
    if request.calibration:
        open_input(run.checkpoint.input).check_folder(request.calibration)
    calibration = draw(request.calibration, run.split, run.data, request.seed)
    screen.stage("calibration pictures")
    spec = run.checkpoint.input
    pixels = read_pixels(calibration, spec)
    training = draw_from_training(run.split, run.data, FINETUNE_COUNT, request.seed + 1, fewest=1).paths
    confidence = measure_confidence(run, screen)
    usual, temperature = _read_usual(run, request.seed), confidence.temperature
    others, mixed = _read_others(run, request.seed, usual[0]) if request.calibration else ([], [])
    pictures = Pictures(pixels, training, halve(calibration, pixels), others, mixed)
    validation = run.pictures("val")
    further = training[: max(0, MOST_COMPARED - len(validation))]
    groups = run.groups_of([path for path, _ in validation])
    gate = Gate(run.task, validation, spec, request.max_drop / 100, request.allow_drop, run.photos, further, groups)
    scored = run.task.tells_unlike and run.checkpoint.model.arch in SCORED_TENSORS
    with workshop(request.out) as folder:
        log = Log(folder / "log", request.out / f"{request.name}_export.log")
        converted = convert(run.checkpoint, temperature, pictures, gate, folder, log, screen)
        if scored:
            add_score(converted.paths.values(), *usual, SCORED_TENSORS[run.checkpoint.model.arch])
        costs = converted.parameters, converted.multiply_adds
        calibration, recipe = replace(calibration, stability=converted.stability), converted.recipe
        known = request.name, request.about, run.checkpoint, run.sha256
        about = Description(*known, *costs, temperature, calibration, recipe, converted.left_out)
        found = finish(job, converted, about, confidence, pictures, folder)
        stale = [path for kind, path in request.targets.items() if kind not in converted.published]
        files = publish(found.files, request.out, stale)
    drawn, comparisons, seen = (
        calibration.to_json(),
        converted.comparisons,
        job.evaluated.notes if job.evaluated else (),
    )
    unscored = () if scored or not run.task.tells_unlike else (_UNSCORED.format(run.checkpoint.model.arch),)
    notes = (*run.notes(), *calibration.notes(), *seen, *found.notes, *unscored)
    refused = _refuse(recipe, request) if recipe.verdict.refused else ""
    return Report(
        request.name,
        _texts(files),
        True,
        drawn,
        confidence,
        recipe,
        comparisons,
        found.tables,
        found.faults,
        notes,
        refused,
    )


def _refuse(recipe: Int8Recipe, request: Request) -> str:
    """Why there is no int8 file, and what to take instead."""
    calibrate = "leave --calibration out" if request.calibration else "calibrate on ordinary ones"
    return (
        f"{recipe.verdict.fault}; tried {recipe.summary()}; no int8 file was written: take "
        f"{request.targets['fp32.tflite']}, or {calibrate}, train longer or on more pictures, or have these with "
        "--force --allow-drop"
    )


def _read_usual(run: Run, seed: int) -> tuple[list[bytes], list[bytes]]:
    """Training and validation pictures, by which others are called unlike; --calibration does not change them."""
    seen = draw_from_training(run.split, run.data, SEEN_COUNT, seed, fewest=1)
    held = draw_from_validation(run.split, run.data, DEFAULT_COUNT, seed)
    return read_pixels(seen, run.checkpoint.input), read_pixels(held, run.checkpoint.input)


def _read_others(run: Run, seed: int, seen: list[bytes]) -> tuple[list[bytes], list[bytes]]:
    """Training pictures to compare those of --calibration with: of these, classes in turn, and as they come."""
    mixed = draw_mixed(run.split, run.data, DEFAULT_COUNT, seed)
    return seen[:DEFAULT_COUNT], read_pixels(mixed, run.checkpoint.input)


def _texts(paths: Iterable[Path]) -> tuple[str, ...]:
    return tuple(str(path) for path in paths)
