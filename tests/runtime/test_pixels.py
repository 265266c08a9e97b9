"""The pixel contract, picture kind by picture kind."""

from __future__ import annotations

import io
import os
import re
import struct
import sys
import threading
from pathlib import Path
from zlib import crc32

import numpy as np
import pytest
from PIL import Image
from PIL.TiffImagePlugin import TiffImageFile

from ressq_runtime import PictureError, PixelSpec, to_pixels
from ressq_runtime.inputs.picture import LARGEST_ASPECT, crop, decode

GOLDEN = Path(__file__).parent.parent / "golden"
SPEC = PixelSpec.for_size(64)

# JPEG decoders may round an inverse DCT otherwise: mean difference over a picture, of 255.
JPEG_TOLERANCE = 1.0


def gradient(width: int, height: int) -> Image.Image:
    """Red grows to the right, green downwards, blue is constant: every flip and turn shows."""
    x, y = np.meshgrid(np.linspace(0, 255, width), np.linspace(0, 255, height))
    return Image.fromarray(np.stack([x, y, np.full_like(x, 60)], -1).astype(np.uint8))


def as_array(pixels: bytes, size: int = 64) -> np.ndarray:
    return np.frombuffer(pixels, np.uint8).reshape(size, size, 3)


def test_golden_png_gives_golden_pixels_byte_for_byte() -> None:
    wanted = Image.open(GOLDEN / "pixels_64.png").tobytes()
    assert to_pixels(GOLDEN / "picture.png", SPEC) == wanted


def test_golden_jpeg_gives_golden_pixels_within_tolerance() -> None:
    wanted = np.asarray(Image.open(GOLDEN / "pixels_64.png")).astype(int)
    found = as_array(to_pixels(GOLDEN / "picture.jpg", SPEC)).astype(int)
    assert np.abs(found - wanted).mean() < JPEG_TOLERANCE


def test_without_a_margin_the_whole_shorter_side_is_seen() -> None:
    image = np.zeros((80, 64, 3), np.uint8)
    image[:, 0], image[:, -1] = (250, 0, 0), (0, 250, 0)
    found = as_array(to_pixels(image, PixelSpec(64, 64)))
    assert (found[:, 0] == (250, 0, 0)).all()
    assert (found[:, -1] == (0, 250, 0)).all()
    assert not as_array(to_pixels(image, SPEC)).any()


def test_path_image_and_array_give_the_same_pixels(tmp_path: Path) -> None:
    image = gradient(101, 77)
    image.save(tmp_path / "a.png")
    assert to_pixels(tmp_path / "a.png", SPEC) == to_pixels(image, SPEC) == to_pixels(np.asarray(image), SPEC)
    assert to_pixels(str(tmp_path / "a.png"), SPEC) == to_pixels(image, SPEC)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF"])
def test_a_files_bytes_give_its_pixels(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "picture"
    gradient(700, 900).save(path, kind)
    assert to_pixels(path.read_bytes(), SPEC) == to_pixels(path, SPEC)


def test_what_is_wrong_with_bytes_is_said_of_bytes() -> None:
    with pytest.raises(PictureError, match=r"^bytes: found an empty file, wanted JPEG, PNG"):
        decode(b"")
    with pytest.raises(PictureError, match=r"^bytes: found no known kind of picture"):
        decode(b"no picture, and long enough to have a head")
    packed = io.BytesIO()
    gradient(200, 200).save(packed, "PNG")
    with pytest.raises(PictureError, match=r"^bytes: found a broken picture"):
        decode(packed.getvalue()[:500])


def test_postscript_is_refused_before_ghostscript_runs_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gradient(100, 100).save(tmp_path / "drawing.jpg", "EPS")
    monkeypatch.setattr("PIL.EpsImagePlugin.Ghostscript", lambda *_, **__: pytest.fail("it ran"))
    with pytest.raises(PictureError, match=r"drawing\.jpg: found no known kind of picture, wanted JPEG, PNG, "):
        decode(tmp_path / "drawing.jpg")


@pytest.mark.parametrize("kind", ["ICO", "ICNS"])
def test_a_picture_that_hides_another_of_any_size_is_refused_unseen(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "small.png"
    gradient(128, 128).save(path, kind)
    monkeypatch.setattr(f"PIL.{kind.capitalize()}ImagePlugin.{kind.capitalize()}ImageFile.load", pytest.fail)
    with pytest.raises(PictureError, match=r"small\.png: found no known kind of picture, wanted JPEG"):
        decode(path)


def test_an_image_whose_file_ends_early_is_a_broken_picture(tmp_path: Path) -> None:
    gradient(200, 200).save(tmp_path / "whole.png")
    (tmp_path / "half.png").write_bytes((tmp_path / "whole.png").read_bytes()[:500])
    with Image.open(tmp_path / "half.png") as image, pytest.raises(PictureError, match="image: found a broken picture"):
        decode(image)


def test_colours_are_red_green_blue() -> None:
    red = as_array(to_pixels(Image.new("RGB", (80, 80), (250, 20, 5)), SPEC))
    assert red[0, 0].tolist() == [250, 20, 5]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_undone(tmp_path: Path, orientation: int) -> None:
    upright = gradient(120, 90)
    # What a camera held that way would have stored: the inverse of what undoes it.
    stored = {
        1: None,
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }[orientation]
    image = upright if stored is None else upright.transpose(stored)
    exif = Image.Exif()
    exif[0x0112] = orientation
    image.save(tmp_path / "turned.png", exif=exif)
    assert to_pixels(tmp_path / "turned.png", SPEC) == to_pixels(upright, SPEC)


@pytest.mark.parametrize("mode", ["L", "1", "P", "CMYK", "YCbCr", "HSV", "LAB"])
def test_every_colour_mode_becomes_rgb(mode: str) -> None:
    assert len(to_pixels(gradient(70, 70).convert(mode), SPEC)) == 64 * 64 * 3


def test_cmyk_jpeg_keeps_its_colours(tmp_path: Path) -> None:
    Image.new("RGB", (80, 80), (200, 40, 40)).convert("CMYK").save(tmp_path / "cmyk.jpg", quality=95)
    middle = as_array(to_pixels(tmp_path / "cmyk.jpg", SPEC))[32, 32].astype(int)
    assert np.abs(middle - [200, 40, 40]).max() < 8


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_sixteen_bit_grey_is_scaled_not_clipped(tmp_path: Path, suffix: str) -> None:
    values = np.linspace(0, 65535, 70 * 70).astype(np.uint16).reshape(70, 70)
    Image.fromarray(values).save(tmp_path / f"deep.{suffix}")
    found = np.asarray(decode(tmp_path / f"deep.{suffix}"))[..., 0]
    assert np.array_equal(found, np.round(values / 257).astype(np.uint8))


def test_grey_beyond_sixteen_bits_is_refused(tmp_path: Path) -> None:
    Image.fromarray(np.full((40, 40), 70000, np.int32)).save(tmp_path / "deep.tif")
    with pytest.raises(PictureError, match="found grey values 70000 to 70000, wanted 0 to 65535"):
        decode(tmp_path / "deep.tif")


def test_floating_point_is_refused(tmp_path: Path) -> None:
    Image.fromarray(np.zeros((40, 40), np.float32)).save(tmp_path / "float.tif")
    with pytest.raises(PictureError, match=r"float.tif: found floating-point pixels, wanted 8 or 16 bits"):
        decode(tmp_path / "float.tif")


@pytest.mark.parametrize(("mode", "clear"), [("RGBA", (0, 0, 0, 0)), ("LA", (0, 0)), ("PA", (0, 0))])
def test_transparent_is_white(mode: str, clear: tuple[int, ...]) -> None:
    image = Image.new(mode, (80, 80), clear)
    image.putpixel((0, 0), (*clear[:-1], 255))
    pixels = as_array(to_pixels(image, SPEC))
    assert set(pixels[8:].ravel().tolist()) == {255}


def test_palette_transparency_is_white(tmp_path: Path) -> None:
    image = Image.new("P", (80, 80), 3)
    image.putpalette([0, 0, 0] * 256)
    image.putpixel((0, 0), 4)
    image.save(tmp_path / "p.png", transparency=3)
    assert set(as_array(to_pixels(tmp_path / "p.png", SPEC))[8:].ravel().tolist()) == {255}


def unseen() -> dict[str, tuple[bytes, Image.Image]]:
    """name -> (a file in which no pixel has any opacity, what it shows)."""
    shown = gradient(90, 70)
    grey, few = shown.convert("L"), shown.quantize(40)

    def save(image: Image.Image, kind: str, **settings: object) -> bytes:
        packed = io.BytesIO()
        image.save(packed, kind, **settings)
        return packed.getvalue()

    def clear(image: Image.Image) -> Image.Image:
        image = image.copy()
        image.putalpha(0)
        return image

    plain = Image.new("RGB", (90, 70), (200, 30, 40))
    one = Image.new("P", (90, 70), 3)
    one.putpalette([9, 9, 9] * 3 + [200, 30, 40])
    return {
        **{f"RGBA as {kind}": (save(clear(shown), kind), shown) for kind in ("PNG", "BMP", "TIFF")},
        "RGBA as WebP": (save(clear(shown), "WEBP", lossless=True, exact=True), shown),
        **{f"LA as {kind}": (save(clear(grey), kind), grey.convert("RGB")) for kind in ("PNG", "TIFF")},
        "a palette of clear colours": (save(few, "PNG", transparency=bytes(256)), few.convert("RGB")),
        "one clear colour in a GIF": (save(one, "GIF", transparency=3), plain),
        "one clear colour in a PNG": (save(plain, "PNG", transparency=(200, 30, 40)), plain),
        "one clear grey in a PNG": (
            save(Image.new("L", (90, 70), 77), "PNG", transparency=77),
            Image.new("RGB", (90, 70), (77, 77, 77)),
        ),
    }


@pytest.mark.parametrize("name", unseen())
def test_opacity_that_is_0_everywhere_is_none(name: str) -> None:
    content, shown = unseen()[name]
    assert decode(content).tobytes() == shown.tobytes()
    with Image.open(io.BytesIO(content)) as image:
        assert to_pixels(image, SPEC) == to_pixels(shown, SPEC)


def test_opacity_in_the_last_strip_is_opacity() -> None:
    image = gradient(1100, 1100)
    image.putalpha(0)
    image.putpixel((1099, 1099), (1, 2, 3, 255))
    found = decode(image)
    assert found.getpixel((1099, 1099)) == (1, 2, 3)
    assert found.getpixel((1098, 1098)) == found.getpixel((0, 0)) == (255, 255, 255)


def test_16_bit_grey_with_a_clear_value_is_read(tmp_path: Path) -> None:
    packed = io.BytesIO()
    Image.fromarray(np.full((40, 40), 257 * 99, np.uint16)).save(packed, "PNG")
    head, rest = packed.getvalue()[:33], packed.getvalue()[33:]  # signature and IHDR; Pillow 9.4 writes no tRNS here
    clear = b"tRNS" + struct.pack(">H", 257 * 99)
    (tmp_path / "grey.png").write_bytes(head + struct.pack(">I", 2) + clear + struct.pack(">I", crc32(clear)) + rest)
    with Image.open(tmp_path / "grey.png") as image:
        assert image.info["transparency"] == 257 * 99
    assert decode(tmp_path / "grey.png").getextrema() == ((99, 99),) * 3


def test_a_large_jpeg_decoded_small_looks_the_same(tmp_path: Path) -> None:
    gradient(1600, 1200).save(tmp_path / "large.jpg", quality=92)
    small, full = decode(tmp_path / "large.jpg", SPEC.resize), decode(tmp_path / "large.jpg")
    assert small.size == (200, 150)
    assert full.size == (1600, 1200)
    difference = as_array(crop(small, SPEC)).astype(int) - as_array(crop(full, SPEC)).astype(int)
    assert np.abs(difference).mean() < 2


def test_a_phones_mpo_gives_its_first_picture(tmp_path: Path) -> None:
    first, second = gradient(100, 100), Image.new("RGB", (100, 100), (0, 0, 255))
    first.save(tmp_path / "phone.jpg", format="MPO", save_all=True, append_images=[second], quality=95)
    with Image.open(tmp_path / "phone.jpg") as opened:
        assert opened.format == "MPO"
    difference = as_array(to_pixels(tmp_path / "phone.jpg", SPEC)).astype(int) - as_array(to_pixels(first, SPEC))
    assert np.abs(difference).mean() < 3


@pytest.mark.host
def test_a_phones_heic_gives_its_main_picture(tmp_path: Path) -> None:
    pytest.importorskip("pillow_heif").register_heif_opener()
    main, other = gradient(100, 100), Image.new("RGB", (100, 100), (0, 0, 255))
    main_second = {"save_all": True, "append_images": [main], "primary_index": 1}
    other.save(tmp_path / "burst.heic", format="HEIF", quality=95, **main_second)
    with Image.open(tmp_path / "burst.heic") as opened:
        assert opened.n_frames == 2
    for source in tmp_path / "burst.heic", (tmp_path / "burst.heic").read_bytes():
        difference = as_array(to_pixels(source, SPEC)).astype(int) - as_array(to_pixels(main, SPEC))
        assert np.abs(difference).mean() < 3


@pytest.mark.parametrize(("suffix", "found"), [("gif", "GIF"), ("png", "PNG"), ("webp", "WEBP"), ("tif", "TIFF")])
def test_an_animation_is_refused(tmp_path: Path, suffix: str, found: str) -> None:
    path = tmp_path / f"moving.{suffix}"
    gradient(50, 50).save(path, save_all=True, append_images=[Image.new("RGB", (50, 50))])
    with pytest.raises(PictureError, match=f"found several frames in a {found}, wanted one picture"):
        decode(path)


def test_frames_are_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    def count(_image: Image.Image) -> int:
        raise AssertionError("a TIFF of 20 MB may hold a hundred thousand, each found from the first on")

    file = io.BytesIO()
    gradient(50, 50).save(file, "TIFF", save_all=True, append_images=[gradient(50, 50)] * 9)
    monkeypatch.setattr(TiffImageFile, "n_frames", property(count))
    with pytest.raises(PictureError, match="found several frames in a TIFF"):
        decode(file.getvalue())


@pytest.mark.host  # not every board's Pillow reads AVIF
@pytest.mark.skipif(".avif" not in Image.registered_extensions(), reason="this Pillow reads no AVIF")
def test_a_damaged_avif_is_named() -> None:
    file, faults = io.BytesIO(), 0
    gradient(64, 64).save(file, "AVIF")
    for place in range(0, len(file.getvalue()), 7):
        data = bytearray(file.getvalue())
        data[place] ^= 0xFF
        try:
            decode(bytes(data))
        except PictureError:
            faults += 1
    assert faults > 5


def broken_files() -> dict[str, tuple[bytes, str]]:
    """name -> (content, words of the error)."""
    jpeg, png = io.BytesIO(), io.BytesIO()
    noise = Image.effect_noise((200, 200), 80).convert("RGB")
    noise.save(jpeg, "JPEG")
    noise.save(png, "PNG")
    heic = b"\0\0\0\x18ftypheic" + bytes(100)
    pip = re.escape(f"{sys.executable} -m pip install pillow-heif")
    return {
        "cut.jpg": (jpeg.getvalue()[:4000], "found a broken picture .*truncated"),
        "cut.png": (png.getvalue()[:4000], "found a broken picture"),
        "header.jpg": (jpeg.getvalue()[:20], "found (a broken|no known kind of) picture"),
        "empty.jpg": (b"", "found an empty file, wanted JPEG"),
        "text.jpg": (b"hello, I am no picture at all", "found no known kind of picture, wanted JPEG"),
        "pointer.jpg": (
            b"version https://git-lfs.github.com/spec/v1\noid",
            "found a Git LFS pointer, .*: git lfs pull",
        ),
        "page.jpg": (b"<!DOCTYPE html>\n<html>", "found a web page, wanted .*; download the picture itself"),
        "page.png": (b"<html lang=de>", "found a web page"),
        "model.tflite": (b"\x1c\0\0\0TFL3" + bytes(99), "found a model, wanted JPEG, .*; name it behind --model"),
        "phone.heic": (heic, f"found a HEIC picture.*; {pip}, or let the phone"),
        "phone.jpg": (heic, f"found a HEIC picture.*; {pip}, or let the phone"),
    }


@pytest.mark.parametrize("name", broken_files())
def test_a_broken_file_is_named_with_its_fault(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    content, words = broken_files()[name]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(PictureError, match=words) as raised:
        to_pixels(tmp_path / name, SPEC)
    assert str(raised.value).startswith(str(tmp_path / name))


def test_what_heic_needs_is_told_a_stranger_without_a_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(PictureError, match="alone; install pillow-heif where this runs, or let the phone") as raised:
        to_pixels(broken_files()["phone.heic"][0], SPEC)
    assert "/" not in str(raised.value)


def test_a_tiny_picture_is_refused(tmp_path: Path) -> None:
    Image.new("RGB", (1, 1)).save(tmp_path / "dot.gif")
    with pytest.raises(PictureError, match=r"dot.gif: found 1x1 pixels, wanted at least 32x32"):
        decode(tmp_path / "dot.gif")


def test_a_strip_is_refused() -> None:
    with pytest.raises(PictureError, match=f"found 32x700 pixels, wanted a picture at most {LARGEST_ASPECT} times"):
        decode(Image.new("RGB", (32, 700)))


def test_a_decompression_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:

        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", crc32(kind + data))

    head = struct.pack(">IIBBBBB", 60000, 60000, 8, 2, 0, 0, 0)
    (tmp_path / "bomb.png").write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")
    )
    with pytest.raises(
        PictureError, match=r"found a decompression bomb or a huge picture .*wanted at most 178 megapixels"
    ):
        decode(tmp_path / "bomb.png")


def test_a_large_phone_photo_is_no_bomb(tmp_path: Path) -> None:
    # 100 megapixels: Pillow warns, and warnings are errors here.
    Image.new("L", (11600, 8700)).save(tmp_path / "large.jpg")
    assert len(to_pixels(tmp_path / "large.jpg", SPEC)) == 64 * 64 * 3


def test_a_folder_or_nothing_is_no_picture(tmp_path: Path) -> None:
    with pytest.raises(PictureError, match="found a folder, wanted a picture"):
        decode(tmp_path)
    with pytest.raises(PictureError, match=r"none.jpg: No such file or directory; check the path"):
        decode(tmp_path / "none.jpg")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no such pipes")
def test_a_pipe_is_no_picture(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    watch = threading.Timer(20, lambda: os.close(os.open(tmp_path / "pipe.jpg", os.O_WRONLY)))  # else it waits for ever
    watch.start()
    try:
        for read in (decode, lambda path: SPEC.prepare(path)):
            with pytest.raises(PictureError, match=r"pipe\.jpg: found a pipe or a device, wanted a picture's file"):
                read(str(tmp_path / "pipe.jpg"))
        assert watch.is_alive(), "it waited"
    finally:
        watch.cancel()


@pytest.mark.parametrize(
    "array", [np.zeros((40, 40), np.uint8), np.zeros((40, 40, 4), np.uint8), np.zeros((40, 40, 3))]
)
def test_another_array_is_refused(array: np.ndarray) -> None:
    with pytest.raises(PictureError, match=r"array: found .*, wanted uint8 \(height, width, 3\) RGB"):
        decode(array)


@pytest.mark.host  # 12 megapixels, 20 times over
def test_a_real_photo_decoded_small_keeps_its_pixels(photos: Path) -> None:
    spec = PixelSpec.for_size(224)
    differences = []
    for path in sorted((photos / "test").rglob("*.jpg"))[:20]:
        with Image.open(path) as opened:
            large = opened.convert("RGB").resize((opened.width * 4, opened.height * 4), Image.Resampling.BICUBIC)
        packed = io.BytesIO()
        large.save(packed, "JPEG", quality=92)
        packed.seek(0)
        with Image.open(packed) as opened:
            opened.draft(None, (spec.resize, spec.resize))
            small = opened.convert("RGB")
        a, b = as_array(crop(small, spec), 224).astype(int), as_array(crop(large, spec), 224).astype(int)
        differences.append(np.abs(a - b).mean())
    assert np.mean(differences) < 1
