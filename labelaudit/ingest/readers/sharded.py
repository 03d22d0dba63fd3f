"""Many files as one: each read by its own reader, one after the other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from copy import copy
from itertools import accumulate
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar, overload

import numpy as np
import numpy.typing as npt

from labelaudit.core.coded import Coded
from labelaudit.core.errors import InputError
from labelaudit.core.rows import Array, Rows, Stacked, as_mapped
from labelaudit.core.text import listed, printable
from labelaudit.ingest.readers import TableFile, open_arrays, open_table
from labelaudit.ingest.readers.coding import Coding

_Value = TypeVar("_Value")
_MOST_OPEN = 16


class ShardedTable:
    """A table cut into files; its rows are theirs, in their order.

    `shown` is what messages call each file.
    """

    def __init__(self, paths: Sequence[Path], shown: Sequence[str]) -> None:
        self.path = paths[0]
        self.shown = tuple(shown)
        self.tables: tuple[TableFile, ...] = tuple(map(open_table, paths))
        self.names = self.tables[0].names
        for name, table in zip(self.shown[1:], self.tables[1:], strict=True):
            _expect_columns(name, table.names, self.shown[0], self.names)

    @property
    def class_columns(self) -> tuple[str, ...]:
        return self.tables[0].class_columns

    def rows(self, columns: Sequence[str], scratch: Path | None = None) -> Rows:
        pieces = self._filled([table.rows(columns, scratch) for table in self.tables])
        (first, like), *others = pieces
        for name, piece in others:
            _expect_alike(name, piece, first, like)
        return InTurn([piece for _, piece in pieces])

    def numbers(self, columns: Sequence[str]) -> Array:
        return np.asarray(self.rows(columns)[:])

    def text(self, column: str) -> list[str | None]:
        return [cell for block in self.texts(column) for cell in block]

    def list_width(self, column: str) -> int | None:
        widths = [table.list_width(column) for table in self.tables]
        if not any(width is not None for width in widths):
            return None
        (first, like), *others = self._filled(widths)
        for name, width in others:
            if width != like:
                raise InputError(
                    f"{name}, column {printable(column, 60)!r}: holds {_lists(width)}, but "
                    f"{first} {_lists(like)}; all parts must have the same width"
                )
        return like

    def coded(self, column: str) -> Coded:
        said = [getattr(table, "holds", _nothing)(column) for table in self.tables]
        told = [each for each in self._filled(said) if each[1] is not None]
        for name, what in told[1:]:
            if what != told[0][1]:
                raise InputError(
                    f"{name}, column {printable(column, 60)!r}: holds {what}, but {told[0][0]} "
                    f"{told[0][1]}; all parts must have the same type"
                )
        return joined(table.coded(column) for table in self.tables)

    def cells(self, columns: Sequence[str], rows: npt.NDArray[np.int64]) -> list[list[Any]]:
        found: list[list[Any]] = []
        start = 0
        for table, end in zip(self.tables, self.ends(), strict=True):
            first, last = np.searchsorted(rows, (start, end))
            if last > first:
                found += table.cells(columns, rows[first:last] - start)
            start = end
        return found

    @property
    def picture_columns(self) -> tuple[str, ...]:
        return getattr(self.tables[0], "picture_columns", ())

    def texts(self, column: str) -> Iterator[list[str | None]]:
        for table in self.tables:
            yield from table.texts(column)

    def values(self, column: str) -> Iterator[list[Any]]:
        """Yield the cells as they are, of text as text."""
        for table in self.tables:
            yield from getattr(table, "values", table.texts)(column)

    def class_names(self, column: str) -> tuple[str, ...] | None:
        """Return the names that the parts give; what a part adds comes behind."""
        given = [names for table in self.tables if (names := table.class_names(column))]
        return tuple(dict.fromkeys(name for names in given for name in names)) or None

    def n_rows(self) -> int:
        return self.ends()[-1]

    def ends(self) -> tuple[int, ...]:
        """Return the row at which each part ends."""
        return tuple(accumulate(table.n_rows() for table in self.tables))

    def where(self, row: int) -> str:
        """Name the file, too."""
        ends = self.ends()
        part = min(int(np.searchsorted(ends, row, side="right")), len(ends) - 1)
        own = row - (ends[part - 1] if part else 0)
        return f"{self.shown[part]}, {self.tables[part].where(own)}"

    def _filled(self, values: Sequence[_Value]) -> list[tuple[str, _Value]]:
        """Return the values of the parts that have rows, by name: an empty part may say nothing."""
        named = list(zip(self.shown, values, strict=True))
        return [
            each for each, table in zip(named, self.tables, strict=True) if table.n_rows()
        ] or named[:1]


def _nothing(column: str) -> None:
    """Say what a table holds whose columns have no type: it can be told of each cell only."""


def joined(parts: Iterable[Coded]) -> Coded:
    """Return coded columns one after the other as one."""
    coding = Coding()
    for part in parts:
        coding.add_coded(part.distinct, part.codes)
    return coding.result()


def open_pieces(paths: Sequence[Path], shown: Sequence[str]) -> Stacked:
    """Return the arrays of `.npy` files as one; they are alike in all but their length."""
    pieces = [as_mapped(open_arrays(path)[""]) for path in paths]
    for name, piece in zip(shown, pieces, strict=True):
        if not piece.shape:
            raise InputError(f"{name}: holds one number, not one for each row")
        _expect_alike(name, piece, shown[0], pieces[0])
    return InTurn(pieces)


class InTurn(Stacked):
    """Pieces of which but the last few that were read are open.

    Each one open holds a file, of which a process may have some hundreds, and a block of rows.
    """

    def __init__(self, pieces: Sequence[Rows]) -> None:
        super().__init__(pieces)
        self.pieces = _LastOpen(pieces)


class _LastOpen(Sequence[Rows]):
    """Rows of which the least recently used are replaced by what would travel: not open."""

    def __init__(self, pieces: Sequence[Rows]) -> None:
        self._pieces = list(pieces)
        self._used: dict[int, None] = {}
        self._lock = Lock()

    def __reduce__(self) -> Any:
        return _LastOpen, (self._pieces,)

    def __len__(self) -> int:
        return len(self._pieces)

    @overload
    def __getitem__(self, index: int, /) -> Rows: ...
    @overload
    def __getitem__(self, index: slice, /) -> Sequence[Rows]: ...
    def __getitem__(self, index: int | slice, /) -> Rows | Sequence[Rows]:
        if isinstance(index, slice):
            return self._pieces[index]
        with self._lock:
            self._used.pop(index, None)
            self._used[index] = None
            if len(self._used) > _MOST_OPEN:
                oldest = next(iter(self._used))
                del self._used[oldest]
                if not isinstance(self._pieces[oldest], np.ndarray):
                    self._pieces[oldest] = copy(self._pieces[oldest])
            return self._pieces[index]


def _expect_columns(
    name: str, columns: tuple[str, ...], first: str, expected: tuple[str, ...]
) -> None:
    lacking = [f"'{column}'" for column in expected if column not in columns]
    added = [f"'{column}'" for column in columns if column not in expected]
    if lacking or added:
        said = [f"lacks {listed(lacking, 3)}"] if lacking else []
        said += [f"adds {listed(added, 3)}"] if added else []
        raise InputError(
            f"{name}: its columns are not those of {first}: it {' and '.join(said)}; all parts "
            "must have the same columns"
        )


def _expect_alike(name: str, piece: Rows, first: str, like: Rows) -> None:
    if piece.shape[1:] != like.shape[1:]:
        raise InputError(
            f"{name}: {_width(piece)}, but {first} {_width(like)}; all parts must have the same "
            "width"
        )
    # Texts are as wide as the longest of a file; that means nothing.
    if piece.dtype != like.dtype and not piece.dtype.kind == like.dtype.kind in "US":
        raise InputError(
            f"{name}: holds {piece.dtype}, but {first} {like.dtype}; all parts must have the "
            "same type"
        )


def _width(piece: Rows) -> str:
    if len(piece.shape) == 1:
        return "has one value a row"
    return f"has {' x '.join(map(str, piece.shape[1:]))} columns"


def _lists(width: int | None) -> str:
    return f"lists of {width:,} numbers" if width is not None else "no lists of one length"
