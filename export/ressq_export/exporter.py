"""The export: a run in, four checked artefacts and their certificate out, or none and a reason."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from ressq_export.artefacts import add_descriptions, close_models, open_models, write_artefacts
from ressq_export.calibration import DEFAULT_COUNT, draw, draw_from_training, halve, read_pixels
from ressq_export.card import Description
from ressq_export.caveats import VALIDATION, tell_caveats, tell_groups
from ressq_export.certificate.document import Evidence
from ressq_export.certificate.tables import PictureSet
from ressq_export.certificate.write import certificate_paths, write_certificate
from ressq_export.chatter import Log
from ressq_export.confidence import Confidence
from ressq_export.convert import KINDS, Converted, Pictures, convert
from ressq_export.distance import add_distance
from ressq_export.errors import ExportError
from ressq_export.evaluated import Evaluated, find_evaluated
from ressq_export.evaluation import Scored, measure_accuracy, one_thread
from ressq_export.gate import Gate
from ressq_export.golden import choose_seeds, steps_between_kernels
from ressq_export.measure import make_rows, measure_confidence, measure_medians, measure_pictures
from ressq_export.network import MIDDLES
from ressq_export.progress import Screen
from ressq_export.publish import publish, refuse_overwriting, workshop
from ressq_export.report import Report, Row
from ressq_export.request import Request
from ressq_export.run import Run, read_run
from ressq_runtime.artefact import read_card
from ressq_runtime.card import Card
from ressq_runtime.names import refuse_locale

FINETUNE_COUNT = 1024  # pictures, each once; drawn now, read only if it comes to that


@dataclass(frozen=True)
class _Job:
    """An export at work: what is asked for, the run, what to measure on besides its validation split, where to tell."""

    request: Request
    run: Run
    evaluated: Evaluated | None
    screen: Screen


@dataclass(frozen=True)
class _Finished:
    """The described, measured and proven files, not yet in their place.

    files: the artefacts and the certificate.
    tables: rows of the report by the title of their pictures.
    faults: pictures that could not be read.
    caveats: what the figures do not say by themselves.
    """

    files: list[Path]
    tables: dict[str, tuple[Row, ...]]
    faults: tuple[str, ...]
    caveats: tuple[str, ...]


_AS_IT_WAS = "the certificate stays as it was; --force makes all six files anew, with these figures in it"


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
        if evaluated and not request.force and are_of_run(request.targets, run):
            return _evaluate(request, run, evaluated, screen)
        if not request.force:
            refuse_overwriting([*request.targets.values(), *certificate_paths(request.out, request.name)])
        return _export(_Job(replace(request, thumbnails=thumbnails), run, evaluated, screen))


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


def _evaluate(request: Request, run: Run, evaluated: Evaluated, screen: Screen) -> Report:
    """The report on files that are already there."""
    paths = request.targets
    models = open_models(paths, run.checkpoint.labels)
    card = cast(Card, models["int8.tflite"].card)
    temperature = cast(dict[str, float], card.data["output"])["temperature"]
    scored = measure_pictures(models, run, temperature, evaluated.pictures, screen)
    close_models(models)
    medians = measure_medians(paths, run, temperature, screen)
    tables = {evaluated.title: make_rows(paths, measure_accuracy(scored), medians)}
    calibration = cast(dict[str, object], card.data["calibration"])
    files, faults = _texts(paths.values()), scored.faults
    caveats = tell_groups(run, {evaluated.title: scored})
    notes = (*run.notes(), *evaluated.notes, *caveats, _AS_IT_WAS, *request.tell_unused())
    return Report(request.name, files, False, calibration, None, None, (), tables, faults, notes)


def _export(job: _Job) -> Report:
    request, run, screen = job.request, job.run, job.screen
    calibration = draw(request.calibration, run.split, run.data, request.seed)
    screen.stage("calibration pictures")
    spec = run.checkpoint.pixels
    pixels = read_pixels(calibration, spec)
    training = draw_from_training(run.split, run.data, FINETUNE_COUNT, request.seed + 1, fewest=1).paths
    pictures = Pictures(pixels, training, halve(calibration, pixels))
    usual = pixels if request.calibration is None else _read_training(run, request.seed)
    gate = Gate(run.pictures("val"), spec, request.max_drop / 100, request.allow_drop, run.photos)
    confidence = measure_confidence(run, screen)
    temperature = confidence.temperature
    with workshop(request.out) as folder:
        log = Log(folder / "log", request.out / f"{request.name}_export.log")
        converted = convert(run.checkpoint, temperature, pictures, gate, folder, log, screen)
        add_distance(converted.paths.values(), usual, MIDDLES[run.checkpoint.model.arch])
        costs, remedies = (converted.parameters, converted.multiply_adds), converted.remedies
        calibration = replace(calibration, halves=converted.halves)
        about = Description(
            request.name, request.about, run.checkpoint, run.sha256, *costs, temperature, calibration, remedies
        )
        found = _finish(job, converted, about, confidence, pixels, folder)
        files = publish(found.files, request.out)
    drawn, seams, seen = calibration.to_json(), converted.seams, job.evaluated.notes if job.evaluated else ()
    notes = (*run.notes(), *calibration.notes(), *seen, *found.caveats)
    return Report(
        request.name, _texts(files), True, drawn, confidence, remedies, seams, found.tables, found.faults, notes
    )


def _read_training(run: Run, seed: int) -> list[bytes]:
    """As many training pictures as calibration takes: what is unlike them does not depend on --calibration."""
    return read_pixels(draw_from_training(run.split, run.data, DEFAULT_COUNT, seed, fewest=1), run.checkpoint.pixels)


def _finish(
    job: _Job,
    converted: Converted,
    about: Description,
    confidence: Confidence,
    pixels: Sequence[bytes],
    folder: Path,
) -> _Finished:
    """Describe, measure and prove the converted models."""
    run, evaluated, screen = job.run, job.evaluated, job.screen
    add_descriptions(converted.paths, about)
    models = open_models(converted.paths, run.checkpoint.labels)
    scored = {VALIDATION: measure_pictures(models, run, about.temperature, run.pictures("val"), screen)}
    screen.stage("self-test")
    moved = steps_between_kernels(
        converted.paths["int8.tflite"], models["int8.tflite"].scores, converted.steps["int8.tflite"]
    )
    seeds = choose_seeds(models["fp32.onnx"].scores, run.checkpoint.pixels, moved)
    made = write_artefacts(models, about, converted.steps, scored[VALIDATION], seeds, folder)
    if evaluated:
        scored[evaluated.title] = measure_pictures(models, run, about.temperature, evaluated.pictures, screen)
    close_models(models)
    paths = dict(zip(KINDS, made, strict=True))
    medians = measure_medians(paths, run, about.temperature, screen)
    screen.stage("certificate")
    caveats, sets = tell_caveats(run, scored), _sets(job, scored)
    evidence = Evidence(about, paths, sets, medians, confidence, pixels, converted.mended, caveats, run.photos)
    made += write_certificate(evidence, folder, thumbnails=job.request.thumbnails)
    tables = {title: make_rows(paths, measure_accuracy(rows), medians) for title, rows in scored.items()}
    return _Finished(made, tables, tuple(fault for rows in scored.values() for fault in rows.faults), caveats)


def _sets(job: _Job, scored: Mapping[str, Scored]) -> list[PictureSet]:
    """What the certificate tells of; a folder's name may be a patient's too."""
    sets, evaluated = [PictureSet(VALIDATION, job.run.data, scored[VALIDATION])], job.evaluated
    if evaluated:
        name = evaluated.name if job.request.thumbnails else "evaluation folder"
        sets.append(PictureSet(name, evaluated.folder, scored[evaluated.title]))
    return sets


def _texts(paths: Iterable[Path]) -> tuple[str, ...]:
    return tuple(str(path) for path in paths)
