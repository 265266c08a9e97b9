"""Tensors: an output's bytes, what they mean, and which bytes fill an input."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from ressq_runtime.engines.tensor import Tensor, TensorSpec, check_input, choose_output
from ressq_runtime.errors import EngineError


@pytest.mark.parametrize("dtype", ["float32", "float16", "float64", "uint8", "int8", "int32", "int64", "bool"])
def test_values_are_those_of_numpy(dtype: str) -> None:
    array = np.arange(12).astype(dtype)
    spec = TensorSpec("out", dtype, (1, 3, 4))
    assert Tensor(spec, array.tobytes()).values() == array.tolist()
    assert spec.size_bytes == array.nbytes


@pytest.mark.parametrize("dtype", ["uint8", "int8"])
def test_quantised_values_are_dequantised_in_float32(dtype: str) -> None:
    stored = np.arange(100).astype(dtype)
    scale = float(np.float32(0.0123))
    found = Tensor(TensorSpec("out", dtype, (100,), scale, 7), stored.tobytes()).values()
    assert found == ((stored.astype(np.float32) - 7) * np.float32(scale)).tolist()


def test_a_dtype_that_is_none_of_ours_is_named_where_its_values_are_wanted() -> None:
    spec = TensorSpec("out", "string", (1,))
    assert spec.size_bytes == 0
    with pytest.raises(EngineError, match="out: found values of string, wanted one of float32, uint8, int8"):
        Tensor(spec, b"").values()


def test_too_few_bytes_and_several_inputs_are_refused() -> None:
    series = TensorSpec("series", "float32", (1, 200, 6))
    assert check_input("m", [series], struct.pack("1200f", *range(1200))) is series
    with pytest.raises(EngineError, match=r"m: found 3 bytes for the input, wanted 4800 for float32 "):
        check_input("m", [series], b"abc")
    with pytest.raises(EngineError, match=r"wanted 4800 for float32 \[1, 200, 6\]; 4800 for"):
        check_input("m", [series, series], bytes(4800))


def test_an_output_is_chosen_by_its_name_else_it_is_the_only_one() -> None:
    scores, score = (TensorSpec(name, "float32", (1, 3)) for name in ("scores", "out_of_distribution"))
    assert choose_output("m", [score, scores], "scores") is scores
    assert choose_output("m", [score], "scores") is score
    with pytest.raises(EngineError, match="m: found the outputs scores, out_of_distribution, wanted one named cla"):
        choose_output("m", [scores, score], "classes")
