"""The script that most people would write for masks, with Pillow, numpy and an Interpreter: `ressq-infer` beside it.

python benchmarks/plain_masks.py MODEL PICTURE MASK.png

Writes the class of each pixel at the picture's size.
"""

import sys

import numpy as np
from PIL import Image

try:
    from ai_edge_litert.interpreter import Interpreter
except ImportError:  # a 32-bit Raspberry Pi OS
    from tflite_runtime.interpreter import Interpreter

COLOURS = [value for index in range(11) for value in (20 * index, 255 - 20 * index, 40)]

interpreter = Interpreter(model_path=sys.argv[1], num_threads=1)
interpreter.allocate_tensors()
(taken,), given = interpreter.get_input_details(), interpreter.get_output_details()
_, height, width, _ = taken["shape"]
classes = next(output["index"] for output in given if output["dtype"] != np.float32)
image = Image.open(sys.argv[2]).convert("RGB")
pixels = image.resize((width, height), Image.Resampling.BILINEAR)
interpreter.set_tensor(taken["index"], np.asarray(pixels)[np.newaxis])
interpreter.invoke()
mask = Image.fromarray(interpreter.get_tensor(classes)[0].astype(np.uint8))
mask = mask.resize(image.size, Image.Resampling.NEAREST)
mask.putpalette(COLOURS)
mask.save(sys.argv[3])
