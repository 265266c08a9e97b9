"""Least square error: the part of what was seen whose rounding costs least; a few odd values are clipped.

Where each pixel is an answer of its own, min/max always leaves some of them to finer steps: the two are weighed.
"""

from dataclasses import replace

from ressq_export.network.deployed_segmentation import DeployedSegmentation
from ressq_export.quantization.quantizer import Candidate, Quantizer
from ressq_export.quantization.ranges import least_error, measure_ranges


def take_least_error(candidate: Candidate, quantizer: Quantizer) -> Candidate:
    """The candidate with the ranges that round the calibration pictures with the least mean square error."""
    source = quantizer.float_file(candidate.networks["onnx"], "onnx")
    ranges = measure_ranges(source, quantizer.calibration, least_error)
    return replace(candidate, ranges=ranges, choose=least_error)


def answers_pixels(quantizer: Quantizer) -> bool:
    """Whether the network answers for each pixel."""
    return isinstance(quantizer.original, DeployedSegmentation)
