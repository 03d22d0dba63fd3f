"""Are shares the same in every group? Counts of groups by classes against chance."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Counts = npt.NDArray[np.int64]

# Walter's half, added to every count so that none is without a ratio.
_HALF = 0.5
_Z = 1.959963984540054


def chance_of(statistic: float, rows: Counts, columns: Counts) -> float | None:
    """Return how often chance gives a table with these sums a chi-square of `statistic` or more.

    The reference is all ways to pair the rows' groups with their classes (a permutation test):
    its exact mean and variance, and between them a gamma distribution. So it needs no large
    expected counts, as the usual reference does, and no random numbers. None where there is
    nothing to compare.

    Sources: Haldane 1940 and Dawson 1954 for the moments, as in Mielke and Berry, Permutation
    tests for common location among samples, 1985; the gamma fit after Berry and Mielke 1986.

    Parameters
    ----------
    statistic : Pearson's chi-square of the table.
    rows, columns : int64, the sums of its rows and columns; those of 0 are left out.
    """
    from scipy.special import gammaincc

    rows, columns = rows[rows > 0], columns[columns > 0]
    total = int(rows.sum())
    if len(rows) < 2 or len(columns) < 2 or total < 4:
        return None
    mean = total / (total - 1) * (len(rows) - 1) * (len(columns) - 1)
    nu = [(len(sums) - 1) * (total - len(sums)) / (total - 1) for sums in (rows, columns)]
    omega = [
        (total * float((1 / sums).sum()) - len(sums) ** 2) / (total - 2) for sums in (rows, columns)
    ]
    variance = 2 * total / (total - 3) * (nu[0] - omega[0]) * (nu[1] - omega[1])
    variance += total**2 / (total - 1) * omega[0] * omega[1]
    if variance <= 0:
        return None
    return float(gammaincc(mean**2 / variance, statistic * mean / variance))


def holm(chances: Sequence[float | None]) -> list[float | None]:
    """Return p-values corrected for their number by Holm's step-down rule; None stays None.

    Source: Holm, A simple sequentially rejective multiple test procedure, 1979.
    """
    known = sorted((chance, at) for at, chance in enumerate(chances) if chance is not None)
    corrected: list[float | None] = [None] * len(chances)
    largest = 0.0
    for rank, (chance, at) in enumerate(known):
        largest = max(largest, min(1.0, (len(known) - rank) * chance))
        corrected[at] = largest
    return corrected


def fisher(own_k: int, own_n: int, k: int, n: int) -> float:
    """Return how often chance puts as many of the k of n into a group of `own_n`, or as few.

    Twice the smaller side of Fisher's exact test, at most 1. Summed are the terms within 40
    standard deviations: what lies beyond is no number.
    Source: Fisher, The design of experiments, 1935.
    """
    from scipy.special import gammaln

    def log_ways(total: int, chosen: Any) -> Any:
        return gammaln(total + 1) - gammaln(chosen + 1) - gammaln(total - chosen + 1)

    mean = own_n * k / n
    spread = np.sqrt(mean * (1 - k / n) * (n - own_n) / max(n - 1, 1))
    lowest = max(0, own_n + k - n, int(mean - 40 * spread) - 1)
    highest = min(own_n, k, int(mean + 40 * spread) + 1)
    found = np.arange(lowest, highest + 1)
    terms = np.exp(log_ways(k, found) + log_ways(n - k, own_n - found) - log_ways(n, own_n))
    sides = (terms[found <= own_k].sum(), terms[found >= own_k].sum())
    return float(min(1.0, 2 * min(sides)))


def share_ratio(k: int, n: int, other_k: int, other_n: int) -> tuple[float, float, float] | None:
    """Return (k / n) / (other_k / other_n), with half a count added to each, and 95 % about it.

    None where a group is empty. Where all rows of both groups count it is 1 with an interval of
    what half a row less would give.
    Source: Walter 1975 (adjusted log interval); Fagerland, Lydersen and Laake, Recommended
    confidence intervals for two independent binomial proportions, 2015.
    """
    if n <= 0 or other_n <= 0:
        return None
    ratio = ((k + _HALF) / (n + _HALF)) / ((other_k + _HALF) / (other_n + _HALF))
    if k == n and other_k == other_n:
        ratio, k, other_k = 1.0, k - 1, other_k - 1
    variance = 1 / (k + _HALF) - 1 / (n + _HALF) + 1 / (other_k + _HALF) - 1 / (other_n + _HALF)
    spread = float(np.exp(_Z * np.sqrt(max(variance, 0.0))))
    return ratio, ratio / spread, ratio * spread
