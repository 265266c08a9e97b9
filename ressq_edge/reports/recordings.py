"""What summary.md says beside the windows: by recording, by group, and what a random draw would have claimed."""

from __future__ import annotations

import torch
from torch import Tensor

from ressq_edge.findings.intervals import share_interval
from ressq_edge.training.samples import WindowSamples


def tell_claim(claimed: float | None, honest: float) -> list[str]:
    """A sentence on what a random draw of windows would have claimed beside the share that is right."""
    if claimed is None:
        return []
    points = 100 * (claimed - honest)
    return [
        f"A random draw of windows would have claimed {claimed:.1%}, {abs(points):.1f} points "
        f"{'more' if points >= 0 else 'less'}: windows of one recording would be in two parts. It was trained so, too, "
        "by the same recipe, and is not kept."
    ]


def tell_recordings(kept: Tensor, val: WindowSamples) -> str:
    """How many validation recordings are right by the mean of their windows' scores.

    kept: (windows, classes), logits.
    """
    windows = val.windows
    numbers = torch.tensor(windows.recordings)
    scores = kept.softmax(1)
    right, groups = [], []
    for number in dict.fromkeys(windows.recordings):
        mine = numbers == number
        first = windows.recordings.index(number)
        right.append(int(scores[mine].mean(0).argmax()) == windows.targets[first])
        groups.append(windows.groups[first])
    apart = len(set(groups)) < len(groups)
    low, high = share_interval(right, groups if apart else ())
    over = " over groups" if apart else ""
    return (
        f"**{sum(right) / len(right):.1%} of {len(right)} validation recordings right**, by the mean of their windows "
        f"(95 % interval {low:.1%} to {high:.1%}{over})."
    )


def tell_groups(kept: Tensor, val: WindowSamples) -> list[str]:
    """How far groups differ, where recordings are grouped: of their windows, the share that is right."""
    windows = val.windows
    groups, right = torch.tensor(windows.groups), kept.argmax(1) == torch.tensor(windows.targets)
    numbers = sorted(set(windows.groups))
    if len(numbers) == len(set(windows.recordings)):
        return []
    shares = [float(right[groups == number].float().mean()) for number in numbers]
    if len(shares) == 1:
        return ["All of them are of one group, which tells nothing of others."]
    mean = sum(shares) / len(shares)
    return [f"By group: {mean:.1%} of the windows right in the mean of {len(shares)}, {min(shares):.1%} in the worst."]
