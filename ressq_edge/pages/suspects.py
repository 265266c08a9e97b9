"""RUN/suspects.html: the pictures whose label the trained network doubts most."""

from collections.abc import Sequence
from importlib.resources import files
from xml.etree.ElementTree import Element

from ressq_edge.pages.markup import Child, element, label
from ressq_edge.pages.sheet import make_facts, make_header, make_sheet, make_verdict
from ressq_edge.pages.words import percent
from ressq_edge.reports.suspects import MOST_LISTED, Suspect, Suspects

WHY_WEAK = "on validation it may be no better than if it always gave the most frequent class"
_PARTS = {"train": "training", "val": "validation"}


def make_suspects_page(
    name: str, epoch: int, found: Suspects, labels: Sequence[str], shown: Sequence[tuple[str, str] | None]
) -> bytes:
    """The page, UTF-8.

    Args:
        name: of the run.
        epoch: that the best weights are of.
        found: the suspects.
        labels: class names.
        shown: for each that is listed its path and its thumbnail as a data URI; None where neither may be shown.
    """
    cards = [
        _card(place, suspect, labels, picture)
        for place, (suspect, picture) in enumerate(zip(found.listed, shown, strict=True), start=1)
    ]
    line = f"{found.pictures:,} training and validation pictures, judged by the weights of epoch {epoch}"
    header = make_header("ressq-edge label suspects", name, element("p", line, class_="quiet"))
    main = element("main", header, _verdict(found, labels), _listed(cards, None in shown), _meanings())
    style = (files(__package__) / "suspects.css").read_text(encoding="utf-8")
    return make_sheet(f"{name}: label suspects", main, style)


def _verdict(found: Suspects, labels: Sequence[str]) -> Element:
    listed, worth = len(found.listed), found.worth
    if found.weak:
        headline = "The network is too weak to judge labels"
    elif not listed:
        headline = "Every picture is answered as it is labelled"
    elif not worth:
        headline = "None of these stands out"
    else:
        headline = f"{worth:,} of {found.pictures:,} labels {'is' if worth == 1 else 'are'} worth a look"
    sentences: list[Child] = []
    if found.weak:
        sentences.append(
            f"{WHY_WEAK.capitalize()}: what it doubts, it may doubt by chance. Look at labels after a "
            "training that went better."
        )
    sentences += [
        "This is a hint, not a verdict. The network may be the one that errs, on hard pictures above all; and a wrong "
        "label that it learned by heart is not here. Only somebody who knows the thing can tell."
    ]
    if pair := _usual_pair(found):
        given, called, n = pair
        words = (label(labels[given]), " answered as ", label(labels[called]), f", {n} of them.")
        sentences.append(element("span", "Most often: ", *words))
    tiles = [
        ("pictures", f"{found.pictures:,}", "training and validation"),
        ("answered otherwise", f"{found.otherwise:,}", percent(found.otherwise / max(1, found.pictures))),
        ("listed here", f"{listed}", f"at most {MOST_LISTED}"),
        ("worth a look", f"{worth:,}", f"{sum(suspect.worth for suspect in found.listed)} of those listed"),
    ]
    return make_verdict("unsure" if worth or found.weak else "kept", headline, sentences, tiles)


def _usual_pair(found: Suspects) -> tuple[int, int, int] | None:
    """Label, answer and number of the most frequent confusion among those listed, if there is one."""
    pairs = [(suspect.given, suspect.called) for suspect in found.listed]
    if not pairs:
        return None
    most = max(dict.fromkeys(pairs), key=pairs.count)
    return (*most, pairs.count(most)) if pairs.count(most) > 1 else None


def _listed(cards: Sequence[Element], without: bool) -> Element | None:
    if not cards:
        return None
    text = "Highest loss first: the furthest from the label."
    if without:
        text += " Trained with --no-thumbnails: pictures are named by their place in split.json."
    shown = element("div", *cards, class_="cards")
    return element("section", element("h2", "The pictures"), element("p", text), shown)


def _card(place: int, suspect: Suspect, labels: Sequence[str], picture: tuple[str, str] | None) -> Element:
    image, name = None, f"{suspect.part}, picture {suspect.number + 1}"
    if picture is not None:
        name, address = picture
        image = element("img", src=address, alt=name, title=name, width="96", height="96")
    lines = [
        ("labelled", labels[suspect.given], suspect.given_probability),
        ("answered", labels[suspect.called], suspect.called_probability),
    ]
    told = [
        element("div", element("dt", kind), element("dd", label(said)), element("dd", percent(share, 0)), class_=kind)
        for kind, said, share in lines
    ]
    head = element("p", f"{place}", element("small", f"{_PARTS[suspect.part]}, loss {suspect.loss:.2f}"))
    body = element("div", head, element("dl", *told, class_="answers"), element("small", label(name), class_="path"))
    return element("article", image, body, class_="worth" if suspect.worth else "odd")


def _meanings() -> Element:
    meanings: list[tuple[str, Child]] = [
        ("loss", "minus the logarithm of the probability that the network gives to the label; 0 is full agreement"),
        (
            "worth a look",
            "marked; the network is as sure of its answer as it usually is of pictures that carry that label",
        ),
        ("to mend a label", "move the file into the folder of its class, and train again into a new run folder"),
        ("test pictures", "are not judged: what is chosen by them can't be measured on them"),
    ]
    return element("footer", make_facts(meanings))
