"""Which annotation tool an export is of, by what its files hold."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NoReturn

from ressq_edge.data.exports import coco, cvat, labelme, yolo
from ressq_edge.data.exports.annotated import Export
from ressq_edge.data.exports.files import Pictures, read_json
from ressq_edge.errors import MaskError
from ressq_runtime.inputs.folders import list_others

_WANTED = "LabelMe JSON, COCO JSON, YOLO polygons, CVAT XML for images, or masks with labelmap.txt"

Reader = Callable[[], Export]


def recognise(export: Path) -> Reader | None:
    """What reads an export of drawn objects; None: it is a folder with masks, or with nothing that is known.

    Raises:
        MaskError: there is no such file, it is packed, or of several tools.
    """
    if not export.exists():
        raise MaskError(f"{export}: found no such file or folder, wanted {_WANTED}; check the path")
    if export.is_file():
        return _recognise_file(export)
    files = list_others(export)
    packed = [path for path in files if path.suffix.lower() == ".zip"]
    found: dict[str, Reader] = {}
    if xml := [path for path in files if path.suffix.lower() == ".xml" and cvat.is_cvat(path)]:
        if len(xml) > 1:
            raise MaskError(
                f"{export}: found {len(xml)} XML files of CVAT ({xml[0]}, say), wanted one; give one of them"
            )
        found[f"{cvat.KIND} ({xml[0].name})"] = partial(cvat.read_cvat, export, xml[0])
    json_files = [path for path in files if path.suffix.lower() == ".json"]
    for path in json_files:
        content = read_json(path)
        if labelme.is_labelme(content):
            found[f"{labelme.KIND} ({path.name})"] = partial(labelme.read_labelme, export, json_files)
        elif coco.is_coco(content):
            found[f"{coco.KIND} ({path.name})"] = partial(coco.read_coco, export, json_files)
        else:
            continue
        break
    if yolo.find_settings(export) or any(yolo.find_labels(Pictures(export)).values()):
        found[yolo.KIND] = partial(yolo.read_yolo, export)
    if len(found) > 1:
        raise MaskError(
            f"{export}: found {' and '.join(found)}, wanted one; move the others elsewhere, or give the file"
        )
    if not found and packed:
        raise MaskError(f"{export}: found only packed files ({packed[0].name}), wanted {_WANTED}; unpack them first")
    return next(iter(found.values()), None)


def _recognise_file(path: Path) -> Reader:
    suffix = path.suffix.lower()
    root = path.parent.parent if path.parent.name == "annotations" else path.parent
    if suffix == ".json":
        content = read_json(path)
        if coco.is_coco(content):
            return partial(coco.read_coco, root, [path])
        if labelme.is_labelme(content):
            return partial(labelme.read_labelme, root, [path])
    if suffix == ".xml" and cvat.is_cvat(path):
        return partial(cvat.read_cvat, root, path)
    if suffix in (".yaml", ".yml"):
        return partial(yolo.read_yolo, path.parent)
    advice = "unpack it and give the folder" if suffix in (".zip", ".gz", ".tar", ".7z") else "export it again"
    raise MaskError(f"{path}: found a file of no known tool, wanted {_WANTED}; {advice}")


def refuse_unknown(export: Path) -> NoReturn:
    """Raises MaskError: a folder of nothing that is known."""
    raise MaskError(
        f"{export}: found no export of a known tool, wanted {_WANTED}; give the folder that it was exported to"
    )
