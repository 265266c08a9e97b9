"""The script that most people would write: Pillow, numpy, an Interpreter. What `ressq-infer` is compared with.

python benchmarks/plain_script.py MODEL PICTURE...

Prints the index of the best class and its score for each picture, decoded in full.
"""

import sys

import numpy as np
from PIL import Image

try:
    from ai_edge_litert.interpreter import Interpreter
except ImportError:  # a 32-bit Raspberry Pi OS
    from tflite_runtime.interpreter import Interpreter

RESIZE, SIZE = 224, 224  # of what ressq-train makes by default, the built-in network among it

interpreter = Interpreter(model_path=sys.argv[1], num_threads=1)
interpreter.allocate_tensors()
input_index = interpreter.get_input_details()[0]["index"]
output_index = interpreter.get_output_details()[0]["index"]
for path in sys.argv[2:]:
    image = Image.open(path).convert("RGB")
    scale = RESIZE / min(image.size)
    image = image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.BILINEAR)
    left, top = (image.width - SIZE) // 2, (image.height - SIZE) // 2
    image = image.crop((left, top, left + SIZE, top + SIZE))
    interpreter.set_tensor(input_index, np.asarray(image)[np.newaxis])
    interpreter.invoke()
    scores = interpreter.get_tensor(output_index)[0]
    print(int(scores.argmax()), float(scores.max()))
