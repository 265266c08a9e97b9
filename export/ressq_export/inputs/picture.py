"""Pictures: a sample is its file."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ressq_edge.pages.thumbnails import make_thumbnail
from ressq_export.errors import CalibrationError
from ressq_runtime.inputs.picture import to_pixels
from ressq_runtime.inputs.picture_spec import PixelSpec

# Mean standard deviation of a picture's pixels, of 255; ordinary photos have 40 to 80.
SMALLEST_CONTRAST = 2.0


@dataclass(frozen=True)
class Pictures:
    """Pictures as a network with this input takes them."""

    spec: PixelSpec

    def read(self, sample: Path) -> bytes:
        """uint8 RGB pixels, by the runtime's own function."""
        return to_pixels(sample, self.spec)

    def check_folder(self, folder: Path) -> None:
        """Any will do."""

    def check_calibration(self, samples: Sequence[bytes], folder: Path) -> None:
        """They are not blank.

        Raises:
            CalibrationError: they are.
        """
        contrast = float(np.mean([np.frombuffer(pixels, np.uint8).std() for pixels in samples]))
        if contrast < SMALLEST_CONTRAST:
            raise CalibrationError(
                f"{folder}: found pictures whose pixels vary by {contrast:.1f} of 255, wanted at "
                f"least {SMALLEST_CONTRAST}: blank ones say nothing about the layers; calibrate on ordinary pictures"
            )

    def draw(self, sample: Path) -> str:
        """A thumbnail."""
        return make_thumbnail(sample, self.spec)

    def describe_size(self) -> dict[str, object]:
        """`size` in pixels: a number where pictures are cropped to a square."""
        spec = self.spec
        return {"size": spec.height if spec.resize else [spec.height, spec.width]}

    def describe_onnx(self) -> dict[str, str]:
        """`imgsz`, as Ultralytics' tools want it."""
        return {"imgsz": str([self.spec.height, self.spec.width])}

    def file_of(self, sample: Path) -> Path:
        """It is one."""
        return sample

    def cut(self, samples: Sequence[tuple[Path, int]]) -> list[tuple[Path, int]]:
        """One of each file."""
        return list(samples)
