"""Segment raw pixels with MediaPipe Tasks, in an environment that has it: its category masks, uint8, on stdout.

    python mediapipe_segment.py MODEL.tflite PIXELS HEIGHT WIDTH

PIXELS holds uint8 RGB pictures of HEIGHT x WIDTH pixels, one behind the other. The labels go to stderr, as JSON. Knows
nothing of ressq-edge.
"""

import json
import sys
from pathlib import Path

import mediapipe
import numpy as np
from mediapipe.tasks.python import BaseOptions, vision


def main() -> int:
    model, pixels = sys.argv[1], Path(sys.argv[2]).read_bytes()
    height, width = map(int, sys.argv[3:5])
    options = vision.ImageSegmenterOptions(
        base_options=BaseOptions(model_asset_path=model), output_category_mask=True, output_confidence_masks=False
    )
    with vision.ImageSegmenter.create_from_options(options) as segmenter:
        for picture in np.frombuffer(pixels, np.uint8).reshape(-1, height, width, 3):
            image = mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=np.ascontiguousarray(picture))
            found = segmenter.segment(image)  # it owns the mask, and takes it along
            sys.stdout.buffer.write(np.ascontiguousarray(found.category_mask.numpy_view()).tobytes())
        labels = list(segmenter.labels)
    print(json.dumps(labels), file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
