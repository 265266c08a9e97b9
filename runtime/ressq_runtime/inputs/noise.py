"""Noise by integer arithmetic: the same on every machine."""

from __future__ import annotations


def mix(value: int) -> int:
    """SplitMix64's finaliser (Steele et al. 2014): 64 well-mixed bits of a counter."""
    mask = 0xFFFFFFFFFFFFFFFF
    value = (value + 0x9E3779B97F4A7C15) & mask
    value = ((value ^ value >> 30) * 0xBF58476D1CE4E5B9) & mask
    value = ((value ^ value >> 27) * 0x94D049BB133111EB) & mask
    return value ^ value >> 31
