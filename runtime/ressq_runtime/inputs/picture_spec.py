"""A picture as a model's input: the preprocessing contract, what `input` in a card says of it, and its fingerprint.

Apart from `picture` so that reading a card, or an ordinary JPEG, loads no imaging library.
"""

from __future__ import annotations

from time import perf_counter

from ressq_runtime.decoding.jpeg import crop_core, decode_jpeg
from ressq_runtime.errors import ArtefactError, EngineError
from ressq_runtime.lean_stdlib import dump_json, sha256_hex

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ressq_runtime.engines.tensor import TensorSpec
    from ressq_runtime.inputs.picture import Source

    # (the model's bytes, seconds to decode, seconds to preprocess)
    Prepared = tuple[bytes, float, float]

# All that can vary is the geometry; the rest is fixed by `pixels.to_pixels`, and said so that another reader knows.
_FIXED = {"interpolation": "bilinear-antialias", "crop": "center", "jpeg": "draft", "alpha": "white"}

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
    def read(cls, path: str, found: dict[str, object] | None, tensors: Sequence[TensorSpec]) -> PixelSpec:
        """The spec in a card's `input`, for a model with these inputs; None: the usual one for the model.

        Raises:
            ArtefactError: as `from_json`, or the model's input has another size.
            EngineError: it is not one of uint8 pixels of a square.
        """
        shape = tensors[0].shape
        square = len(shape) == 4 and 1 == shape[0] < shape[1] == shape[2] and shape[3] == 3
        if len(tensors) != 1 or tensors[0].dtype != "uint8" or not square:
            raise EngineError(
                f"{path}: found the input {'; '.join(map(str, tensors))}, wanted one of uint8 [1, H, H, 3]: its "
                "normalisation would be a guess; export it with uint8 pixels in, for instance by ressq-export"
            )
        spec = cls.for_size(shape[1]) if found is None else cls.from_json(found, path)
        if spec.size != shape[1]:
            raise ArtefactError(
                f"{path}: found an input of {shape[1]} pixels, wanted the card's {spec.size}; export it again"
            )
        return spec

    def prepare(self, source: Source, clock: Callable[[], float] = perf_counter) -> Prepared:
        """The pixels of a picture, and the seconds that decoding and preprocessing took by this clock.

        Raises:
            PictureError: the picture can't be read.
        """
        started = clock()
        if not isinstance(source, (str, bytes)):
            from ressq_runtime.inputs.sources import to_source

            source = to_source(source)
        pixels = None
        core = decode_jpeg(source, self.resize)
        if core is not None:
            decoded = clock()
            pixels = crop_core(core, self)
        if pixels is None:
            from ressq_runtime.inputs.picture import crop, decode

            image = decode(source, self.resize)
            decoded = clock()
            pixels = crop(image, self)
        return pixels, decoded - started, clock() - decoded

    def make_golden(self, seed: int) -> bytes:
        """The pixels of a golden picture, the same on every machine."""
        from ressq_runtime.inputs.golden_picture import golden_picture
        from ressq_runtime.inputs.picture import to_pixels

        return to_pixels(golden_picture(seed, self.size), self)

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
            if found.get(key, "picture" if key == "kind" else None) != value:
                raise ArtefactError(
                    f"{path}: found {key} {found.get(key)!r} in the card's input, wanted {value!r}; "
                    "upgrade ressq-runtime, or export the artefact again"
                )
        return spec

    def to_json(self) -> dict[str, object]:
        """The card's `input`, fingerprint included."""
        return {"kind": "picture", **self._contract(), "fingerprint": self.fingerprint}

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
