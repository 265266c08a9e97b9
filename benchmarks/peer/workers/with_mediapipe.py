"""MediaPipe Tasks' ImageClassifier, which decodes and resizes by itself.

It would squeeze the whole picture into the square; a region of interest makes it look at the centre crop
that the network was trained on.
"""

from __future__ import annotations

import mediapipe
from mediapipe.tasks.python import BaseOptions, vision
from mediapipe.tasks.python.components.containers.rect import RectF
from mediapipe.tasks.python.vision.core.image_processing_options import ImageProcessingOptions
from plain import as_array
from protocol import Settings, serve


class Model:
    """A `.tflite` in `ImageClassifier`."""

    def __init__(self, settings: Settings) -> None:
        base = BaseOptions(model_asset_path=settings.model)
        options = vision.ImageClassifierOptions(base_options=base, max_results=1)
        self._classifier = vision.ImageClassifier.create_from_options(options)
        self._settings = settings

    def label_file(self, path: str) -> str:
        """The label of a picture."""
        image = mediapipe.Image.create_from_file(path)
        side = min(image.width, image.height) * self._settings.size / self._settings.resize
        x, y = side / image.width / 2, side / image.height / 2
        region = ImageProcessingOptions(RectF(left=0.5 - x, top=0.5 - y, right=0.5 + x, bottom=0.5 + y))
        return self._best(self._classifier.classify(image, region))

    def label_pixels(self, pixels: bytes) -> str:
        """The label of uint8 RGB pixels."""
        array = as_array(pixels, self._settings.size)[0]
        return self._best(self._classifier.classify(mediapipe.Image(mediapipe.ImageFormat.SRGB, array)))

    def _best(self, result: vision.ImageClassifierResult) -> str:
        return str(result.classifications[0].categories[0].category_name)


if __name__ == "__main__":
    serve(Model)
