"""What a first look at the pictures tells before anything is trained: sizes, EXIF, colours, and which show the same.

Every picture is decoded once and small; what seems to show the same is looked at again, larger. Of a folder of more
than MOST_LOOKED_AT pictures only some are looked at, evenly spread, and copies are not searched: that would take an
hour that nobody asked for.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from itertools import batched
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.ExifTags import GPS, IFD, Base
from PIL.TiffImagePlugin import SAMPLESPERPIXEL, TiffImageFile

from ressq_edge.data.near_duplicate_check import confirm
from ressq_edge.data.near_duplicates import SIDE, checksums, find_near_duplicates
from ressq_runtime.decoding.pillow_warnings import Ignored
from ressq_runtime.errors import PictureError
from ressq_runtime.inputs.picture import decode

MOST_LOOKED_AT = 100_000  # pictures, at some 2 ms each on one core
SAMPLE = 5_000  # of a larger folder
DECODE_AT = (
    64  # pixels of the shorter side: a JPEG is decoded at an eighth, which is fast; colours are taken at 64 x 64
)

# What is kept of a picture: 0.3 kB, so that a million of them fit the memory of a notebook.
LOOK = np.dtype(
    [
        ("thumbnail", np.uint8, (SIDE, SIDE + 1)),  # grey; black where it cannot be read, which decoding tells
        ("size", np.int32, (2,)),  # width, height as stored; 0, 0 where it cannot be read
        ("mean", np.float32, (3,)),  # of R, G and B, 0..255
        ("deviation", np.float32, (3,)),
        ("orientation", np.uint8),  # EXIF's, 1 to 8; 0: none
        ("located", np.bool_),  # EXIF or GeoTIFF tags hold a position; it is not read
        ("opacity", np.bool_),  # a TIFF's second or fourth band is read as that
        ("left_out", np.bool_),  # a TIFF has bands that are not read
        ("camera", np.int32),  # index in `cameras`; 0: none
    ]
)
Looks = NDArray[np.void]
# Title and total -> what is called once for each of them, and may raise to stop.
Bar = Callable[[str, int], AbstractContextManager[Callable[[], None]]]

TURNED = 5  # and above: EXIF orientations that exchange height and width
POSITION = {GPS.GPSLatitude, GPS.GPSLongitude}
GEOTIFF = {33550, 33922, 34264, 34735}  # size of a pixel, tie points, transformation, coordinate system
LONGEST_CAMERA = 60  # characters


@dataclass(frozen=True)
class Survey:
    """The looks at the pictures of a folder.

    names: of the pictures looked at, relative to the data folder.
    total: pictures that there are.
    looks: of dtype LOOK, one a name.
    cameras: make and model by number; the first is no camera.
    near_duplicates: pairs of names that show the same; None: not searched.
    """

    names: tuple[str, ...]
    total: int
    looks: Looks
    cameras: tuple[str, ...]
    near_duplicates: tuple[tuple[str, str], ...] | None

    def sizes(self) -> list[tuple[int, int]]:
        """Height and width, upright, of each picture that can be read."""
        stored = zip(self.looks["size"].tolist(), self.looks["orientation"].tolist(), strict=True)
        return [(w, h) if turned >= TURNED else (h, w) for (w, h), turned in stored if w]


@contextmanager
def silent(_title: str, _total: int) -> Iterator[Callable[[], None]]:
    """No bar."""
    yield lambda: None


def look_at(root: Path, names: Sequence[str], threads: int, bar: Bar = silent, *, search: bool = True) -> Survey:
    """A look at each picture.

    Args:
        root: the data folder.
        names: of the pictures in it; see `choose`.
        threads: that decode.
        bar: shows how far it is.
        search: for pictures that show the same.
    """
    looks = np.zeros(len(names), LOOK)
    numbers = {"": 0}
    with ThreadPoolExecutor(threads) as pool, bar("looking", len(names)) as tick:
        for some in batched(range(len(names)), 16 * threads):
            for index, look in zip(some, pool.map(_look, (root / names[index] for index in some)), strict=True):
                if look is not None:
                    *values, camera = look
                    looks[index] = (*values, numbers.setdefault(camera, len(numbers)))
                tick()
    near_duplicates = _search(root, names, looks, threads, bar) if search else None
    return Survey(tuple(names), len(names), looks, tuple(numbers), near_duplicates)


def _search(root: Path, names: Sequence[str], looks: Looks, threads: int, bar: Bar) -> tuple[tuple[str, str], ...]:
    """Pairs of names that show the same, sorted."""
    contents = _read_equal(root, names, looks)
    last: dict[bytes, str] = {}
    equal = set()
    for name, content in contents.items():
        if content in last:
            equal.add((last[content], name))
        last[content] = name
    near = [(names[one], names[other]) for one, other in find_near_duplicates(looks["thumbnail"])]
    near = [(one, other) for one, other in near if one not in contents or contents[one] != contents.get(other)]
    if not near:
        return tuple(sorted(equal))
    pictures = {name for pair in near for name in pair}
    with bar("comparing", len(pictures) + len(near)) as tick:
        return tuple(sorted(equal.union(confirm(root, near, threads, tick))))


def _read_equal(root: Path, names: Sequence[str], looks: Looks) -> dict[str, bytes]:
    """SHA-256 of the files that may be equal, those of equal thumbnails, by name."""
    _, ranks, counts = np.unique(checksums(looks["thumbnail"]), return_inverse=True, return_counts=True)
    found = {}
    for index in np.flatnonzero((counts[ranks] > 1) & looks["size"].all(1)):
        with suppress(OSError), (root / names[index]).open("rb") as file:  # of one that has gone, decoding tells
            found[names[index]] = hashlib.file_digest(file, "sha256").digest()
    return found


def choose(names: Sequence[str], *, everything: bool) -> Sequence[str]:
    """The pictures to look at: all of them, or SAMPLE evenly spread ones of a folder that is too large."""
    if everything or len(names) <= MOST_LOOKED_AT:
        return names
    return [names[index * len(names) // SAMPLE] for index in range(SAMPLE)]


def _look(path: Path) -> tuple[Any, ...] | None:
    """The fields of LOOK in their order, but the camera as text; None where the picture cannot be read."""
    try:
        image = decode(path, DECODE_AT)
    except PictureError:
        return None
    # BOX would take whole pixels, others of a scaled copy.
    grey = np.asarray(image.convert("L").resize((SIDE + 1, SIDE), Image.Resampling.BILINEAR))
    colours = np.asarray(image.resize((DECODE_AT, DECODE_AT), Image.Resampling.BOX), np.float32).reshape(-1, 3)
    size, *bands, exif = _read_header(path)
    size = size if all(size) else image.size  # of a header that Pillow alone does not read
    orientation = exif.get(Base.Orientation)
    turned = orientation if isinstance(orientation, int) and 1 <= orientation <= 8 else 0
    return grey, size, colours.mean(0), colours.std(0), turned, _is_located(exif), *bands, _name_camera(exif)


def _read_header(path: Path) -> tuple[tuple[int, int], bool, bool, Image.Exif]:
    """Width and height as stored, `opacity` and `left_out` of LOOK, EXIF data; empty where they are damaged."""
    size, opacity, left_out = (0, 0), False, False
    try:
        with Ignored(), Image.open(path) as image:
            size = image.size
            if isinstance(image, TiffImageFile):
                opacity = image.mode in ("RGBA", "LA", "PA")
                left_out = image.tag_v2.get(SAMPLESPERPIXEL, 1) > len(image.getbands())
            # Image's own: PNG's would decode the whole picture to look behind its pixels.
            exif = Image.Image.getexif(image)
            exif.get_ifd(IFD.GPSInfo)
            dict(exif.items())  # read now, while its warnings are ignored
    except (OSError, SyntaxError, ValueError, LookupError, TypeError, ArithmeticError, Image.DecompressionBombError):
        return size, opacity, left_out, Image.Exif()
    return size, opacity, left_out, exif


def _is_located(exif: Image.Exif) -> bool:
    return bool(POSITION & exif.get_ifd(IFD.GPSInfo).keys() or GEOTIFF & exif.keys())


def _name_camera(exif: Image.Exif) -> str:
    """Make and model, once where the model names the make; what a terminal or a page must not see is left out."""
    make, model = (str(exif.get(tag) or "").strip(" \0") for tag in (Base.Make, Base.Model))
    name = model if model.lower().startswith(make.lower()) else f"{make} {model}"
    return "".join(sign for sign in name if sign.isprintable()).strip()[:LONGEST_CAMERA]
