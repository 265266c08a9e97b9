"""Windows in an .npz file: X of (windows, samples, channels), y of their labels; no pickle is ever read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from ressq_edge.data.recordings.pieces import Piece, Unpacked
from ressq_edge.errors import SplitError

_WANTED = "wanted X (windows, samples, channels) and y (labels), and where wanted groups, channels and rate"
_SAVE = "numpy.savez('x.npz', X=X, y=y)"


def unpack_arrays(path: Path, shortest: int) -> Unpacked:
    """The windows in an .npz file, each of `shortest` samples or more.

    Raises:
        SplitError: it can't be read without running a program, or its arrays contradict each other.
    """
    found = _load(path)
    missing = [name for name in ("X", "y") if name not in found]
    if missing:
        raise SplitError(f"{path}: found {', '.join(found) or 'nothing'}, {_WANTED}; {_SAVE}")
    values, labels = _check_values(path, found["X"], shortest), _texts(path, "y", found["y"], len(found["X"]))
    groups = _texts(path, "groups", found["groups"], len(values)) if "groups" in found else [""] * len(values)
    width = values.shape[2]
    default = ["value"] if width == 1 else [f"channel{number + 1}" for number in range(width)]
    channels = _texts(path, "channels", found["channels"], width) if "channels" in found else default
    pieces = [
        Piece(number, label, group, "", channels, [[f"{value:.9g}" for value in row] for row in window])
        for number, (window, label, group) in enumerate(zip(values, labels, groups, strict=True), 1)
    ]
    rate = float(found["rate"]) if "rate" in found and found["rate"].size == 1 else None
    return Unpacked(tuple(pieces), "groups" in found, values.shape[1], rate)


def _load(path: Path) -> Mapping[str, NDArray[np.generic]]:
    try:
        with path.open("rb") as raw:  # numpy leaves a broken file open
            file = np.load(raw, allow_pickle=False)
            if isinstance(file, np.ndarray):
                raise SplitError(f"{path}: found one array, {_WANTED}; {_SAVE}")
            return {name: file[name] for name in file.files}
    except ValueError as error:
        if "pickle" in str(error).lower():
            raise SplitError(
                f"{path}: found an array of objects, a pickle, which may run a program, {_WANTED} of numbers and text; "
                "save it again with X = numpy.stack(X).astype('float32')"
            ) from error
        raise SplitError(f"{path}: can't read it ({error}), {_WANTED}; {_SAVE}") from error
    except (OSError, BadZipFile, EOFError, KeyError) as error:
        raise SplitError(f"{path}: can't read it ({error}), {_WANTED}; {_SAVE}") from error


def _check_values(path: Path, values: NDArray[np.generic], shortest: int) -> NDArray[np.float32]:
    shape = " x ".join(map(str, values.shape))
    if values.dtype.kind not in "fiu" or values.ndim not in (2, 3) or not values.size:
        raise SplitError(f"{path}: found X of {shape or 'no'} {values.dtype}, {_WANTED}; {_SAVE}")
    cube = values[:, :, None] if values.ndim == 2 else values
    if cube.shape[1] < shortest:
        turned = "; X.transpose(0, 2, 1) turns it" if cube.shape[2] >= shortest else "; give longer windows"
        raise SplitError(
            f"{path}: found X of {shape}, {cube.shape[1]} samples a window, wanted {shortest} or more{turned}"
        )
    numbers = cube.astype(np.float32)
    bad = np.argwhere(~np.isfinite(numbers))
    if len(bad):
        window, sample, channel = (int(number) for number in bad[0])
        raise SplitError(
            f"{path}: found {cube[window, sample, channel]} in X[{window}, {sample}, {channel}], wanted a number; "
            "take the window out"
        )
    return numbers


def _texts(path: Path, name: str, values: NDArray[np.generic], count: int) -> list[str]:
    if values.ndim != 1 or len(values) != count or values.dtype.kind not in "iuUb":
        shape = " x ".join(map(str, values.shape))
        raise SplitError(
            f"{path}: found {name} of {shape or 'one'} {values.dtype}, wanted {count} whole numbers or texts, one for "
            f"each {'channel' if name == 'channels' else 'window'}; save it so"
        )
    return [str(value).strip() for value in values.tolist()]
