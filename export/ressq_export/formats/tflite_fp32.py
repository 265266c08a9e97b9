"""Float ONNX -> float TFLite, by onnx2tf in a process and a folder of its own."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import onnx
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

from ressq_export.errors import ConversionError
from ressq_export.formats.converter_log import Log
from ressq_export.formats.tflite_tensor_names import name_tflite_tensors


def convert_to_tflite(source: Path, target: Path, log: Log) -> None:
    """Write `target` with the tensors of `source` under the same names.

    Raises:
        ConversionError: onnx2tf failed, or made something else than the same layers in NHWC.
    """
    names = _list_inputs(source)
    with tempfile.TemporaryDirectory(prefix="onnx2tf-") as folder:
        # -kat: without it an NHWC input becomes [1, W, 3, H], silently. -n: no progress bars.
        keep = ["-kat", *names] if names else []
        command = [sys.executable, "-m", "onnx2tf", "-i", str(source.resolve()), "-o", folder, *keep, "-n"]
        log.write(f"== {' '.join(command[1:])}")
        # onnx2tf imports ONNX Runtime too; an activated environment's onnxsim would make it get padded pools wrong.
        quiet = {**os.environ, "ORT_DISABLE_TELEMETRY": "1", "PATH": os.defpath}
        with log.path.open("ab") as output:
            done = subprocess.run(  # noqa: S603 - our own interpreter, no shell
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=folder, env=quiet, check=False
            )
        made = Path(folder, f"{source.stem}_float32.tflite")
        if done.returncode != 0 or not made.is_file():
            raise ConversionError(
                f"{source.name}: onnx2tf gave exit code {done.returncode} and no {made.name}; see {log.keep()}"
            )
        target.write_bytes(name_tflite_tensors(made.read_bytes(), onnx.load(source)))


def _list_inputs(source: Path) -> list[str]:
    """The names of its inputs; none of a file that is no ONNX, of which onnx2tf says in the log what is wrong."""
    try:
        return [value.name for value in onnx.load(source).graph.input]
    except DecodeError:
        return []
