"""What Pillow gets wrong about a TIFF that it opens: frames that are no pictures of their own, and planes."""

from __future__ import annotations

from PIL.TiffImagePlugin import (
    BITSPERSAMPLE,
    COMPRESSION,
    FILLORDER,
    PHOTOMETRIC_INTERPRETATION,
    PLANAR_CONFIGURATION,
)

from ressq_runtime.errors import PictureError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# A tag of TIFF 6.0, NewSubfileType: bit 0: another frame in fewer pixels; bit 2: a mask of another.
_NEW_SUBFILE_TYPE, _COPY_OR_MASK = 254, 0b101
_UNCOMPRESSED, _SEPARATE_PLANES = 1, 2
_GREY, _RGB, _PALETTE, _CMYK = 1, 2, 3, 5

_MOST_COPIES = 32  # each with a mask, halved from the largest picture that is read down to a pixel


def check_planes(image: Any, path: str) -> None:
    """Refuses uncompressed planes that Pillow would take for plain bytes; the others libtiff reads.

    Of a pixel's layout, `RGB;16L`, Pillow gives a plane one letter, `R`: 16 bits, reversed ones, white as 0 are lost.

    Raises:
        PictureError: they are of that kind.
    """
    tags = image.tag_v2
    if tags.get(PLANAR_CONFIGURATION, 1) != _SEPARATE_PLANES or tags.get(COMPRESSION, 1) != _UNCOMPRESSED:
        return
    bits = max(tags.get(BITSPERSAMPLE, (1,)))
    plain = tags.get(FILLORDER, 1) == 1 and tags.get(PHOTOMETRIC_INTERPRETATION, 0) in (_GREY, _RGB, _PALETTE, _CMYK)
    if bits != 8 or not plain:
        raise PictureError(
            f"{path}: found a TIFF of uncompressed planes of {bits} bits, which Pillow misreads, "
            "wanted its bands pixel by pixel; gdal_translate -co INTERLEAVE=PIXEL IN OUT"
        )


def is_pyramid(image: Any) -> bool:
    """True for a TIFF whose further frames say that they are smaller copies or masks: a cloud-optimised GeoTIFF."""
    for frame in range(1, _MOST_COPIES):
        try:
            image.seek(frame)
        except EOFError:
            image.seek(0)
            image.getexif()  # Pillow 9.4 would look for it in the file that loading closes
            return True
        except SyntaxError:  # Pillow reads no masks; it has their tags all the same
            pass
        if not image.tag_v2.get(_NEW_SUBFILE_TYPE, 0) & _COPY_OR_MASK:
            return False
    return False
