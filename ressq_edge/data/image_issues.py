"""What the first look tells of pictures that the network sees otherwise than a person: values, bands, shapes."""

import numpy as np

from ressq_edge.data.survey import Survey

NEARLY_BLACK = 16  # mean of the brightest channel, 0..255: 12 bits in a file of 16 are read as 0 to 4095 / 257
BLANK = 1.0  # standard deviation of the brightest channel at 64 x 64 pixels, 0..255: a sensor's noise is above it
_SHOWN = 3  # names of blank pictures
MANY_BLACK = 0.1  # share of the pictures; below it, some may have been taken in the dark
LONG = 2  # times as long as wide: half of the picture is outside the central square
MANY_LONG = 0.05  # share of the pictures; a few panoramas do no harm
STRETCH = "values of 12 bits in files of 16, say, must be stretched (times 16) before training: docs/data.md shows how"


def black_share(survey: Survey) -> float:
    """Nearly black pictures to all that can be read."""
    looks = survey.looks[survey.looks["size"][:, 0] > 0]
    return float(np.mean(looks["mean"].max(1) < NEARLY_BLACK)) if len(looks) else 0.0


def tell_blank(survey: Survey, *, named: bool) -> str | None:
    """How many of the pictures are of one colour throughout, and a few of their names; None where none is."""
    readable = survey.looks["size"][:, 0] > 0
    blank = np.flatnonzero(readable & (survey.looks["deviation"].max(1) < BLANK))
    if not len(blank):
        return None
    shown = ", ".join(survey.names[index] for index in blank[:_SHOWN]) + (", ..." if len(blank) > _SHOWN else "")
    return (
        f"{len(blank):,} of {readable.sum():,} pictures are blank, of one colour throughout"
        f"{f' ({shown})' if named else ''}; remove them, or save them again from what shows more"
    )


def tell_long(survey: Survey) -> str | None:
    """How many of the pictures are so long that most of them is not seen; None where they are few."""
    sides = survey.looks["size"][survey.looks["size"][:, 0] > 0]
    long = int((sides.max(1) > LONG * sides.min(1)).sum())
    if long <= MANY_LONG * len(sides):
        return None
    return (
        f"{long:,} of {len(sides):,} pictures are more than twice as long as wide; the network sees only their middle; "
        "cut out the part that matters"
    )


def tell_values(survey: Survey, *, cropped: bool = True) -> list[str]:
    """What a person should know, a note each; cropped: the network sees only the middle of a long picture."""
    notes = []
    if (share := black_share(survey)) > MANY_BLACK:
        notes.append(f"{share:.0%} of the pictures are nearly black; {STRETCH}")
    if blank := tell_blank(survey, named=True):
        notes.append(blank)
    if cropped and (long := tell_long(survey)):
        notes.append(long)
    if opaque := int(survey.looks["opacity"].sum()):
        notes.append(
            f"{opaque:,} TIFFs have a fourth band, or a second one beside grey, which is taken for opacity; if it is "
            "near infrared, say, save three bands (gdal_translate -b 1 -b 2 -b 3) or one"
        )
    if left_out := int(survey.looks["left_out"].sum()):
        notes.append(
            f"{left_out:,} TIFFs have more bands than are read: all but the first three, of grey ones all but the "
            "first, are left out; choose three (gdal_translate -b 4 -b 1 -b 2, say)"
        )
    return notes
