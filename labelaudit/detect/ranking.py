"""The default ranking: how doubtful a label is, given what flows one way between classes.

Pure functions of the digest and of small results. Products, quotients, sums and square roots
only: these are rounded alike on every processor, so that ranks are the same everywhere.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from labelaudit.core.dataset import Digest
from labelaudit.core.listed import FEW_CLASSES
from labelaudit.core.rows import Array

# How many standard deviations the one direction must exceed the other.
SIGNIFICANT = 3.0
# A probability below this counts as this: rows at exactly 0 are still told apart.
LEAST = 1e-12
NOT_COUNTED = -1


@dataclass(frozen=True, kw_only=True)
class OneWay:
    """How much of each class's probability is expected on another because of one-way flow.

    `codes` int64[m], ascending, are given class * K + true class; `rates` float64[m], above 0,
    say how many examples of the true class are labelled as the given one, for each that keeps
    its label. A pair that is not listed has rate 0.
    """

    n_classes: int
    codes: npt.NDArray[np.int64]
    rates: npt.NDArray[np.float64]

    @cached_property
    def _table(self) -> npt.NDArray[np.float64]:
        table = np.zeros(self.n_classes**2)
        table[self.codes] = self.rates
        return table

    def __getstate__(self) -> dict[str, Any]:
        """Travel without what can be worked out again."""
        return {"n_classes": self.n_classes, "codes": self.codes, "rates": self.rates}

    def of(self, given: Array, true: Array) -> npt.NDArray[np.float64]:
        """Return the rate of each pair of `given` and `true` classes int[n]."""
        if not len(self.codes):
            return np.zeros(len(given))
        asked = given.astype(np.int64) * self.n_classes + true
        if self.n_classes <= FEW_CLASSES:
            return self._table[asked]
        return _looked_up(self.codes, self.rates, asked)


def counted_class(
    confident: npt.NDArray[np.int32], labels: npt.NDArray[np.int32], digest: Digest
) -> npt.NDArray[np.int32]:
    """Return the class that each row is counted in for `one_way`, or -1 for none.

    `confident` int[n] is the class each row is confidently in, -1 for none. A row that is
    confidently in another class than its label counts only where another class also beats the
    label: a class given to few examples, most of them wrongly, has a threshold so low that
    rows pass it which are plainly of another class.
    """
    agrees = confident == labels
    beaten = digest.other_probability > digest.self_confidence
    return np.where(agrees | beaten, confident, NOT_COUNTED).astype(np.int32)


def one_way(
    codes: npt.NDArray[np.int64],
    counts: npt.NDArray[np.int64],
    class_counts: npt.NDArray[np.int64],
    z: float = SIGNIFICANT,
) -> OneWay:
    """Return which true classes are labelled as another class more often than the reverse.

    Overlap of two classes is two-way: as many cats pass for dogs as dogs for cats. A habit of
    the labelling is one-way. With J the counts of rows by given class i and counted class j,
    each row of J scaled to the class count of i (its diagonal at least 1 before):

        A[i, j] = max(0, J[i, j] - J[j, i] - z sqrt(J[i, j] + J[j, i])),  i != j
        rate[i, j] = A[i, j] / (sum of column j of J - sum of column j of A)

    Parameters
    ----------
    codes, counts : int64[m]
        The pairs that occur, ascending, as given * K + counted class (see `counted_class`), and
        how many rows of each.
    class_counts : int64[K]
        How many rows bear each label.
    z : float
        By how many standard deviations one direction must exceed the other.
    """
    n_classes = len(class_counts)
    every = np.arange(n_classes, dtype=np.int64) * (n_classes + 1)
    lacking = every[~np.isin(every, codes)]
    codes = np.concatenate([codes, lacking])
    order = np.argsort(codes, kind="stable")
    codes = codes[order]
    values = np.concatenate([counts, np.ones(len(lacking), dtype=np.int64)])[order].astype(float)
    given, true = np.divmod(codes, n_classes)
    values *= (class_counts / np.bincount(given, weights=values, minlength=n_classes))[given]
    back = _looked_up(codes, values, true * n_classes + given)
    excess = np.maximum(values - back - z * np.sqrt(values + back), 0)  # 0 on the diagonal
    kept = np.bincount(true, weights=values - excess, minlength=n_classes)
    flows = excess > 0
    return OneWay(n_classes=n_classes, codes=codes[flows], rates=excess[flows] / kept[true[flows]])


def label_quality(
    labels: npt.NDArray[np.int32],
    digest: Digest,
    thresholds: npt.NDArray[np.float64],
    flow: OneWay,
) -> npt.NDArray[np.float64]:
    """How well a label holds against its strongest rival, 0 (worst) to 1 (best).

    With p the probability of the given label y, q that of the most probable other class o,
    t the mean self-confidence of class y, and r the rate at which class o is labelled y one way:

        w = p / (p + r q)                the share of p that such flow does not explain
        v = p w^8
        label_quality = v / (v + q^(1/4) t^(1/2))

    Where nothing flows one way w is 1. The exponents are fixed; nothing is trained. It orders
    rows and is no probability. A p below 1e-12 counts as 1e-12, so no row is exactly 0; a row
    certain of its label is 1.
    Source: ours, chosen on synthetic families against one-way, two-way, uniform and
    example-dependent noise (benchmarks/detection); thresholds and confident counts as in
    Northcutt, Jiang and Chuang, JAIR 2021.

    Parameters
    ----------
    labels : int32[n]
    digest : Digest
    thresholds : float64[K]
        The mean self-confidence of each class.
    flow : OneWay
    """
    own = np.maximum(digest.self_confidence.astype(np.float64), LEAST)
    rival = np.maximum(digest.other_probability.astype(np.float64), 0)
    share = own / (own + flow.of(labels, digest.other) * rival)
    for _ in range(3):
        share *= share
    value = own * share
    return np.asarray(value / (value + np.sqrt(np.sqrt(rival) * thresholds[labels])))


def _looked_up(
    codes: npt.NDArray[np.int64], values: npt.NDArray[np.float64], asked: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """Return the values of the codes asked for; 0 where a code is not among the sorted `codes`."""
    at = np.minimum(np.searchsorted(codes, asked), len(codes) - 1)
    return np.where(codes[at] == asked, values[at], 0.0)
