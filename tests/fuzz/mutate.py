"""Mutations of bytes, driven by a random generator so that a seed gives the same input on every machine."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable, Sequence
from typing import Any

# Lengths and offsets at which readers break: ends of ranges, signs, and a little more than the file.
NUMBERS = (0, 1, 2, 4, 127, 128, 255, 256, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
LONGEST = 1 << 20


def mutate(seeds: Sequence[bytes], tokens: Sequence[bytes], state: random.Random) -> bytes:
    """One of the seeds with 1 to 8 mutations; at most LONGEST bytes."""
    data = bytearray(state.choice(seeds))
    for _ in range(state.choice((1, 1, 1, 2, 3, 8))):
        state.choice(MUTATIONS)(data, state)
        if tokens and state.random() < 0.2:
            at = state.randrange(len(data) + 1)
            data[at:at] = state.choice(tokens)
        if state.random() < 0.05:
            other = state.choice(seeds)
            data[state.randrange(len(data) + 1) :] = other[state.randrange(len(other) + 1) :]
    return bytes(data[:LONGEST])


# What a JSON value is replaced by: every type, and the values that break one that was only half checked.
VALUES: tuple[Any, ...] = (
    None, True, 0, -1, 0.5, 1e300, 10**400, float("inf"), float("nan"), "", "x", "a\nb", "\ud800", "é" * 500,
    [], [[]], [1], ["a", "a"], {}, {"": {}},
)  # fmt: skip


def mutate_json(text: bytes, state: random.Random) -> bytes:
    """JSON with 1 to 3 of its values replaced, left out, renamed or repeated."""
    data = json.loads(text)
    for _ in range(state.choice((1, 1, 2, 3))):
        holder, key = state.choice(list(_places(data)) or [({"x": data}, "x")])
        change = state.randrange(4)
        if change == 0:
            del holder[key]
        elif change == 1 and isinstance(holder[key], list):
            holder[key] = copy.deepcopy(holder[key]) * state.choice((0, 2, 100))
        elif change == 2 and isinstance(holder[key], int | float):
            holder[key] = state.choice((*NUMBERS, -holder[key], holder[key] + 1, str(holder[key]), [holder[key]]))
        else:
            holder[key] = copy.deepcopy(state.choice(VALUES))
    return json.dumps(data).encode()


def _places(value: Any) -> list[tuple[Any, Any]]:
    """(container, key or index) of each value inside."""
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    return [place for key in keys for place in ((value, key), *_places(value[key]))]


def _flip_bit(data: bytearray, state: random.Random) -> None:
    if data:
        data[state.randrange(len(data))] ^= 1 << state.randrange(8)


def _set_byte(data: bytearray, state: random.Random) -> None:
    if data:
        data[state.randrange(len(data))] = state.randrange(256)


def _set_number(data: bytearray, state: random.Random) -> None:
    size = state.choice((2, 4, 8))
    if len(data) >= size:
        at = state.randrange(len(data) - size + 1)
        number = state.choice((*NUMBERS, len(data), len(data) - at)) & ((1 << 8 * size) - 1)
        data[at : at + size] = number.to_bytes(size, state.choice(("little", "big")))


def _cut_off(data: bytearray, state: random.Random) -> None:
    del data[state.randrange(len(data) + 1) :]


def _cut_out(data: bytearray, state: random.Random) -> None:
    start = state.randrange(len(data) + 1)
    del data[start : start + state.randrange(1, 64)]


def _repeat(data: bytearray, state: random.Random) -> None:
    start = state.randrange(len(data) + 1)
    part = data[start : start + state.randrange(1, 256)]
    data[start:start] = part * state.choice((1, 2, 50))


def _insert(data: bytearray, state: random.Random) -> None:
    at = state.randrange(len(data) + 1)
    data[at:at] = state.randbytes(state.randrange(1, 16))


MUTATIONS: tuple[Callable[[bytearray, random.Random], None], ...] = (
    _flip_bit, _set_byte, _set_byte, _set_number, _set_number, _cut_off, _cut_out, _repeat, _insert,
)  # fmt: skip
