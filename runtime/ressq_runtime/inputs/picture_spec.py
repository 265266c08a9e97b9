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
    from pathlib import Path
    from typing import Any

    from ressq_runtime.engines.tensor import TensorSpec
    from ressq_runtime.inputs.input_spec import Outputs, Say
    from ressq_runtime.inputs.picture import Source

    # (the model's bytes, seconds to decode, seconds to preprocess, (width, height) of the upright picture)
    Prepared = tuple[bytes, float, float, tuple[int, int]]

# All that can vary is the geometry; the rest is fixed by `pixels.to_pixels`, and said so that another reader knows.
_CROP = {"interpolation": "bilinear-antialias", "crop": "center", "jpeg": "draft", "alpha": "white"}
_STRETCH = {"interpolation": "bilinear-antialias", "jpeg": "draft", "alpha": "white"}
_LEAST, _MOST = 32, 2048  # pixels a side of a stretched picture

# Of a model that does not say: torchvision's and timm's 256 for 224. What ressq-train makes says it, and has no margin.
CROP_SHARE = 0.875


class PixelSpec:
    """Geometry of the network's input: a square crop, or the whole picture stretched (`stretched`).

    Fields: height, width, pixels; resize, the shorter side of the picture that is cropped, 0 where it is stretched.
    """

    __slots__ = ("height", "resize", "width")
    noun, suffixes = "picture", "JPEG, PNG, WebP or other pictures"

    def __init__(self, size: int = 224, resize: int = 256) -> None:
        """A `size` x `size` crop out of a picture whose shorter side is `resize`."""
        self.height = self.width = size
        self.resize = resize

    @classmethod
    def stretched(cls, height: int, width: int) -> PixelSpec:
        """The whole picture, stretched to height x width."""
        spec = cls(height, 0)
        spec.width = width
        return spec

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
        spec = None if found is None else cls.from_json(found, path)
        pixels = len(shape) == 4 and shape[0] == 1 < min(shape[1:3]) and shape[3] == 3
        any_sides = spec and not spec.resize
        if len(tensors) != 1 or tensors[0].dtype != "uint8" or not (pixels and (any_sides or shape[1] == shape[2])):
            wanted = "[1, H, W, 3]" if any_sides else "[1, H, H, 3]"
            raise EngineError(
                f"{path}: found the input {'; '.join(map(str, tensors))}, wanted one of uint8 {wanted}: its "
                "normalisation would be a guess; export it with uint8 pixels in, for instance by ressq-export"
            )
        spec = spec or cls.for_size(shape[1])
        wanted = f"the card's [1, {spec.height}, {spec.width}, 3]"
        if (spec.height, spec.width) != shape[1:3]:
            raise ArtefactError(f"{path}: found an input of {[*shape]}, wanted {wanted}; export it again")
        return spec

    def prepare(self, source: Source, clock: Callable[[], float] = perf_counter) -> Prepared:
        """The pixels of a picture, the seconds that decoding and preprocessing took by this clock, and its size.

        Raises:
            PictureError: the picture can't be read.
        """
        started = clock()
        if not isinstance(source, (str, bytes)):
            from ressq_runtime.inputs.sources import to_source

            source = to_source(source)
        pixels = None
        core = decode_jpeg(source, self.least)
        if core is not None:
            decoded, size = clock(), core[1]
            pixels = crop_core(core[0], self)
        if pixels is None:
            from ressq_runtime.inputs.picture import crop, decode_sized

            image, size = decode_sized(source, self.least)
            decoded = clock()
            pixels = crop(image, self)
        return pixels, decoded - started, clock() - decoded, size

    def run(self, run: Callable[[bytes], Outputs], data: bytes) -> Outputs:
        """The outputs for a picture's pixels: a picture is one run of the model."""
        return run(data)

    def answer(self, say: Say, outputs: Outputs, size: tuple[int, int]) -> Any:
        """What the task says of them and of the picture's size."""
        return say(outputs, size)

    def whole(self, outputs: Outputs) -> Outputs:
        """The outputs of a picture."""
        return outputs

    def parts(self, outputs: Outputs) -> Sequence[Outputs]:
        """None: a picture is run as a whole."""
        del outputs
        return ()

    def is_source(self, name: str) -> bool:
        """True for a picture's name."""
        from ressq_runtime.inputs.folders import is_picture

        return is_picture(name)

    def list_files(self, folder: Path) -> tuple[list[Path], list[Path]]:
        """The pictures below a folder, and its other files; see `folders.list_pictures`."""
        from ressq_runtime.inputs.folders import list_others, list_pictures

        return list_pictures(folder), list_others(folder)

    def make_golden(self, seed: int) -> bytes:
        """The pixels of a golden picture, the same on every machine."""
        from ressq_runtime.inputs.golden_picture import golden_picture
        from ressq_runtime.inputs.picture import to_pixels

        return to_pixels(golden_picture(seed, self.height, self.width), self)

    @property
    def least(self) -> tuple[int, int]:
        """(width, height) that an upright picture must have at least, so that nothing is enlarged."""
        return (self.resize, self.resize) if self.resize else (self.width, self.height)

    def resized(self, size: tuple[int, int]) -> tuple[int, int]:
        """(width, height) of a picture of that size once its shorter side is `resize`, or it is stretched."""
        if not self.resize:
            return self.width, self.height
        shorter = min(size)
        # Exact integer rounding to the nearest: a float would round differently where it is a hair off a half.
        width, height = ((side * self.resize + shorter // 2) // shorter for side in size)
        return width, height

    def crop_box(self, size: tuple[int, int]) -> tuple[int, int, int, int]:
        """(left, top, right, bottom) of what the network gets in a resized picture of that size."""
        width, height = size
        left, top = (width - self.width) // 2, (height - self.height) // 2
        return left, top, left + self.width, top + self.height

    @classmethod
    def from_json(cls, found: dict[str, object], path: str = "input") -> PixelSpec:
        """The spec in a card's `input`.

        Raises:
            ArtefactError: it asks for pixels that this version can't make, or its fingerprint is wrong.
        """
        fit = found.get("fit", "crop")
        if fit == "stretch":
            spec = cls._read_stretched(found, path)
        elif fit == "crop":
            spec = cls._read_crop(found, path)
        else:
            raise ArtefactError(
                f"{path}: found fit {fit!r:.60} in the card's input, wanted 'crop' or 'stretch'; upgrade"
            )
        wanted = spec.to_json()
        for key, value in wanted.items():
            if found.get(key, "picture" if key == "kind" else None) != value:
                raise ArtefactError(
                    f"{path}: found {key} {found.get(key)!r} in the card's input, wanted {value!r}; "
                    "upgrade ressq-runtime, or export the artefact again"
                )
        return spec

    @classmethod
    def _read_crop(cls, found: dict[str, object], path: str) -> PixelSpec:
        size, resize = found.get("size"), found.get("resize")
        if type(size) is int and type(resize) is int and 1 <= size <= resize <= 8192:
            return cls(size, resize)
        raise ArtefactError(
            f"{path}: found size {size!r} and resize {resize!r} in the card's input, "
            "wanted 1 <= size <= resize <= 8192; export the artefact again"
        )

    @classmethod
    def _read_stretched(cls, found: dict[str, object], path: str) -> PixelSpec:
        height, width = found.get("height"), found.get("width")
        if type(height) is int and type(width) is int and _MOST >= max(height, width) >= min(height, width) >= _LEAST:
            return cls.stretched(height, width)
        raise ArtefactError(
            f"{path}: found height {height!r:.20} and width {width!r:.20} in the card's input, "
            f"wanted {_LEAST} to {_MOST}; export the artefact again"
        )

    def to_json(self) -> dict[str, object]:
        """The card's `input`, fingerprint included."""
        return {"kind": "picture", **self._contract(), "fingerprint": self.fingerprint}

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the contract; equal fingerprints mean equal pixels from every picture."""
        return sha256_hex(dump_json(self._contract(), compact=True).encode())

    def _contract(self) -> dict[str, object]:
        if not self.resize:
            return {"fit": "stretch", "height": self.height, "width": self.width, **_STRETCH}
        return {"size": self.height, "resize": self.resize, **_CROP}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PixelSpec) and self._contract() == other._contract()

    def __hash__(self) -> int:
        return hash((self.height, self.width, self.resize))

    def __repr__(self) -> str:
        if not self.resize:
            return f"PixelSpec.stretched(height={self.height}, width={self.width})"
        return f"PixelSpec(size={self.height}, resize={self.resize})"
