"""What is fuzzed: a reader of the runtime, with the one error it may raise and what must hold when it does not."""

from __future__ import annotations

import random
import tempfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from mutate import mutate, mutate_json

from ressq_runtime.artefact.card import Card
from ressq_runtime.artefact.container import CARD_KEY, CARD_NAME, read_card
from ressq_runtime.artefact.tflite_graph import read_operators
from ressq_runtime.artefact.zip_and_protobuf import (
    DamagedError,
    find_onnx_property,
    find_zip_entry,
    onnx_property,
    zip_directory,
    zip_entry,
)
from ressq_runtime.decoding.jpeg import crop_core, decode_jpeg
from ressq_runtime.errors import ArtefactError, EngineError, PictureError
from ressq_runtime.inputs.picture import to_pixels
from ressq_runtime.inputs.picture_spec import PixelSpec
from ressq_runtime.tasks import make_task

CORPUS = Path(__file__).parent / "corpus"
_PNG = b"\x89PNG\r\n\x1a\n"


class Target(NamedTuple):
    """A fuzz target.

    read     reads the bytes; whatever it raises but `allowed` is a finding
    allowed  the error that it may raise
    folder   of the corpus
    tokens   what a mutation inserts now and then
    """

    read: Callable[[bytes], None]
    allowed: type[Exception]
    folder: str
    tokens: tuple[bytes, ...] = ()

    def seeds(self) -> list[bytes]:
        """The corpus of this target."""
        return [path.read_bytes() for path in sorted((CORPUS / self.folder).iterdir())]

    def make_input(self, seeds: list[bytes], seed: int) -> bytes:
        """The input of that number: the corpus first, then mutations."""
        state = random.Random(seed)
        if seed < len(seeds):
            return seeds[seed]
        if self.folder == "card" and state.random() < 0.7:
            return mutate_json(state.choice(seeds), state)
        if self.read is _read_artefact and state.random() < 0.5:
            return _with_card(state.choice(seeds[::2]), state)
        data = mutate(seeds, self.tokens, state)
        return _repair_png(data) if data.startswith(_PNG) and state.random() < 0.7 else data


def _repair_png(data: bytes) -> bytes:
    """A PNG with the right checksum in each whole chunk: without it no mutation comes past the reader's door."""
    parts, at = [_PNG], len(_PNG)
    while at + 12 <= len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        chunk = data[at + 4 : at + 8 + size]
        parts += [data[at : at + 4], chunk, zlib.crc32(chunk).to_bytes(4, "big")]
        at += 12 + size
    return b"".join(parts)


def _with_card(model: bytes, state: random.Random) -> bytes:
    """A model that carries a strange card in a container without fault."""
    card = mutate_json(state.choice(TARGETS["card"].seeds()), state)
    if model[4:8] != b"TFL3":
        return model + onnx_property(CARD_KEY, card)
    whole = model + zip_entry(CARD_NAME, card)
    return whole + zip_directory([(CARD_NAME, card, len(model))], len(whole))


def _read_card(data: bytes) -> None:
    labels = make_task("card", Card.from_json(data, "card"), {}).labels
    if not 1 < len(labels) == len(set(labels)):
        raise AssertionError(f"labels {labels!r}")


def _find_entry(data: bytes) -> None:
    found = find_zip_entry(data, CARD_NAME)
    if found and (not 0 <= found[0] < len(data) or len(found[1]) > len(data)):
        raise AssertionError(f"an entry outside the file: {found!r:.80}")


def _find_property(data: bytes) -> None:
    found = find_onnx_property(data, CARD_KEY)
    if found and (not 0 <= found[0] < len(data) or len(found[1]) > len(data)):
        raise AssertionError(f"a property outside the file: {found!r:.80}")


def _read_graph(data: bytes) -> None:
    if any(not isinstance(name, str) for _, name in read_operators(data)):
        raise AssertionError("a name that is no text")


def _read_artefact(data: bytes) -> None:
    suffix = ".tflite" if data[4:8] == b"TFL3" else ".onnx"
    with tempfile.TemporaryDirectory(prefix="ressq-fuzz-") as folder:
        path = Path(folder) / f"model{suffix}"
        path.write_bytes(data)
        try:
            read_card(path, verify=False)
        finally:
            written = [found.name for found in Path(folder).iterdir()]
            if written != [path.name]:
                raise AssertionError(f"reading wrote {written}")


def _read_picture(data: bytes) -> None:
    with tempfile.NamedTemporaryFile(prefix="ressq-fuzz-") as file:
        file.write(data)
        file.flush()
        spec = PixelSpec.for_size(64)
        core = decode_jpeg(file.name, spec.least)
        quick = None if core is None else crop_core(core[0], spec)
        try:
            pixels = to_pixels(file.name, spec)
        except PictureError:
            if quick is not None:
                raise AssertionError("an answer to a picture that is refused") from None
            raise
        if len(pixels) != 64 * 64 * 3 or quick not in (None, pixels):
            raise AssertionError(f"{len(pixels)} bytes of pixels, or two ways to decode that differ")


TARGETS = {
    "card": Target(_read_card, ArtefactError, "card", (b"null", b"1e999", b"-1", b"[[", b'"\\ud800"', b"NaN", b"true")),
    "zip": Target(_find_entry, DamagedError, "artefact", (b"PK\1\2", b"PK\3\4", b"PK\5\6", b"../../x")),
    "protobuf": Target(_find_property, DamagedError, "artefact", (b"\xff" * 10, b"\x72\x00", b"\x3a\x00", b"\x0b\x0c")),
    "flatbuffer": Target(_read_graph, EngineError, "artefact", (b"TFL3", b"\0\0\0\0", b"\xff\xff\xff\xff")),
    "artefact": Target(_read_artefact, ArtefactError, "artefact", (b"PK\5\6", b'"format": 2', b"ressq.json")),
    "picture": Target(
        _read_picture, PictureError, "picture", (b"\xff\xd8", b"\xff\xc0", b"IHDR", b"Exif\0\0", b"acTL")
    ),
}
