"""What changes where classes are too many for a matrix of all pairs: the joint is sparse.

The same formulas as for few classes, over the entries that are not zero.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from labelaudit.core.listed import Listed

# int64[K, K]: an array, or a `scipy.sparse.csr_array` where K is above FEW_CLASSES.
Joint = Any


def matrix(rows: Any, columns: Any, values: Any, like: Any) -> Joint:
    """Return the sparse int64 matrix of these entries, of the shape of another; no zeros."""
    from scipy.sparse import csr_array

    kept = values != 0
    entries = (values[kept].astype(np.int64), (rows[kept], columns[kept]))
    made = csr_array(entries, shape=like.shape)
    made.sort_indices()
    return made


def counted(codes: npt.NDArray[np.int64], counts: npt.NDArray[np.int64], n_classes: int) -> Joint:
    """Return the joint of counts by code; every class counts at least one correct example."""
    from scipy.sparse import csr_array

    found = csr_array((counts, np.divmod(codes, n_classes)), shape=(n_classes, n_classes))
    lacking = np.flatnonzero(found.diagonal() == 0)
    ones = csr_array((np.ones(len(lacking), dtype=np.int64), (lacking, lacking)), found.shape)
    return (found + ones).tocsr()


def calibrated(counts: Joint, class_counts: npt.NDArray[np.int64]) -> Joint:
    """Return the joint scaled so that its rows sum to the class counts int[K], in whole rows.

    Each row is rounded by largest remainder, ties to the lower class. For few classes
    `joint.calibrated` differs where remainders are equal, by 1: it does as cleanlab does, which
    needs the whole matrix in memory.
    """
    entries = counts.tocoo()
    order = np.lexsort((entries.col, entries.row))
    rows, columns = entries.row[order], entries.col[order]
    values = entries.data[order] / counts.sum(axis=1)[rows] * class_counts[rows]
    whole = np.floor(values + 1e-9)  # 3 as the quotient of integers may be a hair less
    missing = class_counts - np.bincount(rows, weights=whole, minlength=len(class_counts))
    rank = np.empty(len(rows), dtype=np.int64)
    by_rest = np.lexsort((columns, np.round(whole - values, 9), rows))
    rank[by_rest] = np.arange(len(rows)) - np.searchsorted(rows, rows)
    whole += rank < missing[rows]
    return matrix(rows, columns, whole, counts)


def prune_counts(joint: Joint, at_least: int) -> Joint:
    """Return how many rows to prune of each pair: see `select.prune_counts`."""
    from scipy.sparse import csr_array

    diagonal = joint.diagonal()
    raised = np.maximum(diagonal, at_least)
    entries = joint.tocoo()
    shared_by = np.maximum(np.bincount(entries.row, minlength=len(raised)) - 1.0, 1.0)
    off = entries.row != entries.col
    lowered = entries.data - ((raised - diagonal) / shared_by)[entries.row]
    counts = np.where(off, np.maximum(lowered, 0).astype(np.int64), 0)
    every = np.arange(len(raised))
    return matrix(entries.row, entries.col, counts, joint) + csr_array(
        (raised, (every, every)), shape=joint.shape
    )


def reached(
    listed: Listed, bars: npt.NDArray[np.float64], among_several: bool
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Return how many classes of each row reach their bar, and the most probable of these.

    Unlisted classes may reach theirs too: how many do is read off the sorted bars. Where several
    classes do, the most probable is looked for only if asked `among_several`.
    """
    n_classes = listed.n_classes
    rows = np.arange(len(listed))
    own_bars = np.append(bars, np.inf)[listed.classes]
    confident = listed.probabilities >= own_bars
    by_bar = np.argsort(bars[: listed.n_columns], kind="stable")
    low = np.searchsorted(bars[by_bar], listed.rest, side="right")
    low_listed = ((own_bars <= listed.rest[:, None]) & (listed.classes < n_classes)).sum(axis=1)
    unlisted = low - low_listed
    count = confident.sum(axis=1) + unlisted
    # A last column stands for the unlisted: they share one probability.
    values = np.column_stack(
        [np.where(confident, listed.probabilities, -1), np.where(unlisted > 0, listed.rest, -1)]
    )
    place = values.argmax(axis=1)
    best = np.column_stack([listed.classes, np.zeros_like(place)])[rows, place].astype(np.intp)
    open_ones = (unlisted > 0) & (values[rows, place] == values[:, -1])
    for row in np.flatnonzero(open_ones & ((count == 1) | among_several)):
        among = by_bar[: low[row]]
        first = among[~np.isin(among, listed.classes[row])].min()
        even = place[row] < listed.classes.shape[1]  # as probable as a listed class
        best[row] = min(best[row], first) if even else first
    return count, best
