"""The remedies, one module each, and the ladder that they make: each rung builds on those below it."""

from ressq_export.remedies.correct import correct
from ressq_export.remedies.equalise import equalise, has_fires
from ressq_export.remedies.finetune import finetune, has_a_batch
from ressq_export.remedies.least_error import take_least_error
from ressq_export.remedies.min_max import take_min_max
from ressq_export.remedies.rung import Rung

# From the cheapest to the dearest. Ranges are shared over CONCAT and pooling on every rung: see `share_ranges`.
LADDER = (
    Rung("min/max", take_min_max),
    Rung("least square error", take_least_error),
    Rung("cross-layer equalisation", equalise, has_fires),
    Rung("bias correction", correct),
    Rung("quantisation-aware fine-tuning", finetune, has_a_batch),
)
