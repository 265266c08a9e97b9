"""Deployed network -> float ONNX, opset 18: what the other three files are made from."""

from pathlib import Path
from typing import cast

import numpy as np
import onnx
import torch

from ressq_export.errors import ConversionError
from ressq_export.formats.converter_log import Log
from ressq_export.formats.onnx_tensor_names import name_onnx_tensors
from ressq_export.network.deployed import Deployed
from ressq_export.network.tensor_names import INPUT
from ressq_runtime.inputs.picture_spec import PixelSpec

# ReduceMean takes its axes as an input from 18 on; ONNX Runtime 1.21 (Debian's, for 32-bit Pis) reads it.
OPSET = 18


def export_onnx(network: Deployed, spec: PixelSpec, target: Path, log: Log) -> None:
    """Write `target`: `pixels` uint8 [1, height, width, 3] -> the network's outputs, one file.

    Raises:
        ConversionError: PyTorch could not export the network, or it has layers that none of ours has.
    """
    pixels = torch.zeros((1, spec.height, spec.width, 3), dtype=torch.uint8)
    with log.capture("torch.onnx.export"):
        # Without external_data=False the weights would go to a second file, which scp forgets.
        program = torch.onnx.export(
            network,
            (pixels,),
            input_names=[INPUT],
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
        first = given.get("pads", [0])[0]
        side, made = shapes[node.input[0]][-1], shapes[node.output[0]][-1]
        last = (made - 1) * given["strides"][0] + given["kernel_shape"][0] - side - first
        if first <= 0 and last <= 0:
            pad = "VALID"
        elif made == -(-side // given["strides"][0]) and last - first in (0, 1):
            pad = "SAME_UPPER"
        else:
            pad = "VALID"
            _insert_zeros(model.graph, node, first, last)
        kept = [a for a in node.attribute if a.name not in ("ceil_mode", "pads", "auto_pad")]
        del node.attribute[:]
        node.attribute.extend([*kept, onnx.helper.make_attribute("auto_pad", pad)])


def _insert_zeros(graph: onnx.GraphProto, pool: onnx.NodeProto, first: int, last: int) -> None:
    makers = [node for node in graph.node if node.output[0] == pool.input[0]]
    if [node.op_type for node in makers] != ["Relu"]:
        raise ConversionError(f"{pool.name}: found a padded pooling behind another layer than a ReLU")
    name = f"{pool.output[0]}_padded"
    pads = np.array([0, 0, first, first, 0, 0, max(last, 0), max(last, 0)], np.int64)
    graph.initializer.append(onnx.numpy_helper.from_array(pads, f"{name}_pads"))
    padding = onnx.helper.make_node("Pad", [pool.input[0], f"{name}_pads"], [name])
    graph.node.insert(list(graph.node).index(pool), padding)
    pool.input[0] = name
