"""What libjpeg warns of in a JPEG, where simplejpeg is installed: on the workstation, and on a device that wants it.

Damage that leaves a scan as long as it was shows in no other way: codes that are none, restart markers that are lost.
"""

from __future__ import annotations

from io import BytesIO

from ressq_runtime.jpeg_scans import END_OF_IMAGE

# Warnings of damage. Of others (bytes before a marker, an unknown revision) cameras write many.
_DAMAGE = ("bad Huffman code", "bad arithmetic code", "premature end of data segment", "instead of RST")
_SMALLEST = 8  # libjpeg decodes an eighth of the width and height, but reads all data


def check_warnings(file: str | BytesIO) -> None:
    """Decodes a JPEG that Pillow has read once more, small; without simplejpeg nothing is done.

    Raises:
        OSError: libjpeg warns of damage.
    """
    try:
        import simplejpeg
    except ImportError:
        return
    with open(file, "rb") if isinstance(file, str) else BytesIO(file.getvalue()) as opened:
        data = opened.read() + END_OF_IMAGE  # it may lack just that
    try:
        colours = simplejpeg.decode_jpeg_header(data, strict=False)[2]
        simplejpeg.decode_jpeg(
            data, "CMYK" if colours in ("CMYK", "YCCK") else "GRAY", fastdct=True, fastupsample=True,
            min_height=1, min_width=1, min_factor=_SMALLEST, strict=True,
        )  # fmt: skip
    except ValueError as error:
        if any(words in str(error) for words in _DAMAGE):
            raise OSError(f"libjpeg: {error}") from error
