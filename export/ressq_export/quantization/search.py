"""The search over quantization steps: one after the other, until int8 answers as well as fp32."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import cast

from ressq_edge.pages.words import worse, worse_interval
from ressq_export.measurement.fidelity import FAITHFUL, Compared
from ressq_export.measurement.verdict import Verdict
from ressq_export.progress import Screen
from ressq_export.quantization.quantizer import FORMATS, Candidate, Quantizer
from ressq_export.quantization.steps import STEPS
from ressq_export.quantization.steps.step import QuantizationStep

# A drop is what is lost less what is gained, and may be nothing by luck; the share of changed answers has none.
MOST_CHANGED = 0.02

# The int8 files of a step -> each beside fp32, by the same keys.
Judge = Callable[[Mapping[str, Path]], dict[str, Compared]]


@dataclass(frozen=True)
class Attempt:
    """What one step reached with one file.

    step: the quantization step that was added to those before it.
    file: "int8.tflite" or "int8.onnx".
    n: pictures of the validation split.
    drop: the metric of fp32 less that of the file on these, a share 0..1; negative where int8 is better.
    low, high: its 95 % interval, paired.
    agreement: share of these with fp32's answer.
    compared: pictures, of the validation and the training split.
    changed: of these, answers that are not fp32's.
    moved: share of a picture's probability that goes to other answers than with fp32, on average.
    snr_db: signal to noise of the logits.
    seconds: what the step took, for both files.
    """

    step: str
    file: str
    n: int
    drop: float
    low: float
    high: float
    agreement: float
    compared: int
    changed: int
    moved: float
    snr_db: float
    seconds: float

    @classmethod
    def of(cls, step: str, file: str, found: Compared, seconds: float) -> "Attempt":
        """The record of what was measured."""
        drop, all_ = found.drop, found.fidelity
        known = drop.n, drop.drop, drop.low, drop.high, drop.agreement
        return cls(step, file, *known, all_.n, all_.changed, all_.moved, all_.snr_db, round(seconds, 1))

    def to_json(self) -> dict[str, object]:
        """JSON-able, the shares rounded to 6 digits."""
        return {key: round(value, 6) if isinstance(value, float) else value for key, value in asdict(self).items()}


@dataclass(frozen=True)
class Int8Recipe:
    """How int8 came to its accuracy.

    step: the last quantization step that the files have, besides those before it.
    max_drop: what each file might lose, a share.
    attempts: one a step and file, in their order.
    verdict: what is to be thought of it.
    metric: what the drops are of, in a person's words.
    """

    step: str
    max_drop: float
    attempts: tuple[Attempt, ...]
    verdict: Verdict
    metric: str

    @property
    def last(self) -> tuple[Attempt, ...]:
        """The attempts of the step that was taken."""
        return tuple(row for row in self.attempts if row.step == self.step)

    def __str__(self) -> str:
        """What the labels and what all pictures say of the files, and the verdict, in a line each."""
        found = (
            f"{row.file} {self.metric} {worse(row.drop, 2)} (95 %: {worse_interval(row.low, row.high, 2)}), "
            f"{row.changed:,} of {row.compared:,} answers changed"
            for row in self.last
        )
        told = self.verdict.headline + (f"; {self.verdict.note}" if self.verdict.note else "")
        return f"int8 by {self.step}, beside fp32: {'; '.join(found)}\n{told}"

    def summary(self) -> str:
        """Each step with the larger drop and the larger number of changed answers of its two files."""
        steps = dict.fromkeys(row.step for row in self.attempts)
        worst = {step: [row for row in self.attempts if row.step == step] for step in steps}
        return ", ".join(
            f"{step} ({worse(max(row.drop for row in rows), 2)}, {max(row.changed for row in rows)} of "
            f"{rows[0].compared:,} answers changed)"
            for step, rows in worst.items()
        )

    def to_json(self, file: str) -> dict[str, object]:
        """What the card of "int8.tflite" or "int8.onnx" says of it."""
        attempts = [row.to_json() for row in self.attempts if row.file == file]
        for row in attempts:
            del row["seconds"]  # the same run gives the same files, bit for bit
        return {"step": self.step, "metric": self.metric, "max_drop": self.max_drop, "attempts": attempts}


@dataclass(frozen=True)
class SearchResult:
    """Where the search ended.

    step: the name of the last quantization step that the files have.
    paths: the two int8 files, by kind.
    candidate: what they were made from.
    compared: each file beside fp32.
    attempts: one a step and file, in their order.
    """

    step: str
    paths: Mapping[str, Path]
    candidate: Candidate
    compared: Mapping[str, Compared]
    attempts: tuple[Attempt, ...]

    def merit(self, max_drop: float) -> tuple[bool, int, bool, bool, float]:
        """Larger is better: no drop that exceeds what is allowed, faithful to fp32, few answers changed, a drop within
        what is allowed even where pictures are few, and fewest answers changed; of drops that exceed it, the smallest.
        """
        worst = max(one.drop.drop for one in self.compared.values())
        if any(one.drop.exceeds(max_drop) for one in self.compared.values()):
            return False, 0, False, False, -worst
        all_ = max((one.fidelity for one in self.compared.values()), key=lambda one: one.changed)
        grade = min(one.fidelity.grade for one in self.compared.values())
        few = all_.changed <= max(1, MOST_CHANGED * all_.n)
        return True, grade, few, worst <= max_drop, -all_.changed / all_.n

    def suffices(self, max_drop: float) -> bool:
        """Whether no further step is needed."""
        return self.merit(max_drop)[:4] == (True, FAITHFUL, True, True)


def search_steps(
    quantizer: Quantizer, judge: Judge, max_drop: float, screen: Screen, steps: Sequence[QuantizationStep] = STEPS
) -> SearchResult:
    """The first step after which neither file loses more than `max_drop` (a share) and both answer as fp32 does.

    Where a further one is weighed against it, the better of them; where none does, the one of most merit. Each step
    improves on the candidate of the one before it.

    Raises:
        CalibrationError: the pictures give no ranges.
        ConversionError: a converter failed.
        PictureError: a training picture cannot be read.
    """
    candidate = Candidate(dict.fromkeys(FORMATS, quantizer.original), {})
    best: SearchResult | None = None
    attempts: list[Attempt] = []
    for step in (step for step in steps if step.suits(quantizer)):
        if best is not None and best.suffices(max_drop) and not step.weighed(quantizer):
            break
        screen.stage(f"int8: {step.name}")
        started = perf_counter()
        candidate = step.apply(candidate, quantizer)
        paths = quantizer.quantise(candidate)
        found = judge(paths)
        seconds = perf_counter() - started
        attempts += [Attempt.of(step.name, kind, one, seconds) for kind, one in found.items()]
        here = SearchResult(step.name, paths, candidate, found, ())
        if best is None or here.merit(max_drop) > best.merit(max_drop):
            best = here
    return replace(cast(SearchResult, best), attempts=tuple(attempts))
