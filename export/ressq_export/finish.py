"""From converted networks to what is published: described, measured, proven and certified."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ressq_export.artefacts import add_descriptions, close_models, open_models, write_artefacts
from ressq_export.card import Description
from ressq_export.certificate.document import Evidence
from ressq_export.certificate.write import write_certificate
from ressq_export.convert import Converted, Pictures
from ressq_export.evaluation.evaluated import Evaluated
from ressq_export.evaluation.measure import make_rows, measure_medians, measure_pictures
from ressq_export.evaluation.notes import VALIDATION, say_unlike, tell_left_out, tell_notes
from ressq_export.measurement.confidence import Confidence
from ressq_export.measurement.golden import choose_seeds, mean_scores, steps_between_kernels
from ressq_export.measurement.scores import PictureSet, Scored
from ressq_export.progress import Screen
from ressq_export.report import Row
from ressq_export.request import Request
from ressq_export.run import Run


@dataclass(frozen=True)
class Job:
    """An export at work: what is asked for, the run, what to measure on besides its validation split, where to tell."""

    request: Request
    run: Run
    evaluated: Evaluated | None
    screen: Screen


@dataclass(frozen=True)
class Finished:
    """The described, measured and proven files, not yet in their place.

    files: the artefacts and the certificate.
    tables: rows of the report by the title of their pictures.
    faults: pictures that could not be read.
    notes: what the figures do not say by themselves.
    """

    files: list[Path]
    tables: dict[str, tuple[Row, ...]]
    faults: tuple[str, ...]
    notes: tuple[str, ...]


def finish(
    job: Job,
    converted: Converted,
    about: Description,
    confidence: Confidence,
    pictures: Pictures,
    folder: Path,
) -> Finished:
    """Describe, measure and prove the converted models; int8 files that are refused are measured all the same.

    Args:
        job: what is asked for.
        converted: the model files.
        about: what their cards have in common.
        confidence: the temperature and what it changed.
        pictures: that it was calibrated on, and training pictures.
        folder: where to write.
    """
    run, evaluated, screen = job.run, job.evaluated, job.screen
    add_descriptions(converted.paths, about)
    models = open_models(converted.paths, run.checkpoint)
    scored = {VALIDATION: measure_pictures(models, run, about.temperature, run.pictures("val"), screen)}
    screen.stage("self-test")
    moved = steps_between_kernels(
        converted.paths["int8.tflite"], mean_scores(models["int8.tflite"].engine), converted.steps["int8.tflite"]
    )
    seeds = choose_seeds(mean_scores(models["fp32.onnx"].engine), run.checkpoint.input, moved)
    published = {kind: models[kind] for kind in converted.published}
    made = write_artefacts(published, about, converted.steps, scored[VALIDATION], seeds, folder)
    if evaluated:
        scored[evaluated.title] = measure_pictures(models, run, about.temperature, evaluated.pictures, screen)
    close_models(models)
    medians = measure_medians({**converted.paths, **made}, run, about.temperature, screen)
    screen.stage("certificate")
    notes = (*tell_left_out(about.left_out), *say_unlike(converted.unlike), *tell_notes(run, scored))
    sets = _sets(job, scored)
    pair = (converted.float_tflite, converted.paths["int8.tflite"])
    evidence = Evidence(about, made, sets, medians, confidence, pictures.usual, pair, notes)
    certificate = write_certificate(evidence, folder, thumbnails=job.request.thumbnails)
    tables = {title: make_rows(made, run.task.measure(rows), medians) for title, rows in scored.items()}
    return Finished(
        [*made.values(), *certificate],
        tables,
        tuple(fault for rows in scored.values() for fault in rows.faults),
        notes,
    )


def _sets(job: Job, scored: Mapping[str, Scored]) -> list[PictureSet]:
    """What the certificate tells of; a folder's name may be a patient's too."""
    sets, evaluated = [PictureSet(VALIDATION, job.run.data, scored[VALIDATION])], job.evaluated
    if evaluated:
        name = evaluated.name if job.request.thumbnails else "evaluation folder"
        sets.append(PictureSet(name, evaluated.folder, scored[evaluated.title]))
    return sets
