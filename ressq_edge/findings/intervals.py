"""How sure a share of right answers is, also where pictures hang together: of one patient, one site.

Pictures of one patient are right or wrong together, so that 8 patients of 40 pictures tell less of the next patient
than 320 patients would: counted as independent, the "95 %" interval held the truth in half of the cases. As in survey
statistics they count for as many independent pictures as would be known as well (Rao and Scott, Biometrics 48, 1992,
577-585; Korn and Graubard, Survey Methodology 24, 1998, 193-201), and Wilson's interval is taken for these.
"""

from collections import Counter
from collections.abc import Sequence
from itertools import compress

from ressq_runtime.intervals import Z95, wilson

# 97.5 % quantiles of Student's t for 1, 2 and 3 degrees of freedom, where the series below is not good enough yet.
_FEW_T = (12.7062, 4.3027, 3.1824)


def share_interval(right: Sequence[bool], groups: Sequence[int] = ()) -> tuple[float, float]:
    """95 % interval of the share that is right, as fractions; (0, 1) for a single group, which tells of no other.

    Args:
        right: of each picture.
        groups: the group of each picture; none: pictures are independent, and the interval is Wilson's.
    """
    if not groups:
        return wilson(sum(right), len(right))
    sizes, hits = Counter(groups), Counter(compress(groups, right))
    return grouped_interval([hits[group] for group in sizes], list(sizes.values()))


def grouped_interval(hits: Sequence[int], sizes: Sequence[int]) -> tuple[float, float]:
    """The same, from the number of right pictures and of all pictures in each group; Wilson's for groups of one."""
    count, n, total = len(sizes), sum(sizes), sum(hits)
    if count == 1:
        return 0.0, 1.0
    share = total / n
    if total in (0, n):  # how groups differ can't be seen, so each counts once
        return wilson(share * count, count)
    residuals = (found - share * size for found, size in zip(hits, sizes, strict=True))
    variance = count / (count - 1) * sum(residual**2 for residual in residuals) / n**2
    effect = max(1.0, variance / (share * (1 - share) / (n - 1)))
    # A variance of few groups is itself a guess, and of unequal ones their largest decide: 5 to 120 pictures in
    # each of ten count as six.
    equal = n**2 / sum(size**2 for size in sizes)
    independent = n / effect * (t_quantile(n - 1) / t_quantile(equal - 1)) ** 2
    return wilson(share * independent, independent)


def t_quantile(freedom: float) -> float:
    """The 97.5 % quantile of Student's t, to 0.2 %; below 3 degrees of freedom, between whole ones, a little too large.

    From 3 on by its expansion around the normal one (Abramowitz and Stegun 26.7.5).
    """
    if freedom < len(_FEW_T):
        whole = int(max(1.0, freedom))
        low, high = _FEW_T[whole - 1 : whole + 1]
        return low + (high - low) * (max(1.0, freedom) - whole)
    z = Z95
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return z + sum(term / freedom**power for power, term in enumerate(terms, start=1))
