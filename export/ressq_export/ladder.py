"""The ladder of remedies: what is tried, one after the other, until int8 answers as well as fp32."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import cast

from ressq_edge.pages.words import worse, worse_interval
from ressq_export.bench import FORMATS, Bench, Candidate
from ressq_export.paired import Drop
from ressq_export.progress import Screen
from ressq_export.remedies import LADDER
from ressq_export.remedies.rung import Rung

# A drop is what is lost less what is gained, and may be nothing by luck; the share of unchanged answers has none.
LEAST_AGREEMENT = 0.98

# The int8 files of a rung -> what each lost against fp32, by the same keys.
Judge = Callable[[Mapping[str, Path]], dict[str, Drop]]


@dataclass(frozen=True)
class Tried:
    """What one rung of the ladder reached with one file, on the validation split.

    rung: the remedy that the rung added to those before it.
    file: "int8.tflite" or "int8.onnx".
    n: pictures.
    drop: top-1 of fp32 less that of the file, a share 0..1; negative where int8 is better.
    low, high: its 95 % interval, paired.
    agreement: share of the pictures with fp32's answer.
    seconds: what the rung took, for both files.
    """

    rung: str
    file: str
    n: int
    drop: float
    low: float
    high: float
    agreement: float
    seconds: float

    @classmethod
    def of(cls, rung: str, file: str, found: Drop, seconds: float) -> "Tried":
        """The record of a measured drop."""
        return cls(rung, file, found.n, found.drop, found.low, found.high, found.agreement, round(seconds, 1))

    def to_json(self) -> dict[str, object]:
        """JSON-able, the shares rounded to 6 digits."""
        return {key: round(value, 6) if isinstance(value, float) else value for key, value in asdict(self).items()}


@dataclass(frozen=True)
class Remedies:
    """How int8 came to its accuracy.

    rung: the remedy that the files have, besides those below it on the ladder.
    max_drop: what each file might lose, a share of top-1.
    tried: one record a rung and file, in the order they were tried.
    note: what a person should know of the comparison; empty where it is plain.
    refused: why the int8 files are not published; empty where they are.
    """

    rung: str
    max_drop: float
    tried: tuple[Tried, ...]
    note: str
    refused: str = ""

    def __str__(self) -> str:
        last = [row for row in self.tried if row.rung == self.rung]
        found = ", ".join(
            f"{row.file} {worse(row.drop, 2)} (95 %: {worse_interval(row.low, row.high, 2)})" for row in last
        )
        return f"int8 by {self.rung}, top-1 beside fp32's: {found}"

    def to_json(self, file: str) -> dict[str, object]:
        """What the card of "int8.tflite" or "int8.onnx" says of it."""
        tried = [row.to_json() for row in self.tried if row.file == file]
        return {"rung": self.rung, "max_drop": self.max_drop, "tried": tried}


@dataclass(frozen=True)
class Climbed:
    """Where the ladder ended.

    rung: the name of the remedy that the files have, besides those below it.
    paths: the two int8 files, by kind.
    candidate: what they were made from.
    drops: what each file lost.
    tried: one record a rung and file, in the order they were tried.
    """

    rung: str
    paths: Mapping[str, Path]
    candidate: Candidate
    drops: Mapping[str, Drop]
    tried: tuple[Tried, ...]

    @property
    def worst(self) -> float:
        """The larger drop of both files."""
        return max(found.drop for found in self.drops.values())

    @property
    def agreement(self) -> float:
        """The smaller agreement with fp32 of both files."""
        return min(found.agreement for found in self.drops.values())

    def merit(self, max_drop: float) -> tuple[bool, bool, bool, float]:
        """Larger is better: no drop that exceeds what is allowed, enough agreement, a drop within what is allowed even
        where pictures are few, and most agreement; of drops that exceed it, the smallest."""
        if any(found.exceeds(max_drop) for found in self.drops.values()):
            return False, False, False, -self.worst
        return True, self.agreement >= LEAST_AGREEMENT, self.worst <= max_drop, self.agreement


def climb(bench: Bench, judge: Judge, max_drop: float, screen: Screen, rungs: Sequence[Rung] = LADDER) -> Climbed:
    """The first rung on which neither file loses more than `max_drop` (a share) and both agree with fp32.

    Where none does, the one of most merit. Each rung improves on the candidate of the one below it.

    Raises:
        CalibrationError: the pictures give no ranges.
        ConversionError: a converter failed.
        PictureError: a training picture cannot be read.
    """
    candidate = Candidate(dict.fromkeys(FORMATS, bench.original), {})
    best: Climbed | None = None
    tried: list[Tried] = []
    for rung in (rung for rung in rungs if rung.suits(bench)):
        screen.stage(f"int8: {rung.name}")
        started = perf_counter()
        candidate = rung.apply(candidate, bench)
        paths = bench.quantise(candidate)
        drops = judge(paths)
        seconds = perf_counter() - started
        tried += [Tried.of(rung.name, kind, found, seconds) for kind, found in drops.items()]
        here = Climbed(rung.name, paths, candidate, drops, ())
        if best is None or here.merit(max_drop) > best.merit(max_drop):
            best = here
        if all(here.merit(max_drop)[:3]):
            break
    return replace(cast(Climbed, best), tried=tuple(tried))
