"""Counts of codes out of many: dense where the codes are few, else only of those that occur."""

from typing import Any

import numpy as np
import numpy.typing as npt

from labelaudit.core.rows import Array

_FEW = 1 << 16
_ROOM = 1 << 20


class CodeCounts:
    """How often each code from 0 to `size` - 1 occurs; memory goes with the codes that occur."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._dense = np.zeros(size if size <= _FEW else 0, dtype=np.int64)
        self._pieces: list[tuple[Array, Array]] = []
        self._held = 0
        self._room = _ROOM

    def __getstate__(self) -> dict[str, Any]:
        """Travel with the codes that occur: a fresh tally is sent with every shard."""
        found = np.flatnonzero(self._dense)
        return self.__dict__ | {"_dense": (len(self._dense), found, self._dense[found])}

    def __setstate__(self, state: dict[str, Any]) -> None:
        size, found, counts = state["_dense"]
        self.__dict__ |= state
        self._dense = np.zeros(size, dtype=np.int64)
        self._dense[found] = counts

    def add(self, codes: Array) -> None:
        """Count `codes` int[n]."""
        if self.size <= _FEW:
            self._dense += np.bincount(codes, minlength=self.size)
        else:
            self._add(*np.unique(codes, return_counts=True))

    def _add(self, codes: Array, counts: Array) -> None:
        self._pieces.append((codes, counts))
        self._held += len(codes)
        if self._held > self._room:
            self._room = max(_ROOM, 2 * len(self.result()[0]))
            self._held = len(self._pieces[0][0])

    def merge(self, other: "CodeCounts") -> None:
        self._dense += other._dense
        for piece in other._pieces:
            self._add(*piece)

    def result(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Return the codes that occur, ascending, and how often each does."""
        if self.size <= _FEW:
            found = np.flatnonzero(self._dense)
            return found, self._dense[found]
        if not self._pieces:
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
        codes, counts = (np.concatenate(column) for column in zip(*self._pieces, strict=True))
        found, place = np.unique(codes, return_inverse=True)
        total = np.zeros(len(found), dtype=np.int64)
        np.add.at(total, place, counts)
        self._pieces = [(found, total)]
        return found, total
