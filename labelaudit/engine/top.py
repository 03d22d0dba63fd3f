"""The n largest values of each of many keys, exact, in bounded memory."""

import numpy as np
import numpy.typing as npt

from labelaudit.core.rows import Array

_ROOM = 1 << 20
_FIRST = 1 << 15


class TopPerKey:
    """For every key its `limits[key]` largest values; among equals the lower row stays.

    `limits` int[number of keys]. Feeding and merging in any order gives the same result.
    `bars` float64[number of keys] is for the one who feeds: a value below its key's bar cannot
    stay and need not be offered.
    """

    def __init__(
        self, limits: npt.NDArray[np.int64], bars: npt.NDArray[np.float64] | None = None
    ) -> None:
        self.limits = limits
        self.bars = np.full(len(limits), -np.inf) if bars is None else bars
        self._room = _FIRST + int(limits.sum())
        self._pieces: list[tuple[Array, Array, Array]] = []
        self._held = 0

    def add(self, keys: Array, values: Array, rows: Array) -> None:
        """Offer `values` float[n] of `rows` int[n] under `keys` int[n]."""
        self._pieces.append((keys.astype(np.int64), values.astype(np.float64), rows))
        self._held += len(keys)
        if self._held > self._room:
            self._keep_the_best()

    def merge(self, other: "TopPerKey") -> None:
        for piece in other._pieces:
            self.add(*piece)

    def _keep_the_best(self) -> None:
        self._held = len(self.result()[0])
        self._room = max(self._room, self._held + self._held // 2)
        self.bars = np.maximum(self.bars, self.least())

    def least(self) -> npt.NDArray[np.float64]:
        """Return the least that stays of each key, which others must reach; inf where n is 0.

        -inf where fewer than n were offered: there anything may stay.
        """
        keys, values, _ = self.result()
        least = np.where(self.limits > 0, -np.inf, np.inf)
        full = (np.bincount(keys, minlength=len(self.limits)) >= self.limits) & (self.limits > 0)
        least[full] = np.inf
        crowd = full[keys]
        np.minimum.at(least, keys[crowd], values[crowd])
        return least

    def result(self) -> tuple[Array, Array, Array]:
        """Return keys, values and rows of what stays, in no order that means anything."""
        if not self._pieces:
            empty = np.empty(0, dtype=np.int64)
            return empty, np.empty(0), empty
        keys, values, rows = (np.concatenate(column) for column in zip(*self._pieces, strict=True))
        counts = np.bincount(keys, minlength=len(self.limits))
        crowded = np.flatnonzero((counts > self.limits)[keys])
        if len(crowded):
            stays = np.ones(len(keys), dtype=np.bool_)
            stays[crowded] = self._best(keys[crowded], values[crowded], rows[crowded])
            keys, values, rows = keys[stays], values[stays], rows[stays]
        self._pieces = [(keys, values, rows)]  # the rest need not be looked at again
        return keys, values, rows

    def _best(self, keys: Array, values: Array, rows: Array) -> npt.NDArray[np.bool_]:
        """Say which entries are among the best of their keys, all of which have too many."""
        packed = _packed(keys, values)
        in_order = np.sort(packed)
        own = np.flatnonzero(np.bincount(keys, minlength=len(self.limits)))
        first = np.searchsorted(in_order, own.astype(np.uint64) << np.uint64(32))
        last_code = np.zeros(len(self.limits), dtype=np.uint64)
        asked = self.limits[own] > 0
        last_code[own[asked]] = in_order[first[asked] + self.limits[own[asked]] - 1]
        stays = packed < last_code[keys]
        # What float32 cannot tell apart from the last place is sorted in full: few entries.
        even = np.flatnonzero(packed == last_code[keys])
        order = even[np.lexsort((rows[even], -values[even], keys[even]))]
        left = self.limits - np.bincount(keys[stays], minlength=len(self.limits))
        rank = np.arange(len(order)) - np.searchsorted(keys[order], keys[order])
        stays[order] = rank < left[keys[order]]
        return np.asarray(stays)


class NthLargest:
    """For every key a lower bound on its `limits[key]`-th largest value, within float32.

    Values are rounded down to float32, so that key and value fit into one integer and one sort
    of integers does it all.
    """

    def __init__(self, limits: npt.NDArray[np.int64]) -> None:
        self.limits = limits
        self._room = max(_ROOM, 4 * int(limits.sum()))
        self._pieces: list[npt.NDArray[np.uint64]] = []
        self._held = 0

    def add(self, keys: Array, values: Array) -> None:
        """Offer `values` float[n] under `keys` int[n], below 2^32."""
        self._pieces.append(_packed(keys, values))
        self._held += len(keys)
        if self._held > self._room:
            self._pieces = [self._kept()]
            self._held = len(self._pieces[0])

    def merge(self, other: "NthLargest") -> None:
        self._pieces.extend(other._pieces)
        self._held += other._held

    def _kept(self) -> npt.NDArray[np.uint64]:
        packed = np.concatenate([np.empty(0, dtype=np.uint64), *self._pieces])
        packed.sort()
        first = _first_of(packed, len(self.limits))
        rank = np.arange(len(packed)) - np.repeat(first[:-1], np.diff(first))
        return packed[rank < np.repeat(self.limits, np.diff(first))]

    def result(self) -> npt.NDArray[np.float64]:
        """Return the bound of each key, float64[keys]; -inf where fewer than n were offered."""
        packed = np.concatenate([np.empty(0, dtype=np.uint64), *self._pieces])
        packed.sort()
        first = _first_of(packed, len(self.limits))
        full = np.flatnonzero((np.diff(first) >= self.limits) & (self.limits > 0))
        bounds = np.full(len(self.limits), -np.inf)
        bounds[full] = _undone(packed[first[full] + self.limits[full] - 1])
        return bounds


def _first_of(packed: npt.NDArray[np.uint64], size: int) -> npt.NDArray[np.intp]:
    """Return where each key begins among sorted integers, and at last where they end."""
    return np.searchsorted(packed, np.arange(size + 1, dtype=np.uint64) << np.uint64(32))


def _packed(keys: Array, values: Array) -> npt.NDArray[np.uint64]:
    """Return integers that sort by key, then from large to small values as float32 sees them."""
    return (keys.astype(np.uint64) << np.uint64(32)) | _descending(values)


def _descending(values: Array) -> npt.NDArray[np.uint64]:
    """Return 32-bit codes that sort floats from large to small, rounded down to float32."""
    narrow = values.astype(np.float32)
    above = narrow > values
    if above.any():
        narrow[above] = np.nextafter(narrow[above], np.float32(-np.inf))
    bits = (narrow + np.float32(0)).view(np.uint32)  # -0.0 becomes 0.0
    ascending = np.where(bits >> 31, ~bits, bits | np.uint32(1 << 31))
    return (~ascending).astype(np.uint64)


def _undone(packed: npt.NDArray[np.uint64]) -> npt.NDArray[np.float64]:
    ascending = ~packed.astype(np.uint32)
    bits = np.where(ascending >> 31, ascending & np.uint32((1 << 31) - 1), ~ascending)
    return bits.astype(np.uint32).view(np.float32).astype(np.float64)
