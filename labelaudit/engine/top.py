"""The n largest values of each of many keys, exact, in bounded memory."""

import numpy as np
import numpy.typing as npt

from labelaudit.core.dataset import Array

_ROOM = 1 << 20


class TopPerKey:
    """For every key its `limits[key]` largest values; among equals the lower row stays.

    `limits` int[number of keys]. Feeding and merging in any order gives the same result.
    """

    def __init__(self, limits: npt.NDArray[np.int64]) -> None:
        self.limits = limits
        self._room = max(_ROOM, 4 * int(limits.sum()))
        self._pieces: list[tuple[Array, Array, Array]] = []
        self._held = 0

    def add(self, keys: Array, values: Array, rows: Array) -> None:
        """Offer `values` float[n] of `rows` int[n] under `keys` int[n]."""
        self._pieces.append((keys.astype(np.int64), values.astype(np.float64), rows))
        self._held += len(keys)
        if self._held > self._room:
            self._pieces = [self.result()]
            self._held = len(self._pieces[0][0])

    def merge(self, other: "TopPerKey") -> None:
        for piece in other._pieces:
            self.add(*piece)

    def result(self) -> tuple[Array, Array, Array]:
        """Return keys, values and rows of what stays, by key, largest value first."""
        if not self._pieces:
            empty = np.empty(0, dtype=np.int64)
            return empty, np.empty(0), empty
        keys, values, rows = (np.concatenate(column) for column in zip(*self._pieces, strict=True))
        order = np.lexsort((rows, -values, keys))
        keys, values, rows = keys[order], values[order], rows[order]
        rank = np.arange(len(keys)) - np.searchsorted(keys, keys)
        stays = rank < self.limits[keys]
        return keys[stays], values[stays], rows[stays]

    def bar(self) -> npt.NDArray[np.float64]:
        """Return the smallest value that stays, by key; -inf where fewer than n were offered."""
        keys, values, _ = self.result()
        bar = np.full(len(self.limits), -np.inf)
        full = np.bincount(keys, minlength=len(self.limits)) >= self.limits
        lowest = np.full(len(self.limits), np.inf)
        np.minimum.at(lowest, keys, values)
        return np.where(full, lowest, bar)
