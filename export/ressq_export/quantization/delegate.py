"""What XNNPACK, LiteRT's delegate, computes of int8: not every sum.

It leaves an ADD or a SUB whose inputs are far smaller or far larger than the result to LiteRT's own kernel, which
takes hundreds of times as long.
"""

from collections.abc import Mapping

import onnx

from ressq_export.network.ranges import Ranges
from ressq_export.network.tensor_names import BEFORE_RELU, CENTRED, origin

# Scale of an input / scale of the result: at least, and less than (CheckTensorsInputOutputScale of LiteRT's delegate).
LEAST, MOST = 1 / 1024, 256
_MARGIN = 1 + 1e-5  # in the file scales are float32


def widen_for_sums(model: onnx.ModelProto, ranges: Ranges, groups: Mapping[str, str]) -> Ranges:
    """The ranges, some of them wider, so that XNNPACK computes every sum and difference.

    What is refused as too small moves no result by more than 255 / 1024 of a step, and what is too large is rounded
    to 256 steps of the result and more: neither loses anything by a wider range. But the input of a bypass may be read
    by a layer behind it as well, which then gets it in coarser steps.

    Args:
        model: the float ONNX file, its tensors named.
        ranges: of each group.
        groups: activation -> the group whose range it has.
    """
    wide = dict(ranges)
    sums = [node for node in model.graph.node if node.op_type in ("Add", "Sub") and node.name != CENTRED]
    before = None
    while wide != before:  # a wider range may be the input, or the result, of another sum
        before = dict(wide)
        for node in sums:
            result = groups[node.output[0].removesuffix(BEFORE_RELU)]
            for activation in (groups[origin(name)] for name in node.input if origin(name) in groups):
                ratio = wide[activation].width / wide[result].width
                if ratio < LEAST * _MARGIN:
                    wide[activation] = wide[activation].scaled(LEAST * _MARGIN**2 / ratio)
                elif ratio > MOST / _MARGIN:
                    wide[result] = wide[result].scaled(ratio * _MARGIN**2 / MOST)
    return wide
