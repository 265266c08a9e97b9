"""A seeded split of samples with several classes each."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from ressq_edge.data.split import Samples
from ressq_edge.data.stratify import stratify

SHARES = (0.15, 0.15)
Held = dict[str, tuple[int, ...]]


def draw(held: Held, seed: int = 0, together: dict[str, str] | None = None) -> list[Samples]:
    samples = tuple((name, f"{name}.png") for name in held)
    return stratify(samples, held, SHARES, seed, together or {})


def count(parts: list[Samples], held: Held, label: int) -> list[int]:
    return [sum(label in held[name] for name, _ in part) for part in parts]


def test_a_class_of_three_pictures_is_in_every_part() -> None:
    held: Held = {f"p{n}": (0,) if n >= 3 else (0, 1) for n in range(100)}
    for seed in range(20):
        assert count(draw(held, seed), held, 1) == [1, 1, 1]


def test_each_class_has_its_share_in_each_part() -> None:
    held: Held = {f"p{n}": tuple(label for label in range(5) if n % (label + 1) == 0) for n in range(400)}
    parts = draw(held)
    assert [len(part) for part in parts] == [280, 60, 60]
    for label in range(5):
        total = sum(count(parts, held, label))
        for found, share in zip(count(parts, held, label), (0.7, *SHARES), strict=True):
            assert abs(found - share * total) <= 2


def test_the_seed_draws_and_its_draw_repeats() -> None:
    held: Held = {f"p{n}": (n % 3,) for n in range(60)}
    assert draw(held, 1) == draw(dict(reversed(held.items())), 1)
    assert draw(held, 1) != draw(held, 2)


def test_a_class_of_one_picture_is_learned() -> None:
    held: Held = {f"p{n}": (0,) if n else (0, 1) for n in range(40)}
    assert count(draw(held), held, 1) == [1, 0, 0]


def test_a_picture_that_cannot_be_read_is_placed_as_well() -> None:
    held: Held = {f"p{n}": (0, 1) for n in range(20)} | {"broken": ()}
    assert sum(map(len, draw(held))) == 21


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 6), st.sets(st.integers(0, 4))), min_size=1, max_size=60), st.integers(0, 9))
def test_nothing_is_lost_groups_stay_together_and_train_has_every_class(
    drawn: list[tuple[int, set[int]]], seed: int
) -> None:
    held: Held = {f"p{n}": tuple(sorted(labels)) for n, (_, labels) in enumerate(drawn)}
    together = {f"p{n}": f"g{group}" for n, (group, _) in enumerate(drawn) if group}
    parts = draw(held, seed, together)
    assert Counter(name for part in parts for name, _ in part) == Counter(list(held))
    assert all(target == f"{name}.png" for part in parts for name, target in part)
    for group in set(together.values()):
        assert sum(any(together.get(name) == group for name, _ in part) for part in parts) == 1
    assert {label for name, _ in parts[0] for label in held[name]} == {one for found in held.values() for one in found}
