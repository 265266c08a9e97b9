"""The decoder on Pillow's C core gives the bytes of `pixels`, or leaves the file to it.

`make pillow-versions` runs this with each release of Pillow that `jpeg` knows, so nothing here needs more than Pillow.
"""

from __future__ import annotations

import io
import random
import struct
from pathlib import Path

import pytest
from PIL import Image, ImageCms, _imaging

from ressq_runtime import PictureError, PixelSpec, to_pixels
from ressq_runtime.decoding.jpeg import crop_core, decode_jpeg

SPEC = PixelSpec.for_size(64)
SIZES = [(32, 32), (73, 74), (147, 73), (401, 299), (640, 33), (1023, 767)]


def photo(size: tuple[int, int], mode: str = "RGB") -> Image.Image:
    """Coloured, uneven, and different under every turn and flip."""
    width, height = size
    small = Image.frombytes("RGB", (9, 7), random.Random(width * height).randbytes(9 * 7 * 3))
    image = small.resize(size, Image.Resampling.BICUBIC)
    image.paste((255, 0, 0), (0, 0, width // 3, height // 4))
    return image.convert(mode)


def to_jpeg(image: Image.Image, **settings: object) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", **settings)
    return out.getvalue()


def pixels_by_core(content: bytes | str, spec: PixelSpec = SPEC) -> bytes | None:
    found = decode_jpeg(content, spec.least)
    return None if found is None else crop_core(found[0], spec)


def exif(entries: list[tuple[int, int, int, bytes]], order: str = "<", start: int = 8) -> bytes:
    """An EXIF segment's content; an entry is (tag, type, count, its four bytes)."""
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", start)
    body = b"".join(struct.pack(order + "HHI", *entry[:3]) + entry[3] for entry in entries)
    return b"Exif\0\0" + head + struct.pack(order + "H", len(entries)) + body + bytes(4)


def turned(value: int, order: str = "<") -> tuple[int, int, int, bytes]:
    return 0x0112, 3, 1, struct.pack(order + "HH", value, 0)


def with_segment(jpeg: bytes, marker: int, content: bytes) -> bytes:
    """`jpeg` with a segment more, right behind its start."""
    return jpeg[:2] + bytes([0xFF, marker]) + struct.pack(">H", len(content) + 2) + content + jpeg[2:]


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("mode", ["RGB", "L"])
@pytest.mark.parametrize("progressive", [False, True])
def test_the_bytes_are_those_of_pixels(size: tuple[int, int], mode: str, progressive: bool) -> None:
    for subsampling in (0, 1, 2):
        for quality in (30, 95):
            settings = {"progressive": progressive, "quality": quality, "subsampling": subsampling}
            content = to_jpeg(photo(size, mode), **settings)
            assert pixels_by_core(content) == to_pixels(content, SPEC)


@pytest.mark.parametrize("size", [16, 224, 500])
def test_every_scale_of_decoding_is_the_same(size: int) -> None:
    spec, content = PixelSpec.for_size(size), to_jpeg(photo((2305, 1733)))
    assert pixels_by_core(content, spec) == to_pixels(content, spec)


@pytest.mark.parametrize("orientation", range(11))
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_every_orientation_is_undone(orientation: int, order: str, mode: str) -> None:
    plain = to_jpeg(photo((401, 299), mode))
    entries = [(0x0100, 4, 1, bytes(4)), turned(orientation, order), (0x8769, 4, 1, b"\xff\xff\xff\xff")]
    content = with_segment(plain, 0xE1, exif(entries, order))
    found = pixels_by_core(content)
    assert found == to_pixels(content, SPEC)
    assert (found == pixels_by_core(plain)) == (orientation not in range(2, 9))


def test_what_programs_add_is_no_hindrance(tmp_path: Path) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    content = to_jpeg(photo((401, 299)), icc_profile=profile, dpi=(300, 300), exif=exif([turned(6)]))
    content = with_segment(content, 0xE1, b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta tiff:Orientation='8'/>")
    content = with_segment(with_segment(content, 0xFE, b"a comment"), 0xE5, bytes(60_000))
    content += bytes(100_000)
    (tmp_path / "photo.jpg").write_bytes(content)
    assert pixels_by_core(str(tmp_path / "photo.jpg")) == to_pixels(content, SPEC)


def unusual() -> dict[str, bytes]:
    """name -> a file that is for `pixels` to judge, though most would decode."""
    plain, mpo, png = to_jpeg(photo((200, 150))), io.BytesIO(), io.BytesIO()
    photo((200, 150)).save(mpo, "MPO", save_all=True, append_images=[photo((100, 90))])
    photo((200, 150)).save(png, "PNG")
    xmp = b'http://ns.adobe.com/xap/1.0/\0<rdf tiff:Orientation="6"/>'
    return {
        "CMYK": to_jpeg(photo((200, 150), "CMYK")),
        "several pictures": mpo.getvalue(),
        "another format": png.getvalue(),
        "nothing": b"",
        "a start alone": b"\xff\xd8\xff",
        "a dot": to_jpeg(photo((31, 40))),
        "a strip": to_jpeg(photo((700, 33))),
        "turned by XMP": with_segment(plain, 0xE1, xmp),
        "two EXIFs": with_segment(with_segment(plain, 0xE1, exif([turned(6)])), 0xE1, exif([turned(3)])),
        "two orientations": with_segment(plain, 0xE1, exif([turned(6), turned(3)])),
        "an orientation as text": with_segment(plain, 0xE1, exif([(0x0112, 2, 1, b"6\0\0\0")])),
        "a value outside EXIF": with_segment(plain, 0xE1, exif([(0x010F, 2, 12, b"\x88\x13\0\0"), turned(6)])),
        "a value of no known type": with_segment(plain, 0xE1, exif([(0x010F, 99, 1, bytes(4)), turned(6)])),
        "EXIF of an unknown order": with_segment(plain, 0xE1, b"Exif\0\0XX*\0" + bytes(20)),
        "EXIF that points outside": with_segment(plain, 0xE1, exif([turned(6)], start=999)),
        "a resolution as text": with_segment(plain, 0xE1, exif([turned(6), (0x011A, 2, 0, bytes(4))])),
        "a short JFIF": b"\xff\xd8" + with_segment(plain, 0xE0, b"JFIF\0")[2:],
        "a short Adobe": with_segment(plain, 0xEE, b"Adobe"),
        "Photoshop's": with_segment(plain, 0xED, b"Photoshop 3.0\0" + b"8BIM\4\4"),
        "a short profile": with_segment(plain, 0xE2, b"ICC_PROFILE\0"),
        "two frames": with_segment(plain, 0xC0, bytes.fromhex("0800960 0c803012200021101031101".replace(" ", ""))),
        "12 bits": plain.replace(b"\xff\xc0\0\x11\x08", b"\xff\xc0\0\x11\x0c"),
        "filling between segments": plain[:2] + b"\xff" + plain[2:],
        "an end in its header": plain[:150],
        "an end in its pixels": plain[: len(plain) // 2],
    }  # fmt: skip


@pytest.mark.parametrize("name", unusual())
def test_the_unusual_is_left_to_pixels(name: str) -> None:
    assert pixels_by_core(unusual()[name]) is None


@pytest.mark.parametrize("name", unusual())
def test_an_answer_has_the_pixels_or_the_error_of_pixels(name: str, tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(unusual()[name])
    assert outcome(lambda: SPEC.prepare(str(path))[0]) == outcome(lambda: to_pixels(str(path), SPEC))


def outcome(work: object) -> bytes | str:
    try:
        return work()  # type: ignore[operator,no-any-return]
    except PictureError as error:
        return str(error)


def test_a_file_that_is_not_there_is_named_by_pixels(tmp_path: Path) -> None:
    with pytest.raises(PictureError, match=r"none.jpg: No such file or directory; check the path"):
        SPEC.prepare(str(tmp_path / "none.jpg"))


def test_an_image_in_memory_is_left_to_pixels() -> None:
    assert SPEC.prepare(photo((200, 150)))[0] == to_pixels(photo((200, 150)), SPEC)


@pytest.mark.parametrize("version", ["9.3.0", "13.1.0", "12.0.0.post1", "14.0.0.dev0", ""])
def test_an_unknown_pillow_is_left_to_pixels(version: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(to_jpeg(photo((200, 150))))
    wanted = to_pixels(str(path), SPEC)
    monkeypatch.setattr(_imaging, "PILLOW_VERSION", version)
    assert decode_jpeg(str(path), SPEC.least) is None
    assert SPEC.prepare(str(path))[0] == wanted


@pytest.mark.parametrize("name", ["new", "jpeg_decoder", "raw_encoder"])
def test_a_pillow_without_one_of_the_calls_is_left_to_pixels(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(to_jpeg(photo((200, 150))))
    wanted = SPEC.prepare(str(path))[0]
    real = getattr(_imaging, name)

    def only_as_pillow_calls_it(*arguments: object) -> object:
        import inspect

        caller = inspect.stack()[1].filename
        if caller.endswith("jpeg.py"):
            raise TypeError("function takes another number of arguments")
        return real(*arguments)

    monkeypatch.setattr(_imaging, name, only_as_pillow_calls_it)
    assert pixels_by_core(str(path)) is None
    assert SPEC.prepare(str(path))[0] == wanted


@pytest.mark.parametrize("seed", range(8))
def test_damaged_files_are_refused_or_equal(seed: int) -> None:
    """Where the core answers, `pixels` gives the same bytes, and no error."""
    chance = random.Random(seed)
    settings = {"progressive": seed % 2 == 1, "exif": exif([turned(6), (0x0128, 3, 1, b"\2\0\0\0")]), "comment": b"c"}
    whole = to_jpeg(photo((211, 163), "L" if seed % 3 == 0 else "RGB"), **settings)
    header = whole.index(b"\xff\xda")
    answered = 0
    for _ in range(250):
        content = bytearray(whole)
        for _ in range(chance.randint(1, 3)):
            content[chance.randrange(2, header if chance.random() < 0.7 else len(content))] = chance.choice(
                [0, 1, 0xFF, 0x7F, chance.randrange(256)]
            )
        if chance.random() < 0.1:
            del content[chance.randrange(len(content)) :]
        found = pixels_by_core(bytes(content))
        if found is not None:
            answered += 1
            assert found == to_pixels(bytes(content), SPEC), content.hex()
    assert answered > 50, "the damage must leave some files readable, or equality says nothing"


def test_real_photos_give_the_bytes_of_pixels(photos: Path) -> None:
    spec, taken = PixelSpec.for_size(224), 0
    paths = sorted((photos / "test").rglob("*.jpg"))
    for path in paths:
        found = pixels_by_core(str(path), spec)
        taken += found is not None
        assert found in (None, to_pixels(path, spec)), path
    assert taken > 0.95 * len(paths)
