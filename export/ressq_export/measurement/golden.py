"""Golden inputs of the self-test: seeds whose pictures the network answers most differently, and steadily.

tflite-runtime has other int8 kernels than LiteRT, which round a convolution twice. Where a picture's scores hang on
that, a self-test there would call a sound artefact broken, so such a picture is none of the golden ones.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ressq_export.measurement.scores import SCORES
from ressq_export.network.input_tensor import Spec
from ressq_runtime.engines.interpreter import InterpreterEngine
from ressq_runtime.engines.tensor import choose_output
from ressq_runtime.tasks.classify_golden import SMALLEST_PROBABILITY

if TYPE_CHECKING:
    from ressq_runtime.engines.engine import Engine

CASES = 3
_CANDIDATES = 16  # seeds to choose from: enough for three unlike answers, and done in a second
STEADY = 1.0  # int8 steps of a logit that a log-probability may move; the self-test allows two

Score = Callable[[bytes], Sequence[float]]


def mean_scores(engine: "Engine") -> Score:
    """The scores of a model file that is loaded in an engine: of each class the mean over what it answers for."""
    name = choose_output("model", engine.outputs, SCORES).name

    def score(pixels: bytes) -> Sequence[float]:
        found = engine.run(pixels)[name]
        means: list[float] = np.array(found.values()).reshape(-1, found.shape[-1]).mean(0).tolist()
        return means

    return score


def choose_seeds(score: Score, spec: Spec, moved: Callable[[bytes], float]) -> list[int]:
    """CASES seeds, the first with the surest answer, each further one as far as can be from those before.

    Noise looks alike to most networks; a self-test that gets the same answer three times tests once.

    Args:
        score: the network's scores of uint8 RGB pixels.
        spec: of its input.
        moved: by how many int8 steps other kernels move a log-probability; seeds above STEADY are taken only
            where there are no CASES others.
    """
    pictures = [spec.make_golden(seed) for seed in range(_CANDIDATES)]
    unrest = np.array([moved(pixels) for pixels in pictures])
    seeds = np.argsort(unrest, kind="stable")[: max(CASES, int((unrest <= STEADY).sum()))]
    scores = np.array([score(pictures[seed]) for seed in seeds])
    chosen = [int(scores.max(1).argmax())]
    while len(chosen) < CASES:
        distances = np.abs(scores[:, None] - scores[chosen]).sum(2).min(1)
        distances[chosen] = -1
        chosen.append(int(distances.argmax()))
    return sorted(int(seeds[index]) for index in chosen)


def steps_between_kernels(int8_model: Path, score: Score, step: float) -> Callable[[bytes], float]:
    """By how many int8 steps of a logit TFLite's own kernels move a log-probability of some pixels, at most.

    Args:
        int8_model: `.tflite`.
        score: its scores by LiteRT.
        step: how far one int8 step moves a logit.
    """
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    kernels = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    interpreter = Interpreter(str(int8_model), num_threads=1, experimental_op_resolver_type=kernels)
    interpreter.allocate_tensors()
    plain = mean_scores(InterpreterEngine(interpreter, str(int8_model), "tflite", "", 1))

    def moved(pixels: bytes) -> float:
        logs = np.log(np.maximum([plain(pixels), score(pixels)], SMALLEST_PROBABILITY))
        return float(np.abs(logs[0] - logs[1]).max()) / step

    return moved
