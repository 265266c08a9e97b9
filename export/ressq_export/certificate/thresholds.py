"""What thresholds on the probability do in a set of pictures: how many are answered, how many of those rightly."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from ressq_edge.findings.intervals import share_interval
from ressq_export.measurement.scores import TORCH, Scored
from ressq_runtime.tasks.thresholds import list_points


def describe_thresholds(scored: Scored, own: Mapping[str, float]) -> dict[str, list[dict[str, object]]]:
    """`thresholds` of a set in docs/certificate.md; own: each file's threshold by its kind."""
    found = {}
    for name in sorted(set(scored.scores) - {TORCH}):
        scores = scored.scores[name]
        right = (scores.argmax(1) == scored.truths).tolist()

        def interval(some: Sequence[int], right: list[bool] = right) -> tuple[float, float]:
            groups = [scored.groups[index] for index in some] if scored.groups else ()
            return share_interval([right[index] for index in some], groups)

        points = list_points(scores.max(1).tolist(), right, own.get(name, 0.0), interval)
        found[name] = [asdict(point) for point in points]
    return found
