"""What a file is that Pillow does not know."""

from __future__ import annotations

from io import BytesIO

from PIL import Image

from ressq_runtime.errors import PictureError

_HEIC_BRANDS = (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1")


def open_unidentified(file: str | BytesIO, path: str, error: Exception) -> Image.Image:
    """A phone's HEIC picture, where pillow-heif is installed.

    Raises:
        PictureError: it is none, or pillow-heif is missing; from the error that Pillow gave.
    """
    with open(file, "rb") if isinstance(file, str) else BytesIO(file.getvalue()[:32]) as opened:
        head = opened.read(32)
    if head[4:8] == b"ftyp" and head[8:12] in _HEIC_BRANDS:
        return _open_heic(file, path)
    found = "an empty file" if not head else "no picture that Pillow knows"
    raise PictureError(
        f"{path}: found {found}, wanted JPEG, PNG, WebP, BMP, GIF or TIFF; copy it again or convert it"
    ) from error


def _open_heic(file: str | BytesIO, path: str) -> Image.Image:
    try:
        import pillow_heif
    except ImportError as error:
        raise PictureError(
            f"{path}: found a HEIC picture, which Pillow can't read alone; "
            "pip install pillow-heif, or let the phone save JPEG ('most compatible')"
        ) from error
    pillow_heif.register_heif_opener()
    return Image.open(file)
