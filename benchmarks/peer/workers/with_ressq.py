"""ressq-infer's own classifier."""

from __future__ import annotations

from protocol import Settings, serve

from ressq_runtime import Classifier


class Model:
    """An artefact in `Classifier`."""

    def __init__(self, settings: Settings) -> None:
        self._classifier = Classifier.load(settings.model, threads=1)

    def label_file(self, path: str) -> str:
        """The label of a picture."""
        return self._classifier.classify(path, 1)[0].label

    def label_pixels(self, pixels: bytes) -> str:
        """The label of uint8 RGB pixels."""
        return self._classifier.rank(self._classifier.scores(pixels), 1)[0].label


if __name__ == "__main__":
    serve(Model)
