"""Rebuilds the golden pictures in tests/golden and prints by how much their pixels moved.

Run it only when the pixel contract is meant to change: `.venv/bin/python tools/make_golden.py`.
"""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageChops, ImageFilter

from ressq_runtime.pixels import PixelSpec, to_pixels
from ressq_runtime.selftest import golden_picture

GOLDEN = Path("tests/golden")
SPEC = PixelSpec.for_size(64)


def main() -> None:
    """Writes picture.png, picture.jpg (the same picture) and pixels_64.png (what to_pixels makes of it)."""
    # Blurred: JPEG keeps what is smooth, so one golden result serves both files.
    picture = golden_picture(7, 80).filter(ImageFilter.GaussianBlur(3))
    picture.save(GOLDEN / "picture.png")
    picture.save(GOLDEN / "picture.jpg", quality=98, subsampling=0)
    pixels = Image.frombytes("RGB", (SPEC.size, SPEC.size), to_pixels(GOLDEN / "picture.png", SPEC))
    target = GOLDEN / "pixels_64.png"
    if target.exists():
        with Image.open(target) as before:
            print("smallest and largest difference by channel:", ImageChops.difference(before, pixels).getextrema())
    pixels.save(target)


if __name__ == "__main__":
    main()
