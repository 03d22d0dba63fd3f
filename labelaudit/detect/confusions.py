"""Systematic confusions: which labels are taken for which, and oftener than by chance."""

from typing import Any

import numpy as np
import numpy.typing as npt

from labelaudit.core.results import Confusion, Kinship

MOST_CONFUSIONS = 100
MOST_KINSHIPS = 100
# A chance below this, over the pairs that occur, counts as systematic.
_RARE = 0.01
_STEPS, _CLOSE = 10_000, 1e-9
# Of the rows that the model places within a pair, from this share on in the other class.
_SHARED = 0.25
_ONE_WAY = 0.05
_FEWEST = 10


def confusions(pairs: tuple[tuple[int, int, int], ...], n_classes: int) -> tuple[Confusion, ...]:
    """The suspects by given and suggested class, beside how many chance alone would put there.

    `expected` is the count if the suggested class did not depend on the given one, for the same
    number of suspects of each class: quasi-independence, as no class is suggested for itself
    (Goodman 1968). A pair is systematic where so many or more would be found with a chance below
    1 % (Poisson, corrected for the number of pairs that occur). With two classes nothing is
    left to chance: expected and found are equal.
    """
    if not pairs:
        return ()
    given, suggested, counts = np.array(pairs, dtype=np.int64).T
    rows, columns = independent(given, suggested, counts, n_classes)
    expected = rows[given] * columns[suggested]
    from scipy.special import pdtrc

    chances = pdtrc(counts - 1, np.maximum(expected, 1e-12)) * len(pairs)
    return tuple(
        Confusion(
            given=int(i), suggested=int(j), count=int(n), expected=float(e), is_systematic=bool(p)
        )
        for i, j, n, e, p in zip(
            given[:MOST_CONFUSIONS],
            suggested[:MOST_CONFUSIONS],
            counts[:MOST_CONFUSIONS],
            expected[:MOST_CONFUSIONS],
            (chances < _RARE)[:MOST_CONFUSIONS],
            strict=True,
        )
    )


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
