"""Classify: one class a picture. Files are compared by their top-1 answers, and the interval is Tango's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ressq_edge.findings.intervals import share_interval
from ressq_edge.findings.unanswered import tell_unanswered
from ressq_edge.pages.words import percent, worse, worse_interval
from ressq_export.measurement.abstention import FEWEST, choose_threshold
from ressq_export.measurement.confidence import Confidence, fit_confidence
from ressq_export.measurement.fidelity import Fidelity, measure_fidelity
from ressq_export.measurement.paired import Drop, measure_drop
from ressq_export.measurement.scores import COMPARED, SCORES, TORCH, PictureSet, Scored, Scores, stack_floats
from ressq_export.tasks.classify_page import draw_flips, show_set, show_tiles
from ressq_export.tasks.classify_set import describe_set
from ressq_runtime.engines.tensor import choose_output
from ressq_runtime.tasks.classify_evaluation import list_labelled

if TYPE_CHECKING:
    from ressq_edge.data.split import Split
    from ressq_export.network.input_tensor import Spec
    from ressq_runtime.engines.tensor import Tensor as Output

# How much more often one answer comes than with training pictures, a share. Sixteen ordinary pictures of ten classes
# give none half as much more; pictures of one class of two, 0.5; dark ones, or noise, mostly one answer.
MOST_MORE = 0.4


@dataclass(frozen=True)
class Accuracy:
    """How often one classifier was right, and how often it answered as torch did; shares 0..1.

    n: pictures.
    top1, top1_low, top1_high: share that was right, with its 95 % interval, over groups where they are known.
    agreement: share with torch fp32's top-1.
    """

    n: int
    top1: float
    top1_low: float
    top1_high: float
    agreement: float
    columns = ("top-1 [95 %]", "same as torch")

    def cells(self, *, reference: bool) -> tuple[str, ...]:
        """Top-1 with its interval, agreement."""
        interval = f"{self.top1:.1%} [{self.top1_low:.1%}, {self.top1_high:.1%}]"
        return interval, "" if reference else f"{self.agreement:.1%}"

    def to_json(self) -> dict[str, object]:
        """The fields."""
        return asdict(self)

    def to_card(self, split: str) -> dict[str, object]:
        """The card's `accuracy`; the shares rounded to 6 digits."""
        shares = {key: round(getattr(self, key), 6) for key in ("top1", "top1_low", "top1_high")}
        return {"split": split, "n": self.n, **shares, "agreement_fp32": round(self.agreement, 6)}


@dataclass(frozen=True)
class Classify:
    """One class a picture, by the largest of its scores; see `task.Task`.

    labels: in the order of the scores.
    """

    labels: Sequence[str]
    metric = "top-1"
    counted = "answers"
    pairs_groups = False
    tells_unlike = True

    def open_target(self, target: int, _data: Path, _split: Split) -> int:
        """The label index."""
        return target

    def read(self, outputs: Mapping[str, Output], _: bytes) -> list[float]:
        """The scores."""
        return outputs[choose_output("model", list(outputs.values()), SCORES).name].values()

    def read_logits(self, logits: Tensor, _: bytes, temperature: float) -> list[float]:
        """Softmax(logits / temperature)."""
        found: list[float] = (logits / temperature).softmax(1)[0].tolist()
        return found

    def stack(self, answers: Sequence[Sequence[float]]) -> NDArray[np.float64]:
        """(pictures, classes)."""
        return stack_floats(answers)

    def keep_logits(self, logits: Tensor, _: bytes) -> list[float]:
        """All of them."""
        found: list[float] = logits[0].tolist()
        return found

    def fit_confidence(self, kept: Sequence[Sequence[float]], targets: NDArray[np.int64]) -> Confidence:
        """Of least loss over the pictures."""
        return fit_confidence(stack_floats(kept), targets)

    def list_samples(self, folder: Path, _split: Split, spec: Spec | None = None) -> list[tuple[Path, int]]:
        """(file, label index) of each in a folder of class folders."""
        return [(Path(path), label) for label, path in list_labelled(folder, self.labels, None, spec)]

    def measure_drop(
        self, before: Scores, after: Scores, targets: NDArray[np.int64], _groups: Sequence[int] = ()
    ) -> Drop:
        """What top-1 loses; only pictures count that one of both gets right."""
        return measure_drop(before.argmax(1), after.argmax(1), targets)

    def count_confusion(self, answers: Scores, targets: NDArray[np.int64]) -> NDArray[np.int64]:
        """Of pictures."""
        classes = len(self.labels)
        pairs = targets * classes + answers.argmax(1)
        return np.bincount(pairs, minlength=classes**2).reshape(classes, classes)

    def measure_fidelity(self, before: Scores, after: Scores) -> Fidelity:
        """Changed answers, moved probabilities, and the noise of the logits."""
        return measure_fidelity(before, after)

    def measure(self, scored: Scored) -> dict[str, Accuracy]:
        """Accuracy of each scorer by its name. One is called TORCH; the others' agreement is with it."""
        answers = {name: scores.argmax(1) for name, scores in scored.scores.items()}
        return {name: _accuracy(row, scored, answers[TORCH]) for name, row in answers.items()}

    def describe_card(self) -> dict[str, object]:
        """`task` and `labels`."""
        return {"task": "classify", "labels": list(self.labels)}

    def describe_file(self, scored: Scored, kind: str) -> dict[str, object]:
        """`accuracy` and `abstention`."""
        abstention = choose_threshold(scored.scores[kind], scored.targets)
        return {"accuracy": self.measure(scored)[kind].to_card("val"), "abstention": abstention.to_json("val")}

    def describe_onnx(self) -> dict[str, str]:
        """`names` is a Python dict literal, as Ultralytics' tools want it."""
        return {"task": "classify", "names": str(dict(enumerate(self.labels)))}

    def describe_set(
        self, pictures: PictureSet, cards: Mapping[str, dict[str, object]], *, named: bool
    ) -> dict[str, Any]:
        """Figures of each file, classes, flips, reliability, and what thresholds would do."""
        return describe_set(pictures, self.labels, cards, named=named)

    def show_set(
        self, document: Mapping[str, Any], described: Mapping[str, Any], drawn: Mapping[int, str]
    ) -> Mapping[str, Any]:
        """Flips, classes, reliability and thresholds."""
        return show_set(document, described, drawn)

    def draw_set(self, pictures: PictureSet, spec: Spec) -> Mapping[int, str]:
        """Thumbnails of the flips."""
        return draw_flips(pictures, spec)

    def show_tiles(self, document: Mapping[str, Any], shown: str) -> list[tuple[str, str, str]]:
        """Top-1, and how many answers are float's."""
        return show_tiles(document, shown)

    def tell_drops(self, described: Mapping[str, Any]) -> list[str]:
        """Agreement and top-1 beside the float network."""
        return [_tell_drop(name, Drop(**drop), described["figures"]) for name, drop in described["paired"].items()]

    def tell(self, scored: Scored) -> list[str]:
        """Classes that are never answered rightly by any, then by each; float files answer as torch does."""
        counts = np.bincount(scored.targets, minlength=len(self.labels))
        hits = {}
        for name in COMPARED:
            right = scored.targets[scored.scores[name].argmax(1) == scored.targets]
            hits[name] = np.bincount(right, minlength=len(self.labels))
        some = np.sum(list(hits.values()), axis=0)
        notes = tell_unanswered(self.labels, counts.tolist(), some.tolist())
        answered = np.where(some > 0, counts, 0).tolist()
        of_each = (tell_unanswered(self.labels, answered, hits[name].tolist(), name) for name in COMPARED)
        notes += [note for told in of_each for note in told]
        if (n := len(scored.targets)) < FEWEST:
            notes.append(
                f"{n} validation pictures are fewer than {FEWEST}: the files always answer, and cannot tell pictures "
                "that are unlike the training pictures"
            )
        return notes

    def tell_one_sided(self, here: Scores, usual: Scores) -> list[str]:
        """Where one answer prevails that does not among training pictures."""
        shares = [np.bincount(scores.argmax(1), minlength=len(self.labels)) / len(scores) for scores in (here, usual)]
        most = int((shares[0] - shares[1]).argmax())
        if shares[0][most] - shares[1][most] < MOST_MORE:
            return []
        return [
            f"fp32 answers {self.labels[most]} to {shares[0][most]:.0%} of them and to {shares[1][most]:.0%} of the "
            "training pictures"
        ]


def _accuracy(answers: NDArray[np.int64], scored: Scored, reference: NDArray[np.int64]) -> Accuracy:
    right = answers == scored.targets
    interval = share_interval(right.tolist(), scored.groups)
    return Accuracy(len(right), int(right.sum()) / len(right), *interval, float((answers == reference).mean()))


def _tell_drop(name: str, drop: Drop, figures: Mapping[str, Any]) -> str:
    exact, rounded = (figures[key]["top1"] for key in (TORCH, name))
    return (
        f"{name} gives the float network's answer to {percent(drop.agreement)} of {drop.n:,} pictures and is right on "
        f"{percent(rounded)}, where float is on {percent(exact)}: {worse(drop.drop)}, 95 % interval "
        f"{worse_interval(drop.low, drop.high)}."
    )
