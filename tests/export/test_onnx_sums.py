"""A difference becomes a sum, and the function stays."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
import onnx
import pytest

from export_networks import SIZE, as_batch, checkpoint_of
from ressq_export.formats.onnx_fp32 import export_onnx
from ressq_export.formats.onnx_sessions import open_session
from ressq_export.formats.onnx_sums import make_sums
from ressq_export.network.deployed import deploy
from ressq_export.network.ranges import Range
from ressq_export.quantization.ranges import measure_ranges
from ressq_runtime.inputs.picture_spec import PixelSpec

if TYPE_CHECKING:
    from pathlib import Path

    from ressq_export.formats.converter_log import Log


def scores(model: onnx.ModelProto, picture: np.ndarray) -> np.ndarray:
    (found,) = open_session(model.SerializeToString()).run(None, {"pixels": picture})
    return np.asarray(found)


def kinds(model: onnx.ModelProto) -> Counter[str]:
    return Counter(node.op_type for node in model.graph.node)


def check_rewriting(path: Path, pixels: list[bytes]) -> tuple[onnx.ModelProto, dict[str, Range]]:
    """The model after make_sums, and its ranges; its scores have not changed by one bit."""
    before, after = onnx.load(path), onnx.load(path)
    ranges = make_sums(after, measure_ranges(path, pixels))
    onnx.checker.check_model(after, full_check=True)
    for picture in as_batch(pixels[:4]).numpy()[:, None]:
        np.testing.assert_array_equal(scores(before, picture), scores(after, picture))
    assert kinds(after)["Sub"] == 0
    assert kinds(after)["Add"] == kinds(before)["Add"] + kinds(before)["Sub"]
    return after, ranges


def test_what_is_subtracted_is_made_negative_where_it_is_made(paths: dict[str, Path], pixels: list[bytes]) -> None:
    after, ranges = check_rewriting(paths["fp32.onnx"], pixels)
    assert kinds(after)["Mul"] == 0
    assert kinds(after)["Clip"] == 4, "two expand convolutions before each of two differences"
    assert ranges["fire4.concat"].high == 0
    assert ranges["fire4.expand1x1"] == ranges["fire4.expand3x3"] == ranges["fire4.concat"]
    assert ranges["fire2.concat"].low == 0, "its gate is positive"


@pytest.mark.slow
def test_behind_a_pooling_what_is_subtracted_is_multiplied_by_minus_one(
    pixels: list[bytes], log: Log, tmp_path: Path
) -> None:
    checkpoint = checkpoint_of("ressqueezenet1_0")  # its fire5 and fire9 read a pooling
    network = deploy(checkpoint.build(), checkpoint.normalise.mean, checkpoint.normalise.std)
    export_onnx(network, PixelSpec.for_size(SIZE), tmp_path / "model.onnx", log)
    after, ranges = check_rewriting(tmp_path / "model.onnx", pixels)
    assert kinds(after)["Mul"] == 2
    assert ranges["pool2.negated"] == Range(-ranges["pool2"].high, -ranges["pool2"].low)
