"""What a certificate shows of one set of pictures: the files side by side, flips, classes, reliability."""

from collections.abc import Mapping
from typing import Any
from xml.etree.ElementTree import Element

from ressq_edge.pages.markup import Child, element, label
from ressq_edge.pages.sheet import table
from ressq_edge.pages.words import count, kilobytes, percent
from ressq_export.certificate.charts import draw_change, draw_interval, draw_reliability
from ressq_export.certificate.tables import COMPARED, INT8
from ressq_export.certificate.thresholds import show_thresholds
from ressq_export.measurement.scores import TORCH

Document = Mapping[str, Any]

# More would make a page of megabytes; the JSON lists all.
MOST_FLIPS = 48
# Of more classes only those that changed are listed.
_MOST_CLASSES = 30
_SHORT = {TORCH: "float", "int8.tflite": "TFLite int8", "int8.onnx": "ONNX int8"}


def show_set(document: Document, pictures: Document, thumbnails: Mapping[int, str]) -> Element:
    """The section of one set; thumbnails by the flip's number."""
    groups = pictures["groups"]
    read = f"{pictures['n']:,} pictures" + (f" of {groups:,} group{'s'[: groups > 1]}" if groups else "")
    missing = pictures["unreadable"]
    head = element(
        "h2", label(pictures["name"]), element("small", read + (f", {missing} unreadable" if missing else ""))
    )
    return element(
        "section", head, _files(document, pictures), *_flips(document, pictures, thumbnails),
        *_classes(pictures), *_reliability(document, pictures), *show_thresholds(document, pictures),
    )  # fmt: skip


def _files(document: Document, pictures: Document) -> Element:
    figures: Mapping[str, Any] = pictures["figures"]
    five = figures[TORCH]["top5"] is not None
    edges = [found[key] for found in figures.values() for key in ("top1_low", "top1_high")]
    margin = max(0.01, 0.06 * (max(edges) - min(edges)))
    axis = (min(edges) - margin, max(edges) + margin)
    heads = [
        "file",
        "top-1",
        "95 % interval",
        "",
        *(["top-5"] if five else []),
        "as torch",
        "loss",
        "ECE",
        "size",
        "ms here",
    ]
    rows: list[list[Child]] = []
    for name, found in figures.items():
        size = document["files"][name]["size_bytes"] if name in document["files"] else None
        rows.append([
            name, percent(found["top1"]), f"{percent(found['top1_low'])} – {percent(found['top1_high'])}",
            draw_interval(found, axis, figures[TORCH]["top1"]), *([percent(found["top5"])] if five else []),
            "–" if name == TORCH else percent(found["agreement"]), f"{found['nll']:.3f}", percent(found["ece"]),
            "–" if size is None else kilobytes(size), f"{document['latency']['median_ms'][name]:.2f}",
        ])  # fmt: skip
    return table(heads, rows, "files stack")


def _flips(document: Document, pictures: Document, thumbnails: Mapping[int, str]) -> list[Element]:
    flips = pictures["flips"]
    title = element("h3", f"Answers that changed: {len(flips)}")
    if not flips:
        return [title, element("p", "Both int8 files answer every picture as the float network does.")]
    cards = [_flip(number, flip, thumbnails.get(number)) for number, flip in enumerate(flips[:MOST_FLIPS])]
    made = [title, element("div", *cards, class_="cards")]
    if len(flips) > MOST_FLIPS:
        made.append(
            element(
                "p", f"The first {MOST_FLIPS} of {len(flips)}; the JSON beside this page lists all.", class_="quiet"
            )
        )
    if not document["pictures_named"]:
        made.append(
            element(
                "p",
                "Exported with --no-thumbnails: no picture and no file name is in this certificate.",
                class_="quiet",
            )
        )
    return made


def _flip(number: int, flip: Document, thumbnail: str | None) -> Element:
    lines = []
    for name in COMPARED:
        answer = flip["answers"][name]
        right = answer["label"] == flip["truth"]
        said = [
            element("dt", _SHORT[name]),
            element("dd", label(answer["label"])),
            element("dd", percent(answer["probability"], 0)),
        ]
        lines.append(element("div", *said, class_="right" if right else "wrong"))
    name = flip["picture"] or f"picture {number + 1}"
    image = element("img", src=thumbnail, alt=name, title=name, width="72", height="72") if thumbnail else None
    truth = element("p", label(flip["truth"]), element("small", label(name)) if not thumbnail else None)
    return element("article", image, element("div", truth, element("dl", *lines)))


def _classes(pictures: Document) -> list[Element]:
    classes = [found for found in pictures["classes"] if found["n"]]
    changes = {found["label"]: [found["right"][name] - found["right"][TORCH] for name in INT8] for found in classes}
    most = max((abs(change) for pair in changes.values() for change in pair), default=0)
    shown = classes if len(classes) <= _MOST_CLASSES else [found for found in classes if any(changes[found["label"]])]
    heads = ["class", "pictures", "float", *(part for name in INT8 for part in (_SHORT[name], "change"))]
    rows: list[list[Child]] = []
    for found in shown:
        row: list[Child] = [label(found["label"]), f"{found['n']:,}", percent(found["right"][TORCH] / found["n"])]
        for name, change in zip(INT8, changes[found["label"]], strict=True):
            delta = element("div", draw_change(change, most), element("span", count(change)), class_="delta")
            row += [percent(found["right"][name] / found["n"]), delta]
        rows.append(row)
    made = [element("h3", "Class by class"), table(heads, rows, "classes stack")]
    if len(shown) < len(classes):
        made.append(element("p", f"The other {len(classes) - len(shown)} classes did not change.", class_="quiet"))
    return made


def _reliability(document: Document, pictures: Document) -> list[Element]:
    """The temperature was fitted on the first set, so only there is there a before."""
    confidence = document["confidence"]
    int8 = pictures["reliability"]["int8.tflite"]
    curves = [("after", int8["bins"])]
    rows: list[list[Child]] = [
        [element("span", "int8.tflite", class_="after"), f"{int8['nll']:.3f}", percent(int8["ece"])],
    ]
    text = (
        "On the diagonal a probability means what it says; below it the file is surer than it is right. "
        "The larger a dot, the more pictures."
    )
    if pictures is document["sets"][0]:
        before, after = confidence["before"], confidence["after"]
        curves.insert(0, ("before", before["bins"]))
        rows = [
            [element("span", "float, temperature 1", class_="before"), f"{before['nll']:.3f}", percent(before["ece"])],
            [f"float, temperature {confidence['temperature']:g}", f"{after['nll']:.3f}", percent(after["ece"])],
            *rows,
        ]
        text += " The temperature was fitted on these very pictures, so new ones will do a little worse."
    figures = table(["probabilities", "loss", "ECE"], rows, "confidence")
    beside = element("div", figures, element("p", text, class_="quiet"))
    return [
        element("h3", "Do the probabilities mean something?"),
        element("div", draw_reliability(curves), beside, class_="pair"),
    ]
