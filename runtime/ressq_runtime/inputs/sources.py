"""What is given as a picture: read where it holds one, and called what it is where it does not."""

from __future__ import annotations

import os
import stat
from errno import ENAMETOOLONG

from PIL import Image

from ressq_runtime.errors import PictureError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_WANTED = "wanted a path, a file's bytes, a binary file, a Pillow image or a uint8 (height, width, 3) RGB array"
_SHOWN = 40
_LONGEST_PATH = 4096


def to_source(given: Any) -> Any:
    """A path as text, a file's bytes, a Pillow image or an array: what `given` is, or holds.

    A file that can be sought in is read from its start and left where it stood.

    Raises:
        PictureError: it is nothing of the kind, or can't be read.
    """
    if isinstance(given, os.PathLike):
        return os.fsdecode(given)
    if isinstance(given, (str, bytes, Image.Image)) or hasattr(given, "dtype"):
        return given
    try:
        return bytes(memoryview(given))
    except TypeError:
        pass
    except ValueError as error:  # released, or closed
        raise PictureError(
            f"bytes: found some that are there no more ({error}), wanted a copy; bytes() makes it"
        ) from error
    # FastAPI's read() is for await; the file behind it is not.
    inner = getattr(given, "file", None)
    file = inner if hasattr(inner, "read") else given
    if hasattr(file, "read"):
        return _read(file)
    raise PictureError(f"picture: {_describe(given)}")


def check_path(path: str) -> None:
    """Refuses what is no file.

    Raises:
        PictureError: there is none of that name, or a folder, a pipe or a device, or it is no name at all.
    """
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError) as error:  # ValueError: a NUL inside
        raise PictureError(_describe_name(path, error)) from error
    if stat.S_ISDIR(mode):
        raise PictureError(f"{path}: found a folder, wanted a picture")
    if not stat.S_ISREG(mode):  # opening a pipe that nobody writes to waits for ever
        raise PictureError(f"{path}: found a pipe or a device, wanted a picture's file; save it first")


def check_image(image: Image.Image) -> None:
    """Refuses an image that has no pixels any more.

    Raises:
        PictureError: it was closed, or its file before it was loaded.
    """
    file = getattr(image, "fp", None)
    waits = getattr(image, "tile", None) and (file is None or getattr(file, "closed", False))
    core = vars(image).get("_im", vars(image).get("im"))  # the former from Pillow 11 on
    if waits or type(core).__name__ == "DeferredError":
        raise PictureError("image: found a closed image, wanted an open one; call load() before its file is closed")


def describe_array(dtype: str, shape: tuple[int, ...]) -> str:
    """What is found, what is wanted and how to make it, for an array that is no picture."""
    ways = []
    if len(shape) == 4:
        ways.append("array[0] is one of them")
    elif len(shape) == 1 or (len(shape) == 2 and 1 in shape):
        ways.append("array.tobytes() if it holds a file's bytes")
    elif len(shape) == 2:
        ways.append("numpy.stack([array] * 3, -1)")
    elif len(shape) == 3 and shape[2] in (1, 4):
        ways.append("array[..., :3]" if shape[2] == 4 else "array.repeat(3, 2)")
    elif len(shape) == 3 and shape[2] != 3 and shape[0] in (1, 3, 4):
        ways.append("array.transpose(1, 2, 0)")
    if "." in dtype or ":" in dtype:  # torch.uint8, <dtype: 'uint8'>
        ways.append("numpy.asarray(array)")
    elif "float" in dtype:
        ways.append('(255 * array).round().astype("uint8") if it is from 0 to 1')
    elif dtype != "uint8":
        ways.append('array.astype("uint8") if it is from 0 to 255')
    found = f"found {dtype} {shape}, wanted uint8 (height, width, 3) RGB; convert it"
    return f"{found}: {', then '.join(ways)}" if ways else found


def _read(file: Any) -> bytes:
    text = 'file: found a text file, wanted a binary one; open it with mode "rb"'
    try:
        at = _rewind(file)
        try:
            content = file.read()
        finally:
            if at is not None:
                file.seek(at)
    except UnicodeDecodeError as error:
        raise PictureError(text) from error
    except (OSError, ValueError) as error:  # ValueError: it is closed
        raise PictureError(f'file: found one that can\'t be read ({error}), wanted one open with mode "rb"') from error
    if isinstance(content, str):
        raise PictureError(text)
    if hasattr(content, "__await__"):
        content.close()
        raise PictureError("file: found an asynchronous one, wanted its bytes; give what await file.read() gives")
    try:
        return content if isinstance(content, bytes) else bytes(memoryview(content))
    except TypeError as error:
        raise PictureError(f"file: found {type(content).__name__} in it, wanted bytes; give a binary file") from error


def _rewind(file: Any) -> int | None:
    """To the start; where it stood before, None: it can't be told."""
    try:
        at: int = file.tell()
        file.seek(0)
    except (OSError, AttributeError):  # a pipe, a socket, an answer of HTTP
        return None
    return at


def _describe(given: Any) -> str:
    kind = type(given).__name__
    kind = f"{'an' if kind[0] in 'aeiouAEIOU' else 'a'} {kind}"
    if given is None:
        return f"found None, {_WANTED}; cv2.imread gives None for a file that it can't read"
    if isinstance(given, (list, tuple, set, frozenset, dict)) or hasattr(given, "__next__"):
        return f"found {kind}, wanted one picture; classify takes one at a time"
    return f"found {kind}, {_WANTED}"


def _describe_name(name: str, error: OSError | ValueError) -> str:
    shown = name if len(name) <= _SHOWN else f"{name[:_SHOWN]}..."
    if not name:
        return "picture: found an empty name, wanted a picture's path"
    from ressq_runtime.decoding.unknown_format import DECODE, is_base64

    if is_base64(name):
        return f"{shown}: found base64, wanted {DECODE}"
    scheme, mark, rest = name.partition("://")
    if mark and scheme.isalnum() and len(scheme) > 1:  # no Windows drive
        host, *path = rest.partition("?")[0].rpartition("@")[2].partition("/")  # neither password nor token
        kind, mend = ("a URL of a file, wanted its path", "leave file:// out") if scheme == "file" else (
            "a URL, wanted a file", "fetch it first")  # fmt: skip
        return f"{scheme}://{host}{''.join(path)}: found {kind}; {mend}"
    if isinstance(error, ValueError) or error.errno == ENAMETOOLONG:
        return f"{shown}: found {len(name)} characters that can be no path, wanted one, or a picture's bytes as bytes"
    mend = (
        "write the home folder out, which ~ is in a shell alone"
        if name[0] == "~"
        else "check the path and its permissions"
    )
    return f"{name}: {error.strerror}; {mend}"
