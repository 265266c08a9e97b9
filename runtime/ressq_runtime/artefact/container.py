"""An artefact: a model file with labels and card inside. Where they lie is described in docs/artefact.md.

The card is the last thing appended, and its sha256 covers every byte before it.
"""

from __future__ import annotations

import os

from ressq_runtime.artefact.card import Card, parse_card
from ressq_runtime.artefact.zip_and_protobuf import (
    TFLITE_IDENTIFIER,
    DamagedError,
    find_onnx_property,
    find_zip_entry,
    onnx_property,
    zip_directory,
    zip_entry,
)
from ressq_runtime.errors import ArtefactError
from ressq_runtime.lean_stdlib import dump_json, sha256_hex

CARD_NAME = "ressq.json"
CARD_KEY = "ressq"
LABELS_NAME = "labels.txt"
SUFFIXES = (".tflite", ".onnx")

# A Pi Zero 2 has 512 MB of memory: a larger file is not the classifier that was meant.
LARGEST_FILE_BYTES = 500_000_000
# A card of 1000 classes takes 60 kB.
LARGEST_CARD_BYTES = 8_000_000
# A copy that broke off may have its whole size already. No layer of a classifier ends in that many weights of zero.
_MOST_ZEROS = 1 << 15


def read_card(path: str | os.PathLike[str], *, verify: bool = True) -> Card | None:
    """The card in an artefact, or None for a model file without one.

    `verify`: compare the hashes in the card with those of the bytes before it and of the card.

    Raises:
        ArtefactError: not a model file, damaged, changed after export, or its card is of a newer format.
    """
    path = os.fspath(path)
    model = _read(path)
    try:
        found = _find_card(model, path)
    except DamagedError as error:
        from ressq_runtime.artefact.not_a_model import describe

        broken = f"found a broken model file ({error}), wanted a whole one; copy it again"
        known = None if path.lower().endswith(".tflite") and model[4:8] == TFLITE_IDENTIFIER else describe(model)
        raise ArtefactError(f"{path}: {known or broken}") from error
    if found is None:
        return None
    start, text = found
    if len(text) > LARGEST_CARD_BYTES:
        raise ArtefactError(f"{path}: found a card of {len(text)} bytes, wanted at most {LARGEST_CARD_BYTES}")
    data = parse_card(text, path)
    if verify:
        _compare(_seal(data), data.get("card_sha256"), "a card that was changed after it was written", path)
    card = Card(data, path)
    if verify:
        _compare(sha256_hex(model[:start]), card.sha256, "other bytes than its card was made for", path)
    return card


def attach_card(model: bytes, card: dict[str, object], suffix: str) -> bytes:
    """The artefact's bytes: `model` with labels and card appended and the card's hashes filled in.

    Args:
        model: a flatbuffer (`.tflite`) or a serialised ModelProto (`.onnx`), without a card.
        card: all keys of docs/artefact.md but `sha256` and `card_sha256`.
        suffix: ".tflite" or ".onnx".

    Raises:
        ArtefactError: the card is not valid.
    """
    labels = Card({**card, "sha256": ""}, "new card").labels
    if suffix == ".onnx":
        return model + onnx_property(CARD_KEY, _to_json(card, model))
    listed = "".join(f"{label}\n" for label in labels).encode()
    body = model + zip_entry(LABELS_NAME, listed)
    text = _to_json(card, body)
    whole = body + zip_entry(CARD_NAME, text)
    entries = [(LABELS_NAME, listed, len(model)), (CARD_NAME, text, len(body))]
    return whole + zip_directory(entries, len(whole))


def _find_card(model: bytes, path: str) -> tuple[int, bytes] | None:
    """(where its container begins, the card); None: it has none and is whole all the same, as far as can be seen."""
    if not path.lower().endswith(".tflite"):
        found = find_onnx_property(model, CARD_KEY)
    elif model[4:8] != TFLITE_IDENTIFIER:
        raise DamagedError("it is no TFLite flatbuffer")
    else:
        found = find_zip_entry(model, CARD_NAME)
        if found is None:
            from ressq_runtime.artefact.tflite_graph import check_whole
            from ressq_runtime.errors import EngineError

            try:
                check_whole(model)
            except EngineError as error:
                raise DamagedError(str(error)) from error
    if found is None and model.endswith(bytes(_MOST_ZEROS)):
        raise DamagedError(f"its last {_MOST_ZEROS} bytes are zero")
    return found


def _read(path: str) -> bytes:
    try:
        size = os.path.getsize(path)
        if not path.lower().endswith(SUFFIXES):
            raise ArtefactError(f"{path}: {_describe_other(path)}")
        if size > LARGEST_FILE_BYTES:
            raise ArtefactError(f"{path}: found {size} bytes, wanted a model of at most {LARGEST_FILE_BYTES}")
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise ArtefactError(f"{path}: {error.strerror}; check the path and its permissions") from error


def _describe_other(path: str) -> str:
    """What a file or folder is whose name is no model's."""
    if os.path.isdir(path):
        return "found a folder, wanted a .tflite or .onnx model; name a file (of a run folder ressq-export makes some)"
    known = None
    if os.path.isfile(path):  # a pipe may wait for ever
        from ressq_runtime.artefact.not_a_model import describe

        with open(path, "rb") as file:
            known = describe(file.read(4096))
    return known or "found another kind of file, wanted a .tflite or .onnx model; name one"


def _compare(found: str, wanted: object, what: str, path: str) -> None:
    """Compares a hash with the card's."""
    if found != wanted:
        raise ArtefactError(
            f"{path}: found {what} (hash {found[:12]}), wanted {str(wanted)[:12]}; "
            "copy it again, or export it again if it was edited"
        )


def _seal(card: dict[str, object]) -> str:
    """SHA-256 of the card's other keys as JSON with sorted keys and no spaces."""
    others = {key: value for key, value in card.items() if key != "card_sha256"}
    return sha256_hex(dump_json(others, compact=True).encode())


def _to_json(card: dict[str, object], body: bytes) -> bytes:
    import json

    sealed = {**card, "sha256": sha256_hex(body)}
    sealed["card_sha256"] = _seal(sealed)
    return json.dumps(sealed, ensure_ascii=False, indent=1).encode()
