"""What the delegate leaves to LiteRT, whose profiler calls its own operators by their names in the schema."""

from __future__ import annotations

import random
from pathlib import Path

import ai_edge_litert.schema_py_generated as schema

from ressq_runtime.engines.litert_c import LiteRtEngine

# XNNPACK has no CAST from uint8; of `out_of_distribution`, a few hundred values each, no logarithm and no unit length.
OUTSIDE = {"CAST", "LOG", "L2_NORMALIZATION"}


def outside_delegate(path: Path) -> set[str]:
    """The operators that LiteRT ran itself, besides those that XNNPACK does not have."""
    engine = LiteRtEngine(path, profile=True)
    try:
        events, _ = engine.profile_operators(random.Random(0).randbytes(engine.inputs[0].size_bytes))
    finally:
        engine.close()
    assert len(events) > len(OUTSIDE)
    return {name for name, _ in events if name in vars(schema.BuiltinOperator)} - OUTSIDE
