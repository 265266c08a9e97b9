"""Every kind of picture becomes upright RGB, and strips change no pixel."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ressq_runtime.decoding import upright
from ressq_runtime.inputs.picture import decode

WIDTH, HEIGHT = 90, 70
ORIENTATION = 0x0112


def coloured(mode: str) -> Image.Image:
    """Noise in that mode: every pixel shows where it went, and every alpha what it did."""
    noise = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 4), np.uint8)
    if mode.startswith("I"):
        grey = noise[..., :2].copy().view("<u2")[..., 0]
        return Image.fromarray(grey if mode == "I;16" else grey.astype(np.int32))
    if mode == "1":
        return Image.fromarray(noise[..., 0]).convert("1")
    image = Image.fromarray(noise)
    return (
        image
        if mode == "RGBA"
        else Image.fromarray(noise[..., :3]).quantize(99)
        if mode == "P"
        else image.convert(mode)
    )


def wanted_rgb(image: Image.Image) -> np.ndarray:
    """What a whole picture becomes, written again in numpy: uint8 (H, W, 3)."""
    if image.mode.startswith("I"):
        return np.repeat(np.round(np.asarray(image) / 257).astype(np.uint8)[..., None], 3, -1)
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        colour = np.asarray(image.convert("RGBA")).astype(float)
        alpha = colour[..., 3:] / 255
        return np.round(colour[..., :3] * alpha + 255 * (1 - alpha))
    return np.asarray(image.convert("RGB"))


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA", "P", "L", "1", "CMYK", "YCbCr", "I", "I;16"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_strips_are_what_the_whole_is(mode: str, orientation: int, monkeypatch: pytest.MonkeyPatch) -> None:
    image = coloured(mode)
    image.getexif()[ORIENTATION] = orientation
    whole = np.asarray(upright.to_upright_rgb(image, "image")).astype(int)
    monkeypatch.setattr(upright, "STRIP_PIXELS", 13 * WIDTH)  # 70 rows are no multiple of 13
    assert np.array_equal(np.asarray(upright.to_upright_rgb(image, "image")), whole)
    turned = {
        1: lambda a: a,
        2: np.fliplr,
        3: lambda a: np.rot90(a, 2),
        4: np.flipud,
        5: lambda a: a.transpose(1, 0, 2),
        6: lambda a: np.rot90(a, -1),
        7: lambda a: np.rot90(a, 2).transpose(1, 0, 2),
        8: np.rot90,
    }[orientation](wanted_rgb(image))
    assert np.abs(whole - turned).max() <= (1 if mode in ("RGBA", "LA") else 0)  # Pillow's compositing rounds otherwise


@pytest.mark.parametrize("kind", ["png", "webp"])
@pytest.mark.parametrize("exif", [b"Exif\0\0", b"Exif\0\0garbage!garbage!", b"Exif\0\0MM\0*", b"MM\0*\0\0\xff\xff"])
def test_a_damaged_exif_block_costs_no_picture(kind: str, exif: bytes, tmp_path: Path) -> None:
    path = tmp_path / f"x.{kind}"
    coloured("RGB").save(path, exif=exif, lossless=True)
    assert np.array_equal(np.asarray(decode(path)), np.asarray(coloured("RGB")))


def test_a_transparent_colour_keeps_its_strips(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for mode, colour in (("P", 3), ("L", 128), ("RGB", (200, 40, 40))):
        image = coloured(mode)
        image.paste(colour, (0, 20, WIDTH, 40))
        image.save(tmp_path / "t.png", transparency=colour)
        whole = decode(tmp_path / "t.png")
        assert np.asarray(whole)[20:40].min() == 255
        with monkeypatch.context() as patched:
            patched.setattr(upright, "STRIP_PIXELS", 13 * WIDTH)
            assert decode(tmp_path / "t.png").tobytes() == whole.tobytes()
