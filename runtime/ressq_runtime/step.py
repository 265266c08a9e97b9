"""The step from one picture to its answer, with the time that each stage takes."""

from __future__ import annotations

from time import perf_counter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ressq_runtime.classify import Classifier
    from ressq_runtime.inputs.picture import Source
    from ressq_runtime.inputs.picture_spec import PixelSpec
    from ressq_runtime.predictions import Predictions

    # (pixels as the network wants them, seconds to decode, seconds to preprocess)
    Prepared = tuple[bytes, float, float]

STAGES = ("decode", "preprocess", "inference", "postprocess", "total")


def timed_answer(classifier: Classifier, picture: Source, top_k: int) -> tuple[Predictions, dict[str, float]]:
    """The predictions for a picture, best first, and the milliseconds of each of STAGES.

    Raises:
        PictureError: the picture can't be read.
    """
    return infer(classifier, prepare(picture, classifier.spec), top_k)


def prepare(picture: Source, spec: PixelSpec, clock: Callable[[], float] = perf_counter) -> Prepared:
    """The pixels of a picture, and the seconds that decoding and preprocessing took by this clock.

    Raises:
        PictureError: the picture can't be read.
    """
    from ressq_runtime.decoding.jpeg import crop_core, decode_jpeg

    started = clock()
    if not isinstance(picture, (str, bytes)):
        from ressq_runtime.inputs.sources import to_source

        picture = to_source(picture)
    pixels = None
    core = decode_jpeg(picture, spec.resize)
    if core is not None:
        decoded = clock()
        pixels = crop_core(core, spec)
    if pixels is None:
        from ressq_runtime.inputs.picture import crop, decode

        image = decode(picture, spec.resize)
        decoded = clock()
        pixels = crop(image, spec)
    return pixels, decoded - started, clock() - decoded


def infer(classifier: Classifier, prepared: Prepared, top_k: int) -> tuple[Predictions, dict[str, float]]:
    """The predictions for pixels, best first, and the milliseconds of each of STAGES: `total` is their sum."""
    pixels, decode_s, preprocess_s = prepared
    started = perf_counter()
    scores = classifier.scores(pixels)
    inferred = perf_counter()
    predictions = classifier.rank(scores, top_k, classifier.distance())
    spans = (decode_s, preprocess_s, inferred - started, perf_counter() - inferred)
    return predictions, {stage: round(span * 1000, 3) for stage, span in zip(STAGES, (*spans, sum(spans)), strict=True)}
