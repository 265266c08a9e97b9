"""TFLite Model Metadata, read back with a reader of its own that knows only field numbers of the public schema."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

from ressq_export.convert import KINDS
from ressq_export.formats.metadata import BUFFER_NAME, add_metadata, build_metadata
from ressq_export.network.tensor_names import read_flatbuffer
from ressq_runtime.engines import load_engine

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


class Table:
    """A flatbuffer's table: fields by number, as in https://flatbuffers.dev/internals."""

    def __init__(self, data: bytes, at: int) -> None:
        self.data, self.at = data, at

    @classmethod
    def root(cls, data: bytes) -> Table:
        return cls(data, struct.unpack_from("<I", data)[0])

    def _place(self, number: int) -> int:
        vtable = self.at - struct.unpack_from("<i", self.data, self.at)[0]
        size = struct.unpack_from("<H", self.data, vtable)[0]
        slot = 4 + 2 * number
        offset = struct.unpack_from("<H", self.data, vtable + slot)[0] if slot < size else 0
        return self.at + offset if offset else 0

    def scalar(self, number: int, kind: str) -> Any:
        place = self._place(number)
        return struct.unpack_from("<" + kind, self.data, place)[0] if place else 0

    def _target(self, number: int) -> int:
        place = self._place(number)
        return int(place + struct.unpack_from("<I", self.data, place)[0])

    def table(self, number: int) -> Table:
        return Table(self.data, self._target(number))

    def text(self, number: int) -> str:
        start = self._target(number)
        (length,) = struct.unpack_from("<I", self.data, start)
        return self.data[start + 4 : start + 4 + length].decode()

    def tables(self, number: int) -> list[Table]:
        start = self._target(number)
        (length,) = struct.unpack_from("<I", self.data, start)
        slots = [start + 4 + 4 * index for index in range(length)]
        return [Table(self.data, slot + struct.unpack_from("<I", self.data, slot)[0]) for slot in slots]

    def floats(self, number: int) -> list[float]:
        start = self._target(number)
        (length,) = struct.unpack_from("<I", self.data, start)
        return list(struct.unpack_from(f"<{length}f", self.data, start + 4))


def check_metadata(data: bytes, name: str, about: str, size: int) -> None:
    assert data[4:8] == b"M001"
    model = Table.root(data)
    assert (model.text(0), model.text(1), model.text(7)) == (name, about, "1.0.0")
    (graph,) = model.tables(3)
    (pixels,), (scores, *others) = graph.tables(2), graph.tables(3)
    assert [output.text(0) for output in others] in ([], ["out_of_distribution"])
    check_input(pixels, size)
    assert scores.text(0) == "scores"
    assert scores.table(3).scalar(0, "B") == 1, "FeatureProperties"
    (labels,) = scores.tables(6)
    assert (labels.text(0), labels.scalar(2, "b")) == ("labels.txt", 2), "TENSOR_AXIS_LABELS"


def check_input(pixels: Table, size: int) -> None:
    assert pixels.text(0) == "pixels"
    content = pixels.table(3)
    assert content.scalar(0, "B") == 2, "ImageProperties"
    image = content.table(1)
    assert image.scalar(0, "b") == 1, "RGB"
    assert [image.table(1).scalar(side, "I") for side in (0, 1)] == [size, size]
    (unit,) = pixels.tables(4)
    assert unit.scalar(0, "B") == 1, "NormalizationOptions"
    assert (unit.table(1).floats(0), unit.table(1).floats(1)) == ([0.0], [1.0])


def test_metadata_says_what_the_tensors_are() -> None:
    check_metadata(build_metadata("feuille", "Blätter, 葉", (96, 96)), "feuille", "Blätter, 葉", 96)


def metadata_of(path: Path) -> bytes:
    root, _ = read_flatbuffer(path.read_bytes())
    (entry,) = [entry for entry in root.metadata if entry.name == BUFFER_NAME]
    return bytes(root.buffers[entry.buffer].data)


def test_both_tflite_artefacts_carry_it(exported: dict[str, Path]) -> None:
    for kind in KINDS:
        if kind.endswith("tflite"):
            check_metadata(metadata_of(exported[kind]), "café", "Drawn shapes.", 64)
            assert b"How far the picture lies" in metadata_of(exported[kind])


def test_a_model_with_metadata_answers_as_before(
    paths: dict[str, Path], pixels: list[bytes], tmp_path: Path, subtests: pytest.Subtests
) -> None:
    for kind in ("fp32.tflite", "int8.tflite"):
        with subtests.test(kind):
            target = tmp_path / f"{kind}.tflite"
            target.write_bytes(add_metadata(paths[kind].read_bytes(), "name", "about"))
            before, after = (load_engine(str(path)).run(pixels[0]) for path in (paths[kind], target))
            assert before["scores"].data == after["scores"].data
