"""Many pictures, of which some cannot be read: those are named, and the others are used."""

from __future__ import annotations

from ressq_runtime.errors import FolderError, InputError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import TypeVar

    Source = TypeVar("Source")
    Target = TypeVar("Target")
    Prepared = TypeVar("Prepared")


def read_all(
    samples: Sequence[tuple[Source, Target]],
    prepare: Callable[[Source], Prepared],
    faults: list[str],
    progress: Callable[[int, int], None] | None = None,
) -> Iterator[tuple[Source, Target, Prepared]]:
    """Each sample that can be read, with what `prepare` makes of it; why others cannot is added to `faults`.

    `progress` is called with (pictures done, pictures in all).

    Raises:
        FolderError: not one can be read.
    """
    for done, (source, target) in enumerate(samples, start=1):
        try:
            prepared = prepare(source)
        except InputError as fault:
            faults.append(str(fault))
        else:
            yield source, target, prepared
        if progress is not None:
            progress(done, len(samples))
    if len(faults) == len(samples):
        raise FolderError(f"found no picture that can be read among {len(faults)}; the first: {faults[0]}")
