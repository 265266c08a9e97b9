"""The gate: int8 that loses more than it may, or does not answer as fp32 does, is not published; fp32 is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ressq_export.errors import ExportError
from ressq_export.measurement.fidelity import Compared
from ressq_export.measurement.learned import check_learned
from ressq_export.measurement.paired import Difference
from ressq_export.measurement.scores import FileScorer, Progress, Scored, score_pictures
from ressq_export.measurement.verdict import decide
from ressq_export.network.input_tensor import Spec
from ressq_export.progress import Screen
from ressq_export.quantization.search import Int8Recipe, Judge, SearchResult
from ressq_export.tasks.task import Task
from ressq_runtime.engines import load_engine

DEFAULT_MAX_DROP = 0.5  # points


@dataclass(frozen=True)
class Gate:
    """What int8 may lose, and where that is measured.

    task: what is compared.
    pictures: of the validation split, and their targets.
    spec: of the network's input.
    max_drop: of the metric, a share 0..1, for each of the two files.
    allow: publish the best int8 files even if they lose more.
    photos: of the whole run, of which the pictures are a part; 0 where that is not known.
    training: pictures of the training split, on which int8 and fp32 are compared as well.
    groups: number of each picture's group; empty where pictures are independent, or their groups are not known.
    """

    task: Task
    pictures: Sequence[tuple[Path, Any]]
    spec: Spec
    max_drop: float = DEFAULT_MAX_DROP / 100
    allow: bool = False
    photos: int = 0
    training: Sequence[Path] = ()
    groups: Sequence[int] = ()

    def judge(self, reference: Path, screen: Screen) -> Judge:
        """What compares int8 files with this float file, which is asked but once.

        Raises:
            ExportError: a picture of the run cannot be read.
            ParityError: the float file knows nothing of the classes.
        """
        everything = [*self.pictures, *((path, None) for path in self.training)]
        exact = self._score({"fp32": reference}, everything, screen.stage("answers of fp32"))
        before, known = exact.scores["fp32"], len(self.pictures)
        targets = np.array(exact.targets[:known].tolist())
        check_learned(self.task.count_confusion(before[:known], targets), known, self.task.counted)

        def compare(paths: Mapping[str, Path]) -> dict[str, Compared]:
            found = self._score(paths, everything, screen.stage("answers of int8")).scores
            return {
                kind: Compared(
                    self.task.measure_drop(before[:known], after[:known], targets, self.groups),
                    self.task.measure_fidelity(before, after),
                )
                for kind, after in found.items()
            }

        return compare

    def measure_between(self, first: Path, second: Path, progress: Progress) -> Difference:
        """What the metric loses on the validation split from one file to another.

        Raises:
            ExportError: a picture of the validation split cannot be read.
        """
        found = self._score({"first": first, "second": second}, self.pictures, progress)
        return self.task.measure_drop(found.scores["first"], found.scores["second"], found.targets, self.groups)

    def _score(self, paths: Mapping[str, Path], pictures: Sequence[tuple[Path, Any]], progress: Progress) -> Scored:
        engines = {kind: load_engine(str(path)) for kind, path in paths.items()}
        try:
            scorers = {kind: FileScorer(engine, self.task.read) for kind, engine in engines.items()}
            found = score_pictures(scorers, pictures, self.spec, progress, self.task.stack)
        finally:
            for engine in engines.values():
                engine.close()
        if found.faults:
            raise ExportError(f"{found.faults[0]} (it is in the run's split)")
        return found

    def check(self, found: SearchResult, unlike: Sequence[str] = ()) -> Int8Recipe:
        """What came of the search, and the verdict on it.

        unlike: what tells the calibration pictures from the training pictures.
        """
        verdict = decide(found.compared, self.max_drop, self.task.metric, self.photos, allow=self.allow, unlike=unlike)
        return Int8Recipe(found.step, self.max_drop, found.attempts, verdict, self.task.metric)


def beside_usual(judge: Judge, paths: Mapping[str, Path]) -> Judge:
    """The judge that also knows how files with ranges from training pictures do, these, by the same keys."""
    usual = {kind: found.fidelity.moved for kind, found in judge(paths).items()}

    def compare(paths: Mapping[str, Path]) -> dict[str, Compared]:
        return {
            kind: replace(found, fidelity=replace(found.fidelity, usual=usual[kind]))
            for kind, found in judge(paths).items()
        }

    return compare
