"""Pictures that are valid and that nobody saves: what a hostile file would be made from."""

from __future__ import annotations

import io
import struct
import zlib

from PIL import Image

SHORT, LONG = 3, 4


def tiff(side: int, bits: tuple[int, ...], strips: list[bytes], **tags: int | tuple[int, ...]) -> bytes:
    """A TIFF of side x side pixels, little-endian: RGB of uncompressed bands, pixel by pixel, unless `tags` say else.

    bits: of each band. strips: one of all rows, or one a plane. tags: by the names of _TAGS.
    """
    places = tuple(8 + sum(map(len, strips[:index])) for index in range(len(strips)))
    found = {
        256: (LONG, (side,)), 257: (LONG, (side,)), 258: (SHORT, bits), 259: (SHORT, (1,)), 262: (SHORT, (2,)),
        273: (LONG, places), 277: (SHORT, (len(bits),)), 278: (LONG, (side,)), 279: (LONG, tuple(map(len, strips))),
        **{_TAGS[name]: (SHORT, (value,) if isinstance(value, int) else value) for name, value in tags.items()},
    }  # fmt: skip
    data, entries, beside = b"".join(strips), b"", b""
    behind = 8 + len(data) + 2 + 12 * len(found) + 4
    for tag, (kind, values) in sorted(found.items()):
        packed = struct.pack(f"<{len(values)}{'H' if kind == SHORT else 'I'}", *values)
        entries += struct.pack("<HHI", tag, kind, len(values))
        entries += packed.ljust(4, b"\0") if len(packed) <= 4 else struct.pack("<I", behind + len(beside))
        beside += packed if len(packed) > 4 else b""
    head = b"II*\0" + struct.pack("<I", 8 + len(data))
    return head + data + struct.pack("<H", len(found)) + entries + bytes(4) + beside


_TAGS = {"compression": 259, "photometric": 262, "fill_order": 266, "planar": 284, "extra": 338, "sample_format": 339}


def tiled_tiff(side: int, tile_side: int) -> bytes:
    """A grey TIFF of side x side pixels in one deflated tile, which may be larger than the picture."""
    packer = zlib.compressobj(9)
    data = b"".join(packer.compress(bytes(tile_side)) for _ in range(tile_side)) + packer.flush()
    long, short = 4, 3
    tags = {
        256: (long, side), 257: (long, side), 258: (short, 8), 259: (short, 8), 262: (short, 1), 277: (short, 1),
        322: (long, tile_side), 323: (long, tile_side), 324: (long, 8), 325: (long, len(data)),
    }  # fmt: skip
    entries = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, (kind, value) in sorted(tags.items()))
    return b"II*\0" + struct.pack("<I", 8 + len(data)) + data + struct.pack("<H", len(tags)) + entries + bytes(4)


def jpeg_in_scans(side: int, sampling: int = 0x11) -> bytes:
    """A baseline JPEG of three colours, side x side, each in a scan of its own; sampling: 0x11, or a fault."""
    packed = io.BytesIO()
    Image.linear_gradient("L").resize((side, side)).save(packed, "JPEG")
    grey, parts, at = packed.getvalue(), [b"\xff\xd8"], 2
    while grey[at + 1] != 0xDA:
        end = at + 2 + int.from_bytes(grey[at + 2 : at + 4], "big")
        if grey[at + 1] == 0xC0:
            layers = b"".join(bytes([number, sampling, 0]) for number in (1, 2, 3))
            parts.append(b"\xff\xc0" + struct.pack(">H", 17) + grey[at + 4 : at + 9] + b"\3" + layers)
        else:
            parts.append(grey[at:end])
        at = end
    scan = grey[at + 10 : -2]
    parts += [b"\xff\xda" + struct.pack(">HBBBBBB", 8, 1, number, 0, 0, 63, 0) + scan for number in (1, 2, 3)]
    return b"".join(parts) + b"\xff\xd9"
