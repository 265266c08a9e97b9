"""The gate: int8 that loses more than it may, or does not answer as fp32 does, is not published; fp32 is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ressq_export.errors import ExportError
from ressq_export.measurement.fidelity import Compared, measure_fidelity
from ressq_export.measurement.paired import Answers, measure_drop
from ressq_export.measurement.scores import Progress, Scored, score_pictures, scorer_of
from ressq_export.measurement.verdict import decide
from ressq_export.progress import Screen
from ressq_export.quantization.search import Int8Recipe, Judge, SearchResult
from ressq_runtime.engines import load_engine
from ressq_runtime.inputs.picture import PixelSpec

DEFAULT_MAX_DROP = 0.5  # points of top-1


@dataclass(frozen=True)
class Gate:
    """What int8 may lose, and where that is measured.

    pictures: of the validation split, and their label indices.
    spec: how a picture becomes pixels.
    max_drop: of top-1, a share 0..1, for each of the two files.
    allow: publish the best int8 files even if they lose more.
    photos: of the whole run, of which the pictures are a part; 0 where that is not known.
    training: pictures of the training split, on which int8 and fp32 are compared as well.
    """

    pictures: Sequence[tuple[Path, int]]
    spec: PixelSpec
    max_drop: float = DEFAULT_MAX_DROP / 100
    allow: bool = False
    photos: int = 0
    training: Sequence[Path] = ()

    def judge(self, reference: Path, screen: Screen) -> Judge:
        """What compares int8 files with this float file, which is asked but once.

        Raises:
            ExportError: a picture of the run cannot be read.
        """
        pictures, labelled = [*self.pictures, *((path, -1) for path in self.training)], len(self.pictures)
        exact = self._score({"fp32": reference}, pictures, screen.stage("answers of fp32"))
        before, truths = exact.scores["fp32"], exact.truths[:labelled]

        def compare(paths: Mapping[str, Path]) -> dict[str, Compared]:
            found = self._score(paths, pictures, screen.stage("answers of int8")).scores
            answers = before[:labelled].argmax(1)
            drops = {kind: measure_drop(answers, after[:labelled].argmax(1), truths) for kind, after in found.items()}
            return {kind: Compared(drops[kind], measure_fidelity(before, after)) for kind, after in found.items()}

        return compare

    def answers(self, paths: Mapping[str, Path], progress: Progress) -> tuple[dict[str, Answers], Answers]:
        """The top-1 answers of each file to the validation split, by its key, and the truths: label indices.

        Raises:
            ExportError: a picture of the validation split cannot be read.
        """
        found = self._score(paths, self.pictures, progress)
        return {kind: np.argmax(scores, 1) for kind, scores in found.scores.items()}, found.truths

    def _score(self, paths: Mapping[str, Path], pictures: Sequence[tuple[Path, int]], progress: Progress) -> Scored:
        engines = {kind: load_engine(str(path)) for kind, path in paths.items()}
        try:
            found = score_pictures(
                {kind: scorer_of(engine) for kind, engine in engines.items()}, pictures, self.spec, progress
            )
        finally:
            for engine in engines.values():
                engine.close()
        if found.faults:
            raise ExportError(f"{found.faults[0]} (it is in the run's split)")
        return found

    def check(self, found: SearchResult) -> Int8Recipe:
        """What came of the search, and the verdict on it."""
        verdict = decide(found.compared, self.max_drop, self.photos, allow=self.allow)
        return Int8Recipe(found.step, self.max_drop, found.attempts, verdict)


def beside_usual(judge: Judge, paths: Mapping[str, Path]) -> Judge:
    """The judge that also knows how files with ranges from training pictures do, these, by the same keys."""
    usual = {kind: found.fidelity.moved for kind, found in judge(paths).items()}

    def compare(paths: Mapping[str, Path]) -> dict[str, Compared]:
        return {
            kind: replace(found, fidelity=replace(found.fidelity, usual=usual[kind]))
            for kind, found in judge(paths).items()
        }

    return compare
