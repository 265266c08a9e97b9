"""Faults of many pictures, as lines for a person: one for a kind that many share, with their number and the first."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

# Of one kind, so many pictures have a line each: their names are worth more than a short screen.
MOST_NAMED = 5
# Sizes and counts of bytes differ from picture to picture; the kind is the same.
_WITHOUT_DIGITS = dict.fromkeys(map(ord, "0123456789"))


class Faults:
    """Messages `path: found ...` of pictures that could not be read, few of them kept."""

    def __init__(self, messages: Iterable[str] = ()) -> None:
        self._kinds: dict[str, list[str]] = {}
        self._counts: dict[str, int] = {}
        for message in messages:
            self.add(message)

    def add(self, message: str) -> None:
        """Takes one more message."""
        kind = message.partition(": ")[2].translate(_WITHOUT_DIGITS)
        self._counts[kind] = self._counts.get(kind, 0) + 1
        kept = self._kinds.setdefault(kind, [])
        if len(kept) < MOST_NAMED:
            kept.append(message)

    def lines(self) -> list[str]:
        """The messages, one line for those of a kind that more than MOST_NAMED pictures share."""
        lines: list[str] = []
        for kind, kept in self._kinds.items():
            path, _, text = kept[0].partition(": ")
            count = self._counts[kind]
            lines += kept if count <= MOST_NAMED else [f"{count:,} pictures such as {path}: {text}"]
        return lines
