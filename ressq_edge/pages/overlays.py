"""A picture with its mask laid over it in the classes' colours, small, as a JPEG data URI."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ressq_edge.data.masks.classes import IGNORED, split_colour
from ressq_edge.data.masks.reading import MaskClasses, read_target
from ressq_edge.pages.thumbnails import encode_jpeg
from ressq_runtime.inputs.picture import decode

_SIDE = 320  # pixels of the longer side
_COLOUR = 0.55  # of what is seen; the rest is the picture
_STRIPE = 4  # pixels; what is ignored is striped


@dataclass(frozen=True)
class Overlay:
    """A picture's name below the data folder, the overlay as a data URI, and its size in pixels."""

    name: str
    address: str
    width: int
    height: int


def draw_overlay(root: Path, name: str, mask: str, classes: MaskClasses) -> Overlay:
    """The overlay of a picture and its mask, which are given by their paths below the data folder.

    Raises:
        PictureError, MaskError: one of the two can't be read.
    """
    picture = decode(root / name, _SIDE)
    picture.thumbnail((_SIDE, _SIDE))
    width, height = picture.size
    target = read_target(root / mask, classes, (height, width))
    overlay = Image.fromarray(lay_over(np.asarray(picture), target, classes))
    return Overlay(name, encode_jpeg(overlay), width, height)


def lay_over(picture: NDArray[np.uint8], target: NDArray[np.uint8], classes: MaskClasses) -> NDArray[np.uint8]:
    """uint8 (H, W, 3) RGB: each pixel mixed with its class's colour; stripes where it is ignored."""
    table = np.zeros((256, 3), np.float32)
    table[: len(classes.colours)] = [split_colour(colour) for colour in classes.colours]
    colours = table[target]
    ignored = target == IGNORED
    stripes = np.indices(target.shape).sum(0) // _STRIPE % 2 * 255
    colours[ignored] = stripes[ignored][:, None]
    return ((1 - _COLOUR) * picture + _COLOUR * colours).round().astype(np.uint8)
