"""Rows of numbers in the order of the dataset: read, put in order of class, divided, summed."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from labelaudit.core.listed import Block, Listed, ListedRows, in_full
from labelaudit.core.rows import Array, Rows, Wanted, widened


@dataclass(frozen=True, kw_only=True, slots=True)
class Matrix:
    """Numbers that lie in a file or in memory, read a block of rows at a time.

    `values` are of shape (rows, columns): an array, or what lies in files. `rows` says which row
    of it belongs to each row of the dataset (None: the same), `columns` which column belongs to
    each class (None: the same; -1: no such column, its probability is 0). Where `normalise` is
    set each row is divided by its sum, in float64 (probabilities that were rounded to float16);
    where `softmax` is set the values are logits, and their softmax is what is read.
    `locate` names a row of `values` for a message ("predictions.csv, line 17"), `column_names`
    its columns.
    """

    values: Rows
    rows: npt.NDArray[np.int64] | None = None
    columns: tuple[int, ...] | None = None
    normalise: bool = False
    softmax: bool = False
    locate: Callable[[int], str] | None = None
    column_names: tuple[str, ...] | None = None

    def __reduce__(self) -> Any:
        """Travel without `locate`, which only the one who words a message needs."""
        return _unpacked, (self.values, self.rows, self.columns, self.normalise, self.softmax)

    def where(self, row: int) -> str:
        """Name the place in the user's file that row `row` of the dataset was read from."""
        own = row if self.rows is None else int(self.rows[row])
        return self.locate(own) if self.locate is not None else f"row {own} (from 0)"

    def column_at(self, class_index: int) -> str:
        """Name the column in the user's file that belongs to a class."""
        column = class_index if self.columns is None else self.columns[class_index]
        return self.column_names[column] if self.column_names is not None else f"column {column}"

    @property
    def width(self) -> int:
        return len(self.columns) if self.columns is not None else int(self.values.shape[1])

    @property
    def lists(self) -> bool:
        """Whether rows are read as `Listed`: too many classes to lay them out in full."""
        return isinstance(self.values, ListedRows) and self.width > self.values.few

    @property
    def row_cells(self) -> int:
        """About how many numbers are read for a row."""
        return min(self.width, NARROW) if self.lists else self.width

    def read(self, start: int, stop: int) -> Block:
        """Return rows `start` to `stop` as a C-ordered float32 or float64 array, or as listed."""
        return self._read(slice(start, stop) if self.rows is None else self.rows[start:stop])

    def take(self, rows: npt.NDArray[np.int64]) -> Block:
        """Return the named rows, in that order, to the bit as `read` returns them."""
        return self._read(rows if self.rows is None else self.rows[rows])

    def gather(self, rows: npt.NDArray[np.int64]) -> Array:
        """Return the named rows, ascending, laid out in full; of a mapped file nothing is kept."""
        pieces = []
        for start in range(0, max(len(rows), 1), _GATHERED):
            some = rows[start : start + _GATHERED]
            pieces.append(in_full(self.take(some)))
            if len(some):
                self.release(int(some[0]), int(some[-1]) + 1)
        return np.concatenate(pieces) if len(pieces) > 1 else pieces[0]

    def _read(self, wanted: Wanted) -> Block:
        if isinstance(self.values, ListedRows) and self.lists:
            listed = self.values.listed(wanted, self.width)
            return divided_by_row_sums(listed) if self.normalise else listed
        block = self.values[wanted]
        return self._in_class_order(softmax(block) if self.softmax else block)

    def release(self, start: int, stop: int) -> None:
        """Let go of what rows `start` to `stop` were read from, where it is a mapped file."""
        release = getattr(self.values, "release", None)
        if release is not None and self.rows is None:
            release(start, stop)

    def _in_class_order(self, block: Array) -> Array:
        dtype = np.float32 if block.dtype == np.float32 and not self.normalise else np.float64
        if self.columns is not None:
            wanted = np.array(self.columns, dtype=np.int64)
            picked = np.zeros((len(block), len(wanted)), dtype=dtype)
            known = wanted >= 0
            picked[:, known] = block[:, wanted[known]]
            block = picked
        block = np.ascontiguousarray(widened(block), dtype=dtype)
        return in_full(divided_by_row_sums(block)) if self.normalise else block


def _unpacked(values: Rows, rows: Any, columns: Any, normalise: bool, softmax: bool) -> Matrix:
    return Matrix(values=values, rows=rows, columns=columns, normalise=normalise, softmax=softmax)


# The system maps a page for every row, and its neighbours with it.
_GATHERED = 1 << 12
# Up to so many columns a block is cheaper to go through column by column.
NARROW = 64


def row_sums(block: Block, columns: Array | None = None) -> npt.NDArray[np.float64]:
    """Return the sum of each row, the same whatever rows are read with it.

    numpy adds in another order for another shape: so a narrow block is added column by column,
    a wide one along its rows, and never through numpy's buffer. `columns` is the transposed
    block, where that is at hand.
    """
    if isinstance(block, Listed):
        return block.sums()
    if block.shape[1] > NARROW:
        sums = np.add.reduce(np.ascontiguousarray(block), axis=1)
        return np.asarray(sums, dtype=np.float64)
    total = np.zeros(len(block), dtype=np.float64)
    for column in columns if columns is not None else np.ascontiguousarray(block.T):
        total += column
    return total


def in_columns(block: Block) -> Array | None:
    """Return a narrow block transposed, C-ordered: many rows of a column at a time; else None."""
    if isinstance(block, Listed) or block.shape[1] > NARROW:
        return None
    return block.T.copy(order="C")


def softmax(block: Array) -> Array:
    """Return the softmax of each row in float64; of log-probabilities it is the probabilities.

    The largest value of a row is taken off first, so that nothing overflows. No value depends on
    the rows that are read with it.
    """
    logits = np.ascontiguousarray(block, dtype=np.float64)
    with np.errstate(invalid="ignore", over="ignore"):  # no number: refused by the contract
        powers: Array = np.exp(logits - logits.max(axis=1, keepdims=True, initial=-np.inf))
        powers /= row_sums(powers)[:, None]
    return powers


def divided_by_row_sums(block: Block) -> Block:
    """Return each row divided by its sum, in float64; a row of zeros stays one."""
    sums = row_sums(block)
    sums = np.where(sums > 0, sums, 1.0)
    if isinstance(block, Listed):
        return block.divided(sums)
    divided = block.astype(np.float64)
    divided /= sums[:, None]
    return divided


def cache_rows(row_cells: int) -> int:
    """Return how many rows of so many numbers make about a megabyte or less."""
    return max(64, min(1 << 14, (1 << 18) // max(row_cells, 1)))
