"""What the first look tells of values that may mean something else than they are read as."""

import numpy as np

from ressq_edge.survey import Survey

NEARLY_BLACK = 16  # mean of the brightest channel, 0..255: 12 bits in a file of 16 are read as 0 to 4095 / 257
MANY_BLACK = 0.1  # share of the pictures; below it, some may have been taken in the dark
STRETCH = "values of 12 bits in files of 16, say, must be stretched (times 16) before training"


def black_share(survey: Survey) -> float:
    """Nearly black pictures to all that can be read."""
    looks = survey.looks[survey.looks["size"][:, 0] > 0]
    return float(np.mean(looks["mean"].max(1) < NEARLY_BLACK)) if len(looks) else 0.0


def tell_values(survey: Survey) -> list[str]:
    """What a person should know, a note each."""
    notes = []
    if (share := black_share(survey)) > MANY_BLACK:
        notes.append(f"{share:.0%} of the pictures are nearly black; {STRETCH}")
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
