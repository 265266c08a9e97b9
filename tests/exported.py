"""Small exports in the shape that annotation tools give them."""

from __future__ import annotations

import base64
import io
import json
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from mask_folders import save_picture
from ressq_edge.data.exports.convert import convert
from ressq_edge.data.exports.converted import Converted
from ressq_edge.data.masks.layout import find_masks
from ressq_edge.data.masks.scan import refuse_complaints, scan_masks
from ressq_edge.masks_cli import main

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

WIDTH, HEIGHT = 64, 48
# A road of 20 x 10 pixels at (10, 20), a car of 8 x 8 at (14, 16) that overlaps it: corners in pixels.
ROAD = [[10.0, 20.0], [30.0, 20.0], [30.0, 30.0], [10.0, 30.0]]
CAR = [[14.0, 16.0], [22.0, 16.0], [22.0, 24.0], [14.0, 24.0]]


def draw_map(road: int, car: int) -> Any:
    """uint8 (HEIGHT, WIDTH): the car above the road."""
    found = np.zeros((HEIGHT, WIDTH), np.uint8)
    found[20:30, 10:30] = road
    found[16:24, 14:22] = car
    return found


def labelme_shape(label: str, points: Any, kind: str = "polygon", **more: Any) -> dict[str, Any]:
    """A shape as LabelMe 5.5 writes it."""
    return {
        "label": label, "points": points, "group_id": None, "description": "", "shape_type": kind, "flags": {},
        "mask": None, **more,
    }  # fmt: skip


def labelme_mask(label: str, left: int, top: int, inside: Any) -> dict[str, Any]:
    """A shape of LabelMe's brush: two corners, both inside, and a PNG."""
    packed = io.BytesIO()
    Image.fromarray(inside.astype(bool)).save(packed, "PNG")
    height, width = inside.shape
    corners = [[left, top], [left + width - 1, top + height - 1]]
    return labelme_shape(label, corners, "mask", mask=base64.b64encode(packed.getvalue()).decode())


def write_labelme(root: Path, name: str = "a", shapes: Any = None, **more: Any) -> Path:
    """NAME.jpg and NAME.json."""
    if not (root / f"{name}.jpg").exists():
        save_picture(root / f"{name}.jpg", (HEIGHT, WIDTH))
    content = {
        "version": "5.5.0", "flags": {}, "imagePath": f"{name}.jpg", "imageData": None, "imageHeight": HEIGHT,
        "imageWidth": WIDTH, "shapes": shapes or [labelme_shape("road", ROAD), labelme_shape("car", CAR)], **more,
    }  # fmt: skip
    (root / f"{name}.json").write_text(json.dumps(content, indent=2))
    return root


def coco_annotation(number: int, category: int, segmentation: Any, image: int = 7, **more: Any) -> dict[str, Any]:
    """An annotation as COCO has it."""
    return {
        "id": number, "image_id": image, "category_id": category, "segmentation": segmentation, "area": 64.0,
        "bbox": [14, 16, 8, 8], "iscrowd": int(isinstance(segmentation, dict)), **more,
    }  # fmt: skip


def flat(points: Any) -> list[list[float]]:
    """One polygon as COCO writes it."""
    return [[number for point in points for number in point]]


def write_coco(path: Path, annotations: Any = None, name: str = "a.jpg", pictures: str = "images") -> Path:
    """A COCO file and its picture in images/ beside its folder; categories 3 road, 8 car and 44 bottle."""
    root = path.parent.parent
    save_picture(root / pictures / name, (HEIGHT, WIDTH))
    content = {
        "info": {"year": 2026}, "licenses": [],
        "images": [{"id": 7, "file_name": name, "width": WIDTH, "height": HEIGHT, "license": 0}],
        "categories": [
            {"id": 44, "name": "bottle", "supercategory": ""}, {"id": 3, "name": "road", "supercategory": "ground"},
            {"id": 8, "name": "car", "supercategory": "vehicle"},
        ],
        "annotations": annotations or [coco_annotation(1, 3, flat(ROAD)), coco_annotation(2, 8, flat(CAR))],
    }  # fmt: skip
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))
    return root


def yolo_line(label: int, points: Any) -> str:
    """A class and a polygon, each coordinate a share of the side."""
    return f"{label} " + " ".join(f"{x / WIDTH:.6f} {y / HEIGHT:.6f}" for x, y in points)


def write_yolo(root: Path, part: str = "train", name: str = "a", lines: Any = None) -> Path:
    """images/PART/NAME.jpg and labels/PART/NAME.txt, and a data.yaml as Ultralytics writes it."""
    save_picture(root / f"images/{part}/{name}.jpg", (HEIGHT, WIDTH))
    text = root / f"labels/{part}/{name}.txt"
    text.parent.mkdir(parents=True, exist_ok=True)
    text.write_text("\n".join(lines if lines is not None else [yolo_line(0, ROAD), yolo_line(1, CAR)]) + "\n")
    (root / "data.yaml").write_text(
        "path: .\ntrain: images/train\nval: images/val\nnames:\n  0: road\n  1: car\n  2: pole\n"
    )
    return root


CVAT_HEAD = """<?xml version="1.0" encoding="utf-8"?>
<annotations>
  <version>1.1</version>
  <meta>
    <task>
      <id>4</id><name>roads</name><size>1</size><mode>annotation</mode>
      <labels>
        <label><name>car</name><color>#ff6037</color><type>any</type><attributes></attributes></label>
        <label><name>road</name><color>#b83df5</color><type>any</type><attributes></attributes></label>
        <label><name>pole</name><color>#33ddff</color><type>any</type><attributes></attributes></label>
      </labels>
    </task>
    <dumped>2026-11-30 12:00:00+00:00</dumped>
  </meta>
"""


def cvat_points(points: Any) -> str:
    """x,y;x,y as CVAT writes them."""
    return ";".join(f"{x:.2f},{y:.2f}" for x, y in points)


def cvat_polygon(label: str, points: Any, z_order: int = 0) -> str:
    """A polygon of CVAT's."""
    return (
        f'    <polygon label="{label}" source="manual" occluded="0" points="{cvat_points(points)}" z_order="{z_order}">'
        "\n    </polygon>\n"
    )


def write_cvat(root: Path, shapes: str, name: str = "a.jpg", subset: str = "default", folder: str = "images") -> Path:
    """annotations.xml and images/NAME."""
    save_picture(root / folder / name, (HEIGHT, WIDTH))
    image = f'  <image id="0" name="{name}" subset="{subset}" task_id="4" width="{WIDTH}" height="{HEIGHT}">\n'
    (root / "annotations.xml").write_text(f"{CVAT_HEAD}{image}{shapes}  </image>\n</annotations>\n")
    return root


@contextmanager
def silent(_title: str, _total: int) -> Iterator[Callable[[int], None]]:
    """No bar."""
    yield lambda _: None


def converted(export: Path, out: Path) -> Converted:
    """Converted, and found right by the scan before training."""
    found = convert(export, out, silent)
    folder = find_masks(out)
    assert folder is not None
    scan = scan_masks(out, folder, 1)
    classes = refuse_complaints(out, scan)
    assert (classes.labels, classes.reading) == (tuple(label for _, label in found.labels), "index")
    assert len(folder.pairs) == found.pictures
    return found


def stored(out: Path, name: str = "a.png") -> Any:
    """uint8 (H, W): the indices in a mask that was written."""
    image = Image.open(out / "masks" / name)
    image.load()
    assert image.mode == "P"
    return np.asarray(image)


def name_classes(found: Converted) -> tuple[str, ...]:
    """The names of the classes by index."""
    return tuple(label for _, label in found.labels)


class Failed:
    """Runs the command, which must fail, and gives what it says; nothing is left of what it wrote."""

    def __init__(self, capsys: pytest.CaptureFixture[str], out: Path) -> None:
        self._capsys, self._out = capsys, out

    def __call__(self, export: Path) -> str:
        assert main([str(export), "--out", str(self._out)]) == 1
        said = self._capsys.readouterr()
        assert said.out == ""
        assert "Traceback" not in said.err
        assert not self._out.exists()
        assert not list(self._out.parent.glob(".out*"))
        return said.err
