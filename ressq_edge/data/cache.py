"""Decoded pictures of a run in two flat files, memory-mapped: decoding is paid once, not every epoch.

RUN/cache/train.u8 holds the training pictures one behind the other, val.u8 the validation pictures, each with its mask
behind it where it has one; index.json says where each begins and from which files they were made. It is written last:
without it, or when a source changed, everything is decoded again. The folder can be deleted at any time.
"""

import json
import os
import shutil
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, overload

import numpy as np

from ressq_edge.atomic import cannot_write, write_text
from ressq_edge.data.cache_index import file_states, make_key, measure, read_index
from ressq_edge.data.pictures import READERS, Pixels, SampleFiles, decode_all
from ressq_edge.data.split import PARTS, Split
from ressq_runtime.errors import OutputError, PictureError
from ressq_runtime.inputs.picture_spec import PixelSpec

FORMAT = 1
LIMIT_BYTES = 8 << 30  # of decoded pictures on disk; the rest is decoded anew in every epoch
FREE_SHARE = 0.5  # of the free disk space that the cache may take

KEPT = ("train", "val")  # test pictures are decoded once, to know that they can be, and not kept

Place = tuple[int, int, int]  # (offset, height, width) in the file of the part
Places = dict[str, Place]
Tick = Callable[[], None]


@dataclass(frozen=True)
class SampleStore:
    """Samples of one part by number: pictures, from the cache where it holds them, else decoded from their file.

    part: "train" or "val".
    files: of each sample.
    targets: of each; masks are read as the pictures are.
    places: of each picture in `pixels`; None for one that did not fit.
    pixels: uint8, flat: the memory-mapped file.
    spec: the geometry.
    """

    part: str
    files: tuple[SampleFiles, ...]
    targets: Sequence[Any]
    places: tuple[Place | None, ...]
    pixels: Pixels
    spec: PixelSpec

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> Pixels:
        """uint8 (H, W, 3) RGB; the same bytes from the cache and from the file."""
        place = self.places[index]
        if place is None:
            return READERS[self.part].picture(self.files[index].picture, self.spec)
        offset, height, width = place
        return self.pixels[offset : offset + height * width * 3].reshape(height, width, 3)


@dataclass(frozen=True)
class MaskTargets(Sequence[Pixels]):
    """Masks of one part by number, uint8 (H, W), 255 where ignored; each lies behind its picture in the cache.

    Fields: as SampleStore's.
    """

    part: str
    files: tuple[SampleFiles, ...]
    places: tuple[Place | None, ...]
    pixels: Pixels
    spec: PixelSpec

    def __len__(self) -> int:
        return len(self.files)

    @overload
    def __getitem__(self, index: int) -> Pixels: ...
    @overload
    def __getitem__(self, index: slice) -> "MaskTargets": ...
    def __getitem__(self, index: int | slice) -> "Pixels | MaskTargets":
        """The same bytes from the cache and from the file."""
        if isinstance(index, slice):
            return replace(self, files=self.files[index], places=self.places[index])
        place = self.places[index]
        if place is None:
            return READERS[self.part].target(self.files[index], self.spec)
        offset, height, width = place
        begin = offset + height * width * 3
        return self.pixels[begin : begin + height * width].reshape(height, width)


def fill_cache(folder: Path, split: Split, root: Path, spec: PixelSpec, threads: int, tick: Tick) -> dict[str, str]:
    """Decode every picture of the split, keep train and val; -> reason by the picture's path of the
    samples of which a file is unreadable.

    Nothing is decoded when the cache was made from these very files. `tick` is called once a sample; what it raises
    leaves no picture behind.

    Raises:
        MaskError: a mask changed since the scan.
        OutputError: the cache cannot be written, or its folder is another's.
    """
    found = read_index(folder)
    states = file_states(split, root)  # before decoding: a picture that is replaced meanwhile is another one's
    meaning = f"{FORMAT}/{spec.fingerprint}" + (f"/{split.masks}" if split.masks else "")
    if found.get("key") == make_key(states, meaning, {}) and found.get("bytes") == measure(folder):
        return {}
    if (folder / "index.json").exists() and "key" not in found and not measure(folder):
        raise OutputError(
            f"{folder}: found a folder with an index.json of something else; move it away, or choose another --out"
        )
    clear_cache(folder)
    unreadable: dict[str, str] = {}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        left = min(LIMIT_BYTES, int(FREE_SHARE * shutil.disk_usage(folder).free))
        places: dict[str, Places] = {}
        for part in ("val", "train", "test"):  # what every epoch reads first: space may not suffice
            names = [name for name, _ in split.samples(part)]
            decoded = decode_all(_list_files(split, root, part), READERS[part], spec, threads)
            with (folder / f"{part}.u8").open("wb") as file:
                for name, arrays in zip(names, decoded, strict=True):
                    tick()
                    if isinstance(arrays, PictureError):
                        unreadable[name] = str(arrays)
                    elif part in KEPT and left >= (size := sum(array.nbytes for array in arrays)):
                        height, width = arrays[0].shape[:2]
                        places.setdefault(part, {})[name] = (file.tell(), height, width)
                        for array in arrays:  # the picture, and its mask
                            file.write(np.ascontiguousarray(array).data)
                        left -= size
                file.flush()
                os.fsync(file.fileno())  # else a power cut may leave the index without these bytes
    except OSError as error:
        clear_cache(folder)
        raise cannot_write(folder, error) from error
    except BaseException:
        clear_cache(folder)
        raise
    # The key of what can be read: with a broken picture in the split everything is tried again.
    index = {"key": make_key(states, meaning, unreadable), "bytes": measure(folder), "places": places}
    write_text(folder / "index.json", json.dumps(index))
    return unreadable


def open_store(folder: Path, split: Split, root: Path, spec: PixelSpec, part: str) -> SampleStore:
    """The pictures of "train" or "val", after `fill_cache`; without a cache they come from their files."""
    index = read_index(folder)
    places = index.get("places", {}).get(part, {})
    samples = split.samples(part)
    file = folder / f"{part}.u8"
    empty = not file.is_file() or not file.stat().st_size  # an empty file cannot be mapped
    pixels = np.empty(0, np.uint8) if empty else np.memmap(file, np.uint8, "r")
    files = _list_files(split, root, part)
    held = tuple(tuple(places[name]) if name in places else None for name, _ in samples)
    targets = MaskTargets(part, files, held, pixels, spec) if split.masks else tuple(target for _, target in samples)
    return SampleStore(part, files, targets, held, pixels, spec)


def _list_files(split: Split, root: Path, part: str) -> tuple[SampleFiles, ...]:
    samples = split.samples(part)
    if split.masks is None:
        return tuple(SampleFiles(root / name) for name, _ in samples)
    return tuple(SampleFiles(root / name, root / mask, split.masks) for name, mask in samples)


def clear_cache(folder: Path) -> None:
    """Delete the cache as far as it can be; it can always be made again."""
    with suppress(OSError):
        for name in ("index.json", *(f"{part}.u8" for part in PARTS)):
            (folder / name).unlink(missing_ok=True)
        folder.rmdir()
