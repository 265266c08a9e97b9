"""Classify raw pixels with MediaPipe Tasks, in an environment that has it: its answers as JSON on stdout.

    python mediapipe_check.py MODEL.tflite PIXELS SIZE

PIXELS holds uint8 RGB pictures of SIZE x SIZE pixels, one behind the other. Knows nothing of ressq-edge.
"""

import json
import sys
from pathlib import Path

import mediapipe
import numpy as np
from mediapipe.tasks.python import BaseOptions, vision


def main() -> int:
    model, pixels, size = sys.argv[1], Path(sys.argv[2]).read_bytes(), int(sys.argv[3])
    options = vision.ImageClassifierOptions(base_options=BaseOptions(model_asset_path=model), max_results=1)
    pictures = np.frombuffer(pixels, np.uint8).reshape(-1, size, size, 3)
    answers = []
    with vision.ImageClassifier.create_from_options(options) as classifier:
        for picture in pictures:
            image = mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=np.ascontiguousarray(picture))
            (best,) = classifier.classify(image).classifications[0].categories
            answers.append([best.category_name, best.score])
    print(json.dumps(answers))
    return 0


if __name__ == "__main__":
    sys.exit(main())
