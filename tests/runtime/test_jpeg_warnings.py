"""What libjpeg warns of is refused where pictures are learned from or measured on, and simplejpeg is installed."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest
from PIL import Image

from jpegs import KINDS, drawing, make, to_jpeg, with_a_bad_code
from ressq_runtime import Classifier, PictureError, PixelSpec, evaluate, to_pixels
from ressq_runtime.pixels import decode

pytest.importorskip("simplejpeg", reason="the workstation's")

SPEC = PixelSpec.for_size(64)


@pytest.fixture(scope="module")
def bad_code() -> bytes:
    """A JPEG with a code that is none."""
    return with_a_bad_code(to_jpeg(drawing((209, 161)), quality=75))


def test_a_code_that_is_none_is_refused_where_it_is_asked_for(bad_code: bytes, tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(bad_code)
    words = r"photo\.jpg: found a broken picture \(libjpeg: Corrupt JPEG data: .+\), wanted a whole one; copy it again$"
    for read in (lambda path: decode(path, strict=True), lambda path: to_pixels(path, SPEC, strict=True)):
        with pytest.raises(PictureError, match=words):
            read(tmp_path / "photo.jpg")
    assert to_pixels(tmp_path / "photo.jpg", SPEC)


def test_without_simplejpeg_nothing_more_is_refused(bad_code: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "simplejpeg", None)
    assert to_pixels(bad_code, SPEC, strict=True) == to_pixels(bad_code, SPEC)


@pytest.mark.parametrize("kind", KINDS)
def test_a_second_look_changes_no_pixel_and_names_no_whole_picture(kind: str) -> None:
    whole = make(kind)
    scan, end = whole[:-2], whole[-2:]
    for content in (
        *(whole, scan, whole + bytes(5000), whole + whole, scan + b"\1\2\3" + end),
        whole[:2] + b"\xff\xe0\0\x10JFIF\0\0\0\0\0\1\0\1\0\0" + whole[2:],  # a revision that libjpeg warns of
    ):
        assert to_pixels(content, SPEC, strict=True) == to_pixels(content, SPEC)


def test_a_phones_photo_with_a_preview_is_looked_at_like_any() -> None:
    packed = io.BytesIO()
    drawing().save(packed, "MPO", save_all=True, append_images=[drawing((210, 165))])
    assert decode(packed.getvalue(), strict=True).size == (420, 330)


def test_no_real_photo_is_named_at_the_second_look(photos: Path) -> None:
    for path in sorted((photos / "validation").rglob("*.jpg")):
        decode(path, 64, strict=True)


def test_evaluation_names_what_libjpeg_warns_of(
    artefacts: dict[str, Path], bad_code: bytes, shapes: Path, tmp_path: Path
) -> None:
    (tmp_path / "circle").mkdir()
    (tmp_path / "circle" / "bad.jpg").write_bytes(bad_code)
    with Image.open(shapes / "circle" / "00.png") as image:
        image.save(tmp_path / "circle" / "good.png")
    found = evaluate(Classifier.load(artefacts["int8.tflite"]), tmp_path)
    assert found.n == 1
    assert len(found.faults) == 1
    assert "bad.jpg: found a broken picture (libjpeg: Corrupt JPEG data: " in found.faults[0]
