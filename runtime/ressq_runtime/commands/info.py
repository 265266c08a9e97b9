"""`ressq-model info`: the card, for a person or as JSON. Loads neither numpy nor Pillow nor an interpreter."""

from __future__ import annotations

from ressq_runtime.artefact.container import read_card
from ressq_runtime.errors import ArtefactError, printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def print_info(path: str, origin: str, *, as_json: bool) -> None:
    """Prints what the artefact says of itself.

    Raises:
        ArtefactError: the file has no card, or a broken one.
    """
    card = read_card(path)
    if card is None:
        raise ArtefactError(
            f"{path}: found a model without a card, wanted an artefact of ressq-export; copy it again if it is one"
        )
    if as_json:
        import json

        print(json.dumps(card.data))
    else:
        try:
            lines = [f"{name:<12} {printable(value)}" for name, value in _describe(path, origin, card.data)]
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            raise ArtefactError(
                f"{path}: found an odd card ({error!r}); ressq-model info --json prints it as it is"
            ) from error
        print("\n".join(lines))


_AS_FP32 = ", {agreement_fp32:.1%} as fp32"


def _describe_input(given: dict[str, Any]) -> str:
    if given.get("kind") == "series":
        names = ", ".join(channel["name"] for channel in given["channels"])
        return f"float32 [1, {given['length']}, {len(given['channels'])}], a window at {given['rate']:g} Hz of {names}"
    if given.get("fit") == "stretch":
        return f"uint8 RGB [1, {given['height']}, {given['width']}, 3], the whole picture stretched"
    return f"uint8 RGB [1, {given['size']}, {given['size']}, 3], shorter side to {given['resize']} first"


def _describe(path: str, origin: str, data: dict[str, Any]) -> list[tuple[str, str]]:
    """(name, value) lines; keys that a card need not have are left out where they are missing."""
    lines = [("model", f"{data['name']}, {path} ({origin})")]
    if data.get("about"):
        lines.append(("about", data["about"]))
    model, precision, accuracy = data.get("model", {}), data["precision"], data.get("accuracy")
    if model:
        lines.append(
            ("network", f"{model.get('arch')}, bypass {model.get('bypass')}, {model.get('parameters', 0):,} parameters")
        )
    lines.append(("precision", precision["scheme"]))
    if data.get("calibration"):
        lines.append(("calibrated", "on {count} pictures of {split}, seed {seed}".format_map(data["calibration"])))
    if accuracy:
        name = "miou" if "miou" in accuracy else "top1"
        text = f"{{{name}:.1%}} [{{{name}_low:.1%}}, {{{name}_high:.1%}}] on {{n}} pictures of {{split}}"
        lines.append(("mIoU" if name == "miou" else "accuracy", (text + _AS_FP32).format_map(accuracy)))
        if iou := accuracy.get("iou"):
            shares = [f"{label} {'absent' if share is None else f'{share:.1%}'}" for label, share in iou.items()]
            lines.append(("IoU", ", ".join(shares)))
    if data.get("abstention"):
        text = "from {threshold:.1%} on: {coverage:.1%} of {n} pictures of {split}, {top1:.1%} of those right"
        if not data["abstention"]["threshold"]:
            text = "always: {top1:.1%} of {n} pictures of {split} right"
        lines.append(("answers", text.format_map(data["abstention"])))
    if data.get("out_of_distribution"):
        text = "from a score of {threshold:.3g} on: {false_alarms:.1%} of {n} pictures of {split} are called so"
        lines.append(("unlike", text.format_map(data["out_of_distribution"])))
    lines.append(("input", _describe_input(data["input"])))
    labels = data["labels"]
    lines.append(("labels", f"{len(labels)}: {', '.join(labels)}"))
    lines.append(
        (
            "made",
            f"{data.get('created', '?')} with " + ", ".join(f"{k} {v}" for k, v in data.get("versions", {}).items()),
        )
    )
    return lines
