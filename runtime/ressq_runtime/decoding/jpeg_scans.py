"""Decodes a JPEG piece by piece, so that damage inside its scans shows.

libjpeg decodes whatever it is given and warns of what does not fit; Pillow drops the warnings. But Pillow's decoder
takes a file in pieces and waits where one ends. MARGIN bytes before the end of a scan it must still want more; with
the scan's last byte, and PADDING, it must be through. A damaged scan ends elsewhere: what follows the damage is taken
for more blocks than it holds, or for fewer. The pixels are those of the whole file at once.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import IO, Any

    Piece = tuple[bytes, int]

# What a piece is: decoded as it is; data of a scan that goes on; what may be its last data, since what fills up a file
# follows, up to the next marker; its last data; the last data of a picture's only scan.
AS_IS, BODY, MAYBE_END, END, END_OF_ALL = range(5)

# What `PIL.ImageFile` reads at once.
BLOCK_BYTES = 65536
# Cameras leave a few bytes behind the last row.
MARGIN = 8
# Twice what libjpeg takes ahead of what it decodes. It fills up with zeros itself where a marker comes too early.
PADDING = bytes(16)
END_OF_IMAGE = b"\xff\xd9"

_TOO_FEW = "its scan is damaged or truncated: the data end before the last row"
_TOO_MANY = "its scan is damaged: data are left behind the last row"


def feed(decoder: Any, pieces: Iterable[Piece]) -> None:
    """Decodes the pieces.

    Where the decoder waits within a scan it gives one byte more back; behind it, looking for a marker, drops it.

    Raises:
        OSError: the data are damaged, or end early; the message says which.
    """
    rest, before, over = b"", AS_IS, False

    def decode(data: bytes) -> bool:
        """Whether the picture is through; in `rest` what the decoder gave back: data of a block that is not whole."""
        nonlocal rest
        rest += data
        used, status = decoder.decode(rest)
        rest = rest[used:] if used >= 0 else b""
        if status < 0:
            raise OSError("broken data stream when reading image file")
        return bool(used < 0)

    try:
        for data, kind in pieces:
            if over and kind != AS_IS:
                over = kind == BODY
            elif kind <= BODY:
                if decode(data):
                    if kind == BODY:
                        raise OSError(_TOO_MANY)
                    return
            elif kind == MAYBE_END:
                if decode(data[:-1]):
                    return
                over = not rest
                if decode(data[-1:]):
                    return
                over = over and not rest
            else:
                data += PADDING
                if kind == END and before == BODY and not rest:
                    if decode(data[:1]) or not rest:
                        raise OSError(_TOO_MANY)
                    data = data[1:]
                if decode(data):
                    return
                if kind == END_OF_ALL or rest or decode(b"\0") or rest:
                    raise OSError(_TOO_FEW)
            before = kind
        raise OSError("image file is truncated")
    finally:
        decoder.cleanup()


def split_one_scan(file: IO[bytes]) -> Iterator[Piece]:
    """The pieces of a file whose only scan ends with the last end of an image in it.

    None, where that is not near the end of the file; and what hides a second picture is found too long.
    """
    size = file.seek(0, 2)
    start = file.seek(max(0, size - BLOCK_BYTES))
    end = start + file.read(BLOCK_BYTES).rfind(END_OF_IMAGE)
    if end < start:
        return
    at = file.seek(0)
    while at < end - MARGIN:
        data = file.read(min(BLOCK_BYTES, end - MARGIN - at))
        at += len(data)
        yield data, BODY
    yield file.read(end - at), END_OF_ALL
