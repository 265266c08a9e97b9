"""Deployed network -> float ONNX, opset 18: what the other three files are made from."""

from pathlib import Path
from typing import cast

import onnx
import torch

from ressq_export.chatter import Log
from ressq_export.network import DeployedNetwork
from ressq_export.places import INPUT, OUTPUT, name_onnx_places

# ReduceMean takes its axes as an input from 18 on; ONNX Runtime 1.21 (Debian's, for 32-bit Pis) reads it.
OPSET = 18


def export_onnx(network: DeployedNetwork, size: int, target: Path, log: Log) -> None:
    """Write `target`: `pixels` uint8 [1, size, size, 3] -> `scores` float32 [1, classes], one file.

    Raises:
        ConversionError: PyTorch could not export the network.
    """
    pixels = torch.zeros((1, size, size, 3), dtype=torch.uint8)
    with log.capture("torch.onnx.export"):
        # Without external_data=False the weights would go to a second file, which scp forgets.
        program = torch.onnx.export(
            network,
            (pixels,),
            input_names=[INPUT],
            output_names=[OUTPUT],
            opset_version=OPSET,
            dynamo=True,
            external_data=False,
            verbose=False,
        )
    model = cast(torch.onnx.ONNXProgram, program).model_proto
    _forget_machine(model)
    _state_padding(model)
    name_onnx_places(model)
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
    """ceil_mode -> auto_pad, in place; the same windows for a 3x3 pooling of stride 2.

    On an even side ceil_mode adds one row or column at the end, which is SAME_UPPER; on an odd one it adds
    nothing. Of ceil_mode onnx2tf makes a padding layer on even sides, of SAME_UPPER a plain pooling.
    """
    shapes = {
        value.name: [dimension.dim_value for dimension in value.type.tensor_type.shape.dim]
        for value in onnx.shape_inference.infer_shapes(model).graph.value_info
    }
    for node in model.graph.node:
        if node.op_type == "MaxPool":
            even = shapes[node.input[0]][-1] % 2 == 0
            kept = [a for a in node.attribute if a.name not in ("ceil_mode", "pads", "auto_pad")]
            del node.attribute[:]
            node.attribute.extend(kept)
            node.attribute.append(onnx.helper.make_attribute("auto_pad", "SAME_UPPER" if even else "VALID"))
