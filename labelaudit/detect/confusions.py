"""Systematic confusions: which labels are taken for which, and oftener than by chance."""

from typing import Any

import numpy as np
import numpy.typing as npt

from labelaudit.core.results import Confusion, Kinship

MOST_CONFUSIONS = 100
# A chance below this, over the pairs that occur, counts as systematic.
_RARE = 0.01
_STEPS = 100
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
        rest = columns.sum() - columns
        rows = np.divide(by_given, rest, out=np.zeros(n_classes), where=rest > 0)
        rest = rows.sum() - rows
        columns = np.divide(by_suggested, rest, out=np.zeros(n_classes), where=rest > 0)
    return rows, columns


def kinships(joint: Any) -> tuple[Kinship, ...]:
    """Pairs of classes that look like one, and classes that look like two, by the model.

    Of the labels of a that the model confidently places in a or b, the share it places in b; and
    the other way. Both shares from a quarter on: the two look like one class. One from a quarter
    on and the other at most a twentieth: a looks like two, itself and b. It is the model that
    cannot tell them apart: a weak model makes kin of any two. Classes of fewer than 10 labels
    are not assessable and left out. Shares and cuts are ours.
    """
    entries = joint.tocoo() if not isinstance(joint, np.ndarray) else None
    if entries is None:
        given, other = np.nonzero(joint)
        counts = joint[given, other]
    else:
        given, other, counts = entries.row, entries.col, entries.data
    own = np.asarray(joint.diagonal())
    off = (given != other) & (np.asarray(joint.sum(axis=1))[given] >= _FEWEST)
    given, other, counts = given[off], other[off], counts[off]
    shares = counts / np.maximum(counts + own[given], 1)
    known = {
        (int(a), int(b)): float(share) for a, b, share in zip(given, other, shares, strict=True)
    }
    enough = set(np.flatnonzero(np.asarray(joint.sum(axis=1)) >= _FEWEST).tolist())
    found = []
    for (a, b), there in known.items():
        back = known.get((b, a), 0.0)
        if there < _SHARED or b not in enough:
            continue
        if back >= _SHARED and a < b:
            found.append(Kinship(kind="one", given=a, other=b, there=there, back=back))
        elif back <= _ONE_WAY:
            found.append(Kinship(kind="two", given=a, other=b, there=there, back=back))
    return tuple(sorted(found, key=lambda kin: (kin.kind, -kin.there, kin.given, kin.other)))
