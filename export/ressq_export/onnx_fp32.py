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
