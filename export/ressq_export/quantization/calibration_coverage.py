"""Whether --calibration's pictures are like the training pictures, by their look and by the network's answers."""

from collections.abc import Sequence
from pathlib import Path

from ressq_export.measurement.scores import FileScorer
from ressq_export.quantization.calibration_looks import tell_other_look
from ressq_export.tasks.task import Task
from ressq_runtime.engines import load_engine


def tell_unlike(
    model: Path,
    pictures: Sequence[bytes],
    others: Sequence[bytes],
    mixed: Sequence[bytes],
    task: Task,
    height: int | None = None,
) -> tuple[str, ...]:
    """What tells the pictures that --calibration named from the training pictures, each as a clause about "them".

    Args:
        model: a float model file.
        pictures: that were calibrated on.
        others: training pictures, classes in turn; empty where it was these.
        mixed: likewise, the classes as often as they come, as they may in what a user gives, too.
        task: what the model answers.
        height: of the pictures; None: they are squares.
    """
    if not others:
        return ()
    engine = load_engine(str(model))
    score = FileScorer(engine, task.read)
    try:
        here, *usual = (task.stack([score(one) for one in pixels]) for pixels in (pictures, others, mixed))
    finally:
        engine.close()
    answers = [task.tell_one_sided(here, there) for there in usual]
    look = tell_other_look(pictures, others, height)
    return (*([look] if look else []), *(answers[1] if all(answers) else []))
