"""Segment: a class for each pixel. Files are compared by mIoU, with a bootstrap over pictures, or over groups."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import torch.nn.functional as F  # noqa: N812 - PyTorch's own name for it
from numpy.typing import NDArray
from torch import Tensor

from ressq_edge.pages.words import percent, worse, worse_interval
from ressq_export.measurement.class_map import PixelAnswer, Truth, gather_cells
from ressq_export.measurement.confidence import Confidence, PixelConfidence, fit_confidence
from ressq_export.measurement.fidelity import Fidelity
from ressq_export.measurement.pixel_counts import class_ious, count_pairs, mean_iou, mean_iou_interval
from ressq_export.measurement.pixel_fidelity import measure_pixel_fidelity
from ressq_export.measurement.pixel_paired import PixelDrop, measure_pixel_drop, same_pixels
from ressq_export.measurement.scores import SCORES, TORCH, PictureSet, Scored
from ressq_export.tasks.segment_page import draw_set, show_set, show_tiles
from ressq_export.tasks.segment_samples import list_masks, masks_of
from ressq_export.tasks.segment_set import count_all, describe_set
from ressq_runtime.tasks.segment_counts import read_classes

if TYPE_CHECKING:
    from ressq_edge.data.split import Split
    from ressq_export.network.input_tensor import Spec
    from ressq_runtime.engines.tensor import Tensor as Output
    from ressq_runtime.inputs.picture_spec import PixelSpec

CLASSES = "classes"  # the output that holds the class map
# How much more of the pixels one class has than in training pictures, a share.
MOST_MORE = 0.4


@dataclass(frozen=True)
class Overlap:
    """How well one file's class maps cover the truth, and how much they are torch's; shares 0..1.

    n: pictures.
    miou, miou_low, miou_high: with the 95 % interval, over groups where they are known.
    agreement: share of the pixels with torch fp32's class.
    agreement_worst: the same of the picture where it is least.
    iou: by label, None for a class that neither truth nor answer holds.
    """

    n: int
    miou: float
    miou_low: float
    miou_high: float
    agreement: float
    agreement_worst: float
    iou: dict[str, float | None]
    columns = ("mIoU [95 %]", "as torch", "worst")

    def cells(self, *, reference: bool) -> tuple[str, ...]:
        """mIoU with its interval, agreement and the worst picture's."""
        interval = f"{self.miou:.1%} [{self.miou_low:.1%}, {self.miou_high:.1%}]"
        return interval, *(("", "") if reference else (f"{self.agreement:.1%}", f"{self.agreement_worst:.1%}"))

    def to_json(self) -> dict[str, object]:
        """The fields."""
        return asdict(self)

    def to_card(self, split: str) -> dict[str, object]:
        """The card's `accuracy`; the shares rounded to 6 digits."""
        shares = {key: round(getattr(self, key), 6) for key in ("miou", "miou_low", "miou_high")}
        same = {"agreement_fp32": round(self.agreement, 6), "agreement_worst": round(self.agreement_worst, 6)}
        iou = {label: None if share is None else round(share, 6) for label, share in self.iou.items()}
        return {"split": split, "n": self.n, **shares, **same, "iou": iou}


@dataclass(frozen=True)
class Segment:
    """A class for each pixel, by the largest of its scores; see `task.Task`.

    labels: in the order of the scores.
    colours: (r, g, b) of each.
    size: height and width of the network's picture; (0, 0) where a certificate is only shown.
    """

    labels: Sequence[str]
    colours: Sequence[Sequence[int]]
    size: tuple[int, int] = (0, 0)
    metric = "mIoU"
    counted = "pixels"
    pairs_groups = True
    tells_unlike = False

    def open_target(self, target: str, data: Path, split: Split) -> Truth:
        """The mask, which is read when it is wanted."""
        return Truth(data / target, masks_of(split), self.size)

    def read(self, outputs: Mapping[str, Output], pixels: bytes) -> PixelAnswer:
        """The class map, and some cells' probabilities."""
        classes, scores = outputs[CLASSES], outputs[SCORES]
        found = np.frombuffer(read_classes(outputs), np.uint8).reshape(classes.shape[1:3])
        return PixelAnswer(found, np.frombuffer(scores.data, np.float32).reshape(scores.shape[1:]), pixels)

    def read_logits(self, logits: Tensor, pixels: bytes, temperature: float) -> PixelAnswer:
        """The same of logits (1, classes, h, w), which are resized as in the files."""
        large = F.interpolate(logits, self.size, mode="bilinear", align_corners=False)
        cells = (logits / temperature).softmax(1)[0].permute(1, 2, 0).numpy()
        return PixelAnswer(large.argmax(1)[0].numpy().astype(np.uint8), cells, pixels)

    def stack(self, answers: Sequence[PixelAnswer]) -> tuple[PixelAnswer, ...]:
        """As they are."""
        return tuple(answers)

    def keep_logits(self, logits: Tensor, pixels: bytes) -> PixelAnswer:
        """Of some cells, as logarithms of probabilities, which are logits as well."""
        found = self.read_logits(logits, pixels, 1.0)
        found.cells = np.log(np.maximum(found.cells, np.float32(1e-30)))
        return found

    def fit_confidence(self, kept: Sequence[PixelAnswer], targets: Sequence[Truth]) -> Confidence:
        """Of least loss over some pixels of each picture, drawn by a seed."""
        return fit_confidence(*gather_cells(kept, targets), kind=PixelConfidence)

    def list_samples(self, folder: Path, split: Split, _spec: Spec | None = None) -> list[tuple[Path, Truth]]:
        """(picture, mask) of each in a folder of images/ and masks/."""
        return list_masks(folder, split, self.labels, self.size)

    def measure_drop(
        self,
        before: Sequence[PixelAnswer],
        after: Sequence[PixelAnswer],
        targets: Sequence[Truth],
        groups: Sequence[int] = (),
    ) -> PixelDrop:
        """What mIoU loses."""
        return measure_pixel_drop(before, after, targets, len(self.labels), groups)

    def count_confusion(self, answers: Sequence[PixelAnswer], targets: Sequence[Truth]) -> NDArray[np.int64]:
        """Of pixels."""
        classes = len(self.labels)
        pairs = zip(answers, targets, strict=True)
        found = np.zeros((classes, classes), np.int64)
        for answer, truth in pairs:
            found += count_pairs(answer.classes.unpack(), truth.unpack(), classes)
        return found

    def measure_fidelity(self, before: Sequence[PixelAnswer], after: Sequence[PixelAnswer]) -> Fidelity:
        """Changed pixels, the worst picture, moved probabilities, and the noise of the logits."""
        return measure_pixel_fidelity(before, after)

    def measure(self, scored: Scored) -> dict[str, Overlap]:
        """mIoU of each scorer by its name. One is called TORCH; the others' agreement is with it."""
        return {name: self._overlap(name, scored) for name in scored.scores}

    def _overlap(self, name: str, scored: Scored) -> Overlap:
        counts = count_all(scored, name, len(self.labels))
        total = counts.sum(0)
        answers, reference = scored.scores[name], scored.scores[TORCH]
        same = [1.0] if name == TORCH else [same_pixels(*pair) for pair in zip(reference, answers, strict=True)]
        iou = {
            label: None if math.isnan(share) else share
            for label, share in zip(self.labels, class_ious(total).tolist(), strict=True)
        }
        miou = float(mean_iou(total))
        interval = mean_iou_interval(counts, scored.groups)
        return Overlap(len(counts), miou, *interval, float(np.mean(same)), min(same), iou)

    def describe_card(self) -> dict[str, object]:
        """`task`, `labels` and `colours`."""
        return {"task": "segment", "labels": list(self.labels), "colours": [list(colour) for colour in self.colours]}

    def describe_file(self, scored: Scored, kind: str) -> dict[str, object]:
        """`accuracy`."""
        return {"accuracy": self._overlap(kind, scored).to_card("val")}

    def describe_onnx(self) -> dict[str, str]:
        """`names` is a Python dict literal, as Ultralytics' tools want it."""
        return {"task": "segment", "names": str(dict(enumerate(self.labels)))}

    def describe_set(
        self, pictures: PictureSet, _cards: Mapping[str, dict[str, object]], *, named: bool
    ) -> dict[str, Any]:
        """Figures of each file, classes, where pixels changed, the worst pictures, and reliability."""
        return describe_set(pictures, self.labels, self.measure(pictures.scored), named=named)

    def show_set(
        self, document: Mapping[str, Any], described: Mapping[str, Any], drawn: Mapping[int, Any]
    ) -> Mapping[str, Any]:
        """All of that, and the worst pictures side by side."""
        return show_set(document, described, drawn)

    def draw_set(self, pictures: PictureSet, spec: Spec) -> Mapping[int, Any]:
        """The worst pictures: photo, truth, float, int8 and where these differ."""
        return draw_set(pictures, cast("PixelSpec", spec), self.colours)

    def show_tiles(self, document: Mapping[str, Any], shown: str) -> list[tuple[str, str, str]]:
        """mIoU, and how many pixels have float's class."""
        return show_tiles(document, shown)

    def tell_drops(self, described: Mapping[str, Any]) -> list[str]:
        """Agreement, the worst picture, mIoU beside the float network's, and where changed pixels lie."""
        told = []
        for name, drop in described["paired"].items():
            figures, changed = described["figures"][name], described["changed"][name]
            sentences = [
                f"{name} gives the float network's class to {percent(drop['agreement'])} of the pixels.",
                f"In the worst of {drop['n']:,} pictures it gives it to {percent(figures['agreement_worst'])}.",
                f"Its mIoU is {_tell_loss(drop)}.",
            ]
            if changed["near"] is not None:
                sentences.append(
                    f"Of the pixels that changed, {percent(changed['near'])} lie at a boundary of classes."
                )
            told.append(" ".join(sentences))
        return told

    def tell(self, scored: Scored) -> list[str]:
        """Classes that the validation pictures do not hold, and those that the network never finds."""
        right, wanted, _ = count_all(scored, TORCH, len(self.labels)).sum(0)
        notes = []
        if absent := [label for label, pixels in zip(self.labels, wanted, strict=True) if not pixels]:
            notes.append(f"{', '.join(absent)}: absent in the validation pictures, so that nothing is known of them")
        for label, hits, pixels in zip(self.labels, right.tolist(), wanted.tolist(), strict=True):
            if pixels and not hits:
                notes.append(f"{label}: none of its {pixels:,} validation pixels is found")
        return notes

    def tell_one_sided(self, here: Sequence[PixelAnswer], usual: Sequence[PixelAnswer]) -> list[str]:
        """Where one class has most pixels that has not among training pictures."""
        shares = [_class_shares(answers, len(self.labels)) for answers in (here, usual)]
        most = int((shares[0] - shares[1]).argmax())
        if shares[0][most] - shares[1][most] < MOST_MORE:
            return []
        return [
            f"fp32 calls {shares[0][most]:.0%} of their pixels {self.labels[most]} and {shares[1][most]:.0%} of the "
            "training pictures'"
        ]


def _tell_loss(drop: Mapping[str, Any]) -> str:
    lost = worse(drop["drop"], 2)
    beside = f"{lost} {'as' if lost == 'as good' else 'than'} float's"
    if drop["units"] < 2:
        return f"{beside}; one {'group' if drop['n'] > 1 else 'picture'} tells nothing of others"
    return f"{beside}, 95 % interval {worse_interval(drop['low'], drop['high'], 2)}"


def _class_shares(answers: Sequence[PixelAnswer], classes: int) -> NDArray[np.float64]:
    """(classes,): the share of the pixels of all pictures that each class has."""
    counts = np.sum([np.bincount(answer.classes.unpack().ravel(), minlength=classes) for answer in answers], axis=0)
    found: NDArray[np.float64] = counts / counts.sum()
    return found
