"""What a person should look at in a run's pictures before a network learns from them."""

from ressq_edge.data.image_issues import MANY_BLACK, STRETCH, black_share, tell_blank, tell_long
from ressq_edge.data.split import PARTS
from ressq_edge.pages.render import bdi
from ressq_edge.pages.words import percent
from ressq_edge.reports.data_report import FEWEST_OF_A_CLASS, LARGEST_IMBALANCE, DataReport
from ressq_runtime.inputs.picture_spec import PixelSpec

_MANY_SMALL = 0.1  # share of pictures that would have to be enlarged


def list_findings(report: DataReport, spec: PixelSpec) -> list[str]:
    """A sentence each, worst first; names in them are marked up."""
    split, found = report.split, list_shared_findings(report)
    if report.imbalance > LARGEST_IMBALANCE:
        found.append(
            f"The largest class has {report.imbalance:.0f} times as many training pictures as the smallest; weights in "
            "the loss make up for a part of that, more pictures of the rare classes for more."
        )
    rare = [name for name, n in zip(split.labels, split.counts("train"), strict=True) if n < FEWEST_OF_A_CLASS]
    if rare:
        shown = ", ".join(rare[:5]) + (f" and {len(rare) - 5} more" if len(rare) > 5 else "")
        found.append(f"Fewer than {FEWEST_OF_A_CLASS} training pictures: " + bdi(shown) + ".")
    small = float((report.sides() < min(spec.height, spec.width)).mean()) if len(report.sides()) else 0.0
    if small > _MANY_SMALL:
        found.append(f"{percent(small, 0)} of the pictures are smaller than the network's input and are enlarged.")
    if not all(map(split.samples, PARTS)):
        found.append("There are no test pictures: no figure will be unbiased.")
    return found


def list_shared_findings(report: DataReport, *, cropped: bool = True) -> list[str]:
    """Those that any pictures may give; cropped: the network sees only the middle of a long one."""
    found = []
    if report.torn:
        found.append(
            f"{len(report.torn):,} pairs of pictures in two parts show the same: figures on val and test will look "
            "better than they are."
        )
    if report.contradicting:
        found.append(
            f"{len(report.contradicting):,} pairs of pictures that show the same are in two classes: one label of each "
            "pair may be wrong."
        )
    if report.survey.near_duplicates is None:
        found.append("Pictures that show the same were not searched among so many: --compare-all does it.")
    if report.unreadable:
        what = "pictures or masks" if report.split.masks else "pictures"
        found.append(f"{len(report.unreadable):,} {what} cannot be read.")
    found += _issues(report, cropped=cropped)
    if report.located:
        found.append(
            f"Privacy: {report.located:,} pictures tell in their EXIF data or GeoTIFF tags where they were taken. No "
            "part of that enters the run or an artefact; remove it before you share the pictures."
        )
    return found


def _issues(report: DataReport, *, cropped: bool) -> list[str]:
    """What the network sees otherwise than a person."""
    found = []
    if (black := black_share(report.survey)) > MANY_BLACK:
        found.append(f"{percent(black, 0)} of the pictures are nearly black: {STRETCH}.")
    if blank := tell_blank(report.survey, named=False):
        found.append(f"{blank}.")
    if cropped and (long := tell_long(report.survey)):
        found.append(f"{long}.")
    return found
