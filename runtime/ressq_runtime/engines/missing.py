"""Which `pip install` line brings an interpreter to this machine: wheels exist for some platforms only."""

from __future__ import annotations

import os
import sys

# Looked up on the package index on 2026-11-25.
_LITERT_PYTHONS = ((3, 11), (3, 14))
_WIDE_MACHINES = ("x86_64", "amd64", "aarch64", "arm64")  # Windows says AMD64 and ARM64


def explain_missing(kind: str, engine: str = "auto") -> str:
    """What was looked for, and the line that installs it here (or that nothing can); kind: "tflite" or "onnx"."""
    wanted = {"litert": "ai-edge-litert", "tflite": "tflite-runtime", "onnx": "onnxruntime"}.get(engine)
    found = f"found no interpreter for .{kind} files" if wanted is None else f"found no {wanted}"
    line = install_line(kind, sys.platform, _machine(), sys.maxsize > 2**32, sys.version_info[:2])
    return f"{found}, wanted one of ai-edge-litert, tflite-runtime, onnxruntime; {line}"


def install_line(kind: str, system: str, machine: str, wide: bool, python: tuple[int, int]) -> str:
    """The advice for one platform: sys.platform, os.uname().machine, and a Python of that version.

    On a 64-bit kernel a 32-bit Pi OS says aarch64 as well: `wide`, whether Python has 64 bits, decides.
    """
    if machine.startswith("armv6"):
        return "none runs on ARMv6 (Pi Zero, Pi 1): use a Pi Zero 2, 2, 3, 4 or 5"
    pip = f"{os.path.basename(sys.executable) or 'python3'} -m pip install"
    if not wide:
        return _line_for_32_bit(kind, machine, python, pip)
    if not _LITERT_PYTHONS[0] <= python <= _LITERT_PYTHONS[1]:
        low, high = (".".join(map(str, version)) for version in _LITERT_PYTHONS)
        return f"there is none for Python {python[0]}.{python[1]}: use Python {low} to {high}"
    if machine.lower() not in _WIDE_MACHINES:
        return f"none exists for {machine}: use x86-64 or 64-bit ARM"
    if system == "win32" and machine == "ARM64" and kind == "tflite":
        return "on Windows for ARM use the .onnx artefact with onnxruntime"
    if system == "darwin" and machine == "x86_64":
        if kind == "tflite" and python > (3, 11):
            return "on an Intel Mac use Python 3.11, or the .onnx artefact with onnxruntime"
        if kind == "onnx" and python > (3, 13):
            return "on an Intel Mac use Python 3.11 to 3.13"
    return f"{pip} {'ai-edge-litert' if kind == 'tflite' else 'onnxruntime'}"


def _line_for_32_bit(kind: str, machine: str, python: tuple[int, int], pip: str) -> str:
    arm = machine.startswith(("arm", "aarch64"))
    if kind == "tflite" and arm and python == (3, 11):
        return f"{pip} tflite-runtime 'numpy<2'"
    if arm and python >= (3, 13):
        return "sudo apt install python3-onnxruntime, and use the .onnx artefact: no TFLite interpreter exists here"
    return "none exists for this 32-bit Python: use a 64-bit system"


def _machine() -> str:
    return os.uname().machine if hasattr(os, "uname") else os.environ.get("PROCESSOR_ARCHITECTURE", "")
