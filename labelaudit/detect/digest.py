"""One look at a row's probabilities: the few numbers of it that most of the audit needs."""

import numpy as np
import numpy.typing as npt

from labelaudit.core.dataset import Array, Digest


def digest(labels: npt.NDArray[np.int32], probabilities: Array) -> Digest:
    """Reduce `probabilities` float[n, K] to its digest, each row for itself.

    The columns keep the precision of the probabilities, so that margins taken from them are
    to the bit what they would be if taken from the full rows.
    """
    n_rows, n_classes = probabilities.shape
    index = np.arange(n_rows)
    self_confidence = probabilities[index, labels]
    others = probabilities.copy()
    others[index, labels] = -np.inf
    other = others.argmax(axis=1).astype(np.int32)
    entropy = np.zeros(n_rows, dtype=probabilities.dtype)
    square_sum = np.zeros(n_rows, dtype=np.float64)
    # Column by column, so that the sum of a row does not depend on its neighbours.
    columns = np.ascontiguousarray(probabilities.T)
    safe = np.where(columns > 0, columns, 1)
    terms = safe * np.log(safe)
    for column in range(n_classes):
        entropy -= terms[column]
        square_sum += columns[column].astype(np.float64) ** 2
    return Digest(
        self_confidence=self_confidence,
        other=other,
        other_probability=others[index, other],
        entropy=entropy,
        square_sum=square_sum,
    )
