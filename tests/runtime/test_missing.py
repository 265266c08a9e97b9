from __future__ import annotations

import pytest

from ressq_runtime.engines.missing import explain_missing, install_line


@pytest.mark.parametrize(
    ("kind", "system", "machine", "wide", "python", "words"),
    [
        ("tflite", "linux", "aarch64", True, (3, 11), "pip install ai-edge-litert"),
        ("tflite", "linux", "x86_64", True, (3, 14), "pip install ai-edge-litert"),
        ("onnx", "linux", "aarch64", True, (3, 13), "pip install onnxruntime"),
        ("tflite", "win32", "AMD64", True, (3, 12), "pip install ai-edge-litert"),
        ("tflite", "darwin", "arm64", True, (3, 12), "pip install ai-edge-litert"),
        ("tflite", "win32", "ARM64", True, (3, 12), "on Windows for ARM use the .onnx artefact with onnxruntime"),
        ("onnx", "win32", "ARM64", True, (3, 12), "pip install onnxruntime"),
        ("tflite", "linux", "riscv64", True, (3, 13), "none exists for riscv64: use x86-64 or 64-bit ARM"),
        ("tflite", "darwin", "x86_64", True, (3, 12), "on an Intel Mac use Python 3.11"),
        ("onnx", "darwin", "x86_64", True, (3, 14), "on an Intel Mac use Python 3.11 to 3.13"),
        ("tflite", "linux", "armv7l", False, (3, 11), "pip install tflite-runtime 'numpy<2'"),
        # A 32-bit system on a 64-bit kernel calls itself aarch64.
        ("tflite", "linux", "aarch64", False, (3, 11), "pip install tflite-runtime 'numpy<2'"),
        (
            "tflite",
            "linux",
            "armv7l",
            False,
            (3, 13),
            "sudo apt install python3-onnxruntime, and use the .onnx artefact",
        ),
        ("onnx", "linux", "armv7l", False, (3, 11), "none exists for this 32-bit Python"),
        ("tflite", "linux", "armv6l", False, (3, 11), "none runs on ARMv6"),
        ("tflite", "linux", "x86_64", True, (3, 15), "there is none for Python 3.15: use Python 3.11 to 3.14"),
    ],
)
def test_each_platform_gets_its_line(
    kind: str, system: str, machine: str, wide: bool, python: tuple[int, int], words: str
) -> None:
    assert words in install_line(kind, system, machine, wide, python)


def test_the_engine_asked_for_is_named() -> None:
    assert explain_missing("tflite", "tflite").startswith("found no tflite-runtime, wanted")
    assert explain_missing("onnx").startswith("found no interpreter for .onnx files, wanted one of ai-edge-litert")
