"""What a file is that was named as a model and is none: what to do first depends on it."""

from __future__ import annotations

from ressq_runtime.artefact.zip_and_protobuf import TFLITE_IDENTIFIER, DamagedError, find_onnx_property

_UNPACK = "unpack it and name the model inside"
_EXPORT = "make an artefact of the run: ressq-export RUN --out dist"
# How a file begins -> what it is, and what to do.
_HEADS = (
    (b"version https://git-lfs", "a Git LFS pointer", "get the file that it stands for: git lfs pull"),
    (b"<", "a web page", "download the file itself"),
    (b"\x89PNG", "a picture", "name the model here"),
    (b"\xff\xd8\xff", "a picture", "name the model here"),
    (b"\x89HDF", "a Keras model", "convert it to a .tflite that takes uint8 pixels"),
    (b"\x80\x02", "PyTorch weights", _EXPORT),
    (b"PK\3\4", "a zip archive", _UNPACK),
    (b"\x1f\x8b", "a gzip archive", _UNPACK),
)
_LARGEST_HEADER_BYTES = 100_000_000  # of a .safetensors file, by its own rule
_SHOWN = 40


def describe(data: bytes) -> str | None:
    """What a file is that begins with `data`, and what to do with it; None: nothing that is known here."""
    for suffix, found in ((".tflite", data[4:8] == TFLITE_IDENTIFIER), (".onnx", _is_onnx(data))):
        if found:
            return f"found a model whose name does not say its kind; rename it to end in {suffix}"
    kind, mend = recognise(data)
    return f"found {kind}, wanted a .tflite or .onnx model; {mend}" if kind else None


def recognise(data: bytes) -> tuple[str, str]:
    """(what it is, what to do); empty where that is not known."""
    if not data.strip(b"\0"):
        return "zeros alone" if data else "an empty file", "copy it again"
    if data[8:10] == b'{"' and int.from_bytes(data[:8], "little") < _LARGEST_HEADER_BYTES:
        return "weights (.safetensors)", _EXPORT
    if b"/data.pkl" in data[:1000]:  # in torch.save's zip archive
        return "PyTorch weights", _EXPORT
    start = data.removeprefix(b"\xef\xbb\xbf").lstrip()
    for head, kind, mend in _HEADS:
        if start.startswith(head):
            return kind, mend
    text = " ".join(start[:200].decode(errors="replace").rstrip("\N{REPLACEMENT CHARACTER}").split())
    if text.isprintable() and text and "\N{REPLACEMENT CHARACTER}" not in text:
        return f"a text that begins {text[:_SHOWN]!r}", "download or copy the file itself"
    return "", ""


def _is_onnx(data: bytes) -> bool:
    try:
        find_onnx_property(data, "")
    except DamagedError:
        return False
    return True
