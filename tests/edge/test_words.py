"""Figures as a certificate writes them."""

from __future__ import annotations

from ressq_edge.pages.words import align, count, percent, points, short, worse, worse_interval


def test_figures_are_written_as_one_reads_them() -> None:
    assert percent(0.874) == "87.4\u202f%"
    assert points(0.0031) == "0.3 points"
    assert [count(change) for change in (2, 0, -1)] == ["+2", "0", "\N{MINUS SIGN}1"]
    assert [short(value) for value in (-0.0030662, 0, 1.1, 404.345)] == ["\N{MINUS SIGN}0.00307", "0", "1.10", "404"]
    assert short(3e-5) == "<0.0001"
    assert align(["1.5", "22", "0.125"]) == ["1.5\u2007\u2007", "22\u2008\u2007\u2007\u2007", "0.125"]


def test_a_difference_is_said_in_words_and_has_no_sign() -> None:
    assert worse(0.037) == "3.7 points worse"
    assert worse(-0.037) == "3.7 points better"
    assert worse(0.0029, 2) == "0.29 points worse"
    assert worse(-0.0001) == "as good"
    assert worse_interval(-0.011, 0.0374, 2) == "1.10 better to 3.74 worse"
    assert worse_interval(0.0, 0.01) == "as good to 1.0 worse"
