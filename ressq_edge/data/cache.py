"""Decoded pictures of a run in two flat files, memory-mapped: decoding is paid once, not every epoch.

RUN/cache/train.u8 holds the training pictures one behind the other, val.u8 the validation pictures;
index.json says where each begins and from which files they were made. It is written last: without
it, or when a source changed, everything is decoded again. The folder can be deleted at any time.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ressq_edge.atomic import cannot_write, write_text
from ressq_edge.data.pictures import Pixels, decode_all, evaluation_pixels, training_pixels
from ressq_edge.data.split import PARTS, Split
from ressq_runtime.errors import OutputError, PictureError
from ressq_runtime.inputs.picture_spec import PixelSpec

FORMAT = 1
LIMIT_BYTES = 8 << 30  # of decoded pictures on disk; the rest is decoded anew in every epoch
FREE_SHARE = 0.5  # of the free disk space that the cache may take

KEPT = ("train", "val")  # test pictures are decoded once, to know that they can be, and not kept
READERS = {"train": training_pixels, "val": evaluation_pixels, "test": evaluation_pixels}

Places = dict[str, tuple[int, ...]]
Tick = Callable[[], None]


@dataclass(frozen=True)
class SampleStore:
    """Samples of one part by number: pictures, from the cache where it holds them, else decoded from their file.

    part: "train" or "val".
    paths: the pictures' files.
    targets: of each.
    places: (offset, height, width) of each picture in `pixels`; None for one that did not fit.
    pixels: uint8, flat: the memory-mapped file.
    spec: the geometry.
    """

    part: str
    paths: tuple[Path, ...]
    targets: tuple[Any, ...]
    places: tuple[tuple[int, int, int] | None, ...]
    pixels: Pixels
    spec: PixelSpec

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> Pixels:
        """uint8 (H, W, 3) RGB; the same bytes from the cache and from the file."""
        place = self.places[index]
        if place is None:
            return READERS[self.part](self.paths[index], self.spec)
        offset, height, width = place
        return self.pixels[offset : offset + height * width * 3].reshape(height, width, 3)


def fill_cache(folder: Path, split: Split, root: Path, spec: PixelSpec, threads: int, tick: Tick) -> dict[str, str]:
    """Decode every picture of the split, keep train and val; -> reason by path of the unreadable ones.

    Nothing is decoded when the cache was made from these very files. `tick` is called once a picture; what it raises
    leaves no picture behind.

    Raises:
        OutputError: the cache cannot be written, or its folder is another's.
    """
    found = _read_index(folder)
    states = _file_states(split, root)  # before decoding: a picture that is replaced meanwhile is another one's
    if found.get("key") == _key(states, spec, {}) and found.get("bytes") == _measure(folder):
        return {}
    if (folder / "index.json").exists() and "key" not in found and not _measure(folder):
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
            decoded = decode_all([root / name for name in names], READERS[part], spec, threads)
            with (folder / f"{part}.u8").open("wb") as file:
                for name, pixels in zip(names, decoded, strict=True):
                    tick()
                    if isinstance(pixels, PictureError):
                        unreadable[name] = str(pixels)
                    elif part in KEPT and left >= pixels.nbytes:
                        places.setdefault(part, {})[name] = (file.tell(), *pixels.shape[:2])
                        file.write(pixels.data)
                        left -= pixels.nbytes
                file.flush()
                os.fsync(file.fileno())  # else a power cut may leave the index without these bytes
    except OSError as error:
        clear_cache(folder)
        raise cannot_write(folder, error) from error
    except BaseException:
        clear_cache(folder)
        raise
    # The key of what can be read: with a broken picture in the split everything is tried again.
    index = {"key": _key(states, spec, unreadable), "bytes": _measure(folder), "places": places}
    write_text(folder / "index.json", json.dumps(index))
    return unreadable


def open_store(folder: Path, split: Split, root: Path, spec: PixelSpec, part: str) -> SampleStore:
    """The pictures of "train" or "val", after `fill_cache`; without a cache they come from their files."""
    index = _read_index(folder)
    places = index.get("places", {}).get(part, {})
    pictures = split.samples(part)
    file = folder / f"{part}.u8"
    empty = not file.is_file() or not file.stat().st_size  # an empty file cannot be mapped
    return SampleStore(
        part,
        tuple(root / name for name, _ in pictures),
        tuple(target for _, target in pictures),
        tuple(tuple(places[name]) if name in places else None for name, _ in pictures),
        np.empty(0, np.uint8) if empty else np.memmap(file, np.uint8, "r"),
        spec,
    )


def clear_cache(folder: Path) -> None:
    """Delete the cache as far as it can be; it can always be made again."""
    with suppress(OSError):
        for name in ("index.json", *(f"{part}.u8" for part in PARTS)):
            (folder / name).unlink(missing_ok=True)
        folder.rmdir()


def _measure(folder: Path) -> dict[str, int]:
    """Bytes of each file of pictures that is there."""
    return {path.name: path.stat().st_size for path in sorted(folder.glob("*.u8"))}


def _file_states(split: Split, root: Path) -> dict[str, str]:
    """Each picture's part, path, bytes and time of change, by its path."""
    states = {}
    for part in PARTS:
        for name, _ in split.samples(part):
            with suppress(OSError):  # a link to nothing: decoding will name it
                status = (root / name).stat()
                states[name] = f"{part}/{name}/{status.st_size}/{status.st_mtime_ns}"
    return states


def _key(states: dict[str, str], spec: PixelSpec, without: dict[str, str]) -> str:
    """SHA-256 over the format, the geometry, and the states of the pictures."""
    digest = hashlib.sha256(f"{FORMAT}/{spec.fingerprint}\n".encode())
    for name in (name for name in states if name not in without):
        digest.update(f"{states[name]}\n".encode())
    return digest.hexdigest()


def _read_index(folder: Path) -> dict[str, Any]:
    """The index, or nothing where there is none or half of one."""
    try:
        found = json.loads((folder / "index.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
