"""Pictures that are valid and that nobody saves: what a hostile file would be made from."""

from __future__ import annotations

import io
import struct
import zlib

from PIL import Image


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
