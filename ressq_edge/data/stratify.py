"""A seeded split of samples with several classes each: rare classes come into every part, as far as they can.

Iterative stratification (Sechidis, Tsoumakas and Vlahavas, On the Stratification of Multi-Label Data, 2011, algorithm
1): the class with the fewest samples left is placed first, each of its samples where that class is wanted most. What
belongs together is placed as one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ressq_edge.data.grouping import Groups, spread_groups
from ressq_edge.data.seeds import draw_seed
from ressq_edge.data.split import Sample, Samples
from ressq_runtime.inputs.names import compose

# Name of a sample -> the classes in it.
Held = Mapping[str, Sequence[int]]


def stratify(samples: Samples, held: Held, shares: Sequence[float], seed: int, together: Groups) -> list[Samples]:
    """All but the shares, then a part for each share, each sorted; a part may be empty where there are few groups.

    Args:
        samples: to be drawn from.
        held: the classes in each; a sample without an entry has none.
        shares: of the samples, for each part but the first.
        seed: of the order in which equals are placed.
        together: name -> group; a sample alone is in none.
    """
    units = _gather(samples, together, seed)
    classes = 1 + max((label for found in held.values() for label in found), default=0)
    counts = np.zeros((len(units), classes), np.int64)
    for row, unit in enumerate(units):
        for name, _ in unit:
            counts[row, list(held.get(name, ()))] += 1
    places = _place(counts, np.array(list(map(len, units))), shares)
    parts: list[list[Sample]] = [[] for _ in range(1 + len(shares))]
    for unit, place in zip(units, places.tolist(), strict=True):
        parts[place] += unit
    return _spread(parts, held, together, classes)


def _gather(samples: Samples, together: Groups, seed: int) -> list[list[Sample]]:
    """Samples that belong together, the groups in the order of the seed."""
    units: dict[str, list[Sample]] = {}
    # Each sample draws for itself: added ones leave the order of the others as it was.
    for sample in sorted(samples, key=lambda one: draw_seed(seed, "split", compose(one[0]))):
        units.setdefault(together.get(sample[0], sample[0]), []).append(sample)
    return list(units.values())


def _place(counts: NDArray[np.int64], sizes: NDArray[np.int64], shares: Sequence[float]) -> NDArray[np.int64]:
    """The part of each unit, 0 for what no share takes.

    counts: (units, classes), samples of each class; sizes: (units,), samples.
    """
    wanted = _divide(counts.sum(0), shares)  # (parts, classes), then what is still lacking
    room = _divide(sizes.sum(keepdims=True), shares)[:, 0]
    places = np.full(len(counts), -1)
    left = counts.sum(0)
    while (left > 0).any():
        label = int(np.where(left > 0, left, np.iinfo(np.int64).max).argmin())
        for unit in np.flatnonzero((counts[:, label] > 0) & (places < 0)):
            _take(int(unit), np.lexsort((-room, -wanted[:, label]))[0], counts, sizes, wanted, room, places)
            left -= counts[unit]
    for unit in np.flatnonzero(places < 0):  # without any class
        _take(int(unit), int(room.argmax()), counts, sizes, wanted, room, places)
    return places


def _divide(totals: NDArray[np.int64], shares: Sequence[float]) -> NDArray[np.int64]:
    """(parts, totals): one or more for each share, the rest first; none is below 1 where there is something."""
    some = np.minimum(1, totals)
    taken = [np.maximum(some, np.round(share * totals).astype(np.int64)) for share in shares]
    return np.stack([np.maximum(some, totals - sum(taken)), *taken])


def _take(
    unit: int,
    part: int,
    counts: NDArray[np.int64],
    sizes: NDArray[np.int64],
    wanted: NDArray[np.int64],
    room: NDArray[np.int64],
    places: NDArray[np.int64],
) -> None:
    places[unit] = part
    wanted[part] -= counts[unit]
    room[part] -= sizes[unit]


def _spread(parts: list[list[Sample]], held: Held, together: Groups, classes: int) -> list[Samples]:
    """A part that lacks a class gets a group that another can spare; the first part gets one in any case."""
    targets = {name: target for part in parts for name, target in part}
    none = (classes,)  # of a sample without any: it goes with its group
    rows = [[(name, label) for name, _ in part for label in held.get(name) or none] for part in parts]
    spread_groups(rows, together, classes)
    for label in range(classes):
        donors = [part for part in rows[1:] if any(own == label for _, own in part)]
        if donors and not any(own == label for _, own in rows[0]):
            group = next(together.get(name, name) for name, own in donors[0] if own == label)
            moved = [row for row in donors[0] if together.get(row[0], row[0]) == group]
            donors[0][:] = [row for row in donors[0] if together.get(row[0], row[0]) != group]
            rows[0] += moved
    return [tuple((name, targets[name]) for name in sorted({name for name, _ in part})) for part in rows]
