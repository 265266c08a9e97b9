"""Differences made sums, for ONNX Runtime: it computes an int8 Add, but no int8 Sub.

Where a gate was negative the network computes F(x) - u. If u is the ReLU output of a plain Fire module, that
module can give -u instead, which costs nothing: negate its expand convolutions, let min(z, 0) take the
place of the ReLU (in int8 both are where the range ends), and negate the weights of the squeeze convolution
that reads it. Where a pooling lies between, u is multiplied by -1. Measured, SqueezeNet 1.1 with four gates in
int8 (x86-64, one thread, 600 interleaved runs): Sub left as it is 1.31, multiplied by -1 1.06, negated at
its source 1.
"""

from collections.abc import Iterable

import numpy as np
import onnx
from onnx import helper, numpy_helper

from ressq_export.network.ranges import Range, Ranges
from ressq_export.network.tensor_names import CENTRED


def make_sums(model: onnx.ModelProto, ranges: Ranges) -> Ranges:
    """Rewrite the Sub of every bypass as an Add, in place; the ranges that then hold. Exact."""
    found = dict(ranges)
    for node in [node for node in model.graph.node if node.op_type == "Sub" and node.name != CENTRED]:
        node.op_type = "Add"
        subtracted = node.input[1]
        makers = _relu_sources(model.graph, subtracted)
        if makers:
            _negate_source(model.graph, makers, subtracted)
            tensors = (subtracted, *(maker.output[0] for maker in makers))
        else:
            tensors = (_insert_negation(model.graph, node),)
        found.update({tensor: _negated(ranges[subtracted]) for tensor in tensors})
    return found


def _negated(spread: Range) -> Range:
    return Range(-spread.high, -spread.low)


def _relu_sources(graph: onnx.GraphProto, tensor: str) -> list[onnx.NodeProto]:
    """The ReLUs whose concatenation is `tensor`; none where it is made otherwise."""
    made = {node.output[0]: node for node in graph.node}
    if made[tensor].op_type != "Concat":
        return []
    makers = [made[name] for name in made[tensor].input]
    return makers if all(maker.op_type == "Relu" for maker in makers) else []


def _negate_source(graph: onnx.GraphProto, makers: Iterable[onnx.NodeProto], tensor: str) -> None:
    made = {node.output[0]: node for node in graph.node}
    for relu in makers:
        _negate(graph, made[relu.input[0]].input[1:])
        zero = f"{relu.name}.zero"
        graph.initializer.append(numpy_helper.from_array(np.float32(0), zero))
        relu.op_type = "Clip"
        relu.input.extend(["", zero])  # no minimum; the maximum is 0
    for node in graph.node:
        if node.op_type == "Conv" and node.input[0] == tensor:
            _negate(graph, node.input[1:2])


def _negate(graph: onnx.GraphProto, names: Iterable[str]) -> None:
    constants = {constant.name: constant for constant in graph.initializer}
    for name in names:
        constants[name].CopyFrom(numpy_helper.from_array(-numpy_helper.to_array(constants[name]), name))


def _insert_negation(graph: onnx.GraphProto, node: onnx.NodeProto) -> str:
    """Put `tensor * -1` before the node, as its second input; the new tensor."""
    name = f"{node.input[1]}.negated"
    graph.initializer.append(numpy_helper.from_array(np.float32(-1), f"{name}.factor"))
    negation = helper.make_node("Mul", [node.input[1], f"{name}.factor"], [name], name=name)
    graph.node.insert([other.name for other in graph.node].index(node.name), negation)
    node.input[1] = name
    return name
