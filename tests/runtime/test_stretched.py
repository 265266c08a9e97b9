"""A picture stretched whole to the network's input: its pixels, by both ways to them, and the card's `input`."""

from __future__ import annotations

import io

import pytest
from PIL import Image, ImageOps

from jpegs import KINDS, drawing, make, to_jpeg
from ressq_runtime import ArtefactError, EngineError, PixelSpec, to_pixels
from ressq_runtime.decoding.jpeg import crop_core, decode_jpeg
from ressq_runtime.engines.tensor import TensorSpec
from ressq_runtime.inputs import read_input

SPEC = PixelSpec.stretched(65, 81)
ORIENTATION = 0x0112


def by_pillow(content: bytes, scale: int) -> bytes:
    """What Pillow alone makes of a JPEG that is decoded at one of `scale`."""
    with Image.open(io.BytesIO(content)) as image:
        image.draft(None, (image.width // scale, image.height // scale))
        upright = ImageOps.exif_transpose(image).convert("RGB")
    return upright.resize((SPEC.width, SPEC.height), Image.Resampling.BILINEAR).tobytes()


def by_core(content: bytes, spec: PixelSpec = SPEC) -> bytes | None:
    found = decode_jpeg(content, spec.least)
    return None if found is None else crop_core(found[0], spec)


@pytest.mark.parametrize("size", [(81, 65), (420, 330), (65, 81), (33, 400), (161, 129), (162, 130)], ids=str)
def test_the_whole_picture_is_stretched_as_pillow_resizes_it(size: tuple[int, int]) -> None:
    picture = drawing(size)
    wanted = picture.resize((81, 65), Image.Resampling.BILINEAR).tobytes()
    assert to_pixels(picture, SPEC) == wanted
    assert SPEC.prepare(picture)[0] == wanted


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_jpeg_gives_the_same_pixels_by_both_ways(kind: str) -> None:
    content = make(kind)  # 420 x 330: at half its size both sides are large enough
    wanted = to_pixels(content, SPEC)
    assert wanted == SPEC.prepare(content)[0] == by_pillow(content, 4)
    assert by_core(content) in ((None,) if kind == "CMYK" else (wanted,))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(
    ("size", "scale"),
    [((660, 640), 8), ((640, 660), 4), ((650, 525), 8), ((325, 262), 4), ((324, 260), 4), ((90, 70), 1)],
)
def test_a_turned_jpeg_keeps_the_pixels_that_it_needs_upright(
    size: tuple[int, int], scale: int, orientation: int
) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    in_file = size[::-1] if orientation > 4 else size
    content = to_jpeg(drawing(in_file), exif=exif)
    assert to_pixels(content, SPEC) == by_core(content) == by_pillow(content, scale)


def test_a_landscape_network_keeps_the_width_of_a_portrait() -> None:
    content = to_jpeg(drawing((170, 660)))  # 660 // 65 is 10, but 170 // 81 is 2
    assert to_pixels(content, SPEC) == by_core(content) == by_pillow(content, 2)


def test_its_golden_picture_fits_it_and_that_of_a_square_is_as_it_was() -> None:
    assert len(SPEC.make_golden(1)) == 65 * 81 * 3
    assert SPEC.make_golden(1) != SPEC.make_golden(2)


def test_the_card_says_what_is_stretched_and_is_read_again() -> None:
    said = SPEC.to_json()
    fingerprint = said.pop("fingerprint")
    assert said == {
        "kind": "picture", "fit": "stretch", "height": 65, "width": 81,
        "interpolation": "bilinear-antialias", "jpeg": "draft", "alpha": "white",
    }  # fmt: skip
    again = PixelSpec.from_json(SPEC.to_json())
    assert again == SPEC
    assert hash(again) == hash(SPEC)
    assert repr(again) == "PixelSpec.stretched(height=65, width=81)"
    assert fingerprint == again.fingerprint
    others = (PixelSpec.stretched(81, 65), PixelSpec(65, 65), PixelSpec(65, 81))
    assert not any(other == SPEC or SPEC.fingerprint == other.fingerprint for other in others)


def test_the_card_of_a_crop_says_what_it_said() -> None:
    assert PixelSpec(224, 256).to_json() == {
        "kind": "picture", "size": 224, "resize": 256, "interpolation": "bilinear-antialias", "crop": "center",
        "jpeg": "draft", "alpha": "white",
        "fingerprint": "cada29758583d212947c014d17ed3f8c3469410c5350c02eafbdf798a1be2b1f",
    }  # fmt: skip
    assert PixelSpec.from_json({**PixelSpec(64, 73).to_json(), "fit": "crop"}) == PixelSpec(64, 73)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"fit": "letterbox"}, "found fit 'letterbox' in the card's input, wanted 'crop' or 'stretch'; upgrade"),
        ({"fit": ["stretch"]}, r"found fit \['stretch'\]"),
        ({"height": 31}, "found height 31 and width 81 in the card's input, wanted 32 to 2048; export"),
        ({"width": 2049}, "found height 65 and width 2049"),
        ({"width": "81"}, "found height 65 and width '81'"),
        ({"height": True}, "found height True and width 81"),
        ({"width": None}, "found height 65 and width None"),
        ({"width": 80}, "found fingerprint"),
        ({"jpeg": "full"}, "found jpeg 'full'"),
    ],
)
def test_an_odd_input_in_a_card_is_refused(changes: dict[str, object], words: str) -> None:
    with pytest.raises(ArtefactError, match=words):
        PixelSpec.from_json({**SPEC.to_json(), **changes}, "road")


def test_a_model_of_other_sides_than_its_card_is_refused() -> None:
    def read(*shape: int, dtype: str = "uint8", spec: PixelSpec = SPEC) -> object:
        return read_input("road", spec.to_json(), [TensorSpec("pixels", dtype, shape)])

    assert read(1, 65, 81, 3) == SPEC
    with pytest.raises(
        ArtefactError, match=r"road: found an input of \[1, 81, 65, 3\], wanted the card's \[1, 65, 81, 3\]"
    ):
        read(1, 81, 65, 3)
    with pytest.raises(EngineError, match=r"wanted one of uint8 \[1, H, W, 3\]: its normalisation would be a guess"):
        read(1, 65, 81, 3, dtype="float32")
    with pytest.raises(EngineError, match=r"wanted one of uint8 \[1, H, H, 3\]"):
        read(1, 65, 81, 3, spec=PixelSpec(65, 73))


def test_both_sides_of_a_picture_must_hold_the_input() -> None:
    assert PixelSpec.stretched(65, 81).least == (81, 65)
    assert PixelSpec(64, 73).least == (73, 73)
