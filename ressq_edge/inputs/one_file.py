"""One file instead of a folder: its recordings are laid out in the run folder, and everything else goes on from there.

What would have to be guessed, or might run a program, is refused with the line that converts it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from ressq_edge.data.recordings.arrays import unpack_arrays
from ressq_edge.data.recordings.one_table import unpack_table
from ressq_edge.data.recordings.pieces import Unpacked, write_pieces
from ressq_edge.errors import RunError
from ressq_edge.network.series import MIN_LENGTH
from ressq_edge.request import Request
from ressq_runtime.errors import RecordingError
from ressq_runtime.inputs.folders import is_left_out, is_picture
from ressq_runtime.inputs.recording import read_recording

_READERS: dict[str, Callable[[Path, int], Unpacked]] = {
    ".csv": unpack_table, ".tsv": unpack_table, ".txt": unpack_table, ".npz": unpack_arrays,
}  # fmt: skip
_OTHERS = (".parquet", ".pq", ".mat", ".npy", ".pkl", ".pickle", ".h5", ".hdf5", ".xlsx", ".feather")


def take_file(request: Request) -> tuple[Request, str | None]:
    """The request, on a folder of recordings where DATA is one file of them; and what to say of that.

    Raises:
        SplitError, RecordingError: the file can't be learned from; it says why.
        RunError: the file goes with another option, or there is nothing to go on with.
        OutputError: the folder can't be written.
    """
    path, folder, groups = request.data, request.out / "recordings", request.out / "groups.csv"
    suffix = path.suffix.lower()
    if suffix not in (*_READERS, *_OTHERS) or not path.is_file():
        return request, None
    if request.labels:
        raise RunError(f"--labels: found it beside {path}, wanted a folder of pictures with it; leave --labels out")
    if suffix in _OTHERS:
        _refuse(path)
    if request.resume:
        return replace(request, data=folder), None
    if (request.out / "config.json").exists():  # which is refused where the run begins
        return replace(request, data=folder), None
    found = _READERS[suffix](path, MIN_LENGTH)
    write_pieces(path, found, folder, groups)
    kind = "windows" if found.length else "recordings"
    said = f"{path}: {len(found.pieces)} {kind}, laid out in {folder}"
    if not found.grouped and not request.group_by:
        said += f"; it says not which belong together: a column group keeps a person's {kind} in one part"
    if found.grouped and not request.group_by:
        request = replace(request, group_by=str(groups))
    if found.length:
        request = replace(
            request,
            window=request.window or str(found.length),
            hop=request.hop or (None if request.window else str(found.length)),
            rate=request.rate or found.rate or 1.0,
        )
    return replace(request, data=folder), said


def refuse_others(root: Path) -> None:
    """Raises RecordingError where a folder holds data of other kinds and no picture: the line that converts it."""
    found = None
    for top, folders, files in root.walk(follow_symlinks=True):
        folders[:] = [name for name in folders if not is_left_out(name)]
        if any(is_picture(name) for name in files):
            return
        mine = [name for name in sorted(files) if Path(name).suffix.lower() in (*_OTHERS, ".npz")]
        found = found or (top / mine[0] if mine else None)
    if found and found.suffix.lower() == ".npz":
        raise RecordingError(f"{found}: found arrays in a folder, wanted the file itself; ressq-train {found.name}")
    if found:
        _refuse(found)


def _refuse(path: Path) -> None:
    """Raises RecordingError with the words of the reader, by what the file holds."""
    read_recording(str(path))
    raise RecordingError(f"{path}: found a name that ends in {path.suffix}, wanted .csv; rename it")
