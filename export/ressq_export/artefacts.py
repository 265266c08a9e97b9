"""From model files to artefacts: metadata, card, and the proof that the runtime opens and repeats them."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import onnx

from ressq_edge.network.checkpoint import Checkpoint
from ressq_export.card import Description, add_properties, make_card
from ressq_export.formats.metadata import add_metadata
from ressq_export.measurement.abstention import choose_limit
from ressq_export.measurement.scores import Scored
from ressq_export.tasks import open_task
from ressq_runtime.artefact.card import Card
from ressq_runtime.artefact.container import attach_card, read_card
from ressq_runtime.engines import load_engine
from ressq_runtime.model import Model
from ressq_runtime.selftest import make_case, self_test
from ressq_runtime.tasks import make_task


def add_descriptions(paths: Mapping[str, Path], about: Description) -> None:
    """Write into each model file, in place, what other tools of its kind read."""
    for kind, path in paths.items():
        if kind.endswith("onnx"):
            model = onnx.load(path)
            add_properties(model, about)
            path.write_bytes(model.SerializeToString())
        else:
            path.write_bytes(add_metadata(path.read_bytes(), about.name, about.about))


def open_models(paths: Mapping[str, Path], checkpoint: Checkpoint) -> dict[str, Model]:
    """The model files in the runtime's own interpreters, by kind, with a card or without; one thread each."""
    opened = {}
    for kind, path in paths.items():
        bare = read_card(path, verify=False) is None
        opened[kind] = _open_bare(str(path), checkpoint) if bare else Model.load(path, threads=1)
    return opened


def _open_bare(path: str, checkpoint: Checkpoint) -> Model:
    """A model file that has no card yet, with what its card will say of the task."""
    begun = {
        "name": path,
        **open_task(checkpoint).describe_card(),
        "input": checkpoint.input.to_json(),
        "output": {"step": 0.0},
        "precision": {"scheme": ""},
        "self_test": [],
        "sha256": "",
    }
    task, engine = make_task(path, Card(begun, path), {}), load_engine(path, threads=1)
    task.bind(engine.outputs)
    return Model(path, None, checkpoint.input, task, engine)


def close_models(models: Mapping[str, Model]) -> None:
    """Free the interpreters."""
    for model in models.values():
        model.close()


def write_artefacts(
    models: Mapping[str, Model],
    about: Description,
    steps: Mapping[str, float],
    scored: Scored,
    seeds: Sequence[int],
    folder: Path,
) -> dict[str, Path]:
    """Write `folder`/NAME_kind for each model: its bytes, labels and card; each is reopened and self-tested.

    Args:
        models: those to write, by kind, without cards.
        about: what the cards have in common.
        steps: how far one int8 step moves a logit, by kind.
        scored: what torch and the models made of the validation split.
        seeds: of the golden pictures.
        folder: where to write.

    Raises:
        ArtefactError: an artefact does not repeat its own scores.
    """
    written, task = {}, open_task(about.checkpoint)
    for kind, model in models.items():
        cases = [make_case(model, about.checkpoint.input, seed) for seed in seeds]
        far = scored.out_of_distribution.get(kind)
        limit = None if far is None else choose_limit(far)
        card = make_card(about, kind, steps[kind], task.describe_file(scored, kind), limit, cases)
        target = folder / f"{about.name}_{kind}"
        target.write_bytes(attach_card(Path(model.path).read_bytes(), card, target.suffix))
        self_test(target)
        written[kind] = target
    return written
