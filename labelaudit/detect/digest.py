"""One look at a row's probabilities: the few numbers of it that most of the audit needs."""

import numpy as np
import numpy.typing as npt

from labelaudit.core.dataset import NARROW, Digest
from labelaudit.core.rows import Array


def digest(labels: npt.NDArray[np.int32], probabilities: Array) -> Digest:
    """Reduce `probabilities` float[n, K] to its digest, each row for itself.

    The columns keep the precision of the probabilities, so that margins taken from them are
    to the bit what they would be if taken from the full rows.
    """
    n_rows, n_classes = probabilities.shape
    if n_classes > NARROW:
        index = np.arange(n_rows)
        own = probabilities[index, labels]
        others = probabilities.copy()
        others[index, labels] = -np.inf
        other = others.argmax(axis=1).astype(np.int32)
        best = others[index, other]
    else:
        # Few columns: go down the columns of the transposed block, many rows at a time.
        columns = probabilities.T.copy(order="C")  # ours to write into
        place = labels * np.int64(n_rows) + np.arange(n_rows)
        flat = columns.reshape(-1)
        own = flat[place]
        flat[place] = -np.inf
        best = columns.max(axis=0)
        other = np.zeros(n_rows, dtype=np.int32)
        for column in range(n_classes - 1, -1, -1):
            np.copyto(other, column, where=columns[column] == best)
    return Digest(self_confidence=own, other=other, other_probability=best)
