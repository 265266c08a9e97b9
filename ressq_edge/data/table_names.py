"""Class names that a spreadsheet or pandas takes for something else when it reads a table of answers."""

import re
from collections.abc import Sequence

# What pandas' read_csv takes for a missing value unless told otherwise (pandas 3.1).
_MISSING = {
    "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A", "NA", "NULL",
    "NaN", "None", "n/a", "nan", "null",
}  # fmt: skip
_MONTH = r"(?i:(jan|feb|mar|apr|may|jun|jul|aug|sept?|oct|nov|dec)[a-z]*)"
_KINDS = {
    "a missing value": ["|".join(map(re.escape, sorted(_MISSING))), r"\s*"],
    "a formula": [r"[=+\-@].*"],
    "true or false": ["(?i:true|false)"],
    "a date or time": [
        r"\d{1,4}([-/.]\d{1,4}){1,2}", r"\d+(:\d\d){1,2}", rf"{_MONTH}[-/ .]?\d{{1,4}}", rf"\d{{1,2}}[-/ .]?{_MONTH}",
    ],
    # Whole numbers as they are written stay so, up to the 15 digits that a spreadsheet keeps.
    "a number": [
        r"0\d+", r"\d{16,}", r"\d*[.,]\d+", r"\d+[.,]", r"\d+(\.\d*)?[eE][+-]?\d+", r"[\d.,]*\d[%$€£]",
        r"[$€£]\d[\d.,]*", r"\(\d+\)", "(?i:inf|infinity)",
    ],
}  # fmt: skip
_SHOWN = 3  # of a kind


def tell_changed(labels: Sequence[str]) -> list[str]:
    """A note on such class names, if there are some."""
    kinds: dict[str, list[str]] = {}
    for label in labels:
        if kind := next((kind for kind in _KINDS if _is(kind, label)), None):
            kinds.setdefault(kind, []).append(label)
    if not kinds:
        return []
    found = "; ".join(f"{_shorten(names)} for {kind}" for kind, names in kinds.items())
    return [
        f"spreadsheets or pandas take class names for something else: {found}; rename the folders, or read tables of "
        "answers as docs/tables.md says"
    ]


def _is(kind: str, label: str) -> bool:
    return any(re.fullmatch(pattern, label, re.DOTALL) for pattern in _KINDS[kind])


def _shorten(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(name if name.strip() else repr(name) for name in names[:_SHOWN]) + more
