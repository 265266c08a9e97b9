"""The pictures come in: each is decoded once, before anything is trained, and broken ones are named."""

from dataclasses import replace

from ressq_edge.atomic import write_bytes
from ressq_edge.config import write_config
from ressq_edge.data.cache import clear_cache, fill_cache
from ressq_edge.data.grouping import read_groups
from ressq_edge.data.split import PARTS, pictures_sha256, write_split
from ressq_edge.data.survey import Survey
from ressq_edge.errors import UnreadableError
from ressq_edge.pages.data import make_data_page
from ressq_edge.pages.masks import make_mask_page
from ressq_edge.reports.data_report import DataReport
from ressq_edge.session import Session, Start
from ressq_runtime.faults import Faults

_PAGES = {"classify": make_data_page, "segment": make_mask_page}


def decode_pictures(session: Session) -> Start:
    """Decode every picture once; -> the start, without unreadable pictures where those may be skipped.

    A new run begins to exist here: config.json is written when all pictures can be read.

    Raises:
        MaskError: a mask changed since the scan.
        UnreadableError: pictures cannot be read, and it was not asked to skip them.
        SplitError: a class has no readable picture left.
        Interrupted: `stop` said so.
        OutputError: the run folder cannot be written.
    """
    request, start, screen = session.request, session.start, session.screen
    total = sum(len(start.split.samples(part)) for part in PARTS)
    with screen.bar("decoding", total) as advance:

        def tick() -> None:
            advance(1)
            session.check_stop("stopped while decoding; nothing was trained yet")

        reasons = fill_cache(
            session.cache,
            start.split,
            request.data,
            start.pixels,
            start.config.threads,
            tick,
        )
    if start.survey is not None:
        write_data_page(session, start.survey, reasons)
    if reasons:
        what = "pictures or masks" if start.split.masks else "pictures"
        told = Faults(reasons.values()).lines()
        for line in told:
            screen.say(f"unreadable: {line}")
        if not request.skip_unreadable or request.resume:
            clear_cache(session.cache)  # of no use to the next run, and its pictures may be patients'
            advice = "mend or remove them, or train without them by --skip-unreadable"
            if request.resume:
                advice = "bring back those that the run began with, or train into another folder"
            page = request.out / "data.html"
            where = f"; {page} names them" if len(told) < len(reasons) and request.thumbnails and page.exists() else ""
            raise UnreadableError(
                f"{request.data}: found {len(reasons)} unreadable {what} of {total} (listed above{where}), "
                f"wanted none; {advice}",
                reasons,
            )
        start = replace(start, split=start.split.without(reasons))
        screen.say(f"skipped: {len(reasons)} unreadable {what}, listed in split.json")
    if not (request.out / "config.json").exists():
        write_split(request.out, start.split)
        digest = pictures_sha256(start.split, request.data)
        write_config(request.out, start.config, {**start.about, "pictures_sha256": digest})
    return start


def write_data_page(session: Session, survey: Survey, unreadable: dict[str, str]) -> None:
    """Write RUN/data.html.

    Raises:
        OutputError: the file cannot be written.
    """
    request, start = session.request, session.start
    names = [name for part in PARTS for name, _ in start.split.samples(part)]
    groups = read_groups(request.group_by, names, request.data) if request.group_by else {}
    report = DataReport(start.split, survey, unreadable, groups, start.scanned)
    root = request.data if start.about["thumbnails"] else None
    page = _PAGES[start.config.task](request.out.resolve().name, report, start.pixels, start.notes, root)
    write_bytes(request.out / "data.html", page)
