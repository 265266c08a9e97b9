"""Networks of three classes and few photos, and what each is calibrated on."""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from ressq_runtime.errors import FolderError
from ressq_runtime.inputs.folders import list_pictures

SIZES = (60, 180, 600)  # photos in all
CLASSES = 3
MOST_HELD = 300  # photos of a class that are kept back to measure on
FEWEST_HELD = 60
COUNT = 128  # planted pictures: as many as calibration takes
SIDE = 256  # pixels, of planted pictures
# What is made of training photos -> in words.
PLANTS = {
    "dark": "dark ones (a twentieth of the light)",
    "one class": "those of one class",
    "noise": "noise",
    "inverted": "inverted ones",
}


@dataclass(frozen=True)
class Case:
    """A network and the plant that it is calibrated on.

    name: of its folder.
    seed: of the draw, the split and the training.
    plant: a key of PLANTS.
    photos, held: class -> pictures to train on, and pictures that are kept back.
    """

    name: str
    seed: int
    plant: str
    photos: dict[str, list[Path]]
    held: dict[str, list[Path]]

    @property
    def count(self) -> int:
        """How many photos there are to train on, its validation and test pictures among them."""
        return sum(map(len, self.photos.values()))


def list_cases(folder: Path, sizes: tuple[int, ...] = SIZES, plants: tuple[str, ...] = tuple(PLANTS)) -> list[Case]:
    """A case for each size and plant, each of other photos and mostly of other classes.

    Raises:
        FolderError: there are too few pictures.
    """
    classes: dict[str, list[Path]] = defaultdict(list)
    for path in list_pictures(folder):
        classes[path.parent.name].append(path)
    cases = []
    for seed, (size, plant) in enumerate((size, plant) for size in sizes for plant in plants):
        each, generator = size // CLASSES, random.Random(seed)
        enough = sorted(name for name, paths in classes.items() if len(paths) >= each + FEWEST_HELD)
        if len(enough) < CLASSES:
            raise FolderError(
                f"{folder}: found {len(enough)} classes of {each + FEWEST_HELD} pictures or more, wanted {CLASSES}; "
                "give a folder with more"
            )
        photos, held = {}, {}
        for name in generator.sample(enough, CLASSES):
            drawn = generator.sample(classes[name], len(classes[name]))
            photos[name], held[name] = drawn[:each], drawn[each : each + MOST_HELD]
        cases.append(Case(f"{size}-{plant.replace(' ', '-')}", seed, plant, photos, held))
    return cases


def plant_pictures(plant: str, pictures: list[tuple[Path, int]], folder: Path, seed: int) -> None:
    """Write up to COUNT pictures of this kind, made of training pictures and their label indices, into `folder`.

    Each comes mirrored, too, where there are fewer: of 60 photos one class has less than calibration must have.
    """
    folder.mkdir(parents=True)
    chosen = [path for path, label in pictures if label == 0 or plant != "one class"]
    drawn = random.Random(seed).sample(chosen, len(chosen))
    generator = np.random.default_rng(seed)
    for number, path in enumerate([*drawn, *drawn][:COUNT]):
        with Image.open(path) as opened:
            picture = ImageOps.exif_transpose(opened).convert("RGB")
        picture.thumbnail((SIDE, SIDE))
        if number >= len(drawn):
            picture = ImageOps.mirror(picture)
        if plant == "dark":
            picture = picture.point(lambda value: value // 20)
        elif plant == "inverted":
            picture = ImageOps.invert(picture)
        elif plant == "noise":
            picture = Image.fromarray(generator.integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8))
        picture.save(folder / f"{number:03}.png")
