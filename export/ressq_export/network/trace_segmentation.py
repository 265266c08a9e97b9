"""The layers of a network that answers for each pixel, as a graph: every activation named, as `trace_features` does."""

import operator
from collections import Counter, OrderedDict
from collections.abc import Sequence
from typing import Any, cast

import torch
import torch.nn.functional as F  # noqa: N812 - PyTorch's own name for it
from torch import Tensor, fx, nn

from ressq_edge.network.heads.blocks import resize_to
from ressq_edge.network.heads.pspnet import pool_to
from ressq_export.network.tensor_names import LOGITS, LOWERED, MEAN, NamedTensor, join, number

_JOINTS: dict[Any, str] = {
    operator.add: "sum", operator.sub: "sum", "sub": "sum", operator.mul: "product", torch.cat: "concat",
    pool_to: "pool",
}  # fmt: skip
_RELUS = (nn.ReLU, "relu")
_RESIZES = (resize_to, F.interpolate)


class _Layers(nn.Module):
    """A backbone's folded layers by name, a head and its last convolution: float (N, 3, H, W) -> (N, classes, h, w)."""

    def __init__(self, backbone: "OrderedDict[str, nn.Module]", head: nn.Module, classifier: nn.Conv2d) -> None:
        super().__init__()
        self.names = list(backbone)
        for name, layer in (*backbone.items(), ("head", head), (LOGITS, classifier)):
            self.add_module(name, layer)

    def forward(self, x: Tensor) -> Tensor:
        stages = []
        for name in self.names:
            layer = self.get_submodule(name)
            if isinstance(layer, nn.MaxPool2d):
                stages.append(x)
            x = layer(x)
        return cast(Tensor, self.get_submodule(LOGITS)(self.get_submodule("head")([*stages, x])))


def trace_segmentation(
    backbone: "OrderedDict[str, nn.Module]", head: nn.Module, classifier: nn.Conv2d
) -> fx.GraphModule:
    """The network as a graph, float (N, 3, H, W) -> logits (N, classes, h, w), at the strides that a head has.

    Args:
        backbone: its layers by name; a head takes what each max-pooling takes, and what the last layer gives.
        head: of `ressq_edge.network.heads`.
        classifier: gives the logits.
    """
    network = _Layers(backbone, head, classifier)
    graph = fx.Tracer(autowrap_functions=(resize_to, pool_to)).trace(network)
    traced = fx.GraphModule(network, graph)
    _share_pools(traced)
    _add_names(traced)
    traced.graph.lint()
    traced.recompile()
    return traced


def _kind(traced: fx.GraphModule, node: fx.Node) -> Any:
    """What a node computes: the class of its module, or the function or the method's name."""
    return type(traced.get_submodule(str(node.target))) if node.op == "call_module" else node.target


def _share_pools(traced: fx.GraphModule) -> None:
    """Let a head that pools a stage take what the backbone pooled of it: SegNet's unpooling does."""
    for node in list(traced.graph.nodes):
        if node.target is F.max_pool2d:
            before = node.all_input_nodes[0]
            pool = next(reader for reader in before.users if _kind(traced, reader) is nn.MaxPool2d)
            node.replace_all_uses_with(pool)
            traced.graph.erase_node(node)


def _add_names(traced: fx.GraphModule) -> None:
    """A `NamedTensor` behind each layer, its ReLU included, under the name that `name_onnx_tensors` gives it."""
    names: dict[fx.Node, str] = {}
    numbers = Counter[str]()
    for node in list(traced.graph.nodes):
        if node.op == "placeholder":
            names[node] = "float"
        inputs = [names[source] for source in names if source in node.all_input_nodes]  # in the order they are made
        if node.op in ("placeholder", "get_attr", "output") or not inputs:
            continue  # a buffer, a shape
        kind = _kind(traced, node)
        if kind in (getattr, operator.getitem):
            continue
        if kind in _RESIZES:  # what it takes the size of is no input
            inputs = [names[cast(fx.Node, node.args[0])]]
        names[node] = _name(node, kind, inputs, numbers)
        followed = [_kind(traced, reader) for reader in node.users if reader.op != "output"]
        rounds = kind is nn.Conv2d or kind in (*_JOINTS, *_RELUS, *_RESIZES, "mean")
        if rounds and not any(reader in _RELUS for reader in followed):
            _insert_name(traced, node, names)


def _name(node: fx.Node, kind: Any, inputs: Sequence[str], numbers: Counter[str]) -> str:
    if kind in (nn.Conv2d, nn.MaxPool2d):
        return str(node.target)
    if kind in (operator.sub, "sub") and len(inputs) == 1:
        return join(LOWERED, inputs)
    if kind == "mean" or (kind is pool_to and node.args[1] == 1):
        return MEAN
    if kind in _JOINTS:
        return number(join(_JOINTS[kind], inputs), numbers)
    return inputs[0]


def _insert_name(traced: fx.GraphModule, node: fx.Node, names: dict[fx.Node, str]) -> None:
    target = f"at_{node.name}"
    traced.add_submodule(target, NamedTensor(names[node]))
    readers = list(node.users)
    with traced.graph.inserting_after(node):
        named = traced.graph.call_module(target, (node,))
    for reader in readers:
        reader.replace_input_with(node, named)
    names[named] = names.pop(node)
