"""Pairs of a given class and another, of which rows are asked for: few out of K x K."""

from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from labelaudit.core.listed import FEW_CLASSES
from labelaudit.core.rows import Array

# Where more than this share of all pairs is asked for, whole rows are compared at once.
_CROWDED = 0.125


@dataclass(frozen=True, kw_only=True)
class Pairs:
    """The pairs asked for, in order of given and other class, and how many rows of each.

    `given` and `other` int64[m], `limits` int64[m] above 0.
    """

    n_classes: int
    given: npt.NDArray[np.int64]
    other: npt.NDArray[np.int64]
    limits: npt.NDArray[np.int64]

    @classmethod
    def of(cls, counts: Any) -> "Pairs":
        """Return the pairs with a count above 0 in a matrix [K, K], dense or sparse."""
        if isinstance(counts, np.ndarray):
            given, other = np.nonzero(counts > 0)
            limits = counts[given, other]
        else:
            sparse = counts.tocsr().tocoo()
            asked = sparse.data > 0
            given, other, limits = sparse.row[asked], sparse.col[asked], sparse.data[asked]
        order = np.lexsort((other, given))
        return cls(
            n_classes=counts.shape[0],
            given=given[order].astype(np.int64),
            other=other[order].astype(np.int64),
            limits=limits[order].astype(np.int64),
        )

    def __len__(self) -> int:
        return len(self.limits)

    def __deepcopy__(self, memo: Any) -> "Pairs":
        return self  # nothing in it ever changes

    def __getstate__(self) -> dict[str, Any]:
        """Travel without what can be worked out again."""
        return {field.name: self.__dict__[field.name] for field in fields(self)}

    @cached_property
    def starts(self) -> npt.NDArray[np.int64]:
        """Where the pairs of each given class begin, int64[K + 1]."""
        return np.searchsorted(self.given, np.arange(self.n_classes + 1))

    @cached_property
    def _codes(self) -> npt.NDArray[np.int64]:
        return self.given * self.n_classes + self.other

    @cached_property
    def _table(self) -> npt.NDArray[np.int32]:
        table = np.full(self.n_classes**2, -1, dtype=np.int32)
        table[self._codes] = np.arange(len(self), dtype=np.int32)
        return table

    @property
    def crowded(self) -> bool:
        """Whether so many pairs are asked for that whole rows are compared at once."""
        few = self.n_classes <= FEW_CLASSES
        return few and len(self) > _CROWDED * self.n_classes**2

    def place(self, given: Array, other: Array) -> npt.NDArray[np.int64]:
        """Return which pair each of `given` and `other` int[n] is; -1 where it is not asked for."""
        codes = given.astype(np.int64) * self.n_classes + other
        if self.n_classes <= FEW_CLASSES:
            return self._table[codes].astype(np.int64)
        if not len(self):
            return np.full(len(codes), -1, dtype=np.int64)
        at = np.minimum(np.searchsorted(self._codes, codes), len(self) - 1)
        return np.where(self._codes[at] == codes, at, -1)

    def of_rows(self, labels: Array) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Return every pair asked for by `labels` int[n]: which row, and which pair."""
        first = self.starts[labels]
        counts = self.starts[labels + 1] - first
        rows = np.repeat(np.arange(len(labels)), counts)
        ends = np.cumsum(counts)
        return rows, np.arange(len(rows)) - (ends - counts - first)[rows]

    def lowest(self, values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Return for each given class the least of the values [m] of its pairs; inf without."""
        least = np.full(self.n_classes, np.inf)
        np.minimum.at(least, self.given, values)
        return least

    def spread(self, values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Return the values [m] as a matrix [K, K]; inf where a pair is not asked for."""
        table = np.full((self.n_classes, self.n_classes), np.inf)
        table[self.given, self.other] = values
        return table
