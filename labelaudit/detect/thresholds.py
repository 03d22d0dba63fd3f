"""From when on a prediction counts as confident, class by class."""

import numpy as np
import numpy.typing as npt

from labelaudit.core.dataset import Batch
from labelaudit.engine.exact import ExactSums

LOWEST = 2e-6
NEVER = 2.0
TOLERANCE = 1e-6


class Thresholds:
    """The mean self-confidence of each class: t_k = mean of P[y = k, k].

    Clipped below at 2e-6; a class without examples gets 2, which no probability reaches.
    Source: Northcutt, Jiang and Chuang, Confident Learning, JAIR 2021, section 3.1;
    bounds as in cleanlab 2.9.
    """

    def __init__(self, n_classes: int) -> None:
        self.sums = ExactSums(n_classes)
        self.counts = np.zeros(n_classes, dtype=np.int64)

    def update(self, batch: Batch) -> None:
        assert batch.digest is not None
        self.sums.add(batch.labels, batch.digest.self_confidence)
        self.counts += np.bincount(batch.labels, minlength=len(self.counts))

    def merge(self, other: "Thresholds") -> None:
        self.sums.merge(other.sums)
        self.counts += other.counts

    def result(self) -> npt.NDArray[np.float64]:
        """Return the thresholds float64[K]."""
        means = self.sums.means(self.counts)
        return np.where(self.counts > 0, np.maximum(means, LOWEST), NEVER)
