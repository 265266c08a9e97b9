"""The class names of a model that carries none: a text with one a line, as the makers of such models hand them out."""

from __future__ import annotations

import re

from ressq_runtime.errors import ArtefactError, printable

# "0 cat" (Teachable Machine), "0: cat", "0,cat"; not "0.5 mm", "0:30".
_NUMBERED = re.compile(r"(\d{1,6})(?:\s+|[:,;]\s+|[:,;](?=\D))(\S.*)")
# The class that TF-Slim's networks have before ImageNet's thousand.
_BACKGROUND = ("background", "dummy", "???", "unused")
_TF_SLIM = 1001
_WANTED = "wanted a UTF-8 text with one label a line, in the order of the scores"


def read_labels(path: str) -> tuple[list[str], list[str]]:
    """The labels in a file, all different, and what a person should know of how they were read.

    Blank lines are none. Where numbers from 0 on stand before all, they say the order. A label that comes again gets
    a number: two of ImageNet's thousand are called crane.

    Raises:
        ArtefactError: it can't be read, is no list of labels, or has fewer than two different ones.
    """
    try:
        with open(path, encoding="utf-8-sig") as file:
            text = file.read()
    except UnicodeDecodeError as error:
        raise ArtefactError(f"{path}: found other bytes than UTF-8's, {_WANTED}; save it as UTF-8") from error
    except OSError as error:
        raise ArtefactError(f"{path}: can't read labels ({error.strerror}), {_WANTED}; check the path") from error
    _refuse_other_kinds(path, text)
    lines = {number: printable(line.strip()) for number, line in enumerate(text.split("\n"), 1) if line.strip()}
    if len(set(lines.values())) < 2:
        found = f"{next(iter(lines.values()))!r} alone" if lines else "no label"
        raise ArtefactError(f"{path}: found {found}, wanted two or more different labels, one a line; write them")
    lines, notes = _take_numbers(lines)
    labels, more = _tell_apart(lines)
    return labels, [f"{path}: {note}" for note in notes + more]


def explain_labels(given: object) -> str:
    """Why these are no labels for a model: a text, or some beside a card's, or None without a card."""
    if isinstance(given, str):
        return "found one text for labels, wanted a list of them; read a file's lines first"
    if given is not None:
        return "found labels inside the artefact and --labels too; leave --labels out"
    return (
        "found a model without a card, wanted an artefact of ressq-export; copy it again if it is "
        "one, else name its classes (ressq-infer --labels FILE, one a line)"
    )


def check_count(path: str, labels: list[str], scores: int, model: str) -> None:
    """Compares the labels in `path` with the number of scores of the model that they are for.

    Raises:
        ArtefactError: they are more or fewer.
    """
    count = len(labels)
    if scores in (1, count):  # one: the model leaves their number open
        return
    mend = "take the labels that came with this model"
    if scores == count - 1 and labels[0].lower() in _BACKGROUND:
        mend = f"delete the first, {labels[0]!r}, which this model seems to be without"
    elif scores == count + 1 == _TF_SLIM:
        mend = "write 'background' before the first, if that is this model's first class"
    raise ArtefactError(f"{path}: found {count} labels, wanted one for each of the {scores} scores of {model}; {mend}")


def _refuse_other_kinds(path: str, text: str) -> None:
    start = text.lstrip()[:100].lower()
    if "\0" in start:
        raise ArtefactError(f"{path}: found other bytes than UTF-8's, {_WANTED}; save it as UTF-8")
    if start.startswith(("<!doctype", "<html")):
        raise ArtefactError(f"{path}: found a web page, {_WANTED}; download the file itself")
    if (start.startswith(("{", "[")) and _is_literal(text)) or re.match(r"(item\s*\{|names\s*:)", start):
        raise ArtefactError(f"{path}: found JSON or another map, {_WANTED}; write the names alone, one a line")


def _is_literal(text: str) -> bool:
    """Whether the text is a list or map of JSON's or Python's."""
    from ast import literal_eval

    try:
        literal_eval(text.strip())
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return False
    return True


def _take_numbers(lines: dict[int, str]) -> tuple[dict[int, str], list[str]]:
    """The lines in the order of the numbers before them, which are left out, where there are such."""
    found = [_NUMBERED.fullmatch(text) for text in lines.values()]
    numbered = {int(match[1]): match[2] for match in found if match}
    # "1 spot", "2 spots": numbers that make the difference stay.
    if sorted(numbered) != list(range(len(lines))) or len(set(numbered.values())) * 10 < len(lines) * 9:
        return lines, []
    kept = dict(zip((int(match[1]) for match in found if match), lines, strict=True))
    note = f"took the numbers 0 to {len(lines) - 1} before its labels for their order, and left them out"
    return {kept[number]: numbered[number] for number in range(len(lines))}, [note]


def _tell_apart(lines: dict[int, str]) -> tuple[list[str], list[str]]:
    """The labels, a number behind each that was there before."""
    found: dict[str, None] = {}
    taken, again = set(lines.values()), []
    for number, label in lines.items():
        name, count = label, 2
        if label in found:
            while (name := f"{label} ({count})") in taken:
                count += 1
            taken.add(name)
            again.append(f"found {label!r} again in line {number}, which answers as {name!r}")
        found[name] = None
    more = f", and {len(again) - 1} more such lines" if len(again) > 1 else ""
    return list(found), [f"{again[0]}{more}; rename it there"] if again else []
