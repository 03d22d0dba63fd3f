"""One look at a row's probabilities: the few numbers of it that most of the audit needs."""

import numpy as np
import numpy.typing as npt

from labelaudit.core.dataset import Batch, Digest
from labelaudit.core.listed import Block, Listed
from labelaudit.core.matrix import divided_by_row_sums, in_columns
from labelaudit.core.rows import Array
from labelaudit.engine.passes import Columns


def digest_columns(batch: Batch, normalise: bool) -> Columns:
    """Return the digest of a batch as columns; `normalise` divides each row by its sum first."""
    assert batch.probabilities is not None
    block, columns = batch.probabilities, batch.columns
    with np.errstate(all="ignore"):  # bad values are refused after the pass, by row
        if normalise:
            block, columns = divided_by_row_sums(block), None
        found = digest(batch.labels, block, columns)
    return {name: getattr(found, name) for name in Digest.__slots__}


def digest(
    labels: npt.NDArray[np.int32], probabilities: Block, columns: Array | None = None
) -> Digest:
    """Reduce `probabilities` float[n, K] to its digest, each row for itself.

    `columns` are the same transposed, where that is at hand: written to, and left as they were.
    The columns keep the precision of the probabilities, so that margins taken from them are
    to the bit what they would be if taken from the full rows.
    """
    n_rows = len(probabilities)
    if isinstance(probabilities, Listed):
        return _of_listed(labels, probabilities)
    if columns is None:
        columns = in_columns(probabilities)
    if columns is None:
        index = np.arange(n_rows)
        own = probabilities[index, labels]
        others = probabilities.copy()
        others[index, labels] = -np.inf
        other = others.argmax(axis=1).astype(np.int32)
        best = others[index, other]
        return Digest(self_confidence=own, other=other, other_probability=best)
    # Few columns: go down the columns of the transposed block, many rows at a time.
    place = labels * np.int64(n_rows) + np.arange(n_rows)
    flat = columns.reshape(-1)
    own = flat[place]
    flat[place] = -np.inf
    best = columns.max(axis=0)
    other = _first_equal(columns, best)
    flat[place] = own
    return Digest(self_confidence=own, other=other, other_probability=best)


def _first_equal(columns: Array, best: Array) -> npt.NDArray[np.int32]:
    """Return for each row the first of at most 64 columns [K, n] that holds `best` [n]."""
    # Whole columns of bytes are added up: a branch or a mask for each row costs far more.
    codes = np.zeros(len(best), dtype=np.uint8)
    hits = np.zeros(len(best), dtype=np.uint8)
    for code, column in enumerate(columns):
        hit = (column == best).view(np.uint8)
        hits += hit
        hit *= np.uint8(code)
        codes += hit
    first = codes.astype(np.int32)
    several = np.flatnonzero(hits != 1)  # ties, or a row of nan
    first[several] = (columns[:, several] == best[several]).argmax(axis=0)
    return first


def _of_listed(labels: npt.NDArray[np.int32], listed: Listed) -> Digest:
    """Reduce rows that list some classes: the best other may be one that is not listed."""
    rows = np.arange(len(labels))
    values = listed.probabilities.copy()
    values[(listed.classes == labels[:, None]) | (listed.classes >= listed.n_classes)] = -np.inf
    values = np.column_stack([values, np.full(len(rows), -np.inf, dtype=values.dtype)])
    classes = np.column_stack([listed.classes, np.full(len(rows), listed.n_classes)])
    at = values.argmax(axis=1)
    best, other = values[rows, at], classes[rows, at]
    free = listed.first_unlisted(labels)
    share = np.where(free < listed.n_columns, listed.rest, listed.rest.dtype.type(0))
    exists = free < listed.n_classes
    takes = exists & ((share > best) | ((share == best) & (free < other)))
    return Digest(
        self_confidence=listed[rows, labels],
        other=np.where(takes, free, other).astype(np.int32),
        other_probability=np.where(takes, share, best),
    )
