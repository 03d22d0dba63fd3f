"""Parquet, Feather and Arrow IPC (files and streams), read column by column."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from labelaudit.core.coded import Coded
from labelaudit.core.errors import InputError
from labelaudit.core.rows import Array, Rows, Stamp
from labelaudit.core.text import listed
from labelaudit.ingest.readers.arrow import (
    CellFault,
    first_seen,
    is_list_of_numbers,
    is_numeric,
    lists,
    numbers,
    positions,
    storage_type,
    values,
)
from labelaudit.ingest.readers.batches import Batches, open_batches
from labelaudit.ingest.readers.cells import CellError, cell_text
from labelaudit.ingest.readers.coding import Coding
from labelaudit.ingest.readers.files import fault, require_columns, require_file
from labelaudit.ingest.readers.forward import Decoded
from labelaudit.ingest.readers.tiled import tiled

# What is decoded at a time, as float64 or as text: a few of these are in memory.
_BLOCK_BYTES = 1 << 23
_MOST_ROWS = 1 << 16
# Where decoding all columns at once would hold more, they are converted in groups of so much.
_MOST_HELD = 1 << 28
_HELD_BYTES = 1 << 26
_OF_TEXT = (pa.string(), pa.large_string(), pa.string_view())


class ColumnarTable:
    """A table whose columns have types, and whose metadata may name the classes.

    Names come from the features of Hugging Face datasets, or from a dictionary type (what
    pandas calls categorical). A code of the former is read as its name.
    """

    def __init__(self, path: Path) -> None:
        require_file(path)
        self.path = path
        self._batches = open_batches(path)
        self._schema = self._batches.schema
        self.names: tuple[str, ...] = tuple(self._schema.names)
        repeated = [name for name in dict.fromkeys(self.names) if self.names.count(name) > 1]
        if repeated:
            shown = listed([f"'{name}'" for name in repeated])
            raise fault(path, f"has several columns named {shown}; give each its own name")

    @property
    def class_columns(self) -> tuple[str, ...]:
        return tuple(name for name in self.names if self._features(name) is not None)

    def text(self, column: str) -> list[str | None]:
        return [cell for block in self.texts(column) for cell in block]

    def texts(self, column: str) -> Iterator[list[str | None]]:
        require_columns(self.path, self.names, [column])
        names = self._code_names(column)
        with self._batches.reading():
            for start, (array,) in self._pieces(column):
                yield self._texts_of(array, column, names, start)

    def values(self, column: str) -> Iterator[list[Any]]:
        """Yield the cells as they are, lists and objects too, in blocks of bounded size."""
        require_columns(self.path, self.names, [column])
        with self._batches.reading():
            for _, (array,) in self._pieces(column):
                yield values(array)

    def cells(self, columns: Sequence[str], rows: npt.NDArray[np.int64]) -> list[list[Any]]:
        require_columns(self.path, self.names, columns)
        found: list[list[Any]] = []
        if not columns:
            return [[] for _ in rows]
        width = sum(self._batches.bytes_per_row(column) for column in columns)
        size = max(1, min(_BLOCK_BYTES // max(width, 1), _MOST_ROWS))
        with self._batches.reading():
            while len(found) < len(rows):
                for start, arrays in self._batches.since(int(rows[len(found)]), columns, size):
                    stop = start + len(arrays[0])
                    wanted = rows[len(found) : np.searchsorted(rows, stop)] - start
                    if len(wanted):
                        own = positions(wanted)
                        found += map(list, zip(*(values(a.take(own)) for a in arrays), strict=True))
                    # What lies far ahead is gone to, not read up to.
                    ahead = rows[len(found) : len(found) + 1]
                    if not len(ahead) or self._batches.origin(int(ahead[0])) > stop:
                        break
        return found

    @property
    def picture_columns(self) -> tuple[str, ...]:
        """The columns of files as Hugging Face datasets holds them: objects with their `bytes`."""
        kinds = {name: self._kind(name) for name in self.names}
        return tuple(
            name
            for name, kind in kinds.items()
            if pa.types.is_struct(kind)
            and kind.get_field_index("bytes") >= 0
            and storage_type(kind.field("bytes").type) in (pa.binary(), pa.large_binary())
        )

    def coded(self, column: str) -> Coded:
        require_columns(self.path, self.names, [column])
        names = self._code_names(column)
        coding = Coding()
        with self._batches.reading():
            is_text = pa.types.is_string(self._schema.field(column).type)
            for start, (array,) in self._pieces(column, as_dictionary=is_text):
                found = first_seen(array)
                if found is None:
                    coding.add(self._texts_of(array, column, names, start))
                else:
                    distinct, seen, positions = found
                    texts = self._texts_of(distinct, column, names, start, seen)
                    coding.add_coded(texts, positions)
        return coding.result()

    def holds(self, column: str) -> str | None:
        """Say in a word what the cells of a column are, codes being the names they stand for."""
        require_columns(self.path, self.names, [column])
        kind = self._kind(column)
        kind = kind.value_type if pa.types.is_dictionary(kind) else kind
        if self._code_names(column) is not None or storage_type(kind) in _OF_TEXT:
            return "text"
        if pa.types.is_boolean(kind):
            return "true or false"
        return "numbers" if is_numeric(kind) else None

    def numbers(self, columns: Sequence[str]) -> Array:
        require_columns(self.path, self.names, columns)
        kinds = {self._schema.field(column).type for column in columns}
        dtype = np.dtype(np.float32 if kinds == {pa.float32()} else np.float64)
        found = _Numbers(self._batches, tuple(columns), (None,) * len(columns), dtype)
        with self._batches.reading():
            matrix = np.empty((self.n_rows(), len(columns)), dtype=dtype)
            stop = 0 if columns else len(matrix)
            for start, block in found.since(0):
                stop = start + len(block)
                matrix[start:stop] = block
            if stop != len(matrix):
                raise fault(self.path, "ends before its last row; write it again")
        return matrix

    def rows(self, columns: Sequence[str], scratch: Path | None = None) -> Rows:
        """Return the matrix, read from the file where it lies.

        Only where decoding all columns at once would hold too much are they converted.
        """
        require_columns(self.path, self.names, columns)
        kinds = [self._kind(column) for column in columns]
        cells = {kind.value_type if is_list_of_numbers(kind) else kind for kind in kinds}
        narrow = {pa.float16(): np.float16, pa.float32(): np.float32}
        dtype = np.dtype(narrow.get(next(iter(cells)), np.float64) if len(cells) == 1 else float)
        if not columns:
            return np.empty((self.n_rows(), 0), dtype=dtype)
        widths = tuple(self.list_width(column) for column in columns)
        with self._batches.reading():
            groups = self._groups(columns)
            if scratch is not None and len(groups) > 1 and set(widths) == {None}:
                return self._tiled(groups, dtype, scratch)
        return Decoded(_Numbers(self._batches, tuple(columns), widths, dtype))

    def list_width(self, column: str) -> int | None:
        require_columns(self.path, self.names, [column])
        kind = self._kind(column)
        if not is_list_of_numbers(kind):
            return None
        if pa.types.is_fixed_size_list(kind):
            return int(kind.list_size)
        with self._batches.reading():
            for _, (array,) in self._batches.since(0, [column], 1 << 10):
                present = array.drop_null()
                if len(present):
                    return len(present[0])
        return 0

    def class_names(self, column: str) -> tuple[str, ...] | None:
        require_columns(self.path, self.names, [column])
        names = self._features(column)
        if names is not None or not pa.types.is_dictionary(self._schema.field(column).type):
            return names
        found: dict[str, None] = {}
        known = None
        with self._batches.reading():
            try:
                for _, (array,) in self._pieces(column):
                    if known is not None and array.dictionary.equals(known):
                        continue
                    known = array.dictionary
                    texts = map(cell_text, values(known))
                    found |= dict.fromkeys(text for text in texts if text is not None)
            except CellError as error:
                raise fault(self.path, str(error), where="categories", column=column) from None
        return tuple(found)

    def n_rows(self) -> int:
        return self._batches.n_rows()

    def where(self, row: int) -> str:
        return _where(row)

    def _groups(self, columns: Sequence[str]) -> list[list[str]]:
        """Cut columns into groups, each decoded in little memory; one where all of them are."""
        held = [self._batches.held_bytes(column) for column in columns]
        if sum(held) <= _MOST_HELD:
            return [list(columns)]
        size = max(1, _HELD_BYTES // max(held))
        return [list(columns[at : at + size]) for at in range(0, len(columns), size)]

    def _tiled(self, groups: list[list[str]], dtype: np.dtype[Any], scratch: Path) -> Rows:
        def blocks_of(group: Sequence[str]) -> Iterator[Array]:
            found = _Numbers(self._batches, tuple(group), (None,) * len(group), dtype)
            return (block for _, block in found.since(0))

        return tiled(groups, blocks_of, self.n_rows(), dtype, scratch, self.path)

    def _kind(self, column: str) -> Any:
        return storage_type(self._schema.field(column).type)

    def _pieces(self, column: str, as_dictionary: bool = False) -> Iterator[tuple[int, list[Any]]]:
        """Yield a column in pieces of bounded size."""
        size = _BLOCK_BYTES // max(self._batches.bytes_per_row(column), 1)
        return self._batches.since(0, [column], max(1, min(size, _MOST_ROWS)), as_dictionary)

    def _texts_of(
        self,
        array: Any,
        column: str,
        names: tuple[str, ...] | None,
        start: int,
        seen: Array | None = None,
    ) -> list[str | None]:
        """Return cells as text; the rows of the table are `seen` from `start` on."""
        texts: list[str | None] = []
        try:
            for value in values(array):
                text = cell_text(value)
                texts.append(_name(text, names) if names is not None else text)
        except CellError as error:
            at = len(texts)
            row = start + (at if seen is None else int(seen[at]) if at < len(seen) else 0)
            raise _fault_at(self.path, row, column, error) from None
        return texts

    def _code_names(self, column: str) -> tuple[str, ...] | None:
        """Return the class names that the cells of a column are codes of, or None."""
        is_code = pa.types.is_integer(self._schema.field(column).type)
        return self._features(column) if is_code else None

    def _features(self, column: str) -> tuple[str, ...] | None:
        """Return the names of a ClassLabel, as Hugging Face datasets writes them, or None."""
        written = (self._schema.metadata or {}).get(b"huggingface", b"null")
        try:
            feature = json.loads(written)["info"]["features"][column]
            names = feature["names"] if feature["_type"] == "ClassLabel" else None
        except (TypeError, ValueError, LookupError, RecursionError):
            return None
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            return None
        return tuple(names)


@dataclass(frozen=True, slots=True)
class _Numbers:
    """Columns of numbers side by side; of a column of lists `widths` says how many it holds."""

    batches: Batches
    columns: tuple[str, ...]
    widths: tuple[int | None, ...]
    dtype: np.dtype[Any]

    @property
    def path(self) -> Path:
        return self.batches.path

    @property
    def stamp(self) -> Stamp:
        return self.batches.stamp

    @property
    def shape(self) -> tuple[int, int]:
        return self.batches.n_rows(), self._width

    @property
    def forward(self) -> bool:
        return self.batches.forward

    def origin(self, row: int) -> int:
        return self.batches.origin(row)

    def since(self, row: int) -> Iterator[tuple[int, Array]]:
        if not self.columns:
            return
        size = max(1, min(_MOST_ROWS, _BLOCK_BYTES // (8 * max(self._width, 1))))
        for start, arrays in self.batches.since(row, self.columns, size):
            yield start, self._side_by_side(start, arrays)

    def reading(self) -> AbstractContextManager[None]:
        return self.batches.reading()

    def release(self) -> None:
        self.batches.release()

    @property
    def _width(self) -> int:
        return sum(1 if width is None else width for width in self.widths)

    def _side_by_side(self, start: int, arrays: list[Any]) -> Array:
        if len(arrays) == 1:
            block = self._converted(start, 0, arrays[0])
            return block if block.ndim == 2 else block[:, None]
        matrix = np.empty((len(arrays[0]), self._width), dtype=self.dtype)
        at = 0
        for index, array in enumerate(arrays):
            block = self._converted(start, index, array)
            if block.ndim == 1:
                matrix[:, at] = block
                at += 1
            else:
                matrix[:, at : at + block.shape[1]] = block
                at += block.shape[1]
        return matrix

    def _converted(self, start: int, index: int, array: Any) -> Array:
        width = self.widths[index]
        try:
            return numbers(array, self.dtype) if width is None else lists(array, width, self.dtype)
        except CellFault as error:
            path, column = self.batches.path, self.columns[index]
            raise _fault_at(path, start + error.at, column, error) from None


def _fault_at(path: Path, row: int, column: str, error: CellError) -> InputError:
    return fault(path, str(error), where=_where(row), column=column)


def _where(row: int) -> str:
    return f"row {row} (from 0)"


def _name(code: str | None, names: tuple[str, ...]) -> str | None:
    """Return the class name of a code; -1 is what Hugging Face writes for no label."""
    if code is None or code == "-1":
        return None
    if not 0 <= int(code) < len(names):
        raise CellError(
            f"the code {code} has no name, the file names {len(names)} classes; "
            "correct the code or the names"
        )
    return names[int(code)]
