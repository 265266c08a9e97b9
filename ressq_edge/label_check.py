"""The label check: after training, by the best weights, each training and validation picture once."""

from ressq_edge.atomic import write_bytes
from ressq_edge.network.checkpoint import load_checkpoint
from ressq_edge.pages.suspects import WHY_WEAK, make_suspects_page
from ressq_edge.pages.thumbnails import draw_thumbnail
from ressq_edge.reports.suspects import JUDGED, CentredStore, Suspect, find_suspects, open_centred
from ressq_edge.session import Session, Start


def write_suspects(session: Session) -> None:
    """Write RUN/suspects.html.

    Raises:
        Interrupted: `stop` said so; --resume goes on here.
        OutputError: the file cannot be written.
        CheckpointError: best.safetensors is damaged.
        PictureError: a picture cannot be decoded any more.
    """
    start, screen, folder = session.start, session.screen, session.folder
    best = load_checkpoint(folder / "best.safetensors")
    stores = {part: open_centred(session.cache, start.split, session.data, best, part) for part in JUDGED}
    with screen.bar("checking labels", sum(map(len, stores.values()))) as advance:

        def tick(count: int) -> None:
            advance(count)
            session.check_stop("stopped while checking labels; training is done")

        found = find_suspects(best, stores, tick)
    named = start.about.get("thumbnails", True)
    shown = [_show(suspect, start, stores[suspect.part]) if named else None for suspect in found.listed]
    page = make_suspects_page(folder.resolve().name, best.metrics["epoch"], found, best.labels, shown)
    write_bytes(folder / "suspects.html", page)
    if found.weak:
        screen.say(f"the network is too weak to judge labels: {WHY_WEAK}")
    elif found.worth:
        screen.say(f"{found.worth:,} of {found.pictures:,} labels look doubtful, as a hint: {folder / 'suspects.html'}")


def _show(suspect: Suspect, start: Start, store: CentredStore) -> tuple[str, str]:
    """The path below the data folder, and what the network saw, as a data URI."""
    name, _ = start.split.samples(suspect.part)[suspect.number]
    return name, draw_thumbnail(store[suspect.number].tobytes(), store.spec)
