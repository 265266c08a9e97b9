"""Writes the corpus: generated models, cards and drawn pictures, each a kind that a reader treats apart.

python tests/fuzz/make_corpus.py        (with tests/ on PYTHONPATH)
"""

from __future__ import annotations

import json
import random
import struct
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from PIL import Image

from cards import golden_card, onnx_model
from conftest import draw_shape
from odd_pictures import jpeg_in_scans, tiled_tiff
from ressq_runtime.artefact.container import attach_card
from tiny_tflite import tiny_model

CORPUS = Path(__file__).parent / "corpus"
_ORIENTATION = 0x0112


def main() -> int:
    card = golden_card(card_sha256="")
    _write("card/golden.json", json.dumps(golden_card()).encode())
    _write("card/small.json", json.dumps({**card, "self_test": [], "labels": ["a", "b"]}).encode())
    small = {**golden_card(), "self_test": []}
    for name, model, suffix in (("tiny", tiny_model(), ".tflite"), ("relu", onnx_model(), ".onnx")):
        _write(f"artefact/{name}{suffix}", model)
        _write(f"artefact/{name}_card{suffix}", attach_card(model, small, suffix))
    _write_pictures()
    return 0


def _write_pictures() -> None:
    folder = CORPUS / "picture"
    folder.mkdir(parents=True, exist_ok=True)
    drawn = draw_shape("triangle", random.Random(0), 48)
    exif = Image.Exif()
    exif[_ORIENTATION] = 6
    drawn.save(folder / "baseline.jpg", quality=80, exif=exif)
    drawn.save(folder / "progressive.jpg", quality=60, progressive=True)
    drawn.convert("CMYK").save(folder / "cmyk.jpg", quality=60)
    drawn.save(folder / "rgb.png")
    drawn.convert("RGBA").save(folder / "alpha.png")
    drawn.convert("P").save(folder / "palette.png", transparency=3)
    Image.frombytes("I;16", (40, 40), struct.pack("<1600H", *range(0, 64000, 40))).save(folder / "grey16.png")
    drawn.save(folder / "interlaced.gif", interlace=1)
    drawn.save(folder / "animated.gif", save_all=True, append_images=[drawn.rotate(90)])
    drawn.save(folder / "lossy.webp", quality=60)
    drawn.convert("RGBA").save(folder / "lossless.webp", lossless=True)
    drawn.save(folder / "rgb.bmp")
    drawn.save(folder / "lzw.tif", compression="tiff_lzw")
    drawn.convert("1").save(folder / "fax.tif", compression="group4")
    _write("picture/tile.tif", tiled_tiff(40, 64))
    _write("picture/scans.jpg", jpeg_in_scans(48))
    _write("picture/sampled_never.jpg", jpeg_in_scans(48, sampling=0))


def _write(name: str, data: bytes) -> None:
    path = CORPUS / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


if __name__ == "__main__":
    sys.exit(main())
