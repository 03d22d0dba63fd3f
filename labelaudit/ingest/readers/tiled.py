"""A matrix whose columns cannot all be decoded at once, converted some columns at a time.

A Parquet reader holds a page and the dictionary of every column that it reads: of a thousand
columns that is gigabytes. So a few columns after the other are decoded, each time for all rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from labelaudit.core.rows import Array, Mapped, Wanted
from labelaudit.ingest.readers.scratch import keep


class Tiled:
    """A matrix (see `core.rows.Rows`) in a mapped file: tiles of columns, one after the other.

    Each tile holds all rows of `widths[i]` columns.
    """

    def __init__(self, values: Mapped, n_rows: int, widths: Sequence[int]) -> None:
        self._values = values
        self._widths = tuple(widths)
        self.shape = (n_rows, sum(widths))
        self.dtype = values.dtype

    def __len__(self) -> int:
        return self.shape[0]

    @property
    def ndim(self) -> int:
        return len(self.shape)

    def __getitem__(self, rows: Wanted, /) -> Array:
        return np.concatenate([tile[rows] for tile in self._tiles()], axis=1)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return np.asarray(self[:], dtype=dtype)

    def release(self, start: int, stop: int) -> None:
        """Let go of the pages that rows `start` to `stop` were read from."""
        first = 0
        for width in self._widths:
            self._values.release(first + start * width, first + stop * width)
            first += len(self) * width

    def _tiles(self) -> Iterator[Array]:
        values = self._values[:]
        first = 0
        for width in self._widths:
            stop = first + len(self) * width
            yield values[first:stop].reshape(len(self), width)
            first = stop


def tiled(
    groups: Sequence[Sequence[str]],
    blocks_of: Callable[[Sequence[str]], Iterable[Array]],
    n_rows: int,
    dtype: npt.DTypeLike,
    scratch: Path,
    path: Path,
) -> Tiled:
    """Convert groups of columns, one after the other, into one file in `scratch`."""
    cells = (block.reshape(-1, 1) for group in groups for block in blocks_of(group))
    kept = keep(cells, 1, scratch, path, dtype)
    assert isinstance(kept, Mapped)
    kept.shape = (kept.shape[0],)
    if kept.shape[0] != n_rows * sum(map(len, groups)):
        raise ValueError("ends before its last row")
    return Tiled(kept, n_rows, [len(group) for group in groups])
