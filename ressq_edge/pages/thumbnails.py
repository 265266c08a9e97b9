"""Small pictures for a page: what the network saw, as JPEG data URIs. Nothing of the file but its pixels is in them."""

import base64
import io
from pathlib import Path

from PIL import Image

from ressq_runtime.inputs.picture import to_pixels
from ressq_runtime.inputs.picture_spec import PixelSpec

_SIDE = 144  # pixels; shown at half of that, or at all of it on a fine screen
_QUALITY = 78


def make_thumbnail(path: Path, spec: PixelSpec) -> str:
    """The crop that the network takes of a picture, _SIDE x _SIDE, as `data:image/jpeg;base64,...`.

    Raises:
        PictureError: it can't be read.
    """
    return draw_thumbnail(to_pixels(path, spec), spec)


def draw_thumbnail(pixels: bytes, spec: PixelSpec) -> str:
    """The same of what the network takes: uint8 RGB bytes."""
    picture = Image.frombytes("RGB", (spec.width, spec.height), pixels).resize((_SIDE, _SIDE), Image.Resampling.LANCZOS)
    return encode_jpeg(picture)


def encode_jpeg(picture: Image.Image) -> str:
    """`data:image/jpeg;base64,...`."""
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=_QUALITY, optimize=True)
    return f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode()}"
