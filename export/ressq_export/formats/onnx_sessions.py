"""ONNX Runtime for the exporter: imported where the runtime imports it, so that it never sends telemetry."""

from pathlib import Path
from typing import Any

from ressq_runtime.engines.onnx import import_onnxruntime


def open_session(model: Path | bytes, threads: int = 1) -> Any:
    """An InferenceSession on the CPU."""
    onnxruntime = import_onnxruntime()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3  # errors
    source = model if isinstance(model, bytes) else str(model)
    return onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])


def import_quantization() -> Any:
    """The module onnxruntime.quantization."""
    import_onnxruntime()
    from onnxruntime import quantization

    return quantization
