"""Folder names that mean a part of a data set: `train`, `seg_test`, `Val2017`, `my_test_set`, `predictions`.

The rule: such a word alone decides nothing, for `train` is a vehicle and `test_tube` a thing; see `layout`.
"""

import re
from dataclasses import dataclass

_WORDS = {
    "train": "train training trn trainval",
    "val": "val valid validate validation validating dev devel",
    "test": "test tests testing tst eval evaluate evaluation holdout heldout",
    "pred": "pred preds predict predicted prediction predictions infer inference unlabeled unlabelled",
}
# What such a word is joined with: `testset`, `train-images`. No word of a class's own.
_FILLERS = "set sets data dataset image images img imgs picture pictures pic pics photo photos file files folder split"
_PARTS = {word: part for part, words in _WORDS.items() for word in words.split()}
_JOINED = {word + filler: part for word, part in _PARTS.items() for filler in _FILLERS.split()}


@dataclass(frozen=True)
class PartName:
    """What a folder's name says if it names a part.

    part: "train", "val", "test", or "pred" for pictures without labels.
    stem: the other words and digits, which the parts of one data set share: of `Train2017` it is `2017`.
    """

    part: str
    stem: str


def read_part_name(name: str) -> PartName | None:
    """What a folder's name says as that of a part; None where no word of it means one."""
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).casefold()
    words = re.findall(r"[^\W\d_]+|\d+", re.sub(r"(h[eo]ld)[\W_]*out", r"\1out", parted))
    parts = {word: part for word in words if (part := _PARTS.get(word) or _JOINED.get(word))}
    if not parts:
        return None
    stem = " ".join(word for word in words if word not in parts and word not in _FILLERS.split())
    return PartName(min(parts.values(), key=list(_WORDS).index), stem)
