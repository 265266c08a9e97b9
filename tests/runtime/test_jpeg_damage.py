"""A JPEG that is damaged inside is refused by both ways of decoding; one that only lacks its end is whole.

`make pillow-versions` runs this with each release of Pillow that `jpeg` knows, so nothing here needs more than Pillow.
"""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from PIL import Image, _imaging

from jpegs import KINDS, damage, drawing, make, scan_start, to_jpeg
from ressq_runtime import PictureError, PixelSpec, to_pixels
from ressq_runtime.decoding.jpeg import crop_core, decode_jpeg
from ressq_runtime.inputs.picture import crop, decode

SPEC = PixelSpec.for_size(64)
SECTOR_BYTES = 512
TOO_FEW = (
    "found a broken picture (its scan is damaged or truncated: the data end before the last row), wanted a whole one"
)
TOO_MANY = "found a broken picture (its scan is damaged: data are left behind the last row), wanted a whole one"


def outcome(work: object) -> bytes | str:
    try:
        return work()  # type: ignore[operator,no-any-return]
    except PictureError as error:
        return str(error)


def read(content: bytes) -> bytes | str:
    """The pixels or the error, which are the same whichever way they come."""
    by_pixels = outcome(lambda: to_pixels(content, SPEC))
    assert outcome(lambda: SPEC.prepare(content)[0]) == by_pixels
    core = decode_jpeg(content, SPEC.least)
    assert core is None or crop_core(core[0], SPEC) == by_pixels
    return by_pixels


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("how", ["zeros", "lost", "random"])
def test_a_damaged_sector_is_named(kind: str, how: str) -> None:
    whole, state, unnamed = make(kind), random.Random(0), 0
    wanted = read(whole)
    for _ in range(20):
        at = state.randrange(scan_start(whole), len(whole) - 2 - SECTOR_BYTES)
        sector = {"zeros": bytes(SECTOR_BYTES), "lost": b"", "random": state.randbytes(SECTOR_BYTES)}[how]
        found = read(whole[:at] + sector + whole[at + SECTOR_BYTES :])
        if isinstance(found, str):
            assert found.startswith("bytes: found a broken picture (")
            assert found.endswith("), wanted a whole one; copy it again")
        else:
            unnamed += share_off(found, wanted) > 0.1
    assert unnamed <= 1, (
        "of twenty one may end where it should by chance; the last bits of a progressive one matter little"
    )


def share_off(one: bytes, other: bytes | str) -> float:
    """Of the values that differ by more than 16."""
    return sum(abs(a - b) > 16 for a, b in zip(one, other, strict=True)) / len(one)  # type: ignore[operator]


def test_too_few_and_too_many_data_are_told_apart(tmp_path: Path) -> None:
    whole = to_jpeg(drawing())
    middle = (scan_start(whole) + len(whole)) // 2
    (tmp_path / "few.jpg").write_bytes(whole[:middle] + whole[middle + SECTOR_BYTES :])
    (tmp_path / "many.jpg").write_bytes(whole[:middle] + whole[middle - SECTOR_BYTES :])
    for name, words in (("few.jpg", TOO_FEW), ("many.jpg", TOO_MANY)):
        with pytest.raises(PictureError) as raised:
            decode(tmp_path / name)
        assert str(raised.value) == f"{tmp_path / name}: {words}; copy it again"


@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_without_its_last_two_bytes_is_whole(kind: str) -> None:
    whole = make(kind)
    wanted = read(whole)
    assert isinstance(wanted, bytes)
    assert read(whole[:-2]) == read(whole[:-1]) == wanted
    if kind != "CMYK":
        assert decode_jpeg(whole[:-2], SPEC.least) is not None, "the short way answers"


@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_that_is_cut_is_refused(kind: str) -> None:
    whole, state = make(kind), random.Random(1)
    for at in (len(whole) - 200, *(state.randrange(scan_start(whole), len(whole) - 200) for _ in range(20))):
        assert isinstance(read(whole[:at]), str), at
    # A download whose room is there already.
    for at in (len(whole) // 2, len(whole) - 5000):
        assert isinstance(read(whole[:at].ljust(len(whole), b"\0")), str), at
        assert isinstance(read(whole[:at].ljust(len(whole), b"\xff")), str), at


@pytest.mark.parametrize("kind", KINDS)
def test_what_programs_and_cameras_add_is_no_damage(kind: str) -> None:
    whole = make(kind)
    wanted, scan, end = read(whole), whole[:-2], whole[-2:]
    assert isinstance(wanted, bytes)
    added = {
        "zeros behind it": whole + bytes(5000),
        "text behind it": whole + b"a trailer" * 9999,
        "a film behind it": whole + b"\0\0\0\x18ftypmp42" + random.Random(0).randbytes(200_000),
        "a second picture behind it": whole + to_jpeg(drawing((300, 200))),
        "a second picture behind the room for one": whole + bytes(70_000) + whole,
        "the start of a second one": whole + whole[:-2],
        "a few bytes before its end": scan + b"\1\2\3\4\5\6\7" + end,
        "zeros before its end": scan + bytes(20) + end,
        "many zeros before its end": scan + bytes(3000) + end,
        "room for a marker": scan + b"\xff" * 40 + end,
        "zeros before its end, which is missing": scan + bytes(1000),
    }
    assert {name: read(content) == wanted for name, content in added.items()} == dict.fromkeys(added, True)


def test_plain_areas_whose_data_are_zeros_are_whole() -> None:
    """With tables of its own a picture codes its commonest block as zero bits."""
    image = drawing((640, 480))
    image.paste((255, 255, 255), (0, 60, 640, 480))
    for progressive in (False, True):
        content = to_jpeg(image, optimize=True, progressive=progressive)
        assert isinstance(read(content), bytes)
        assert read(content[:-2]) == read(content)
    blank = to_jpeg(Image.new("RGB", (900, 900), "white"), optimize=True)
    assert blank.count(bytes(100)) > 1, "zeros up to the end"
    assert read(blank) == read(blank[:-2]) == bytes([255]) * 64 * 64 * 3


def test_restart_markers_that_are_lost_are_named() -> None:
    whole = to_jpeg(drawing((640, 480)), restart_marker_blocks=4)
    if b"\xff\xdd" not in whole:
        pytest.skip("this Pillow writes none")
    assert read(whole[:-2]) == read(whole)
    state, named = random.Random(2), 0
    for _ in range(20):
        at = state.randrange(scan_start(whole), len(whole) - 3000)
        named += isinstance(read(whole[:at] + whole[at + 2500 :]), str)
    assert named >= 16, "where one or two are lost the others find their places"


def test_a_pillow_that_was_not_tried_decodes_as_it_does(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = to_jpeg(drawing())
    wanted = read(whole)
    monkeypatch.setattr(_imaging, "PILLOW_VERSION", "99.0.0")
    assert read(whole) == wanted
    assert isinstance(read(damage(whole, bytes(SECTOR_BYTES))), bytes)
    with pytest.raises(PictureError, match=r"found a broken picture \(image file is truncated"):
        decode(whole[: len(whole) // 2])


@pytest.mark.parametrize("kind", KINDS)
def test_an_opened_image_is_read_as_its_file_is(kind: str, tmp_path: Path) -> None:
    whole, path = make(kind), tmp_path / "photo.jpg"
    path.write_bytes(whole[:-2])
    image = Image.open(path)
    first, second = to_pixels(image, SPEC), to_pixels(image, SPEC)
    with Image.open(path) as other:
        assert crop(decode(path), SPEC) == first == second == to_pixels(other, SPEC)
    path.write_bytes(whole[: len(whole) * 2 // 3] + bytes(5000))
    with Image.open(path) as image, pytest.raises(PictureError, match=r"^image: found a broken picture \(its scan is"):
        to_pixels(image, SPEC)


def test_no_real_photo_is_named_and_damaged_ones_are(photos: Path) -> None:
    paths, state, answered = sorted((photos / "test").rglob("*.jpg")), random.Random(0), 0
    for path in paths:
        decode(path)
    for path in state.sample(paths, 60):
        whole = path.read_bytes()
        at = state.randrange(scan_start(whole), len(whole) - 2 - SECTOR_BYTES)
        answered += isinstance(read(whole[:at] + bytes(SECTOR_BYTES) + whole[at + SECTOR_BYTES :]), bytes)
    assert answered <= 3
