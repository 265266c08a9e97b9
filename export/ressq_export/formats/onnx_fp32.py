"""Deployed network -> float ONNX, opset 18: what the other three files are made from."""

from collections.abc import Sequence
from pathlib import Path
from typing import cast

import numpy as np
import onnx
import torch

from ressq_export.errors import ConversionError
from ressq_export.formats.converter_log import Log
from ressq_export.formats.onnx_tensor_names import name_onnx_tensors
from ressq_export.network.deployed import Deployed
from ressq_export.network.input_tensor import Spec, input_tensor

# ReduceMean takes its axes as an input from 18 on; ONNX Runtime 1.21 (Debian's, for 32-bit Pis) reads it.
OPSET = 18


def export_onnx(network: Deployed, spec: Spec, target: Path, log: Log) -> None:
    """Write `target`: the spec's input -> the network's outputs, one file.

    Raises:
        ConversionError: PyTorch could not export the network, or it has layers that none of ours has.
    """
    taken = input_tensor(spec)
    with log.capture("torch.onnx.export"):
        # Without external_data=False the weights would go to a second file, which scp forgets.
        program = torch.onnx.export(
            network,
            (taken.example(),),
            input_names=[taken.name],
            output_names=list(network.outputs),
            opset_version=OPSET,
            dynamo=True,
            external_data=False,
            verbose=False,
        )
    model = cast(torch.onnx.ONNXProgram, program).model_proto
    _forget_machine(model)
    _state_padding(model)
    name_onnx_tensors(model)
    onnx.checker.check_model(model, full_check=True)
    target.write_bytes(model.SerializeToString())


def _forget_machine(model: onnx.ModelProto) -> None:
    """The exporter notes source paths of this machine in every node; nobody else's business."""
    for node in model.graph.node:
        del node.metadata_props[:]
        node.doc_string = ""
    for value in (*model.graph.input, *model.graph.output, *model.graph.value_info):
        del value.metadata_props[:]
    del model.graph.value_info[:]
    del model.graph.metadata_props[:]


def _state_padding(model: onnx.ModelProto) -> None:
    """ceil_mode and pads of the poolings -> auto_pad, in place; the same windows.

    Of ceil_mode onnx2tf makes a padding layer, and of pads one with minus infinity, which int8 does not have; of
    SAME_UPPER and VALID a plain pooling. Windows that neither has, as of stride 2 from one row outside an even side,
    get zeros from a padding of their own: no pooling of ours sees negative values.
    """
    shapes = {
        value.name: [dimension.dim_value for dimension in value.type.tensor_type.shape.dim]
        for value in onnx.shape_inference.infer_shapes(model).graph.value_info
    }
    for node in [node for node in model.graph.node if node.op_type == "MaxPool"]:
        given = {attribute.name: onnx.helper.get_attribute_value(attribute) for attribute in node.attribute}
        first, strides, kernels = given.get("pads", [0])[0], given["strides"], given["kernel_shape"]
        sides = list(zip(shapes[node.input[0]][2:], shapes[node.output[0]][2:], strict=True))
        lasts = [
            (made - 1) * stride + kernel - side - first
            for stride, kernel, (side, made) in zip(strides, kernels, sides, strict=True)
        ]
        found = [
            _padding(first, last, made == -(-side // stride))
            for last, stride, (side, made) in zip(lasts, strides, sides, strict=True)
        ]
        if len(set(found)) > 1 and first <= 0 and "" not in found:
            _split(model.graph, node, found)
            continue
        pad = found[0] if len(set(found)) == 1 else ""
        if not pad:
            _insert_zeros(model.graph, node, first, max(lasts))
        pad = pad or "VALID"
        kept = [a for a in node.attribute if a.name not in ("ceil_mode", "pads", "auto_pad")]
        del node.attribute[:]
        node.attribute.extend([*kept, onnx.helper.make_attribute("auto_pad", pad)])


def _padding(first: int, last: int, rounded: bool) -> str:
    """What TFLite calls the padding before and behind a side; empty where it has no word. rounded: the side was, up."""
    if first <= 0 and last <= 0:
        return "VALID"
    return "SAME_UPPER" if rounded and last - first in (0, 1) else ""


def _insert_zeros(graph: onnx.GraphProto, node: onnx.NodeProto, first: int, last: int) -> None:
    makers = [maker for maker in graph.node if maker.output[0] == node.input[0]]
    if [maker.op_type for maker in makers] != ["Relu"]:
        raise ConversionError(f"{node.name}: found a padded pooling behind another layer than a ReLU")
    name = f"{node.output[0]}_padded"
    pads = np.array([0, 0, first, first, 0, 0, max(last, 0), max(last, 0)], np.int64)
    graph.initializer.append(onnx.numpy_helper.from_array(pads, f"{name}_pads"))
    padding = onnx.helper.make_node("Pad", [node.input[0], f"{name}_pads"], [name])
    graph.node.insert(list(graph.node).index(node), padding)
    node.input[0] = name


def _split(graph: onnx.GraphProto, node: onnx.NodeProto, pads: Sequence[str]) -> None:
    """A pooling of columns behind one of rows, each with its own padding: the maximum of maxima is the same."""
    given = {attribute.name: onnx.helper.get_attribute_value(attribute) for attribute in node.attribute}
    kernel, stride, between = given["kernel_shape"][0], given["strides"][0], f"{node.output[0]}_rows"
    for index, (pad, tensors) in enumerate(
        zip(pads, ((node.input[0], between), (between, node.output[0])), strict=True)
    ):
        sides = ([kernel, 1], [stride, 1]) if index == 0 else ([1, kernel], [1, stride])
        made = onnx.helper.make_node(
            "MaxPool", tensors[:1], tensors[1:], tensors[1], kernel_shape=sides[0], strides=sides[1], auto_pad=pad
        )
        graph.node.insert(list(graph.node).index(node), made)
    graph.node.remove(node)
