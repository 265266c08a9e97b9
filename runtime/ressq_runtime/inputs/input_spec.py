"""What goes into a model, as all others know it: for type checkers, and for who writes another kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from pathlib import Path

    from ressq_runtime.engines.tensor import Tensor

    # (the model's bytes, seconds to decode, seconds to preprocess, what the answer needs to know of the source)
    Prepared = tuple[Any, float, float, Any]
    Outputs = Mapping[str, Tensor]
    # What a task says of the outputs of one run, and of a picture's (width, height).
    Say = Callable[[Outputs, tuple[int, int]], Any]


class InputSpec(Protocol):
    """What goes into a model. Fields: noun, what one of its sources is called; suffixes, what its files are."""

    noun: str
    suffixes: str

    def to_json(self) -> dict[str, object]:
        """The card's `input`, fingerprint included."""

    def make_golden(self, seed: int) -> bytes:
        """The model's bytes of a golden case, the same on every machine."""

    def prepare(self, source: Any, clock: Callable[[], float] = ...) -> Prepared:
        """The model's bytes for a source, and the seconds that decoding and preprocessing took by this clock.

        Raises:
            InputError: the source can't be read.
        """

    def run(self, run: Callable[[bytes], Any], data: Any) -> Any:
        """The outputs of the model, which `run` runs once, for what `prepare` gave."""

    def answer(self, say: Say, outputs: Any, known: Any) -> Any:
        """The answer that the task's `say` makes of these outputs and of what `prepare` knows of the source."""

    def whole(self, outputs: Any) -> Outputs:
        """The outputs of the source as a whole."""

    def parts(self, outputs: Any) -> Sequence[Outputs]:
        """The outputs of its parts, where it was run in parts; else none."""

    def is_source(self, name: str) -> bool:
        """True for the name of a file that may be a source, by its suffix."""

    def list_files(self, folder: Path) -> tuple[list[Path], list[Path]]:
        """The sources below a folder, and its other files; each sorted by path.

        Raises:
            FolderError: there is no such folder, or it can't be read.
        """
