"""What goes into a model: a module a kind, looked up by the card's `input.kind`."""

from __future__ import annotations

from ressq_runtime.errors import ArtefactError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ressq_runtime.engines.tensor import TensorSpec
    from ressq_runtime.inputs.input_spec import InputSpec
    from ressq_runtime.inputs.picture_spec import PixelSpec


def read_input(path: str, found: dict[str, object] | None, tensors: list[TensorSpec]) -> InputSpec:
    """How the model's only input is filled, by its card's `input`; None: it has no card, and takes pictures.

    Raises:
        ArtefactError: an unknown kind, or the card asks for what this version can't do or the model does not take.
        EngineError: the model's inputs are none for it.
    """
    kind = "picture" if found is None else found.get("kind", "picture")
    if kind == "picture":
        from ressq_runtime.inputs.picture_spec import PixelSpec

        return PixelSpec.read(path, found, tensors)
    if kind == "series" and found is not None:
        from ressq_runtime.inputs.series_spec import SeriesSpec

        return SeriesSpec.read(path, found, tensors)
    raise ArtefactError(
        f"{path}: found an input of kind {kind!r:.60}, wanted 'picture' or 'series'; upgrade ressq-runtime"
    )


def want_pictures(path: str, spec: InputSpec, what: str) -> PixelSpec:
    """The input of a model of pictures, which alone `what` is for.

    Raises:
        ArtefactError: it is of something else.
    """
    if spec.noun != "picture":
        raise ArtefactError(f"{path}: found a model of {spec.noun}s, wanted one of pictures for {what}; name another")
    return spec  # type: ignore[return-value] # its noun says so
