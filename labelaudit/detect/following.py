"""What else the model thinks of a suspect: the class it puts next, after given and suggested."""

import numpy as np
import numpy.typing as npt

from labelaudit.core.rows import Array

NO_CLASS = -1


def next_class(
    full: Array, given: npt.NDArray[np.int32], other: npt.NDArray[np.int32]
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float64]]:
    """Return the most probable class of each row but two, int32[n], and its probability.

    The lowest index among equals. Of several classes left that are all as probable none is
    next: so it is where predictions list a few classes only and the others share the rest. None
    is class -1 with a probability of NaN.

    Parameters
    ----------
    full : float[n, K], all probabilities of the rows.
    given, other : int32[n], the classes to leave out; they differ.
    """
    n_rows, n_classes = full.shape
    if n_classes < 3:
        return np.full(n_rows, NO_CLASS, dtype=np.int32), np.full(n_rows, np.nan)
    rows = np.arange(n_rows)
    left = full.copy()
    left[rows, given] = left[rows, other] = np.inf
    least = left.min(axis=1)
    left[rows, given] = left[rows, other] = -np.inf
    found = left.argmax(axis=1)
    probability = left[rows, found]
    known = (probability > least) | (n_classes == 3)
    return np.where(known, found, NO_CLASS).astype(np.int32), np.where(known, probability, np.nan)
