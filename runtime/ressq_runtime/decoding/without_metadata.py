"""A picture's file without its metadata, where Pillow refuses it: a damaged text is no reason to lose a picture.

Nothing of Pillow is set for that: its limits and its tolerance are the whole process's.
"""

from __future__ import annotations

import struct
import zlib
from io import BytesIO

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

# A larger file is not copied into memory.
_LARGEST_BYTES = 200_000_000

_PNG = b"\x89PNG\r\n\x1a\n"
_ORIENTATION = frozenset((b"Raw profile type exif", b"XML:com.adobe.xmp"))  # texts that may tell which way up it is
_ANIMATION_BYTES = 12 + 8

_WEBP_PICTURE = frozenset((b"VP8X", b"ALPH", b"VP8 ", b"VP8L", b"ANIM", b"ANMF"))
_WEBP_EXIF, _WEBP_METADATA = 0x08, 0x2C  # flags in VP8X: EXIF; EXIF, XMP and a colour profile

_JPEG, _SCAN, _JFIF, _EXIF, _ADOBE, _COMMENT = b"\xff\xd8\xff", 0xDA, 0xE0, 0xE1, 0xEE, 0xFE
_JFIF_BYTES = 18  # of the segment; libjpeg passes a shorter one over

# TIFF 6.0: texts, resolutions; from 700 on there are profiles, EXIF, and what programs add.
_TIFF_METADATA = frozenset((269, 270, 271, 272, 282, 283, 285, 296, 297, 305, 306, 315, 316, 337))
_FIRST_PRIVATE = 700


def copy_without_metadata(file: str | BytesIO) -> Iterator[BytesIO]:
    """Copies of a JPEG, PNG, WebP or TIFF: with what says which way up it is, then without. None of other files."""
    with open(file, "rb") if isinstance(file, str) else BytesIO(file.getvalue()) as opened:
        head = opened.read(12)
        if not (head.startswith((_PNG, _JPEG, b"II*\0", b"MM\0*")) or (head[:4] == b"RIFF" and head[8:] == b"WEBP")):
            return
        content = head + opened.read(_LARGEST_BYTES)
    if len(content) <= _LARGEST_BYTES:
        for oriented in (True, False):
            if head.startswith(_PNG):
                yield BytesIO(_PNG + b"".join(chunk for chunk in _png_chunks(content) if _is_kept(chunk, oriented)))
            elif head.startswith(_JPEG):
                yield BytesIO(_copy_jpeg(content, oriented))
            elif head[:4] == b"RIFF":
                yield BytesIO(_copy_webp(content, oriented))
            else:
                yield BytesIO(_copy_tiff(content))


def _png_chunks(content: bytes) -> Iterator[bytes]:
    """Length, name, content and checksum of each; the last may be cut."""
    at = len(_PNG)
    while at < len(content):
        end = at + 12 + int.from_bytes(content[at : at + 4], "big")
        yield content[at:end]
        at = end


def _is_kept(chunk: bytes, oriented: bool) -> bool:
    name = chunk[4:8]
    if name[:1].isupper() or name == b"tRNS":  # pixels, and the transparent ones: Pillow judges them
        return True
    if zlib.crc32(chunk[4:-4]) != int.from_bytes(chunk[-4:], "big"):
        return False
    if name == b"acTL":
        return len(chunk) == _ANIMATION_BYTES
    text = name in (b"tEXt", b"zTXt", b"iTXt") and chunk[8:99].partition(b"\0")[0] in _ORIENTATION
    return name in (b"eXIf", b"fcTL", b"fdAT") or (text and oriented)


def _copy_jpeg(content: bytes, oriented: bool) -> bytes:
    """What applications add before the first scan is left out, but for what says how colours are coded."""
    at, kept = 2, [content[:2]]
    while content[at : at + 1] == b"\xff" and at + 4 <= len(content) and content[at + 1] != _SCAN:
        marker, segment = content[at + 1], content[at : at + 2 + int.from_bytes(content[at + 2 : at + 4], "big")]
        at += len(segment)
        added = _JFIF <= marker < _JFIF + 16 or marker == _COMMENT
        colours = marker == _ADOBE or (marker == _JFIF and len(segment) >= _JFIF_BYTES)
        if not added or colours or (marker == _EXIF and oriented):
            kept.append(segment)
    return b"".join(kept) + content[at:]


def _copy_webp(content: bytes, oriented: bool) -> bytes:
    """The chunks of the picture; a RIFF's length is written anew."""
    at, kept = 12, []
    while at < len(content):
        name, size = content[at : at + 4], int.from_bytes(content[at + 4 : at + 8], "little")
        chunk = content[at : at + 8 + size + size % 2]
        at += 8 + size + size % 2
        exif = name == b"EXIF" and oriented and at <= len(content)
        if name == b"VP8X":
            flags = chunk[8] & ~(_WEBP_METADATA ^ (_WEBP_EXIF if oriented else 0))
            chunk = chunk[:8] + bytes([flags]) + chunk[9:]
        if name in _WEBP_PICTURE or exif:
            kept.append(chunk)
    body = b"WEBP" + b"".join(kept)
    return b"RIFF" + len(body).to_bytes(4, "little") + body


def _copy_tiff(content: bytes) -> bytes:
    """The same file; of its first directory only what the pixels need. Offsets stay what they were."""
    order = "<" if content[:1] == b"I" else ">"
    start: int = struct.unpack_from(order + "I", content, 4)[0] + 2
    end = start + 12 * struct.unpack_from(order + "H", content, start - 2)[0]
    entries = [content[at : at + 12] for at in range(start, end, 12)]
    tags = [struct.unpack_from(order + "H", entry)[0] for entry in entries]
    kept = [e for e, tag in zip(entries, tags, strict=True) if tag < _FIRST_PRIVATE and tag not in _TIFF_METADATA]
    directory = struct.pack(order + "H", len(kept)) + b"".join(kept) + content[end : end + 4]
    return content[: start - 2] + directory.ljust(end + 6 - start, b"\0") + content[end + 4 :]
