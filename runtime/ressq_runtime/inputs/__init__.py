"""What goes into a model: a module a kind, looked up by the card's `input.kind`."""

from __future__ import annotations

from ressq_runtime.errors import ArtefactError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ressq_runtime.engines.tensor import TensorSpec
    from ressq_runtime.inputs.picture_spec import PixelSpec


def read_input(path: str, found: dict[str, object] | None, tensors: list[TensorSpec]) -> PixelSpec:
    """How the model's only input is filled, by its card's `input`; None: it has no card, and takes pictures.

    Raises:
        ArtefactError: an unknown kind, or the card asks for what this version can't do or the model does not take.
        EngineError: the model's inputs are none for it.
    """
    kind = "picture" if found is None else found.get("kind", "picture")
    if kind == "picture":
        from ressq_runtime.inputs.picture_spec import PixelSpec

        return PixelSpec.read(path, found, tensors)
    raise ArtefactError(f"{path}: found an input of kind {kind!r:.60}, wanted 'picture'; upgrade ressq-runtime")
