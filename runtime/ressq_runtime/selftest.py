"""The self-test: does this device make the workstation's input, and answer what the workstation measured?"""

from __future__ import annotations

from hashlib import sha256

from ressq_runtime.errors import ArtefactError
from ressq_runtime.model import Model

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os

    from ressq_runtime.inputs.input_spec import InputSpec


def make_case(model: Model, spec: InputSpec, seed: int) -> dict[str, object]:
    """A self-test case for the card: `seed`, `pixels_sha256`, and what the task measures of this artefact here.

    spec: the card's; the model may be one of a file that has no card yet.
    """
    data = spec.make_golden(seed)
    return {"seed": seed, "pixels_sha256": sha256(data).hexdigest(), **model.task.extras().make_golden(model.run(data))}


def self_test(path: str | os.PathLike[str], engine: str = "auto", threads: int | None = None) -> int:
    """Repeats the artefact's golden cases here; returns how many there were, all of them in agreement.

    Raises:
        ArtefactError: the first stage that differs: hash, pixels or scores; or there is no self-test.
        EngineError: no interpreter, or it refuses the model.
    """
    model = Model.load(path, engine=engine, threads=threads)
    if model.card is None or not model.card.self_test:
        raise ArtefactError(f"{model.path}: found no self-test inside, wanted an artefact of ressq-export")
    for case in model.card.self_test:
        data = model.input.make_golden(case["seed"])
        found = sha256(data).hexdigest()
        if found != case["pixels_sha256"]:
            raise ArtefactError(
                f"{model.path}: self-test {case['seed']}: pixels differ (found {found[:12]}, wanted "
                f"{case['pixels_sha256'][:12]}); this Pillow resizes otherwise: install another version of it"
            )
        model.task.extras().check_golden(case, model.run(data), f"{model.engine.name} {model.engine.version}")
    model.close()
    return len(model.card.self_test)
