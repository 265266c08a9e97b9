"""Min/max: the smallest and the largest value seen of an activation; nothing seen is clipped."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ressq_export.network.ranges import Range
from ressq_export.quantization.quantizer import Candidate, Quantizer
from ressq_export.quantization.ranges import measure_ranges


def take_min_max(candidate: Candidate, quantizer: Quantizer) -> Candidate:
    """The candidate with the extremes of all calibration pictures for ranges."""
    source = quantizer.float_file(candidate.networks["onnx"], "onnx")
    ranges = measure_ranges(source, quantizer.calibration, widest)
    return replace(candidate, ranges=ranges, choose=widest)


def widest(_values: NDArray[np.float32], seen: Range) -> Range:
    """What was seen, as it is."""
    return seen
