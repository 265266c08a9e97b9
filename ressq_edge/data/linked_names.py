"""Names that hang together through pairs: copies of copies, and the groups that they tie."""

from collections.abc import Iterable


class LinkedNames:
    """LinkedNames of names, of up to `most` names each; each goes by its first name."""

    def __init__(self, most: int | None = None) -> None:
        self._most = most
        self._parent: dict[str, str] = {}
        self._count: dict[str, int] = {}

    def first(self, name: str) -> str:
        """The first name of the group of this one."""
        parent = self._parent
        while parent.setdefault(name, name) != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    def count(self, first: str) -> int:
        """How many names the group with this first name has."""
        return self._count.get(first, 1)

    def join(self, one: str, other: str) -> None:
        """Make one group of the two names' groups, unless it would be too long."""
        first, second = sorted((self.first(one), self.first(other)))
        count = self.count(first) + self.count(second)
        if first != second and (self._most is None or count <= self._most):
            self._parent[second] = first
            self._count[first] = count


def join(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Name -> the first name of all that hang together through these pairs."""
    links = LinkedNames()
    names: dict[str, None] = {}
    for one, other in pairs:
        links.join(one, other)
        names[one] = names[other] = None
    return {name: links.first(name) for name in names}
