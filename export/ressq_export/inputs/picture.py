"""Pictures: a sample is its file."""

from dataclasses import dataclass
from pathlib import Path

from ressq_runtime.inputs.picture import to_pixels
from ressq_runtime.inputs.picture_spec import PixelSpec


@dataclass(frozen=True)
class Pictures:
    """Pictures as a network with this input takes them."""

    spec: PixelSpec

    def read(self, sample: Path) -> bytes:
        """uint8 RGB pixels, by the runtime's own function."""
        return to_pixels(sample, self.spec)
