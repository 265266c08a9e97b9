"""Least square error: the part of what was seen whose rounding costs least; a few odd values are clipped."""

from dataclasses import replace

from ressq_export.quantization.quantizer import Candidate, Quantizer
from ressq_export.quantization.ranges import least_error, measure_ranges


def take_least_error(candidate: Candidate, quantizer: Quantizer) -> Candidate:
    """The candidate with the ranges that round the calibration pictures with the least mean square error."""
    source = quantizer.float_file(candidate.networks["onnx"], "onnx")
    ranges = measure_ranges(source, quantizer.calibration, least_error)
    return replace(candidate, ranges=ranges, choose=least_error)
