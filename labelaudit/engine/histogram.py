"""Histograms of probabilities: for each class, how many rows fall into each of 2^16 fixed bins."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from labelaudit.core.rows import Array
from labelaudit.engine.counts import CodeCounts

BINS = 1 << 16
# So many bins are counted where they lie, the lowest of each class; of the others those that occur.
_LOW = 1 << 22
_LEAST = 512
# So many values wait to be counted together, class by class: a megabyte or eight.
_WAITING = 1 << 22


def bins_of(probabilities: Array) -> npt.NDArray[np.uint16]:
    """Return the bin uint16 of each probability: equal steps of its root, from 0 and from 1.

    Bin b of the lower half holds p from 2 (b / 2^16)^2 on; the upper half mirrors it. So bins are
    3e-5 wide in the middle and 5e-10 at both ends, where sure models crowd, and many classes. The
    first and the last are of 0 and 1 alone, and of what is let through a hair beyond these.
    All that is worked out with is rounded alike by every machine, and never out of order.
    """
    smaller = np.subtract(1, probabilities)
    np.minimum(smaller, probabilities, out=smaller)
    np.maximum(smaller, 0, out=smaller)
    above = smaller > 0
    smaller *= 2.0**31
    bins = np.sqrt(smaller, out=smaller).astype(np.uint16)
    np.maximum(bins, above, out=bins)
    # 65535 - b has the bits of b turned over.
    bins ^= (probabilities > 0.5).astype(np.uint16) * np.uint16(BINS - 1)
    return bins


def of_one_value(codes: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Say of bins, class * 2^16 + bin, which hold 0 or 1 alone: their rows are ties in truth."""
    return np.isin(codes % BINS, (0, BINS - 1))


class FineBins:
    """How many rows have their probability of a class in a bin, for all classes and bins.

    A row's probabilities sum to 1, so of many classes few can be large: the lowest bins of each
    are counted in a table (33 MB at most, to 8,192 classes), those above where they occur.
    """

    def __init__(self, n_classes: int) -> None:
        self.n_classes = n_classes
        self._width = min(BINS, max(_LEAST, _LOW // max(n_classes, 1)))
        self._low = np.zeros(0, dtype=np.int64)
        self._high = CodeCounts(n_classes * BINS)
        self._waiting: list[Array] = []
        self._n_waiting = 0

    def __getstate__(self) -> dict[str, Any]:
        """Travel with the bins that occur: a fresh tally is sent with every shard."""
        self._count()
        found = np.flatnonzero(self._low)
        counts = self._low[found]
        small = np.min_scalar_type(counts.max(initial=0))
        state = {"_low": (found.astype(np.uint32), counts.astype(small))}
        return self.__dict__ | state

    def __setstate__(self, state: dict[str, Any]) -> None:
        found, counts = state["_low"]
        self.__dict__ |= state
        self._low = np.zeros(0, dtype=np.int64)
        if len(found):
            self._table()[found] = counts

    def add(self, bins: npt.NDArray[np.uint16]) -> None:
        """Count the bins uint16[n, K] of further rows."""
        self._waiting.append(bins)
        self._n_waiting += bins.size
        if self._n_waiting >= _WAITING:
            self._count()

    def add_one_each(self, classes: Array, bins: npt.NDArray[np.uint16]) -> None:
        """Count rows of which only the bin uint16[n] in one class, `classes` int[n], matters."""
        if self._width < BINS:
            high = bins >= self._width
            self._high.add(classes[high].astype(np.int64) * BINS + bins[high])
            bins = np.minimum(bins, self._width)
        np.add.at(self._table(), classes * np.int64(self._width + 1) + bins, 1)

    def merge(self, other: "FineBins") -> None:
        self._count()
        other._count()
        if other._low.size:
            self._table()[:] += other._low
        self._high.merge(other._high)

    def in_parts(self) -> Iterator[tuple[range, npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
        """Yield some classes at a time: which, the codes that occur, and how often each does.

        A code is class * 2^16 + bin; they ascend.
        """
        self._count()
        high, times = self._high.result()
        low, width = self._table().reshape(self.n_classes, -1), self._width
        step = max(1, (_LOW >> 5) // width)
        for first in range(0, self.n_classes, step):
            classes = range(first, min(first + step, self.n_classes))
            own = low[classes.start : classes.stop, :width]
            at, bins = np.nonzero(own)
            some = slice(*np.searchsorted(high, (first * BINS, classes.stop * BINS)))
            codes, counts = (at + first) * BINS + bins, own[at, bins]
            places = np.searchsorted(codes, high[some])
            yield (
                classes,
                np.insert(codes, places, high[some]),
                np.insert(counts, places, times[some]),
            )

    def _table(self) -> npt.NDArray[np.int64]:
        """Return the table, flat; one bin more in each class is for what is counted elsewhere."""
        if not self._low.size:
            self._low = np.zeros(self.n_classes * (self._width + 1), dtype=np.int64)
        return self._low

    def _count(self) -> None:
        """Count what waits: class by class, whose part of the table stays in the cache."""
        if not self._waiting:
            return
        bins = np.concatenate(self._waiting)
        self._waiting, self._n_waiting = [], 0
        if self._width < BINS:
            rows, classes = np.nonzero(bins >= self._width)
            self._high.add(classes * BINS + bins[rows, classes])
            np.minimum(bins, self._width, out=bins)
        table = self._table().reshape(self.n_classes, -1)
        for own, column in zip(table, np.ascontiguousarray(bins.T), strict=True):
            counts = np.bincount(column)
            own[: len(counts)] += counts
