"""The gate: int8 that loses more than it may is not published; fp32 is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ressq_edge.pages.words import worse, worse_interval
from ressq_export.errors import ExportError
from ressq_export.evaluation import Progress, score_pictures
from ressq_export.ladder import Climbed, Judge, Remedies, Tried
from ressq_export.paired import Answers, Drop, measure_drop, say_needed
from ressq_export.progress import Screen
from ressq_runtime.engines import load_engine
from ressq_runtime.pixels import PixelSpec

DEFAULT_MAX_DROP = 0.5  # points of top-1


@dataclass(frozen=True)
class Gate:
    """What int8 may lose, and where that is measured.

    pictures: of the validation split, and their label indices.
    spec: how a picture becomes pixels.
    max_drop: of top-1, a share 0..1, for each of the two files.
    allow: publish the best int8 files even if they lose more.
    photos: of the whole run, of which the pictures are a part; 0 where that is not known.
    """

    pictures: Sequence[tuple[Path, int]]
    spec: PixelSpec
    max_drop: float = DEFAULT_MAX_DROP / 100
    allow: bool = False
    photos: int = 0

    def judge(self, reference: Path, screen: Screen) -> Judge:
        """What compares int8 files with this float file, which is asked but once.

        Raises:
            ExportError: a picture of the validation split cannot be read.
        """
        before, truths = self.answers({"fp32": reference}, screen.stage("accuracy of fp32"))

        def compare(paths: Mapping[str, Path]) -> dict[str, Drop]:
            after, _ = self.answers(paths, screen.stage("accuracy of int8"))
            return {kind: measure_drop(before["fp32"], answers, truths) for kind, answers in after.items()}

        return compare

    def answers(self, paths: Mapping[str, Path], progress: Progress) -> tuple[dict[str, Answers], Answers]:
        """The top-1 answers of each file, by its key, and the truths: label indices.

        Raises:
            ExportError: a picture of the validation split cannot be read.
        """
        engines = {kind: load_engine(str(path)) for kind, path in paths.items()}
        try:
            scorers = {kind: engine.run for kind, engine in engines.items()}
            found = score_pictures(scorers, self.pictures, self.spec, progress)
        finally:
            for engine in engines.values():
                engine.close()
        if found.faults:
            raise ExportError(f"{found.faults[0]} (it is in the validation split)")
        return {kind: np.argmax(scores, 1) for kind, scores in found.scores.items()}, found.truths

    def check(self, climbed: Climbed) -> Remedies:
        """What came of the ladder: whether int8 is refused, and what a person should know of the comparison."""
        drops = climbed.drops
        kind = max(drops, key=lambda key: (drops[key].exceeds(self.max_drop), drops[key].drop))
        found = drops[kind]
        note = refused = ""
        if found.exceeds(self.max_drop) and not self.allow:
            refused = (
                f"{kind}: found top-1 {worse(found.drop, 2)} than fp32's ({found.n} validation pictures, 95 %: "
                f"{worse_interval(found.low, found.high, 2)}), wanted at most {100 * self.max_drop:g}; tried "
                f"{_summary(climbed.tried)}"
            )
        elif any(drop.is_unsure(self.max_drop) for drop in drops.values()):
            high = max(drop.high for drop in drops.values())
            note = (
                f"too few pictures to tell: with {found.n} validation pictures int8 may be {worse(high)} (95 %); "
                f"{say_needed(drops.values(), self.max_drop, self.photos)}"
            )
        return Remedies(climbed.rung, self.max_drop, climbed.tried, note, refused)


def _summary(tried: Sequence[Tried]) -> str:
    """Each rung with the larger drop of its two files."""
    worst: dict[str, float] = {}
    for row in tried:
        worst[row.rung] = max(row.drop, worst.get(row.rung, row.drop))
    return ", ".join(f"{rung} ({worse(drop, 2)})" for rung, drop in worst.items())
