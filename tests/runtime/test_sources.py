"""What is given as a picture is read where it holds one, and called what it is where it does not."""

from __future__ import annotations

import array
import base64
import io
import mmap
import os
import tempfile
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ressq_runtime import Classifier, EngineError, PictureError
from ressq_runtime.artefact.installed import BUILTIN
from ressq_runtime.errors import ArtefactError
from ressq_runtime.inputs.picture import decode

# Files that a test leaves open are closed with it.
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture(params=["PNG", "JPEG"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    made = tmp_path / f"drawn.{request.param.lower()}"
    Image.effect_noise((90, 70), 60).convert("RGB").save(made)
    return made


class Upload:
    """As Starlette's and FastAPI's UploadFile: read() is to be awaited, `file` is the file behind it."""

    def __init__(self, content: bytes) -> None:
        self.file = tempfile.SpooledTemporaryFile(max_size=10)  # noqa: SIM115 - as theirs
        self.file.write(content)

    async def read(self) -> bytes:
        raise AssertionError


def memory_map(path: Path) -> mmap.mmap:
    with path.open("rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def entry_of(folder: Any) -> Any:
    with os.scandir(folder) as entries:
        return next(entries)


READ: dict[str, Callable[[Path], Any]] = {
    "bytes": Path.read_bytes,
    "bytearray": lambda path: bytearray(path.read_bytes()),
    "memoryview": lambda path: memoryview(path.read_bytes()),
    "array": lambda path: array.array("B", path.read_bytes()),
    "mmap": memory_map,
    "BytesIO": lambda path: io.BytesIO(path.read_bytes()),
    "open": lambda path: path.open("rb"),
    "unbuffered": lambda path: path.open("rb", buffering=0),
    "upload": lambda path: Upload(path.read_bytes()),
    "urlopen": lambda path: urllib.request.urlopen(path.as_uri()),
    "DirEntry": lambda path: entry_of(path.parent),
    "DirEntry of bytes": lambda path: entry_of(os.fsencode(path.parent)),
}


@pytest.mark.parametrize("kind", READ)
def test_bytes_and_binary_files_are_read(path: Path, kind: str) -> None:
    wanted = decode(path).tobytes()
    given = READ[kind](path)
    assert decode(given).tobytes() == wanted
    given = given if hasattr(given, "seek") else READ[kind](path)
    with Classifier.load(BUILTIN, threads=1) as classifier:
        assert str(classifier.classify(given)) == str(classifier.classify(path))


@pytest.mark.parametrize("at", [0, 7, 10**6])
def test_a_file_is_read_from_its_start_and_left_where_it_stood(path: Path, at: int) -> None:
    file = io.BytesIO(path.read_bytes())
    file.seek(at)
    assert decode(file).tobytes() == decode(file).tobytes() == decode(path).tobytes()
    assert file.tell() == at


def test_what_cannot_be_sought_in_is_read_to_its_end(path: Path) -> None:
    reading, writing = os.pipe()
    os.write(writing, path.read_bytes())
    os.close(writing)
    with os.fdopen(reading, "rb") as file:
        assert decode(file).tobytes() == decode(path).tobytes()


async def read_later() -> bytes:
    return b""


class Asynchronous:
    """As aiofiles and aiohttp give it."""

    def read(self) -> Any:
        return read_later()


def closed_file() -> io.BytesIO:
    file = io.BytesIO(b"x")
    file.close()
    return file


def released() -> memoryview:
    view = memoryview(b"x")
    view.release()
    return view


WANTED = r"wanted a path, a file's bytes, a binary file, a Pillow image or a uint8 \(height, width, 3\) RGB array"
REFUSED: dict[str, tuple[Callable[[], Any], str]] = {
    "text file": (lambda: io.StringIO("x"), 'file: found a text file, wanted a binary one; open it with mode "rb"'),
    "closed file": (closed_file, r"file: found one that can't be read \(I/O operation on closed file\.?\), wanted one"),
    "asynchronous": (Asynchronous, r"file: found an asynchronous one, wanted its bytes; give what await"),
    "nothing to read": (lambda: io.BytesIO(), "bytes: found an empty file, wanted JPEG"),
    "released": (released, r"bytes: found some that are there no more \(.*\), wanted a copy; bytes\(\) makes it"),
    "list": (lambda: ["a.jpg"], "picture: found a list, wanted one picture; classify takes one at a time"),
    "tuple": (lambda: ("a.jpg",), "picture: found a tuple, wanted one picture; classify takes one at a time"),
    "dict": (lambda: {"a": 1}, "picture: found a dict, wanted one picture; classify takes one at a time"),
    "generator": (lambda: (name for name in "ab"), "picture: found a generator, wanted one picture; classify takes"),
    "map": (lambda: map(str, "ab"), "picture: found a map, wanted one picture; classify takes one at a time"),
    "None": (lambda: None, f"picture: found None, {WANTED}; cv2.imread gives None for a file that it can't read"),
    "number": (lambda: 5, f"picture: found an int, {WANTED}"),
    "object": (object, f"picture: found an object, {WANTED}"),
    "empty name": (lambda: "", "picture: found an empty name, wanted a picture's path"),
    "URL": (lambda: "https://example.org/a.jpg", "^https://example.org/a.jpg: found a URL, wanted a file; fetch it"),
    "secrets": (lambda: "s3://me:word@a.org/b.jpg?t=1", "^s3://a.org/b.jpg: found a URL, wanted a file; fetch it"),
    "file URL": (lambda: "file:///a.jpg", "^file:///a.jpg: found a URL of a file, wanted its path; leave file:// out"),
    "data URL": (lambda: "data:image/png;base64," + "A" * 300, r"^data:image/png;base64,A{18}\.\.\.: found base64"),
    "base64": (lambda: base64.b64encode(b"\xff\xd8\xff" + bytes(400)).decode(), r"^/9j/A{36}\.\.\.: found base64"),
    "base64 in bytes": (lambda: base64.b64encode(b"\xff\xd8\xff" + bytes(9000)), "bytes: found base64, wanted the"),
    "URL in bytes": (lambda: b"http://a/b.jpg", "bytes: found a URL, wanted the picture's own bytes; fetch it first"),
    "path in bytes": (lambda: b"photos/a.JPG", "bytes: found a path, wanted the picture's own bytes, or the path"),
    "text in bytes": (lambda: b"no picture", "bytes: found no known kind of picture, wanted JPEG"),
    "long name": (lambda: "x" * 300, r"^x{40}\.\.\.: found 300 characters that can be no path, wanted one, or a"),
    "content as text": (lambda: "\xff\xd8\0", "found 3 characters that can be no path, wanted one, or a picture's"),
    "home": (lambda: "~/a.jpg", "~/a.jpg: No such file or directory; write the home folder out, which ~ is in a shell"),
    "none there": (lambda: "none.jpg", "none.jpg: No such file or directory; check the path and its permissions"),
    "folder": (lambda: Path("/"), "/: found a folder, wanted a picture"),
    "device": (lambda: "/dev/null", "/dev/null: found a pipe or a device, wanted a picture's file; save it first"),
}  # fmt: skip


@pytest.mark.parametrize("kind", REFUSED)
def test_all_else_is_called_what_it_is(kind: str) -> None:
    make, words = REFUSED[kind]
    with pytest.raises(PictureError, match=words) as caught:
        decode(make())
    assert len(str(caught.value)) < 250


def test_a_picture_opened_as_text_and_one_opened_to_write_are_named(path: Path) -> None:
    with path.open(encoding="utf-8") as file, pytest.raises(PictureError, match="found a text file, wanted a binary"):
        decode(file)
    with path.open("ab") as file, pytest.raises(PictureError, match=r"found one that can't be read \(.*read"):
        decode(file)


def array_of(dtype: str, *shape: int) -> np.ndarray[Any, Any]:
    return np.zeros(shape, dtype)


ARRAYS = {
    ("uint8", 40, 50): "numpy.stack([array] * 3, -1)",
    ("uint8", 40, 50, 1): "array.repeat(3, 2)",
    ("uint8", 40, 50, 4): "array[..., :3]",
    ("uint8", 3, 40, 50): "array.transpose(1, 2, 0)",
    ("uint8", 1, 40, 50, 3): "array[0] is one of them",
    ("uint8", 4000): "array.tobytes() if it holds a file's bytes",
    ("uint8", 4000, 1): "array.tobytes() if it holds a file's bytes",
    ("uint8", 40, 50, 7): "",
    ("float32", 40, 50, 3): '(255 * array).round().astype("uint8") if it is from 0 to 1',
    ("float64", 3, 40, 50): 'array.transpose(1, 2, 0), then (255 * array).round().astype("uint8") if it is from 0 to 1',
    ("int64", 40, 50, 3): 'array.astype("uint8") if it is from 0 to 255',
}


@pytest.mark.parametrize("wrong", ARRAYS, ids=str)
def test_an_array_that_is_no_picture_is_told_how_to_become_one(wrong: tuple[Any, ...]) -> None:
    dtype, *shape = wrong
    with pytest.raises(PictureError) as caught:
        decode(np.zeros(shape, dtype))
    how = f": {ARRAYS[wrong]}" if ARRAYS[wrong] else ""
    assert str(caught.value) == (
        f"array: found {dtype} {tuple(shape)}, wanted uint8 (height, width, 3) RGB; convert it{how}"
    )


def test_a_tensor_is_no_array_yet() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    with pytest.raises(PictureError, match=r"found torch\.uint8 \(40, 50, 3\), .* convert it: numpy\.asarray\(array\)"):
        decode(torch.zeros(40, 50, 3, dtype=torch.uint8))


def test_a_closed_image_is_named_and_a_loaded_one_is_read(path: Path) -> None:
    with Image.open(path) as lazy:
        pass
    with path.open("rb") as file:
        behind = Image.open(file)
    closed = Image.open(path)
    closed.load()
    closed.close()
    for image in (lazy, behind, closed):
        with pytest.raises(
            PictureError,
            match=r"^image: found a closed image, wanted an open one; call load\(\) before its file is closed",
        ):
            decode(image)
    with Image.open(path) as loaded:
        loaded.load()
    assert decode(loaded).size == (90, 70)


def test_an_engine_that_there_is_none_of_and_odd_threads_are_named() -> None:
    with pytest.raises(EngineError, match="found the engine 'TFLITE', wanted one of auto, litert, tflite, onnx"):
        Classifier.load(BUILTIN, engine="TFLITE")
    for threads in (0, -1, 1.5, "2"):
        with pytest.raises(EngineError, match=f"found {threads!r} threads, wanted a whole number from 1 on"):
            Classifier.load(BUILTIN, threads=threads)  # type: ignore[arg-type]
    with pytest.raises(ArtefactError, match="found one text for labels, wanted a list of them; read a file's lines"):
        Classifier.load(BUILTIN, labels="labels.txt")
    assert Classifier.load(os.fsencode(BUILTIN)).path == BUILTIN  # type: ignore[arg-type]
