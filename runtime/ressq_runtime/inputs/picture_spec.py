"""The preprocessing contract as data: what `input` in an artefact's card says, and its fingerprint.

Apart from `pixels` so that reading a card loads no imaging library.
"""

from __future__ import annotations

from ressq_runtime.errors import ArtefactError, EngineError
from ressq_runtime.lean_stdlib import dump_json, sha256_hex

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from ressq_runtime.engines.tensor import TensorSpec

# All that can vary is the geometry; the rest is fixed by `pixels.to_pixels`, and said so that another reader knows.
_FIXED = {"interpolation": "bilinear-antialias", "crop": "center", "jpeg": "draft", "alpha": "white"}

# Below this a picture holds less than the network's receptive field needs; it is a mistake, not a photo.
SMALLEST_SIDE = 32
# The centre crop of a longer strip would show a twentieth of it, and resizing it would fill the memory.
LARGEST_ASPECT = 20

# Of a model that does not say: torchvision's and timm's 256 for 224. What ressq-train makes says it, and has no margin.
CROP_SHARE = 0.875


class PixelSpec:
    """Geometry of the network's input: a `size` x `size` crop out of a picture whose shorter side is `resize`."""

    __slots__ = ("resize", "size")

    def __init__(self, size: int = 224, resize: int = 256) -> None:
        self.size = size
        self.resize = resize

    @classmethod
    def for_size(cls, size: int) -> PixelSpec:
        """The spec for an input of size x size pixels, with the usual margin round the crop."""
        return cls(size, round(size / CROP_SHARE))

    @classmethod
    def of_model(cls, path: str, inputs: Sequence[TensorSpec]) -> PixelSpec:
        """The spec for a model with these inputs that does not say one.

        Raises:
            EngineError: it takes no uint8 pixels of a square.
        """
        shape = inputs[0].shape
        square = len(shape) == 4 and 1 == shape[0] < shape[1] == shape[2] and shape[3] == 3
        if len(inputs) != 1 or inputs[0].dtype != "uint8" or not square:
            raise EngineError(
                f"{path}: found the input {'; '.join(map(str, inputs))}, wanted one of uint8 [1, H, H, 3]: its "
                "normalisation would be a guess; export it with uint8 pixels in, for instance by ressq-export"
            )
        return cls.for_size(shape[1])

    def resized(self, size: tuple[int, int]) -> tuple[int, int]:
        """(width, height) of a picture of that size once its shorter side is `resize`."""
        shorter = min(size)
        # Exact integer rounding to the nearest: a float would round differently where it is a hair off a half.
        width, height = ((side * self.resize + shorter // 2) // shorter for side in size)
        return width, height

    def crop_box(self, size: tuple[int, int]) -> tuple[int, int, int, int]:
        """(left, top, right, bottom) of the central square in a resized picture of that size."""
        left, top = ((side - self.size) // 2 for side in size)
        return left, top, left + self.size, top + self.size

    @classmethod
    def from_json(cls, found: dict[str, object], path: str = "input") -> PixelSpec:
        """The spec in a card's `input`.

        Raises:
            ArtefactError: it asks for pixels that this version can't make, or its fingerprint is wrong.
        """
        size, resize = found.get("size"), found.get("resize")
        if not (type(size) is int and type(resize) is int and 1 <= size <= resize <= 8192):
            raise ArtefactError(
                f"{path}: found size {size!r} and resize {resize!r} in the card's input, "
                "wanted 1 <= size <= resize <= 8192; export the artefact again"
            )
        spec = cls(size, resize)
        wanted = spec.to_json()
        for key, value in wanted.items():
            if found.get(key) != value:
                raise ArtefactError(
                    f"{path}: found {key} {found.get(key)!r} in the card's input, wanted {value!r}; "
                    "upgrade ressq-runtime, or export the artefact again"
                )
        return spec

    def to_json(self) -> dict[str, object]:
        """The card's `input`, fingerprint included."""
        return {**self._contract(), "fingerprint": self.fingerprint}

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the contract; equal fingerprints mean equal pixels from every picture."""
        return sha256_hex(dump_json(self._contract(), compact=True).encode())

    def _contract(self) -> dict[str, object]:
        return {"size": self.size, "resize": self.resize, **_FIXED}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PixelSpec) and (self.size, self.resize) == (other.size, other.resize)

    def __hash__(self) -> int:
        return hash((self.size, self.resize))

    def __repr__(self) -> str:
        return f"PixelSpec(size={self.size}, resize={self.resize})"


def is_photo(size: tuple[int, int]) -> bool:
    """Whether a picture of that size is one to classify: neither a dot nor a strip."""
    return min(size) >= SMALLEST_SIDE and max(size) <= LARGEST_ASPECT * min(size)
