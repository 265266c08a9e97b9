"""The layers of a torchvision network before its head, as a graph: batch norms folded, every activation named.

The names are torchvision's own, so that a layer of an artefact can be found in the checkpoint and in torchvision's
source; what has no name there, a sum or a concatenation, takes its block's (`tensor_names.join`).
"""

import operator
from typing import Any, cast

import torch
import torch.nn.functional as F  # noqa: N812 - PyTorch's own name for it
from torch import Tensor, fx, nn
from torchvision.models.shufflenetv2 import channel_shuffle

from ressq_export.errors import FoldError
from ressq_export.network.fold import fold_norm
from ressq_export.network.tensor_names import NamedTensor, join

_RELUS = (nn.ReLU, nn.ReLU6, F.relu)
_JOINTS = {operator.add: "sum", operator.iadd: "sum", torch.cat: "concat"}
_MEANS = (nn.AdaptiveAvgPool2d, F.adaptive_avg_pool2d, torch.flatten, nn.Dropout, "mean")


def trace_features(model: nn.Module) -> tuple[fx.GraphModule, nn.Linear]:
    """The network up to its last features, (N, 3, H, W) -> (N, C, h, w), and the matrix product behind their mean.

    The network is taken apart: give it a copy, in evaluation mode.

    Raises:
        FoldError: it does not end in a mean over positions and one matrix product.
    """
    graph = fx.Tracer(autowrap_functions=(channel_shuffle,)).trace(model)
    features = fx.GraphModule(model, graph)
    linear = _cut_head(features)
    _fold_norms(features)
    _add_names(features)
    features.graph.lint()
    features.recompile()
    return features, linear


def _kind(features: fx.GraphModule, node: fx.Node) -> Any:
    """What a node computes: the class of its module, or the function or the method's name."""
    return type(features.get_submodule(str(node.target))) if node.op == "call_module" else node.target


def _cut_head(features: fx.GraphModule) -> nn.Linear:
    """Let the graph give what the head took the mean of; the head's matrix product."""
    output = next(node for node in features.graph.nodes if node.op == "output")
    at = cast(fx.Node, output.args[0])
    if _kind(features, at) is not nn.Linear:
        raise FoldError(f"network: found {at} before the logits, wanted a matrix product")
    linear = cast(nn.Linear, features.get_submodule(str(at.target)))
    at = cast(fx.Node, at.args[0])
    while _kind(features, at) in _MEANS:
        at = cast(fx.Node, at.args[0])
    output.args = (at,)
    features.graph.eliminate_dead_code()
    features.delete_all_unused_submodules()
    return linear


def _fold_norms(features: fx.GraphModule) -> None:
    for node in list(features.graph.nodes):
        if _kind(features, node) is nn.BatchNorm2d:
            before = cast(fx.Node, node.args[0])
            conv = features.get_submodule(str(before.target))
            if not isinstance(conv, nn.Conv2d) or len(before.users) != 1:
                raise FoldError(f"{node.target}: found a batch norm behind {before}, wanted a convolution")
            fold_norm(conv, cast(nn.BatchNorm2d, features.get_submodule(str(node.target))))
            node.replace_all_uses_with(before)
            features.graph.erase_node(node)
    features.delete_all_unused_submodules()


def _add_names(features: fx.GraphModule) -> None:
    """A `NamedTensor` behind each layer, its ReLU included, under the name that `name_onnx_tensors` gives it."""
    names: dict[fx.Node, str] = {}
    for node in list(features.graph.nodes):
        if node.op in ("placeholder", "output"):
            continue
        kind = _kind(features, node)
        inputs = [source for source in names if source in node.all_input_nodes]  # in the order they are made
        if kind is nn.Conv2d:
            names[node] = str(node.target)
        elif kind in _JOINTS:
            names[node] = join(_JOINTS[kind], [names[source] for source in inputs])
        else:
            names[node] = names[inputs[0]]
        if kind is channel_shuffle:
            node.target = shuffle
        followed = any(_kind(features, reader) in _RELUS for reader in node.users if reader.op != "output")
        if (kind is nn.Conv2d or kind in _JOINTS or kind in _RELUS) and not followed:
            _insert_name(features, node, names)


def _insert_name(features: fx.GraphModule, node: fx.Node, names: dict[fx.Node, str]) -> None:
    target = f"at_{node.name}"
    features.add_submodule(target, NamedTensor(names[node]))
    readers = list(node.users)
    with features.graph.inserting_after(node):
        named = features.graph.call_module(target, (node,))
    for reader in readers:
        reader.replace_input_with(node, named)
    names[named] = names.pop(node)


def shuffle(x: Tensor, groups: int) -> Tensor:
    """`channel_shuffle`, (N, C, H, W) -> (N, C, H, W), with the channels last meanwhile.

    onnx2tf makes GATHER of torchvision's form, which XNNPACK does not have, and transposes all around it.
    """
    count, channels, height, width = x.shape
    x = x.permute(0, 2, 3, 1).reshape(count, height, width, groups, channels // groups)
    return x.transpose(3, 4).reshape(count, height, width, channels).permute(0, 3, 1, 2)
