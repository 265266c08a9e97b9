"""Pictures that are alike at a first look, looked at again: a bird before a fixed camera is lost in 16 x 16 pixels.

They are decoded once more, to 64 x 64 colours. Brightness and contrast are fitted, and what is left must be small in
every block of 3 x 3 pixels: measured on copies of photos (JPEG quality 50, half the size, brightened by a fifth), on
frames of one camera with and without a bird of 14 x 9 pixels in 256 x 192, and on small things on white.

What it may cost is bounded: a picture is decoded at most once and compared with those nearest to it by the first look,
at least MOST_COMPARED or all there are. Memory holds MOST_AT_ONCE pictures, of those that hang together the nearest.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import batched
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ressq_edge.data.linked_names import LinkedNames
from ressq_runtime.errors import PictureError
from ressq_runtime.inputs.picture import decode

Pair = tuple[str, str]
Levels = NDArray[np.float32]  # (SIDE, SIDE, channels), 0..255

SIDE = 64  # pixels: the bird is 3 x 3 of them; at 96 JPEG's own noise is as large
DECODE_AT = 4 * SIDE  # of the shorter side: a JPEG decoded at a part of its size is padded by up to one pixel
BLOCK = 3  # pixels of the side
MOST_OFF = 18.0  # grey levels of a block's mean: copies reach 16, other things on white begin at 22
MOST_ABOVE_NOISE = 3.5  # times (1 + the noise): copies reach 3.4, the bird begins at 4.0
LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # of R, G and B, as Pillow makes grey
FLAT = 16  # grey levels between a pixel and its neighbours: with less there is little that JPEG could spoil
FEWEST_ROUGH = 40  # pixels of 4096
GREY = 8  # grey levels between the channels: more is a colour, less is JPEG's rounding
CLIPPED = 128  # grey levels: of a cell with such a mean some pixels may have been clipped when it was brightened
FEWEST_FITTED = 0.03  # share of values within the range; with fewer the level alone is fitted
MOST_COMPARED = 16
MOST_AT_ONCE = 1 << 14  # pictures of 12 kB each


def confirm(root: Path, pairs: Sequence[Pair], threads: int, tick: Callable[[], None]) -> tuple[Pair, ...]:
    """The pairs that still show the same, sorted.

    Args:
        root: the data folder.
        pairs: of names in it, the most alike first.
        threads: that decode.
        tick: called once a picture and once a pair.
    """
    compared: Counter[str] = Counter()
    same: list[Pair] = []
    with ThreadPoolExecutor(threads) as pool:
        for some in _gather(pairs):
            names = sorted({name for pair in some for name in pair})
            looks: dict[str, NDArray[np.uint8] | None] = {}
            for few in batched(names, 16 * threads):
                for name, look in zip(few, pool.map(_look, (root / name for name in few)), strict=True):
                    looks[name] = look
                    tick()
            for pair in some:
                tick()
                one, other = (looks[name] for name in pair)
                if one is None or other is None or min(compared[name] for name in pair) >= MOST_COMPARED:
                    continue
                compared.update(pair)
                if shows_same(one, other):
                    same.append(pair)
    return tuple(sorted(same))


def _gather(pairs: Iterable[Pair]) -> Iterator[list[Pair]]:
    """The pairs in lists of up to MOST_AT_ONCE pictures; where more hang together, the farthest pairs are left out."""
    links = LinkedNames(MOST_AT_ONCE)
    for pair in pairs:
        links.join(*pair)
    of_group: dict[str, list[Pair]] = defaultdict(list)
    for one, other in pairs:
        if links.first(one) == links.first(other):
            of_group[links.first(one)].append((one, other))
    gathered: list[Pair] = []
    pictures = 0
    for first, some in of_group.items():
        if pictures + links.count(first) > MOST_AT_ONCE:
            yield gathered
            gathered, pictures = [], 0
        gathered += some
        pictures += links.count(first)
    yield gathered


def _look(path: Path) -> NDArray[np.uint8] | None:
    """uint8 (SIDE, SIDE, 3), RGB; None where the picture cannot be read any more."""
    try:
        image = decode(path, DECODE_AT)
    except PictureError:
        return None
    return np.asarray(image.resize((SIDE, SIDE), Image.Resampling.BILINEAR))


def shows_same(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> bool:
    """True where two looks, uint8 (SIDE, SIDE, 3), differ in no part once brightness and contrast are fitted."""
    darker, brighter = sorted((one.astype(np.float32), other.astype(np.float32)), key=lambda look: float(look.mean()))
    if min(_colour(darker), _colour(brighter)) <= GREY:  # a grey copy of a coloured picture
        darker, brighter = ((look @ LUMA)[..., None] for look in (darker, brighter))
    off = _compare(darker, brighter)
    most = float(np.abs(_block_means(off)).max())
    return most <= min(MOST_OFF, MOST_ABOVE_NOISE * (1 + _noise(off, brighter)))


def _noise(off: Levels, look: Levels) -> float:
    """The root mean square of what is off; of a thing on paper, say, on the thing: white paper has none."""
    rough = (_highest_near(look) + _highest_near(-look)).max(2) > FLAT
    everywhere = off.reshape(-1, off.shape[2])
    means = [(some**2).mean(0).max() for some in (everywhere, off[rough]) if len(some) >= FEWEST_ROUGH]
    return float(np.sqrt(max(means)))


def _colour(look: Levels) -> float:
    red, green, blue = np.moveaxis(look, 2, 0)
    return float(max(np.abs(red - green).max(), np.abs(green - blue).max()))


def _compare(darker: Levels, brighter: Levels) -> Levels:
    """How far the brighter is from what fitting makes of the darker; 0 where clipping may account for it."""
    gain, offset = _fit(darker, brighter)
    wanted = gain * darker + offset
    most = wanted.clip(0, 255)
    # Of a cell whose pixels were clipped in part the mean has risen, but by less than the gain.
    least = np.where(_highest_near(wanted) > CLIPPED, np.minimum(darker, most), most)
    return np.asarray(np.where(brighter > most, brighter - most, np.minimum(brighter - least, 0)))


def _fit(darker: Levels, brighter: Levels) -> tuple[float, float]:
    """Gain and offset by least squares, again without what they fit worst: a small part must not bend them."""
    x: NDArray[np.float32]
    y: NDArray[np.float32]
    x, y = (look[::2, ::2].ravel() for look in (darker, brighter))  # a quarter is enough, in a quarter of the time
    inside = (np.minimum(x, y) > 5) & (np.maximum(x, y) < 250)
    if inside.mean() < FEWEST_FITTED:
        return 1.0, float(np.median(y) - np.median(x))
    x, y = x[inside], y[inside]
    fewest = len(x) // 2
    gain, offset = 1.0, 0.0
    for _ in range(4):
        variance = float(x.var())
        gain = float(((x - x.mean()) * (y - y.mean())).mean()) / variance if variance > 1 else 1.0
        offset = float(y.mean() - gain * x.mean())
        off = np.abs(y - gain * x - offset)
        kept = off <= max(2.0, 2.0 * float(off.mean()))
        if kept.sum() < fewest:
            break
        x, y = x[kept], y[kept]
    return gain, offset


def _highest_near(look: Levels) -> Levels:
    """The highest of each pixel and its eight neighbours."""
    for axis in (0, 1):
        before, after = (
            np.roll(look, 1, axis),
            np.roll(look, -1, axis),
        )  # the edges are each other's neighbours: no harm
        look = np.maximum(look, np.maximum(before, after))
    return look


def _block_means(off: Levels) -> Levels:
    """The mean of each block of 3 x 3 pixels, (SIDE - 2, SIDE - 2, channels)."""
    rows = off[:-2] + off[1:-1] + off[2:]
    return np.asarray((rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:]) / BLOCK**2)
