"""Which pictures are copies of others: by content, whatever they are called."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from ressq_edge.network.published import file_sha256


def find_copies(asked: Iterable[Path], others: Iterable[Path]) -> list[Path]:
    """Those of `asked` that hold the very bytes of one of `others`; read are only files that share their size.

    One that cannot be read is a copy of none: that is told where its pixels are wanted.
    """
    sizes, other_sizes = _sizes(asked), _sizes(others)
    common = set(sizes.values()) & set(other_sizes.values())
    known = set(_hashes([path for path, size in other_sizes.items() if size in common]).values())
    found = _hashes([path for path, size in sizes.items() if size in common])
    return [path for path, digest in found.items() if digest in known]


def _sizes(paths: Iterable[Path]) -> dict[Path, int]:
    found = {}
    for path in paths:
        with suppress(OSError):
            found[path] = path.stat().st_size
    return found


def _hashes(paths: Sequence[Path]) -> dict[Path, str]:
    found = {}
    for path in paths:
        with suppress(OSError):
            found[path] = file_sha256(path)
    return found
