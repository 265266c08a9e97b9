"""The certificate as one HTML page: no script, no address, nothing from the network; opens from disk and prints."""

from collections.abc import Mapping, Sequence
from importlib.resources import files
from xml.etree.ElementTree import Element

from ressq_edge.pages.markup import Child, element, label
from ressq_edge.pages.sheet import make_facts, make_header, make_sheet, make_verdict, table
from ressq_edge.pages.words import align, kilobytes, percent, points, short, worse, worse_interval
from ressq_export.certificate.charts import draw_layers, draw_legend
from ressq_export.certificate.sections import Document, show_set
from ressq_export.measurement.scores import TORCH
from ressq_export.quantization.calibration_stability import CalibrationStability

# The file that a Pi takes: the first of these that was published.
_SHOWN = ("int8.tflite", "fp32.tflite")


def make_page(document: Document, thumbnails: Sequence[Mapping[int, str]]) -> bytes:
    """The page, UTF-8.

    Args:
        document: docs/certificate.md.
        thumbnails: for each of `sets`, data URIs by the flip's number; empty where no picture may be shown.
    """
    sets = zip(document["sets"], thumbnails, strict=True)
    main = element(
        "main", _header(document), _verdict(document), _notes(document),
        *(show_set(document, found, shown) for found, shown in sets),
        _attempts(document), _stability(document), _layers(document), _origin(document), _meanings(document),
    )  # fmt: skip
    style = (files(__package__) / "page.css").read_text(encoding="utf-8")
    return make_sheet(f"{document['name']}: certificate", main, style)


def _header(document: Document) -> Element:
    model = document["model"]
    line = (
        f"{model['arch']}, bypass {model['bypass']}, {model['size']} × {model['size']} pixels, "
        f"{len(document['labels'])} classes, {model['parameters']:,} parameters, {document['created']}"
    )
    about = element("p", label(document["about"])) if document["about"] else None
    return make_header("ressq-edge certificate", document["name"], about, element("p", line, class_="quiet"))


def _verdict(document: Document) -> Element:
    verdict, first = document["verdict"], document["sets"][0]
    shown = next(name for name in _SHOWN if name in document["files"])
    exact, found = first["figures"][TORCH], first["figures"][shown]
    size, before = (document["files"][name]["size_bytes"] for name in (shown, "fp32.tflite"))
    took = document["latency"]["median_ms"]
    compared = shown != "fp32.tflite"  # which would stand beside itself
    tiles = [
        ("top-1", percent(found["top1"]), f"float {percent(exact['top1'])}" if compared else shown),
        ("same answer as float", *_same(document, shown, found["agreement"])),
        ("size", kilobytes(size), f"float {kilobytes(before)}" if compared else shown),
        ("one inference here", f"{took[shown]:.2f} ms", f"float {took['fp32.tflite']:.2f} ms" if compared else shown),
    ]
    return make_verdict(verdict["outcome"], verdict["headline"], verdict["sentences"], tiles)


def _same(document: Document, shown: str, agreement: float) -> tuple[str, str]:
    """The share of answers that are float's, and of which pictures: where there is such a record, of all."""
    step = document["quantization"]["step"]
    for row in document["quantization"]["attempts"]:
        if (row["step"], row["file"]) == (step, shown):
            return percent(1 - row["changed"] / row["compared"]), f"of {row['compared']:,} pictures"
    return percent(agreement), f"of {document['sets'][0]['n']:,} pictures"


def _notes(document: Document) -> Element | None:
    if not document["notes"]:
        return None
    listed = [element("li", label(note)) for note in document["notes"]]
    return element("section", element("h2", "To be known beside"), element("ul", *listed))


def _attempts(document: Document) -> Element:
    quantization, outcome = document["quantization"], document["verdict"]["outcome"]
    heads = ["step", "file", "top-1 beside fp32", "95 % interval", "changed of all", "off", "signal", "seconds"]
    rows: list[list[Child]] = []
    for found in quantization["attempts"]:
        change, interval = worse(found["drop"]), worse_interval(found["low"], found["high"])
        changed, moved = f"{found['changed']:,} of {found['compared']:,}", points(found["moved"])
        cells = [interval, changed, moved, f"{found['snr_db']:.0f} dB", f"{found['seconds']:.1f}"]
        rows.append([found["step"], found["file"], change, *cells])
    broken = {
        "lost": ", which is at fault and was published with --allow-drop",
        "refused": ", the best of these, but no int8 file was written",
    }
    text = (
        f"int8 may lose {100 * quantization['max_drop']:g} points of top-1 on the validation split; steps are added "
        f"until it loses no more and answers as fp32 does. Taken: {quantization['step']}{broken.get(outcome, '')}."
    )
    return element("section", element("h2", "Quantization steps"), element("p", text), table(heads, rows, "attempts"))


def _stability(document: Document) -> Element:
    """Whether the calibration set is large enough."""
    head, stability = element("h2", "Calibration stability"), document["calibration"]["stability"]
    if stability is None:
        return element("section", head, element("p", "Not tried: a half of so few calibration pictures is no set."))
    found = CalibrationStability(**stability)
    text = (
        f"With ranges from one half of the calibration pictures or the other, int8.tflite gives the same answer to "
        f"{percent(found.agreement)} of {found.n:,} validation pictures; top-1 differs by {points(found.difference)}. "
        f"Most unlike is {found.tensor}, whose range is {found.width_ratio:.2f} times as wide from one half. "
    )
    text += "The set is large enough." if found.stable else "That is too much: calibrate on more pictures."
    return element("section", head, element("p", text))


def _layers(document: Document) -> Element:
    layers, snr = document["layers"], document["snr"]
    by_tensor = {layer["tensor"]: layer for layer in layers}
    worst = ", ".join(f"{name} ({by_tensor[name]['snr_db']:.1f} dB)" for name in document["worst_layers"])
    text = (
        "Signal to noise in dB of the int8 TFLite network against the float one it was made from, on "
        f"{snr['pictures']} training pictures, in the network's order. The noise is all that came up to there; "
        f"6 dB are one bit. Least: {worst}."
    )
    return element(
        "section", element("h2", "Layer by layer"), element("p", text), draw_layers(layers, document["worst_layers"]),
        draw_legend(layers), element("h3", "Ranges"), _ranges(layers),
    )  # fmt: skip


def _ranges(layers: Sequence[Document]) -> Element:
    heads = [
        "layer",
        "kind",
        "dB",
        "activations from",
        "to",
        "step",
        "weights from",
        "to",
        "narrowest channel",
        "widest",
    ]
    ratios = ["–" if layer["snr_db"] is None else f"{layer['snr_db']:.1f}" for layer in layers]
    columns = [align([short(layer[key]) for layer in layers]) for key in ("low", "high", "scale")]
    for key in ("low", "high", "narrowest", "widest"):
        columns.append(align([short(layer["weights"][key]) if layer["weights"] else "" for layer in layers]))
    names = [layer["tensor"] for layer in layers], [layer["kind"] for layer in layers]
    rows: list[list[Child]] = [list(row) for row in zip(*names, ratios, *columns, strict=True)]
    return table(heads, rows, "ranges")


def _origin(document: Document) -> Element:
    files = [
        [
            label(found["file"]),
            f"{found['size_bytes']:,}",
            found["precision"]["scheme"],
            element("code", found["sha256"]),
        ]
        for found in document["files"].values()
    ]
    calibration = document["calibration"]
    facts: list[tuple[str, Child]] = [
        ("int8 ranges from", f"{calibration['count']} pictures ({calibration['split']}), seed {calibration['seed']}"),
        ("their names' SHA-256", element("code", calibration["files_sha256"])),
        ("checkpoint's SHA-256", element("code", document["model"]["checkpoint_sha256"])),
        ("versions", ", ".join(f"{name} {found}" for name, found in document["versions"].items())),
        ("latency measured on", document["latency"]["machine"]),
    ]
    return element(
        "section",
        element("h2", "Where it comes from"),
        table(["file", "bytes", "scheme", "SHA-256"], files, "origin"),
        make_facts(facts),
    )


def _meanings(document: Document) -> Element:
    meanings: dict[str, Child] = {
        "top-1, top-5": "with 95 % intervals: Wilson's, as ressq-evaluate has them, or over the set's groups",
        "as torch": "share of the pictures with the answer of the trained network in PyTorch",
        "changed, off, signal": "on validation and training pictures alike, beside fp32: answers that are others, how "
        "far probabilities are off on average, and how far logits lie above the noise of rounding",
        "change": "how many pictures more, or fewer, are answered rightly",
        "better, worse": "in points of top-1, on the same pictures; the interval is Tango's score interval for pairs",
        "loss": "mean negative log-likelihood of the truth, in nats: less is better",
        "ECE": f"expected calibration error, {document['ece_bins']} bins of equal width: how far a probability is off",
        "ms here": "median of one inference on one thread of the machine that exported, without decoding the picture; "
        "elsewhere it is another figure, which ressq-profile measures",
    }
    return element("footer", make_facts(list(meanings.items())))
