"""Times of the nodes of an `.onnx`, from ONNX Runtime's own profiler."""

from __future__ import annotations

import json
import os
import re
import tempfile

from ressq_runtime.engines.onnx import OnnxEngine, import_onnxruntime, open_session

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_NODE_TIME = "_kernel_time"
# What ONNX Runtime's optimisers append to the name of a node they rewrite: fire2.squeeze.conv_token_4.
_REWRITTEN = re.compile(r"(_token_\d+|_nchwc|_quant)+$")


def profile_nodes(
    path: str, threads: int, pixels: bytes, runs: int, before_each: Callable[[], None]
) -> list[tuple[list[tuple[str, str, int]], int]]:
    """For each of `runs` inferences its nodes in the order run, and the microseconds of the whole.

    A node is (operator, name, microseconds). `before_each` is called before each inference.

    Raises:
        EngineError: ONNX Runtime refuses the model.
    """
    onnxruntime = import_onnxruntime()
    with tempfile.TemporaryDirectory(prefix="ressq-profile-") as folder:
        session = open_session(onnxruntime, path, threads, profile=os.path.join(folder, "nodes"))
        engine = OnnxEngine(session, path, onnxruntime.__version__, threads)
        for _ in range(runs):
            before_each()
            engine.run(pixels)
        with open(session.end_profiling(), encoding="utf-8") as file:
            events = json.load(file)
    found: list[tuple[list[tuple[str, str, int]], int]] = []
    nodes: list[tuple[str, str, int]] = []
    for event in events:
        if event["cat"] == "Node" and event["name"].endswith(_NODE_TIME):
            name = _REWRITTEN.sub("", event["name"].removesuffix(_NODE_TIME))
            nodes.append((event["args"]["op_name"], name, event["dur"]))
        elif event["name"] == "model_run":  # comes behind the nodes it contains
            found.append((nodes, event["dur"]))
            nodes = []
    return found
