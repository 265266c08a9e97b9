"""What takes too much memory is refused before it is decoded; what fits is not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from odd_pictures import jpeg_in_scans, tiled_tiff
from ressq_runtime import PictureError, PixelSpec, to_pixels
from ressq_runtime.decoding import memory_limit as footprint
from ressq_runtime.inputs.picture import decode

SPEC = PixelSpec.for_size(64)
TURNED = Image.Exif()
TURNED[0x0112] = 6
WHOLE_STRIP = {"compression": "tiff_lzw", "strip_size": 1 << 30}

# Prints the peak in MiB; with this limit on its private memory, a decoder that takes more fails.
LIMIT_MB = 512
CHILD = f"""
import resource, sys
resource.setrlimit(resource.RLIMIT_DATA, ({LIMIT_MB << 20},) * 2)
from ressq_runtime.profiling.device import peak_memory_mb
from ressq_runtime.inputs.picture import to_pixels
from ressq_runtime.inputs.picture_spec import PixelSpec
to_pixels(sys.argv[1], PixelSpec.for_size(224))
print(peak_memory_mb())
"""
PHOTO = (8000, 6000)
# kind -> (mode, suffix, options, peak in MiB with Pillow 13): 4 bytes a pixel and picture are 183 MiB.
KINDS: dict[str, tuple[str, str, dict[str, object], int]] = {
    "RGB PNG": ("RGB", "png", {"compress_level": 1}, 211),
    "RGBA PNG": ("RGBA", "png", {"compress_level": 1}, 410),
    "RGBA PNG, turned": ("RGBA", "png", {"compress_level": 1}, 410),
    "LA PNG": ("LA", "png", {"compress_level": 1}, 410),
    "palette PNG with a transparent colour": ("P", "png", {"compress_level": 1, "transparency": 3}, 273),
    "grey PNG of 16 bits": ("I;16", "png", {"compress_level": 1}, 310),
    "GIF with a transparent colour": ("P", "gif", {"transparency": 3}, 268),
    "RGBA TIFF, deflate": ("RGBA", "tif", {"compression": "tiff_adobe_deflate"}, 410),
    "CMYK TIFF, LZW": ("CMYK", "tif", {"compression": "tiff_lzw"}, 398),
    "RGB BMP": ("RGB", "bmp", {}, 211),
    "CMYK JPEG": ("CMYK", "jpg", {}, 32),
    "progressive JPEG 4:4:4, turned": ("RGB", "jpg", {"progressive": True, "subsampling": 0}, 299),
}


@pytest.mark.skipif(sys.platform != "linux", reason="RLIMIT_DATA bounds memory on Linux alone")
@pytest.mark.parametrize("kind", KINDS)
def test_a_photo_of_48_megapixels_fits_into_512_mb(kind: str, tmp_path: Path) -> None:
    mode, suffix, options, peak_mb = KINDS[kind]
    exif = TURNED if "turned" in kind else Image.Exif()
    Image.new(mode, PHOTO, 3 if mode in ("P", "I;16") else None).save(tmp_path / f"p.{suffix}", exif=exif, **options)
    command = [sys.executable, "-c", CHILD, str(tmp_path / f"p.{suffix}")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-300:]
    assert float(done.stdout) < peak_mb + 40


@pytest.mark.parametrize(("kind", "bytes_a_pixel", "options"), [
    ("png", 4, {}),
    ("webp", 20, {}),
    ("tif", 4, {}),
    ("tif", 7, WHOLE_STRIP),
    ("tif", 11, {**WHOLE_STRIP, "exif": TURNED}),
    ("jpg", 4, {}),
    ("jpg", 7, {"progressive": True}),
    ("jpg", 10, {"progressive": True, "subsampling": 0}),
])  # fmt: skip
def test_what_takes_too_much_is_refused_before_it_is_decoded(
    kind: str, bytes_a_pixel: int, options: dict[str, bool], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / f"p.{kind}"
    Image.new("RGB", (1000, 1000)).save(path, **options)
    monkeypatch.setattr(footprint, "MOST_BYTES", 1_000_000 * bytes_a_pixel)
    decode(path)
    monkeypatch.setattr(footprint, "MOST_BYTES", 1_000_000 * bytes_a_pixel - 1)
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", lambda _: pytest.fail("it was decoded"))
    with pytest.raises(PictureError, match=rf"p\.{kind}: found 1000x1000 pixels in a .* that take {bytes_a_pixel} MB"):
        decode(path)


def test_what_takes_too_much_to_convert_or_turn_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Image.new("RGBA", (1000, 1000)).save(tmp_path / "alpha.png")
    Image.new("RGB", (1000, 1000)).save(tmp_path / "turned.png", exif=TURNED)
    for name in ("alpha.png", "turned.png"):
        monkeypatch.setattr(footprint, "MOST_BYTES", 8_000_000)
        decode(tmp_path / name)
        monkeypatch.setattr(footprint, "MOST_BYTES", 7_999_999)
        with pytest.raises(PictureError, match=r"found 1000x1000 pixels in a PNG that take 8 MB .*make a smaller copy"):
            decode(tmp_path / name)


def test_a_large_jpeg_is_not_refused_where_it_is_decoded_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Image.new("RGB", (1000, 1000)).save(tmp_path / "p.jpg")
    monkeypatch.setattr(footprint, "MOST_BYTES", 1_000_000)
    assert len(to_pixels(tmp_path / "p.jpg", SPEC)) == 64 * 64 * 3
    with pytest.raises(PictureError, match="save it as a baseline JPEG"):
        decode(tmp_path / "p.jpg")


def test_a_tile_larger_than_its_picture_is_refused(tmp_path: Path) -> None:
    # 600 MB in 600 KB: libtiff unpacks a tile whole, whatever the picture needs of it.
    path = tmp_path / "tile.tif"
    path.write_bytes(tiled_tiff(64, 64))
    assert decode(path).size == (64, 64)
    path.write_bytes(tiled_tiff(64, 24_496))
    with pytest.raises(PictureError, match=r"tile\.tif: found 64x64 pixels in a TIFF that take 600 MB to decode"):
        decode(path)


def test_a_jpeg_in_several_scans_counts_at_full_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "one.jpg").write_bytes(jpeg_in_scans(1000))
    monkeypatch.setattr(footprint, "MOST_BYTES", 6_250_000)
    assert decode(tmp_path / "one.jpg", 250).size == (250, 250)
    monkeypatch.setattr(footprint, "MOST_BYTES", 6_249_999)
    with pytest.raises(PictureError, match=r"one\.jpg: found 1000x1000 pixels in a JPEG that take 6 MB"):
        decode(tmp_path / "one.jpg", 250)


def test_a_jpeg_whose_colours_are_sampled_never_is_broken(tmp_path: Path) -> None:
    (tmp_path / "never.jpg").write_bytes(jpeg_in_scans(64, sampling=0))
    with pytest.raises(PictureError, match=r"never\.jpg: found a broken picture"):
        decode(tmp_path / "never.jpg", 32)
