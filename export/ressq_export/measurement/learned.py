"""Has a network learned its classes? What agrees with one that has not is no evidence, whatever else is measured.

On a trained backbone, a last layer that nobody trained gives answers that vary from picture to picture: `check_trained`
of `stage_comparison` lets it pass. But which class it calls by which name is chance. So its answers fit the truth no
better than they would with the classes' names exchanged. Of two or three classes that tells little; what training
begins with is known exactly.
"""

from itertools import islice, permutations

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ressq_export.errors import ParityError
from ressq_export.measurement.pixel_counts import mean_iou

# Of fewer pictures chance decides what fits better.
FEWEST = 20
# Share of other namings that may fit as well. Of untrained networks of many classes one in a hundred passes, of two one
# in two.
MOST_AS_GOOD = 0.01
_ALL = 6  # classes whose 720 namings are all tried; of more, as many are drawn as for the bootstrap
_DRAWS = 2000


def check_moved(bias: Tensor, layer: str) -> None:
    """The layer that gives the logits is not as training begins with it.

    Args:
        bias: of that layer.
        layer: its name.

    Raises:
        ParityError: it is: its bias is 0, which the first step changes.
    """
    if not bias.any():
        raise ParityError(
            f"torch: found a bias of 0 for all {len(bias)} classes in {layer}, wanted one that training has moved; any "
            "two files are as good on such a network: train it first"
        )


def check_learned(confusion: NDArray[np.int64], pictures: int, counted: str) -> None:
    """The answers fit the truth better than with the classes' names exchanged.

    Args:
        confusion: (classes, classes), how often the row's class was called the column's.
        pictures: how many were asked; of fewer than FEWEST nothing is said.
        counted: what is counted, in a person's words.

    Raises:
        ParityError: they do not.
    """
    if pictures < FEWEST:
        return
    namings = _name_otherwise(len(confusion))
    found, others = (float(_fit(confusion, np.arange(len(confusion))[None])[0]), _fit(confusion, namings))
    as_good = float((others >= found).mean())
    if as_good > MOST_AS_GOOD:
        raise ParityError(
            f"fp32: found {counted} that fit the truth no better than with the classes' names exchanged ({as_good:.0%} "
            f"of {len(namings):,} exchanges do as well), wanted at most {MOST_AS_GOOD:.0%}; any two files are as good "
            "on such a network: train it first"
        )


def _name_otherwise(classes: int) -> NDArray[np.int64]:
    """(namings, classes): the answer that stands for each class; all but the network's own, or some of them."""
    if classes <= _ALL:
        return np.array(list(islice(permutations(range(classes)), 1, None)), np.int64)
    drawn = np.random.default_rng(0)
    return np.stack([drawn.permutation(classes) for _ in range(_DRAWS)])


def _fit(confusion: NDArray[np.int64], namings: NDArray[np.int64]) -> NDArray[np.float64]:
    """(namings,): mean IoU, which a frequent class does not decide alone."""
    right = confusion[np.arange(len(confusion)), namings]
    wanted = np.broadcast_to(confusion.sum(1), right.shape)
    return mean_iou(np.stack([right, wanted, confusion.sum(0)[namings]], -2))
