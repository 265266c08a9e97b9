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
from ressq_export.gate import DEFAULT_MAX_DROP, Gate
from ressq_export.golden import choose_seeds, steps_between_kernels
from ressq_export.measure import make_rows, measure_confidence, measure_medians, measure_pictures
from ressq_export.network import MIDDLES
from ressq_export.progress import Screen
from ressq_export.publish import publish, refuse_overwriting, workshop
from ressq_export.report import Report, Row
from ressq_export.run import Run, read_run
from ressq_runtime.artefact import read_card
from ressq_runtime.card import Card

FINETUNE_COUNT = 1024  # pictures, each once; drawn now, read only if it comes to that


@dataclass(frozen=True)
class Request:
    """What is asked for.

    run: a folder made by ressq-train.
    out: folder for the artefacts.
    name: NAME in the file names.
    data: where the run's pictures are now; None: where they were.
    calibration: a folder of pictures to take int8 ranges from; None: the training split.
    evaluate: a folder of class folders to measure on besides the validation split; the one that the run was split
        from stands for its test split.
    force: replace files that are there.
    about: free text for the cards.
    seed: of the draw of calibration pictures.
    thumbnails: the certificate may show pictures and name their files.
    max_drop: points of top-1 on the validation split that int8 may lose.
    allow_drop: publish int8 files that lose more.
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
    thumbnails: bool = True
    max_drop: float = DEFAULT_MAX_DROP
    allow_drop: bool = False

    @property
    def targets(self) -> dict[str, Path]:
        """The four files by kind."""
        return {kind: self.out / f"{self.name}_{kind}" for kind in KINDS}


# What only counts where files are made.
_MAKING = {
    "calibration": "--calibration",
    "about": "--about",
    "seed": "--seed",
    "thumbnails": "--no-thumbnails",
    "max_drop": "--max-drop",
    "allow_drop": "--allow-drop",
}
_AS_IT_WAS = "the certificate stays as it was; --force makes all six files anew, with these figures in it"


def export(request: Request, screen: Screen) -> Report:
    """Make the four artefacts, or, where they are there, of this very run, and to be evaluated, just do that.

    Raises:
        RessqError: whatever is wrong; nothing has been written but the log that the message names.
    """
    if not request.name or Path(request.name).name != request.name or request.name.startswith("."):
        raise ExportError(f"--name: found {request.name!r}, wanted a plain file name without a folder or suffix")
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
        return _export(replace(request, thumbnails=thumbnails), run, evaluated, screen)


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
    notes = (*run.notes(), *evaluated.notes, *caveats, _AS_IT_WAS, *_tell_unused(request))
    return Report(request.name, files, False, calibration, None, None, (), tables, faults, notes)


def _tell_unused(request: Request) -> tuple[str, ...]:
    """The flags that were given for making files, where none was made."""
    given = [flag for name, flag in _MAKING.items() if getattr(request, name) != getattr(Request, name)]
    return (f"{', '.join(given)}: not used, as no file was made",) if given else ()


def _export(request: Request, run: Run, evaluated: Evaluated | None, screen: Screen) -> Report:
    calibration = draw(request.calibration, run.split, run.data, request.seed)
    screen.stage("calibration pictures")
    spec = run.checkpoint.pixels
    pixels = read_pixels(calibration, spec)
    training = draw_from_training(run.split, run.data, FINETUNE_COUNT, request.seed + 1, fewest=1).paths
    pictures = Pictures(pixels, training, halve(calibration, pixels))
    usual = pixels if request.calibration is None else _read_training(run, request.seed)
    gate = Gate(run.pictures("val"), spec, request.max_drop / 100, request.allow_drop)
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
        made, tables, faults, caveats = _finish(
            request, run, evaluated, converted, about, confidence, pixels, folder, screen
        )
        files = publish(made, request.out)
    drawn, seams = calibration.to_json(), converted.seams
    notes = (*run.notes(), *calibration.notes(), *(evaluated.notes if evaluated else ()), *caveats)
    return Report(request.name, _texts(files), True, drawn, confidence, remedies, seams, tables, faults, notes)


def _read_training(run: Run, seed: int) -> list[bytes]:
    """As many training pictures as calibration takes: what is unlike them does not depend on --calibration."""
    return read_pixels(draw_from_training(run.split, run.data, DEFAULT_COUNT, seed, fewest=1), run.checkpoint.pixels)


def _finish(
    request: Request,
    run: Run,
    evaluated: Evaluated | None,
    converted: Converted,
    about: Description,
    confidence: Confidence,
    pixels: Sequence[bytes],
    folder: Path,
    screen: Screen,
) -> tuple[list[Path], dict[str, tuple[Row, ...]], tuple[str, ...], tuple[str, ...]]:
    """Describe, measure and prove the converted models: the artefacts, the tables, unreadable pictures, caveats."""
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
    caveats, sets = tell_caveats(run, scored), _sets(request, run, evaluated, scored)
    evidence = Evidence(about, paths, sets, medians, confidence, pixels, converted.mended, caveats)
    made += write_certificate(evidence, folder, thumbnails=request.thumbnails)
    tables = {title: make_rows(paths, measure_accuracy(rows), medians) for title, rows in scored.items()}
    return made, tables, tuple(fault for rows in scored.values() for fault in rows.faults), caveats


def _sets(request: Request, run: Run, evaluated: Evaluated | None, scored: Mapping[str, Scored]) -> list[PictureSet]:
    """What the certificate tells of; a folder's name may be a patient's too."""
    sets = [PictureSet(VALIDATION, run.data, scored[VALIDATION])]
    if evaluated:
        name = evaluated.name if request.thumbnails else "evaluation folder"
        sets.append(PictureSet(name, evaluated.folder, scored[evaluated.title]))
    return sets


def _texts(paths: Iterable[Path]) -> tuple[str, ...]:
    return tuple(str(path) for path in paths)
