"""AUROC, average precision and their intervals: of sorted scores, or of a histogram of them."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from labelaudit.core.intervals import wilson
from labelaudit.core.rows import Array
from labelaudit.engine.histogram import of_one_value

Z = 1.959963984540054

Counts = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def placements(
    positive: Array, negative: Array
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return the share of negatives behind each positive, and of positives before each negative.

    Ties count one half. `positive` float[n] and `negative` float[m] are ascending, as are the
    rows of what is returned, float64[n] and float64[m].
    """
    left, right = (np.searchsorted(negative, positive, side) for side in ("left", "right"))
    # How many positives lie below a negative, and how many at or below it: steps at those places.
    below, upto = (np.cumsum(np.bincount(at, minlength=len(negative) + 1)) for at in (right, left))
    ahead = (below + upto)[: len(negative)]
    return (left + right) / (2 * len(negative)), 1 - ahead / (2 * len(positive))


def delong(before: Array, behind: Array) -> tuple[float, float]:
    """Return AUROC and its variance from the placements of positives and of negatives.

    Source: DeLong, DeLong and Clarke-Pearson, Biometrics 1988. A single row on one side adds
    the largest variance that a mean of this height can have.
    """
    auroc = float(before.mean())
    worst = auroc * (1 - auroc)
    parts = (float(part.var(ddof=1)) if len(part) > 1 else worst for part in (before, behind))
    return auroc, sum(part / len(own) for part, own in zip(parts, (before, behind), strict=True))


def auroc_interval(auroc: float, variance: float, n: int, m: int) -> tuple[float, float]:
    """Return the 95 % interval of an AUROC of `n` positive and `m` negative rows."""
    if variance <= 0 or not 0 < auroc < 1:
        return wilson(auroc * min(n, m), min(n, m))
    return _on_logits(auroc, math.sqrt(variance) / (auroc * (1 - auroc)))


def average_precision(positive: Array, negative: Array) -> float:
    """Return the mean over positives of the precision at their score, ties taken together.

    This is the sum of precision times the step in recall (scikit-learn's average precision).
    `positive` float[n] and `negative` float[m] are ascending.
    """
    true = len(positive) - np.searchsorted(positive, positive)
    false = len(negative) - np.searchsorted(negative, positive)
    return float((true / (true + false)).mean())


def precision_interval(precision: float, n_positive: int) -> tuple[float, float]:
    """Return the 95 % logit interval of an average precision (Boyd, Eng and Page 2013)."""
    if not 0 < precision < 1:
        return wilson(precision * n_positive, n_positive)
    return _on_logits(precision, 1 / math.sqrt(n_positive * precision * (1 - precision)))


def _on_logits(share: float, error: float) -> tuple[float, float]:
    logit = math.log(share / (1 - share))
    low, high = (1 / (1 + math.exp(-max(min(logit + z * error, 500), -500))) for z in (-Z, Z))
    return low, high


@dataclass(frozen=True, kw_only=True, slots=True)
class Binned:
    """What a histogram says of K classes: float64[K], no number where a class lacks one side.

    `auroc_bound` and `precision_bound` are how far the exact values can be off at most.
    """

    positives: Counts
    negatives: Counts
    auroc: Floats
    variance: Floats
    precision: Floats
    auroc_bound: Floats
    precision_bound: Floats


def binned(starts: Counts, bins: Counts, rows: Counts, own: Counts, own_rows: Counts) -> Binned:
    """Return the figures of classes, all rows of one bin taken for ties.

    Bins are numbered as by `FineBins`, class * 2^16 + bin.

    Parameters
    ----------
    starts : int64[K + 1], the first bin of each class, and where the last one ends.
    bins, rows : which bins occur, ascending, and how many rows are in each.
    own, own_rows : the same of the rows of the class itself: its positives.

    The bounds: the rows of a bin, m positives and q negatives, may truly lie in any order. Of their
    pairs between none and all m q are won; as ties half of them count. Let T and F be the
    positives and negatives from this bin upwards; as ties the positives add m T / (T + F). Most is
    m T / (T + F - q), all of them equal and before the negatives. Least is what they add one by one
    behind the negatives, the sum over j = 1..m of 1 - F / (x + j) with x = T - m + F: at least
    m - F log((x + m + .5) / (x + .5)), since 1 / y is convex and so nowhere above its mean around.
    Only rows of probability 0 or 1 are ties for sure.
    """
    of = np.searchsorted(starts, own, side="right") - 1
    first = starts[of]

    def summed(values: Array) -> Floats:
        sums = np.bincount(of, weights=values, minlength=len(starts) - 1)
        return sums.astype(np.float64)  # without any positive numpy counts in integers

    positives = summed(own_rows).astype(np.int64)
    negatives = np.diff(_rows_below(bins, rows, starts)) - positives
    n, r = positives[of], negatives[of]
    before, behind = (
        _rows_below(own, own_rows, own, side) - _rows_below(own, own_rows, first) for side in _SIDES
    )
    below, upto = (
        _rows_below(bins, rows, own, side) - _rows_below(bins, rows, first) - mine
        for side, mine in zip(_SIDES, (before, behind), strict=True)
    )
    tied = upto - below
    # Negatives between two bins with positives all have the same placement; those on top have 0.
    between = below - np.where(np.diff(of, prepend=-1) > 0, 0, np.roll(upto, 1))
    on_top = negatives - summed(tied + between)
    with np.errstate(divide="ignore", invalid="ignore"):  # a class that lacks one side
        won = (below + upto) / (2 * r)
        auroc = summed(own_rows * won) / positives
        mean = auroc[of]
        spread = summed(own_rows * (won - mean) ** 2)
        against = summed(tied * (1 - (before + behind) / (2 * n) - mean) ** 2)
        against += summed(between * (1 - before / n - mean) ** 2) + on_top * auroc**2
        worst = auroc * (1 - auroc)  # as in `delong`
        variance = np.where(positives > 1, spread / (positives - 1), worst) / positives
        variance += np.where(negatives > 1, against / (negatives - 1), worst) / negatives
        true, false = n - before, r - below
        precision = true / (true + false)
        unsure = ~of_one_value(own)
        most = own_rows * (true / (true + false - tied) - precision)
        behind_all = np.log1p(own_rows / (n - behind + false + 0.5))
        least = false * (behind_all - own_rows / (true + false))
        return Binned(
            positives=positives,
            negatives=negatives,
            auroc=auroc,
            variance=variance,
            precision=summed(own_rows * precision) / positives,
            auroc_bound=summed(unsure * own_rows / n * (tied / r)) / 2,
            precision_bound=np.maximum(summed(unsure * most), summed(unsure * least)) / positives,
        )


_SIDES: tuple[Literal["left", "right"], ...] = ("left", "right")


def _rows_below(
    bins: Counts, rows: Counts, places: Counts, side: Literal["left", "right"] = "left"
) -> Counts:
    """Return how many rows lie in the bins below `places`, or with "right" also in these."""
    total = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(rows)])
    return np.asarray(total[np.searchsorted(bins, places, side)])
