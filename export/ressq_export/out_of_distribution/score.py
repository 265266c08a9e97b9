"""A second output: how far a picture lies from the training pictures, by `training_statistics`.

Layers are added to the finished files, in float; the training statistics are measured on each file, by the
interpreter that will run it. Where the channels are looked at, and why there: docs/decisions/0011.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from ressq_export.out_of_distribution.onnx_layers import extend_onnx
from ressq_export.out_of_distribution.tflite_layers import extend_tflite
from ressq_export.out_of_distribution.training_statistics import CONTENT, LOOK, Features, make_training_statistics
from ressq_runtime.engines import load_engine


def add_score(paths: Iterable[Path], seen: Iterable[bytes], held: Iterable[bytes], modules: Sequence[str]) -> None:
    """Give each model file, in place, the output `out_of_distribution` [1, 1].

    Each by its own features: quantization steps scale channels, and its weights shift them.

    Args:
        paths: the files; a name that ends in "onnx" or "tflite" tells the format.
        seen: uint8 RGB pixels, size * size * 3 bytes each, of the training split.
        held: likewise, of pictures that were not trained on.
        modules: under the names that their outputs have in the files ("fire6" stands for fire6.sum or .concat).

    Raises:
        ConversionError: a file has no such module, or sees the same in all pictures.
    """
    seen, held = list(seen), list(held)
    for path in paths:
        suffix, extend = (".onnx", extend_onnx) if path.name.endswith("onnx") else (".tflite", extend_tflite)
        model = path.read_bytes()
        shown = path.with_name(f"{path.name}.features{suffix}")
        shown.write_bytes(extend(model, path.name, modules, None))
        statistics = make_training_statistics(_read_features(shown, seen), _read_features(shown, held), path.name)
        shown.unlink()
        path.write_bytes(extend(model, path.name, modules, statistics))


def _read_features(model: Path, pictures: Iterable[bytes]) -> Features:
    engine = load_engine(str(model))
    found: dict[str, list[list[float]]] = {LOOK: [], CONTENT: []}
    for pixels in pictures:
        outputs = engine.run(pixels)
        for name, rows in found.items():
            rows.append(outputs[name].values())
    engine.close()
    return Features(*(np.array(rows, np.float64) for rows in found.values()))
