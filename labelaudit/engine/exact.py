"""Sums that do not depend on the order of their terms."""

from typing import Any

import numpy as np
import numpy.typing as npt

# A float64 holds integers exactly up to 2^53: so many terms of at most 2^40 can be added.
_ROWS = 1 << 13
_LIMB = 1 << 40


class ExactSums:
    """Sums of float terms, one for each of `size` keys, the same in any order.

    Terms are at most `largest` (a power of two) in size. Each is rounded to a multiple of
    2^-80 of it, which loses nothing of a float64 above 2^-27 of it; from then on all
    arithmetic is on integers, in two limbs of 40 bits.
    """

    def __init__(self, size: int, largest: float = 1.0) -> None:
        self.unit = largest / _LIMB
        self.totals = [0] * size

    def add(self, keys: npt.NDArray[Any], values: npt.NDArray[Any]) -> None:
        """Add `values` float[n] to the sums named by `keys` int[n]."""
        scaled = values.astype(np.float64) / self.unit  # by a power of two: exact
        whole = np.rint(scaled)
        rest = np.rint((scaled - whole) * _LIMB)
        size = len(self.totals)
        for start in range(0, len(keys), _ROWS):
            part = slice(start, start + _ROWS)
            high = np.bincount(keys[part], weights=whole[part], minlength=size)
            low = np.bincount(keys[part], weights=rest[part], minlength=size)
            for key in np.flatnonzero((high != 0) | (low != 0)):
                self.totals[key] += int(high[key]) * _LIMB + int(low[key])

    def merge(self, other: "ExactSums") -> None:
        pairs = zip(self.totals, other.totals, strict=True)
        self.totals = [mine + theirs for mine, theirs in pairs]

    def result(self) -> npt.NDArray[np.float64]:
        """Return the sums float64[size], correctly rounded."""
        return self.means(np.ones(len(self.totals), dtype=np.int64))

    def means(self, counts: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """Return the sums divided by `counts` int[size], correctly rounded; 0 where none."""
        means = [
            total / (int(count) * _LIMB) * self.unit if count else 0.0
            for total, count in zip(self.totals, counts, strict=True)
        ]
        return np.array(means, dtype=np.float64)
