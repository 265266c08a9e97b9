"""Whether --calibration's pictures show what the training pictures show, as far as the network's answers tell."""

from collections.abc import Sequence
from pathlib import Path

from ressq_export.measurement.scores import FileScorer
from ressq_export.tasks.task import Task
from ressq_runtime.engines import load_engine


def tell_one_sided(model: Path, pictures: Sequence[bytes], usual: Sequence[bytes], task: Task) -> tuple[str, ...]:
    """A note where the pictures that --calibration named are not of the kind that the training pictures are.

    Args:
        model: a float model file.
        pictures: that were calibrated on.
        usual: training pictures; empty where it was these.
        task: what the model answers.
    """
    if not usual:
        return ()
    engine = load_engine(str(model))
    score = FileScorer(engine, task.read)
    try:
        here, there = (task.stack([score(one) for one in pixels]) for pixels in (pictures, usual))
    finally:
        engine.close()
    return tuple(task.tell_one_sided(here, there))
