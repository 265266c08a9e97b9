"""A picture whose pixels are whole is answered, whatever its metadata.

`make pillow-versions` runs this with each release of Pillow that is used, so nothing here needs more than Pillow.
"""

from __future__ import annotations

import io
import struct
import threading
import zlib
from functools import cache
from pathlib import Path

import pytest
from PIL import Image, ImageFile, PngImagePlugin

from jpegs import drawing
from ressq_runtime import PictureError
from ressq_runtime.inputs.picture import decode

ORIENTATION = 0x0112
SIZE = (160, 120)
LARGE = b"text" * 750_000


def save(kind: str, **settings: object) -> bytes:
    packed = io.BytesIO()
    drawing(SIZE).save(packed, kind, **settings)
    return packed.getvalue()


def chunk(name: bytes, content: bytes, checksum: int | None = None) -> bytes:
    found = zlib.crc32(name + content) if checksum is None else checksum
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", found)


def png(added: bytes, behind: bool = False, content: bytes | None = None) -> bytes:
    """A PNG with these chunks before its pixels, or behind them."""
    whole = content or save("PNG")
    at = whole.rindex(b"IEND") - 4 if behind else whole.index(b"IDAT") - 4
    return whole[:at] + added + whole[at:]


def turned() -> bytes:
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    return exif.tobytes()


@cache
def odd_chunks() -> dict[str, bytes]:
    """name -> chunks that Pillow refuses, or warns of."""
    compressed = {b"zTXt": b"k\0\0", b"iTXt": b"k\0\1\0\0\0", b"iCCP": b"p\0\0"}
    sound = {
        b"tEXt": b"k\0v",
        b"pHYs": bytes(9),
        b"gAMA": bytes(4),
        b"cHRM": bytes(32),
        b"sRGB": b"\0",
        b"tIME": bytes(7),
    }
    return {
        **{f"{name.decode()} of 3 MB": chunk(name, head + zlib.compress(LARGE)) for name, head in compressed.items()},
        **{f"{name.decode()} that is cut": chunk(name, head + b"x") for name, head in compressed.items()},
        **{f"{name.decode()} without content": chunk(name, b"") for name in (*compressed, *sound)},
        **{f"{name.decode()} of a wrong checksum": chunk(name, content, 1) for name, content in sound.items()},
        **{f"{name.decode()} of a wrong checksum": chunk(name, head, 1) for name, head in compressed.items()},
        "eXIf of a wrong checksum": chunk(b"eXIf", turned()[6:], 1),
        "a private chunk of a wrong checksum": chunk(b"prVt", b"x" * 99, 1),
        "80 MB of text in all": chunk(b"zTXt", b"k\0\0" + zlib.compress(LARGE[:1_000_000])) * 80,
        "a header of an animation that is cut": chunk(b"acTL", b"\0\0"),
        "a compression that is none": chunk(b"iCCP", b"p\0\7" + zlib.compress(b"t")),
    }  # fmt: skip


@pytest.mark.parametrize("name", odd_chunks())
def test_a_png_is_answered_whatever_is_beside_its_pixels(name: str, tmp_path: Path) -> None:
    shown = drawing(SIZE)
    wanted = {shown.tobytes()}
    if name.startswith("eXIf"):  # behind the pixels Pillow takes no checksum
        wanted.add(shown.transpose(Image.Transpose.ROTATE_270).tobytes())
    for behind in (False, True):
        (tmp_path / "p.png").write_bytes(png(odd_chunks()[name], behind))
        found = decode(tmp_path / "p.png").tobytes()
        assert found in wanted
        assert found == decode((tmp_path / "p.png").read_bytes()).tobytes()


def test_the_way_up_survives_damaged_metadata() -> None:
    wanted = drawing(SIZE).transpose(Image.Transpose.ROTATE_270).tobytes()
    damaged = chunk(b"tEXt", b"k\0v", 1) + chunk(b"zTXt", b"k\0\0" + zlib.compress(LARGE))
    xmp = b"XML:com.adobe.xmp\0\0\0\0\0<x:xmpmeta tiff:Orientation='6'/>"
    for added in (chunk(b"eXIf", turned()[6:]) + damaged, damaged + chunk(b"eXIf", turned()[6:])):
        assert decode(png(added)).tobytes() == wanted
    assert decode(png(damaged + chunk(b"iTXt", xmp))).tobytes() == decode(png(chunk(b"iTXt", xmp))).tobytes()


def test_transparent_colours_are_pixels() -> None:
    few = drawing(SIZE).quantize(9)
    packed = io.BytesIO()
    few.save(packed, "PNG", transparency=3)
    wanted = decode(packed.getvalue()).tobytes()
    assert decode(png(chunk(b"tEXt", b"k\0v", 1), content=packed.getvalue())).tobytes() == wanted
    broken = packed.getvalue().replace(chunk(b"tRNS", b"\xff\xff\xff\0"), chunk(b"tRNS", b"\xff\xff\xff\0", 1))
    assert broken != packed.getvalue()
    with pytest.raises(PictureError, match="bytes: found a broken picture"):
        decode(broken)


def test_damaged_pixels_are_refused_beside_damaged_metadata() -> None:
    content = bytearray(png(chunk(b"tEXt", b"k\0v", 1)))
    content[content.index(b"IDAT") + 400] ^= 0xFF
    with pytest.raises(PictureError, match=r"bytes: found a broken picture \(.+\), wanted a whole one; copy it again"):
        decode(bytes(content))
    with pytest.raises(PictureError, match="bytes: found a broken picture"):
        decode(png(chunk(b"tEXt", b"k\0v", 1))[:1500])


def test_an_animation_is_one_with_damaged_metadata() -> None:
    packed = io.BytesIO()
    frames = [drawing((64, 64)), drawing((65, 64)).resize((64, 64))]
    frames[0].save(packed, "PNG", save_all=True, append_images=frames[1:])
    with pytest.raises(PictureError, match="bytes: found several frames in a PNG"):
        decode(png(chunk(b"tEXt", b"k\0v", 1), content=packed.getvalue()))


def test_a_header_that_is_damaged_is_no_unknown_kind() -> None:
    content = bytearray(save("PNG"))
    content[20] ^= 1  # the checksum of IHDR is wrong
    for broken in (bytes(content), b"\xff\xd8\xff" + bytes(200)):
        with pytest.raises(PictureError, match=r"bytes: found a broken picture \(its header is damaged\), wanted"):
            decode(broken)


def test_nothing_of_the_process_is_changed_in_any_thread() -> None:
    before = PngImagePlugin.MAX_TEXT_CHUNK, PngImagePlugin.MAX_TEXT_MEMORY, ImageFile.LOAD_TRUNCATED_IMAGES
    content, wanted = png(odd_chunks()["zTXt of 3 MB"]), drawing(SIZE).tobytes()
    found: list[tuple[bool, bool]] = []

    def read() -> None:
        for _ in range(5):
            right = decode(content).tobytes() == wanted
            now = PngImagePlugin.MAX_TEXT_CHUNK, PngImagePlugin.MAX_TEXT_MEMORY, ImageFile.LOAD_TRUNCATED_IMAGES
            found.append((right, now == before))

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [(True, True)] * 20


@pytest.mark.parametrize("lossless", [True, False])
def test_a_webp_is_answered_whatever_is_beside_its_pixels(lossless: bool) -> None:
    settings = {
        "lossless": lossless,
        "exif": turned(),
        "icc_profile": b"\0" * 128 + b"x" * 2000,
        "xmp": b"<x:xmpmeta/>" * 40,
    }
    whole = save("WEBP", **settings)
    wanted = decode(whole).tobytes()
    assert decode(whole).size == (120, 160)
    odd = {
        "cut in the last metadata": whole[:-10],
        "cut behind them": whole[:-1],
        "a length that is too large": whole[:4] + struct.pack("<I", len(whole) + 50) + whole[8:],
        "a length that is too small": whole[:4] + struct.pack("<I", len(whole) - 50) + whole[8:],
        "junk behind it": whole + b"junk",
    }
    assert {name: decode(content).tobytes() == wanted for name, content in odd.items()} == dict.fromkeys(odd, True)
    upright = decode(save("WEBP", lossless=lossless)).tobytes()
    assert decode(whole[: whole.index(b"EXIF") + 20]).tobytes() == upright, "what tells the way up is lost"
    with pytest.raises(PictureError, match="found a broken picture"):
        decode(whole[: whole.index(b"EXIF") - 500])


@pytest.mark.parametrize("tag", [270, 305, 700, 34675])
@pytest.mark.parametrize("compression", [None, "tiff_lzw"])
def test_a_tiff_is_answered_whatever_its_other_tags_are(tag: int, compression: str | None) -> None:
    about = {270: "d" * 300, 305: "software" * 9, 700: b"<x:xmpmeta/>" * 40}
    whole = save("TIFF", tiffinfo=about, icc_profile=bytes(2000), compression=compression)
    start = struct.unpack_from("<I", whole, 4)[0] + 2
    at = next(at for at in range(start, start + 12 * 40, 12) if struct.unpack_from("<H", whole, at)[0] == tag)
    kind, count, value = struct.unpack_from("<HII", whole, at + 2)
    for entry in (
        *((tag, kind, 0x7FFFFFFF, value), (tag, kind, count, 0x7FFFFFF0), (tag, kind, count, len(whole) - 2)),
        *((tag, other, count, value) for other in (0, 12, 13, 99)),
    ):
        content = bytearray(whole)
        struct.pack_into("<HHII", content, at, *entry)
        assert decode(bytes(content)).tobytes() == drawing(SIZE).tobytes(), entry


@pytest.mark.parametrize("marker", [0xE0, 0xE1, 0xE2, 0xFE])
def test_a_jpeg_is_answered_whatever_applications_wrote(marker: int) -> None:
    whole = save("JPEG", exif=turned(), icc_profile=bytes(2000), comment=b"c" * 100)
    wanted = {decode(whole).tobytes(), decode(save("JPEG")).tobytes()}
    at = 2
    while whole[at + 1] != marker:
        at += 2 + int.from_bytes(whole[at + 2 : at + 4], "big")
    end = at + 2 + int.from_bytes(whole[at + 2 : at + 4], "big")
    for size in (2, 6, 7, 9):
        segment = whole[at : at + 2] + struct.pack(">H", size) + whole[at + 4 : at + 2 + size]
        assert decode(whole[:at] + segment + whole[end:]).tobytes() in wanted, size
