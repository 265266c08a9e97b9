"""Names of classes and pictures that no run begins with: an artefact, a page or another file system would trip."""

from collections.abc import Iterable
from pathlib import Path

from ressq_edge.errors import SplitError
from ressq_runtime.errors import printable
from ressq_runtime.inputs.names import compose, locate


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
                f"rename it, by {_rename(root, wanted[name])}, say"
            )


def refuse_moved_form(root: Path, names: Iterable[str]) -> None:
    """Raises SplitError where pictures of a run are there, but under names in another Unicode form."""
    listed: dict[str, dict[str, str]] = {}
    for name in names:
        if not name.isascii() and not (root / name).exists() and Path(locate(str(root), name, listed)).exists():
            raise SplitError(
                f"{root}: found {compose(name)} in another Unicode form than when the run began, wanted the same; "
                f"rename it, by {_rename(root, name)}, say"
            )


def _rename(root: Path, wanted: str) -> str:
    """The command that gives all names below a folder the Unicode form of this one."""
    return f"convmv -f utf8 -t utf8 --{'nfc' if compose(wanted) == wanted else 'nfd'} -r --notest {root}"


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
