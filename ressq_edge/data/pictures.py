"""Every sample is decoded once, before training starts; what it costs is paid once.

Training pictures are kept so that crops can be drawn from them: with their shorter side at the spec's `resize`, or,
where the whole picture is stretched, up to KEPT times as large as the network's input. Evaluation pictures are kept as
the device will see them, by the runtime's one function. A mask goes the way of its picture, by nearest neighbour.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import batched
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ressq_edge.data.masks.reading import MaskClasses, read_target, resize_target
from ressq_edge.errors import MaskError
from ressq_runtime.errors import PictureError
from ressq_runtime.inputs.picture import decode, to_pixels
from ressq_runtime.inputs.picture_spec import PixelSpec

Pixels = NDArray[np.uint8]

# A panorama keeps this many times its shorter side: enough for any crop, and bounded in memory.
LONGEST_ASPECT = 3
MOST_WAITING = 256 << 20  # bytes of samples that are decoded and not yet taken
# Of the input's height and width: a crop of half of the area is not enlarged.
KEPT = 1.5


@dataclass(frozen=True)
class SampleFiles:
    """The files of a sample.

    picture: its file.
    mask, classes: the mask's file, and what its values mean; None: the target is no mask.
    """

    picture: Path
    mask: Path | None = None
    classes: MaskClasses | None = None


@dataclass(frozen=True)
class Reader:
    """How the samples of a part are read.

    picture: from a file to uint8 (H, W, 3) RGB.
    size: height and width of a target, of a mask of that height and width.
    """

    picture: Callable[[Path, PixelSpec], Pixels]
    size: Callable[[tuple[int, int], PixelSpec], tuple[int, int]]

    def read(self, files: SampleFiles, spec: PixelSpec) -> tuple[Pixels, ...]:
        """The picture; and its mask, of the same height and width, where there is one.

        Raises:
            PictureError: one of the files cannot be decoded.
            MaskError: the mask changed since the scan.
        """
        picture = self.picture(files.picture, spec)
        if files.mask is None:
            return (picture,)
        target = self.target(files, spec)
        if target.shape != picture.shape[:2]:
            raise MaskError(
                f"{files.mask}: found another size than that of {files.picture}, which it had when it was scanned; "
                "bring it back, or begin anew"
            )
        return picture, target

    def target(self, files: SampleFiles, spec: PixelSpec) -> Pixels:
        """uint8 (H, W): the class of each pixel, 255 where it is ignored; of a sample with a mask.

        Raises:
            PictureError, MaskError: as `read`.
        """
        if files.mask is None or files.classes is None:
            raise TypeError(f"{files.picture} has no mask")
        mask = read_target(files.mask, files.classes)
        height, width = mask.shape
        return resize_target(mask, self.size((height, width), spec))


def kept_size(size: tuple[int, int], spec: PixelSpec) -> tuple[int, int]:
    """Height and width that a training picture of that size is kept at, for a spec that stretches it."""
    height, width = size
    return min(height, round(KEPT * spec.height)), min(width, round(KEPT * spec.width))


def training_pixels(path: Path, spec: PixelSpec) -> Pixels:
    """uint8 (H, W, 3) RGB, the shorter side spec.resize or of `kept_size`: what augmentation draws its crops from.

    Raises:
        PictureError: the picture cannot be decoded.
    """
    if not spec.resize:
        return _whole_pixels(path, spec)
    image = decode(path, spec.resize)
    width, height = image.size
    shorter = min(width, height)
    longer = min(max(width, height), LONGEST_ASPECT * shorter)
    kept_width, kept_height = (longer, shorter) if width > height else (shorter, longer)
    left, top = (width - kept_width) // 2, (height - kept_height) // 2
    scaled = [(n * spec.resize + shorter // 2) // shorter for n in (kept_width, kept_height)]
    box = (left, top, left + kept_width, top + kept_height)
    return np.asarray(image.resize(scaled, Image.Resampling.BILINEAR, box))


def _whole_pixels(path: Path, spec: PixelSpec) -> Pixels:
    most = kept_size((1 << 30, 1 << 30), spec)
    image = decode(path, most[::-1])
    width, height = image.size
    height, width = kept_size((height, width), spec)
    return np.asarray(image.resize((width, height), Image.Resampling.BILINEAR))


def evaluation_pixels(path: Path, spec: PixelSpec) -> Pixels:
    """uint8 (height, width, 3) RGB: byte for byte what the device gives its network.

    Raises:
        PictureError: the picture cannot be decoded.
    """
    pixels = to_pixels(path, spec)
    return np.frombuffer(pixels, np.uint8).reshape(spec.height, spec.width, 3)


def evaluation_size(_: tuple[int, int], spec: PixelSpec) -> tuple[int, int]:
    """Height and width of an evaluation picture: the network's."""
    return spec.height, spec.width


EVALUATION = Reader(evaluation_pixels, evaluation_size)
READERS = {"train": Reader(training_pixels, kept_size), "val": EVALUATION, "test": EVALUATION}


def decode_all(
    samples: Sequence[SampleFiles], reader: Reader, spec: PixelSpec, threads: int
) -> Iterator[tuple[Pixels, ...] | PictureError]:
    """What `Reader.read` gives of each sample, in order, or the reason why it can't; memory stays bounded.

    Raises:
        MaskError: a mask changed since the scan.
    """

    def attempt(files: SampleFiles) -> tuple[Pixels, ...] | PictureError:
        try:
            return reader.read(files, spec)
        except PictureError as error:
            return error

    with ThreadPoolExecutor(threads) as pool:  # Pillow decodes without holding the interpreter lock
        for some in batched(samples, _count_waiting(spec, threads)):
            yield from pool.map(attempt, some)


def _count_waiting(spec: PixelSpec, threads: int) -> int:
    """How many samples may be decoded ahead: 16 a thread, or as many as memory may hold of large ones."""
    largest = LONGEST_ASPECT * spec.resize**2 if spec.resize else round(KEPT**2 * spec.height * spec.width)
    return max(threads, min(16 * threads, MOST_WAITING // (4 * largest)))
