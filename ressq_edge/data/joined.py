"""Groups that join pictures of several classes: a patient, healthy here and sick there, or two plants of one number."""

import re
import shlex
from collections import defaultdict
from collections.abc import Mapping, Sequence

from ressq_edge.data.grouping import Groups
from ressq_edge.data.split import Samples
from ressq_edge.data.table import TABLES
from ressq_runtime.inputs.names import compose

_SHOWN = 3  # classes


def tell_joined(
    source: str, groups: Groups, parts: Mapping[str, Samples], labels: Sequence[str], *, given: bool
) -> str | None:
    """What a person should know of such groups, with what would keep the classes apart; None where there are none.

    Args:
        source: the expression or table that made the groups.
        groups: picture name -> group.
        parts: the pictures.
        labels: the classes.
        given: the parts are folders, with which the names of their pictures begin.
    """
    class_of = {name: label for pictures in parts.values() for name, label in pictures}
    classes: dict[str, set[int]] = defaultdict(set)
    for name, group in groups.items():
        classes[group].add(class_of[name])
    joined = {group: found for group, found in classes.items() if len(found) > 1}
    if not joined:
        return None
    first, found = next(iter(joined.items()))
    names = [labels[index] for index in sorted(found)]
    shown = ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
    example, how = shown, "call them otherwise in the table"  # which may name patients whom no path does
    if not source.lower().endswith(TABLES):
        example = f"{first}: {shown}"
        apart = _keep_apart(source, groups, class_of, "^[^/]+/" if given else "^")
        how = f"--group-by {shlex.quote(apart)}" if apart else "--group-by TABLE.csv with a name for each"
    return (
        f"{len(joined)} of {len(classes)} groups by {source} hold pictures of several classes ({example}); "
        f"if these are different things of one name: {how}"
    )


def _keep_apart(pattern: str, groups: Groups, class_of: Mapping[str, int], above: str) -> str | None:
    """An expression whose group begins with the class; None where none of those tried parts the same pictures."""
    bare = pattern.removeprefix("^")
    anywhere = "" if bare != pattern else ".*?"
    opened = bare.find("(")
    moved = bare[:opened] + bare[opened + 1 :] if opened >= 0 else f"{bare})"
    wanted = [(class_of[name], group) for name, group in groups.items()]
    for candidate in (f"{above}({anywhere}{moved}", f"{above}({anywhere}{bare})"):
        try:
            expression = re.compile(candidate)
        except re.error:
            continue
        matches = [expression.search(compose(name)) for name in groups]
        found = [match[1] for match in matches if match]
        pairs = set(zip(wanted, found, strict=False))
        if len(found) == len(wanted) and len(pairs) == len(set(wanted)) == len(set(found)):
            return candidate
    return None
