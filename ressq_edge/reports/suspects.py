"""Pictures that may carry a wrong label: those on which the best weights are furthest from the label they have.

What a network learned from a wrong label it rarely believes: the loss of such a picture stays high, in training as in
validation. Whether it is worth a look is asked as in confident learning (Northcutt et al., arXiv:1911.00068): is the
network as sure of another class as it is, on average, of the pictures that carry that class's label?
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import torch
import torch.nn.functional as F  # noqa: N812 - PyTorch's own name for it
from torch import Tensor

from ressq_edge.data.augment import Views
from ressq_edge.data.cache import SampleStore, open_store
from ressq_edge.data.pictures import Pixels
from ressq_edge.data.split import Split
from ressq_edge.network.checkpoint import Checkpoint
from ressq_edge.training.samples import PictureSamples
from ressq_edge.training.train import predict
from ressq_runtime.intervals import wilson

MOST_LISTED = 100
AT_ONCE = 256  # pictures between two steps of the bar
JUDGED = ("train", "val")  # test pictures are looked at once, at the end, by ressq-export


@dataclass(frozen=True)
class Suspect:
    """One picture that the network answers otherwise than it is labelled.

    part, number: "train" or "val", and its place there in split.json, from 0.
    given, called: label indices: what it carries, what the network answers.
    given_probability, called_probability: what the network gives to each.
    loss: -log of given_probability, nats.
    worth: the network is sure enough for a person to look.
    """

    part: str
    number: int
    given: int
    called: int
    given_probability: float
    called_probability: float
    loss: float
    worth: bool


@dataclass(frozen=True)
class Suspects:
    """What was found.

    pictures: that were checked.
    otherwise: how many of them the network answers otherwise than they are labelled.
    worth: how many of those are worth a look.
    listed: the MOST_LISTED of those with the highest loss, highest first.
    weak: the network may be no better than one class for all pictures, so that it doubts by chance.
    """

    pictures: int
    otherwise: int
    worth: int
    listed: tuple[Suspect, ...]
    weak: bool = False


_NO_VIEWS = Views((0, 0), 1.0, 0.0)  # nothing is drawn of pictures that are judged


@dataclass(frozen=True)
class CentredStore(SampleStore):
    """The pictures of a part as the device will see them, cut out of what the cache holds."""

    def __getitem__(self, index: int) -> Pixels:
        """uint8 (size, size, 3) RGB."""
        pixels = super().__getitem__(index)
        left, top, right, bottom = self.spec.crop_box((pixels.shape[1], pixels.shape[0]))
        return pixels[top:bottom, left:right]


def open_centred(cache: Path, split: Split, root: Path, best: Checkpoint, part: str) -> CentredStore:
    """The pictures of "train" or "val", from the cache as far as it holds them."""
    return CentredStore(**vars(open_store(cache, split, root, best.pixels, part)))


def find_suspects(best: Checkpoint, stores: dict[str, CentredStore], tick: Callable[[int], None]) -> Suspects:
    """The suspects among the pictures of these parts.

    Args:
        best: the weights that judge.
        stores: the pictures by part.
        tick: called with the number of pictures checked since.

    Raises:
        PictureError: a picture that is not in the cache cannot be decoded any more.
    """
    model = best.build()
    found: list[Suspect] = []
    for part, store in stores.items():
        checked = []
        for start in range(0, len(store), AT_ONCE):
            some = _slice(store, start)
            checked.append(
                _check(predict(model, PictureSamples(some, _NO_VIEWS, best.normalise)), torch.tensor(some.targets))
            )
            tick(len(some))
        found += _suspect(part, Checked(*map(torch.cat, zip(*checked, strict=True))), len(best.labels))
    found.sort(key=lambda suspect: -suspect.loss)
    wrong = sum(suspect.part == "val" for suspect in found)
    worth = sum(suspect.worth for suspect in found)
    weak = bool(found) and is_weak(stores["val"].targets, wrong)
    return Suspects(sum(map(len, stores.values())), len(found), worth, tuple(found[:MOST_LISTED]), weak)


def is_weak(labels: Sequence[int], wrong: int) -> bool:
    """Whether this many wrong answers to pictures of these labels can't be told from the usual class for all.

    The pictures count as independent: what is asked is whether these very ones are known, not those of other patients.
    """
    usual = max(Counter(labels).values())
    return wilson(len(labels) - wrong, len(labels))[0] <= usual / len(labels)


def _slice(store: CentredStore, start: int) -> CentredStore:
    here = slice(start, start + AT_ONCE)
    return replace(store, files=store.files[here], targets=store.targets[here], places=store.places[here])


class Checked(NamedTuple):
    """What is kept of each picture, for all logits of many classes would not fit: (N,) each.

    labels, called: the class that it carries, and the one that it is answered.
    given, sure: their probabilities.
    losses: cross entropies.
    """

    labels: Tensor
    called: Tensor
    given: Tensor
    sure: Tensor
    losses: Tensor


def _check(logits: Tensor, labels: Tensor) -> Checked:
    probabilities = logits.double().softmax(1)
    sure, called = probabilities.max(1)
    given = probabilities.gather(1, labels[:, None])[:, 0]
    return Checked(labels, called, given, sure, F.cross_entropy(logits.double(), labels, reduction="none"))


def _suspect(part: str, checked: Checked, classes: int) -> list[Suspect]:
    """All pictures of a part that are answered otherwise than they are labelled, in the order of the part."""
    labels, called, given, sure, losses = checked
    # How sure the network is of each class, on average over the pictures that carry its label.
    usual = torch.zeros(classes, dtype=torch.float64).index_add_(0, labels, given)
    usual /= labels.bincount(minlength=classes).clamp_min(1)
    return [
        Suspect(
            part, number, int(labels[number]), int(called[number]), float(given[number]), float(sure[number]),
            float(losses[number]), bool(sure[number] >= usual[called[number]]),
        )
        for number in torch.nonzero(called != labels)[:, 0].tolist()
    ]  # fmt: skip
