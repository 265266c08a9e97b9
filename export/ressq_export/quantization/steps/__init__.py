"""The quantization steps, one module each, in the order of the search: each builds on those before it."""

from ressq_export.quantization.steps.correct_biases import correct
from ressq_export.quantization.steps.equalise import equalise, has_fires
from ressq_export.quantization.steps.finetune import finetune, has_a_batch
from ressq_export.quantization.steps.least_error import answers_pixels, take_least_error
from ressq_export.quantization.steps.min_max import take_min_max
from ressq_export.quantization.steps.step import QuantizationStep

# From the cheapest to the dearest. Ranges are shared over CONCAT and pooling after every step: see `share_ranges`.
STEPS = (
    QuantizationStep("min/max", take_min_max),
    QuantizationStep("least square error", take_least_error, weighed=answers_pixels),
    QuantizationStep("cross-layer equalisation", equalise, has_fires),
    QuantizationStep("bias correction", correct),
    QuantizationStep("quantisation-aware fine-tuning", finetune, has_a_batch),
)
