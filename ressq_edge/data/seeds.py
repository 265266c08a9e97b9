"""Seeds of all that is random: a function of what is drawn, whatever was drawn before it."""

import hashlib


def draw_seed(*parts: int | str) -> int:
    """A seed of 56 bits from anything that names a draw; equal parts give equal seeds everywhere."""
    return int.from_bytes(hashlib.blake2b(repr(parts).encode(), digest_size=7).digest())
