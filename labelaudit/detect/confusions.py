"""Systematic confusions: which labels are taken for which, and oftener than by chance."""

from typing import Any

import numpy as np
import numpy.typing as npt

from labelaudit.core.results import Confusion, Kinship

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

MOST_CONFUSIONS = 100
MOST_KINSHIPS = 100
# A chance below this, over the pairs that occur, counts as systematic.
_RARE = 0.01
_STEPS, _CLOSE = 10_000, 1e-9
# Only the pairs that are named are fitted anew, from where the fit of all ends: few steps do.
_STEPS_ANEW, _CLOSE_ANEW = 500, 1e-6
_CELLS = 1 << 18
_TERMS = 1 << 12
_HALF = 0.5
# What is left of a sum after rounding is not there.
_NOTHING = 1e-9
# Of the rows that the model places within a pair, from this share on in the other class.
_SHARED = 0.25
_ONE_WAY = 0.05
_FEWEST = 10


def confusions(pairs: tuple[tuple[int, int, int], ...], n_classes: int) -> tuple[Confusion, ...]:
    """The suspects by given and suggested class, beside how many chance alone would put there.

    `expected` is how many of the suspects of the given class chance would put there, if the
    suggested class did not depend on the given one: quasi-independence, as no class is suggested
    for itself (Goodman 1968), fitted to all counts but the one in question, which else would
    explain itself. A pair is systematic where so many or more would be found with a chance below
    1 % (beta-binomial, corrected for the number of pairs that occur). Where no other count tells
    how often a class is suggested, all classes are as likely; with two classes nothing is left to
    chance: expected and found are equal. Of the pairs, those with the largest counts: 100 at most.
    """
    if not pairs:
        return ()
    given, suggested, counts = np.array(pairs, dtype=np.int64).T
    shares = shares_anew(given, suggested, counts, n_classes, MOST_CONFUSIONS)
    of_class = np.bincount(given, weights=counts, minlength=n_classes)[given[: len(shares)]]
    by_suggested = np.bincount(suggested, weights=counts, minlength=n_classes)
    others = np.maximum((by_suggested[suggested] - counts)[: len(shares)], _HALF)
    shown = list(zip(given.tolist(), suggested.tolist(), counts.tolist(), strict=True))
    return tuple(
        Confusion(
            given=i,
            suggested=j,
            count=n,
            expected=float(total * share),
            is_systematic=chance(n, int(total), share, known) * len(pairs) < _RARE,
        )
        for (i, j, n), total, share, known in zip(
            shown, of_class, shares.tolist(), others.tolist(), strict=False
        )
    )


def chance(count: int, total: int, share: float, known: float) -> float:
    """Return how likely `count` or more of `total` are where each is one with a chance of `share`.

    The share is itself known from `known` others only, so this is beta-binomial with that mean.
    Terms beyond the first 4,096 are left out: where these matter the chance is large already.
    """
    from scipy.special import betaln

    if count <= total * share or share >= 1:
        return 1.0
    k = np.arange(count, min(total, count + _TERMS) + 1)
    rest = known * (1 - share) / share
    logs = betaln(k + known, total - k + rest) - betaln(known, rest)
    logs -= betaln(k + 1, total - k + 1) + np.log(total + 1)
    return float(np.exp(logs).sum())


def shares_anew(
    given: Counts, suggested: Counts, counts: Counts, n_classes: int, most: int
) -> npt.NDArray[np.float64]:
    """Return for the first `most` pairs which share of a class's suspects chance puts there.

    With a and b fitted as by `independent` to all counts but that of the pair i, j itself, the
    share is b_j / (sum of b - b_i). A class that no other count suggests counts as suggested half
    a time, so that a single suspect is no habit.
    """
    start = independent(given, suggested, counts, n_classes)[1]
    by_given = np.bincount(given, weights=counts, minlength=n_classes)
    by_suggested = np.bincount(suggested, weights=counts, minlength=n_classes)
    occur = np.flatnonzero(by_given + by_suggested)
    step = max(1, _CELLS // len(occur))
    found = []
    for first in range(0, min(most, len(given)), step):
        some = slice(first, min(first + step, most))
        i, j = (np.searchsorted(occur, codes[some]) for codes in (given, suggested))
        at = np.arange(len(i))
        rows, columns = (
            np.tile(sums[occur].astype(np.float64), (len(i), 1))
            for sums in (by_given, by_suggested)
        )
        rows[at, i] -= counts[some]
        columns[at, j] = np.maximum(columns[at, j] - counts[some], _HALF)
        found.append(_fitted_anew(rows, columns, start[occur], i, j, n_classes))
    return np.concatenate(found)


def _fitted_anew(
    by_given: Floats, by_suggested: Floats, start: Floats, i: Counts, j: Counts, n_classes: int
) -> Floats:
    """Return the shares of the pairs `i`, `j` int[t], each left out of its own sums float[t, m]."""
    at = np.arange(len(i))
    columns = np.tile(start / start.sum(), (len(i), 1))
    for _ in range(_STEPS_ANEW):
        before = columns
        rows = _over_rest(by_given, columns, i, j)
        columns = _over_rest(by_suggested, rows, j, i)
        columns /= np.maximum(columns.sum(axis=1, keepdims=True), 1e-300)
        if (np.abs(columns - before) <= _CLOSE_ANEW * columns).all():
            break
    own = columns[at, j]
    total = columns.sum(axis=1) - columns[at, i]
    known = (own > 0) & (total > _NOTHING)
    return np.asarray(np.where(known, own / np.where(known, total, 1), 1 / (n_classes - 1)))


def _over_rest(sums: Floats, factors: Floats, own: Counts, left_out: Counts) -> Floats:
    """Divide sums float[t, m] by the factors of what they are over: all but themselves.

    And in `own` int[t] but `left_out` int[t]. Where nothing is left the result is 0.
    """
    at = np.arange(len(own))
    whole = factors.sum(axis=1, keepdims=True)
    rest = whole - factors
    rest[at, own] -= factors[at, left_out]
    there = rest > _NOTHING * whole
    return np.asarray(np.divide(sums, rest, out=np.zeros(sums.shape), where=there))


def independent(
    given: Any, suggested: Any, counts: Any, n_classes: int
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return a and b float64[K]: a_i b_j, i != j, has the sums of the counts by row and column.

    By iterative proportional fitting, which for a table that only lacks its diagonal needs no
    table: the sum of b over all j but i is sum(b) - b_i.
    """
    by_given = np.bincount(given, weights=counts, minlength=n_classes)
    by_suggested = np.bincount(suggested, weights=counts, minlength=n_classes)
    rows, columns = by_given / by_given.sum(), by_suggested.astype(np.float64)
    for _ in range(_STEPS):
        before = columns
        rest = columns.sum() - columns
        rows = np.divide(by_given, rest, out=np.zeros(n_classes), where=rest > 0)
        rest = rows.sum() - rows
        columns = np.divide(by_suggested, rest, out=np.zeros(n_classes), where=rest > 0)
        if (np.abs(columns - before) <= _CLOSE * columns).all():
            break
    return rows, columns


def kinships(joint: Any) -> tuple[Kinship, ...]:
    """Pairs of classes that look like one, and classes that look like two, by the model.

    Of the labels of a that the model confidently places in a or b, the share it places in b; and
    the other way. Both shares from a quarter on: the two look like one class. One from a quarter
    on and the other at most a twentieth: a looks like two, itself and b. It is the model that
    cannot tell them apart: a weak model makes kin of any two. Where fewer than 10 labels of a
    class are placed in the two, it is not assessable. At most 100 are named, those with the
    largest shares first. Shares and cuts are ours.
    """
    if isinstance(joint, np.ndarray):
        given, other = np.nonzero(joint)
        counts = joint[given, other]
    else:
        entries = joint.tocoo()
        given, other, counts = entries.row, entries.col, entries.data
    n_classes = joint.shape[0]
    own = np.asarray(joint.diagonal())
    placed = counts + own[given]
    large = (given != other) & (placed >= _FEWEST) & (counts >= _SHARED * placed)
    given, other, counts, placed = given[large], other[large], counts[large], placed[large]
    back_counts = _entries_of(joint, other, given)
    back_placed = back_counts + own[other]
    there = counts / placed
    back = back_counts / np.maximum(back_placed, 1)
    enough = back_placed >= _FEWEST
    one = enough & (back >= _SHARED) & (given < other)
    two = enough & (back <= _ONE_WAY)
    found = [
        Kinship(
            kind="one" if one[at] else "two",
            given=int(given[at]),
            other=int(other[at]),
            there=float(there[at]),
            back=float(back[at]),
        )
        for at in np.flatnonzero(one | two)[
            np.lexsort(((given * n_classes + other)[one | two], -there[one | two]))
        ][:MOST_KINSHIPS]
    ]
    return tuple(sorted(found, key=lambda kin: (kin.kind, -kin.there, kin.given, kin.other)))


def _entries_of(joint: Any, rows: Any, columns: Any) -> Any:
    if isinstance(joint, np.ndarray):
        return joint[rows, columns]
    return np.asarray(joint[rows, columns]).reshape(-1) if len(rows) else np.empty(0)
