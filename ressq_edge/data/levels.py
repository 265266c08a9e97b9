"""What the folders below the class folders may mean: the classes themselves, or what must not be torn apart."""

from collections import Counter, defaultdict

from ressq_edge.data.split import PARTS, Split

_SHOWN = 3  # names of sub-folders


def tell_levels(split: Split, *, grouped: bool) -> list[str]:
    """What a person should know of the sub-folders, a note each.

    Args:
        split: of pictures named `class/sub-folder/...`, those of given parts `part/class/sub-folder/...`.
        grouped: pictures are kept together by --group-by.
    """
    above = 2 if split.origin == "folders" else 1  # levels above a sub-folder
    of_class: list[set[str]] = [set() for _ in split.labels]
    parts_of: dict[str, set[str]] = defaultdict(set)
    loose = False
    for part in PARTS:
        for name, label in split.pictures(part):
            levels = name.split("/", above + 1)
            if len(levels) == above + 2:
                of_class[label].add(levels[above])
                parts_of[levels[above]].add(part)
            else:
                loose = True
    torn = 0 if grouped else sum(len(parts) > 1 for parts in parts_of.values())
    return [*_tell_recurring(of_class), *_tell_torn(torn, above, loose=loose)]


def _tell_recurring(of_class: list[set[str]]) -> list[str]:
    """The folders of patients may have been taken for the classes, and those of the classes passed over."""
    everywhere = sorted(set.intersection(*of_class))
    holds = "each class folder holds"
    if len(everywhere) < 2 and len(set.union(*of_class)) < len(of_class) and all(of_class):
        # One patient is healthy, another sick: fewer names than folders, and each in several.
        counts = Counter(name for names in of_class for name in names)
        both = max(map(len, of_class)) > 1  # else one name a folder: a year, say
        everywhere = sorted(counts) if both and min(counts.values()) > 1 else []
        holds = "the class folders hold, over and over,"
    if len(everywhere) < 2 or (len(of_class) == 2 and of_class[0] != of_class[1]):
        return []
    shown = [f"{name}/" for name in everywhere[:_SHOWN]]
    more = len(everywhere) - len(shown)
    listed = f"{', '.join(shown)} and {more} more" if more else f"{', '.join(shown[:-1])} and {shown[-1]}"
    return [f"{holds} {listed}: the first level is taken for the class; if these are the classes, swap the levels"]


def _tell_torn(torn: int, above: int, *, loose: bool) -> list[str]:
    """Of one patient some pictures may be learned from and others measured on."""
    if not torn:
        return []
    # An expression must find a group for each picture, those beside the sub-folders as well.
    how = "TABLE.csv" if loose else f"'^{'[^/]+/' * above}([^/]+)/'"
    return [
        f"{torn:,} sub-folders below the class folders are not kept together; "
        f"if each is a patient, a site or a thing: --group-by {how}"
    ]
