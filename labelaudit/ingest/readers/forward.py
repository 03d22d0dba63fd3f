"""Rows that are decoded on the way: reading on is cheap, going back begins again."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from labelaudit.core.rows import Array, Stamp, Wanted
from labelaudit.ingest.readers.files import fault


class Blocks(Protocol):
    """A matrix in a file, decoded a block of rows at a time; pickles as its path."""

    @property
    def path(self) -> Path: ...

    @property
    def stamp(self) -> Stamp: ...

    @property
    def shape(self) -> tuple[int, ...]: ...

    @property
    def dtype(self) -> np.dtype[Any]: ...

    @property
    def forward(self) -> bool: ...

    def origin(self, row: int) -> int:
        """Return the row at which decoding must begin to reach a row."""
        ...

    def since(self, row: int) -> Iterator[tuple[int, Array]]:
        """Yield blocks and the row each begins with, from the one that holds a row on."""
        ...

    def reading(self) -> AbstractContextManager[None]:
        """Word what goes wrong meanwhile."""
        ...

    def release(self) -> None:
        """Let go of mapped pages."""
        ...


class Decoded:
    """A matrix (see `core.rows.Rows`) of which a cursor holds one block at a time.

    Ascending reads go on where the last one ended; only a step back, or one far ahead, begins
    anew. Each thread and each process has a cursor of its own, and none travels.
    """

    def __init__(self, blocks: Blocks) -> None:
        self._blocks = blocks
        self._cursors = threading.local()
        self.shape = blocks.shape
        self.dtype = blocks.dtype
        self.forward = blocks.forward

    def __reduce__(self) -> Any:
        return Decoded, (self._blocks,)

    def __len__(self) -> int:
        return self.shape[0]

    @property
    def ndim(self) -> int:
        return len(self.shape)

    def __getitem__(self, rows: Wanted, /) -> Array:
        """Return a slice of rows, or the named ones in any order; what is read is read-only."""
        self._blocks.stamp.check()
        if isinstance(rows, slice):
            start, stop, step = rows.indices(len(self))
            if step == 1:
                return self._between(start, stop)
            rows = np.arange(start, stop, step, dtype=np.int64)
        wanted = np.asarray(rows, dtype=np.int64)
        if len(wanted) and not (wanted.min() >= 0 and wanted.max() < len(self)):
            raise IndexError(f"rows {wanted.min()} to {wanted.max()} of {len(self)}")
        if (np.diff(wanted) >= 0).all():
            return self._take(wanted)
        order = np.argsort(wanted, kind="stable")
        taken = np.empty((len(wanted), *self.shape[1:]), dtype=self.dtype)
        taken[order] = self._take(wanted[order])
        return taken

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return np.asarray(self[:], dtype=dtype)

    def release(self, start: int, stop: int) -> None:
        """Let go of mapped pages where the file is large, and at its end of the last block."""
        self._blocks.release()
        if stop >= len(self):
            self._cursors.own = None

    def _between(self, start: int, stop: int) -> Array:
        """Return rows `start` to `stop`: a view where one block holds them."""
        if stop <= start:
            return np.empty((0, *self.shape[1:]), dtype=self.dtype)
        cursor = self._cursor_at(start)
        if stop <= cursor.stop:
            return cursor.block[start - cursor.start : stop - cursor.start]
        found = np.empty((stop - start, *self.shape[1:]), dtype=self.dtype)
        done = start
        while done < stop:
            cursor = self._cursor_at(done)
            until = min(stop, cursor.stop)
            own = slice(done - cursor.start, until - cursor.start)
            found[done - start : until - start] = cursor.block[own]
            done = until
        return found

    def _take(self, wanted: npt.NDArray[np.int64]) -> Array:
        """Return ascending rows."""
        found = np.empty((len(wanted), *self.shape[1:]), dtype=self.dtype)
        done = 0
        while done < len(wanted):
            cursor = self._cursor_at(int(wanted[done]))
            until = int(np.searchsorted(wanted, cursor.stop))
            found[done:until] = cursor.block[wanted[done:until] - cursor.start]
            done = until
        return found

    def _cursor_at(self, row: int) -> _Cursor:
        """Return this thread's cursor, its block the one that holds a row."""
        cursor: _Cursor | None = getattr(self._cursors, "own", None)
        with self._blocks.reading():
            if cursor is None or not cursor.can_reach(row):
                self._cursors.own = None  # what the old one holds is let go of first
                cursor = None
                cursor = _Cursor(self._blocks, row)
            try:
                cursor.reach(row)
            except BaseException:
                self._cursors.own = None
                raise
        self._cursors.own = cursor
        return cursor


class _Cursor:
    """The block that was decoded last, rows `start` to `stop`, and the way on from there."""

    def __init__(self, blocks: Blocks, row: int) -> None:
        self._blocks = blocks
        self._process = os.getpid()  # a fork shares the open file: it must open its own
        self._rest = blocks.since(row)
        self.start = self.stop = blocks.origin(row)
        self.block: Array = np.empty((0, *blocks.shape[1:]), dtype=blocks.dtype)

    def can_reach(self, row: int) -> bool:
        """Say whether going on to a row costs no more than beginning anew."""
        return (
            self._process == os.getpid()
            and self.start <= row
            and (row < self.stop or self._blocks.origin(row) <= self.stop)
        )

    def reach(self, row: int) -> None:
        while row >= self.stop:
            start, block = next(self._rest, (0, None))
            if block is None:
                raise fault(self._blocks.path, "ends before its last row; write it again")
            block.setflags(write=False)
            self.start, self.stop, self.block = start, start + len(block), block
        if self.stop >= self._blocks.shape[0]:
            self._rest = iter(())  # closes the file
