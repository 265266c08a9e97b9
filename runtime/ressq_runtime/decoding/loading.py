"""`image.load()`, and a picture whose data are not whole raises: what Pillow's own would pass over."""

from __future__ import annotations

from PIL import Image

from ressq_runtime.decoding.jpeg import decode_scans, find_core
from ressq_runtime.decoding.memory_limit import is_one_scan
from ressq_runtime.decoding.upright import BROKEN, name_broken

TYPE_CHECKING = False
if TYPE_CHECKING:
    from io import BytesIO
    from typing import Any


def load_whole(image: Image.Image, file: str | BytesIO, path: str) -> None:
    """Loads a picture that is open, and checks what its format tells of its data.

    Args:
        image: the picture.
        file: it is from.
        path: for messages.

    Raises:
        PictureError: a JPEG's scan is damaged, or rows are missing in a PNG. Pillow's own errors for other kinds.
    """
    if image.format in ("JPEG", "MPO"):
        try:
            _load_jpeg(image)
        except BROKEN as error:
            raise name_broken(path, error) from error
        return
    try:
        image.load()
    except AttributeError as error:  # of Pillow 11.2, where a TIFF's XMP is of a type that has no text
        raise ValueError(str(error)) from error
    if image.format == "PNG":
        from ressq_runtime.decoding.png_rows import check_rows

        check_rows(image, file, path)


def load_given(image: Image.Image) -> None:
    """Loads an image that a program has opened, unless it has loaded it.

    Raises:
        OSError: a JPEG's scan is damaged; Pillow's own errors are others as well.
    """
    if image.format in ("JPEG", "MPO") and getattr(image, "tile", None) and getattr(image, "fp", None):
        _load_jpeg(image)
    else:
        image.load()


def _load_jpeg(image: Any) -> None:
    if find_core() is None:  # a Pillow that was not tried: its own way
        image.load()
        return
    one_scan = is_one_scan(image)
    ((name, extents, _, arguments),) = image.tile
    image.load_prepare()

    def make() -> Any:
        decoder = Image._getdecoder(image.mode, name, arguments, image.decoderconfig)
        decoder.setimage(image.im, extents)
        return decoder

    decode_scans(make, image.fp, one_scan=one_scan)
    image.tile = []
    image.load_end()
    if image._exclusive_fp and image._close_exclusive_fp_after_loading:  # as Pillow does
        image.fp.close()
        image.fp = None
