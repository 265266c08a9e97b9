"""Rebuilds the golden pictures and the smallest ONNX model in tests/golden; prints by how much the pixels moved.

Run it only when the pixel contract is meant to change: `.venv/bin/python tools/make_golden.py`.
"""

from __future__ import annotations

from pathlib import Path

from onnx import TensorProto, helper
from PIL import Image, ImageChops, ImageFilter

from ressq_runtime.inputs.golden_picture import golden_picture
from ressq_runtime.inputs.picture import to_pixels
from ressq_runtime.inputs.picture_spec import PixelSpec

GOLDEN = Path("tests/golden")
SPEC = PixelSpec.for_size(64)


def main() -> None:
    """Writes picture.png, picture.jpg (the same picture) and pixels_64.png (what to_pixels makes of it)."""
    # Blurred: JPEG keeps what is smooth, so one golden result serves both files.
    picture = golden_picture(7, 80, 80).filter(ImageFilter.GaussianBlur(3))
    picture.save(GOLDEN / "picture.png")
    picture.save(GOLDEN / "picture.jpg", quality=98, subsampling=0)
    pixels = Image.frombytes("RGB", (SPEC.width, SPEC.height), to_pixels(GOLDEN / "picture.png", SPEC))
    target = GOLDEN / "pixels_64.png"
    if target.exists():
        with Image.open(target) as before:
            print("smallest and largest difference by channel:", ImageChops.difference(before, pixels).getextrema())
    pixels.save(target)
    (GOLDEN / "relu.onnx").write_bytes(relu_model())


def relu_model() -> bytes:
    """A ModelProto of one Relu, float32 [1], with the metadata `names`."""
    value = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in "xy"]
    model = helper.make_model(helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "g", value[:1], value[1:]))
    model.metadata_props.add(key="names", value="{0: 'oak'}")
    serialized: bytes = model.SerializeToString()
    return serialized


if __name__ == "__main__":
    main()
