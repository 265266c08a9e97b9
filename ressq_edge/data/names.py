"""Names of classes and pictures that no run begins with: an artefact, a page or another file system would trip."""

from collections.abc import Iterable
from pathlib import Path
from unicodedata import normalize

from ressq_edge.errors import SplitError
from ressq_runtime.errors import printable


def compose(name: str) -> str:
    """The name in the Unicode form NFC: an archive made on a Mac may hold an accent as a sign of its own, NFD."""
    return normalize("NFC", name)


def refuse_two_forms(folder: Path, labels: Iterable[str]) -> None:
    """Raises SplitError where two classes are written the same: they would be learned as two."""
    seen: dict[str, str] = {}
    for label in labels:
        other = seen.setdefault(compose(label), label)
        if other != label:
            raise SplitError(
                f"{folder}: found the class {compose(label)} in two Unicode forms ({other!a} and {label!a}), "
                "wanted it once; merge its folders"
            )


def refuse_other_form(root: Path, part: str, found: Iterable[str], labels: Iterable[str]) -> None:
    """Raises SplitError where a class of a part is one of train/ but for its Unicode form.

    Args:
        root: the data folder.
        part: the name of the part's folder.
        found: its classes.
        labels: those of train/.
    """
    there, wanted = ({compose(label): label for label in some} for some in (found, labels))
    for name in wanted:
        if there.get(name, wanted[name]) != wanted[name]:
            raise SplitError(
                f"{root}: found {name} in another Unicode form in {part}/ than in train/ ({there[name]!a} and "
                f"{wanted[name]!a}), wanted the same in each; "
                "rename it, by convmv -f utf8 -t utf8 --nfc -r --notest, say"
            )


def refuse_control_characters(root: Path, labels: Iterable[str]) -> None:
    """No artefact may carry such a label: a line break tears a table, and a terminal obeys an escape sequence."""
    for label in labels:
        if printable(label) != label:
            raise SplitError(f"{root}: found a control character in the class {label}, wanted none; rename its folder")


def refuse_no_utf8(root: Path, names: Iterable[str]) -> None:
    """split.json, the pages and the artefacts are UTF-8; Linux gives other names as lone surrogates."""
    odd = [name for name in names if not name.isascii() and any("\udc80" <= sign <= "\udcff" for sign in name)]
    if odd:
        raise SplitError(
            f"{root}: found {len(odd)} names that are not UTF-8, the first {odd[0]!a}, wanted none; "
            "rename them, by convmv -f latin1 -t utf8 -r --notest, say"
        )
