"""Parquet, Feather and Arrow IPC (files and streams), read column by column."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from labelaudit.core.text import listed, printable
from labelaudit.ingest.readers.arrow import fill, floats
from labelaudit.ingest.readers.cells import CellError, cell_number, cell_text
from labelaudit.ingest.readers.files import fault, reading, require_columns, require_file

_IPC_MAGIC = b"ARROW1"
_DAMAGE = (pa.ArrowException, LookupError, MemoryError, OverflowError, ValueError)


class ColumnarTable:
    """A table whose columns have types, and whose metadata may name the classes.

    Names come from the features of Hugging Face datasets, or from a dictionary type (what
    pandas calls categorical). A code of the former is read as its name.
    """

    def __init__(self, path: Path) -> None:
        require_file(path)
        self.path = path
        self._is_parquet = path.suffix.lower() == ".parquet"
        with self._reading():
            self._schema, self._n_rows = self._inspect()
            self.names: tuple[str, ...] = tuple(self._schema.names)
        repeated = [name for name in dict.fromkeys(self.names) if self.names.count(name) > 1]
        if repeated:
            shown = listed([f"'{name}'" for name in repeated])
            raise fault(path, f"has several columns named {shown}; give each its own name")

    def text(self, column: str) -> list[str | None]:
        require_columns(self.path, self.names, [column])
        kind = self._schema.field(column).type
        names = self._features(column) if pa.types.is_integer(kind) else None
        cells: list[str | None] = []
        with self._reading():
            try:
                for (array,) in self._columns([column]):
                    for value in _values(array):
                        text = cell_text(value)
                        cells.append(_name(text, names) if names is not None else text)
            except CellError as error:
                raise self._fault_at(len(cells), column, error) from None
        return cells

    def numbers(self, columns: Sequence[str]) -> npt.NDArray[Any]:
        require_columns(self.path, self.names, columns)
        n_rows = self.n_rows()
        narrow = all(pa.types.is_float32(self._schema.field(column).type) for column in columns)
        dtype = np.float32 if columns and narrow else np.float64
        with self._reading():
            matrix = np.empty((n_rows, len(columns)), dtype=dtype)
            if columns and fill(matrix, self._blocks(columns, dtype)) != n_rows:
                raise fault(self.path, "ends before its last row; write it again")
        return matrix

    def class_names(self, column: str) -> tuple[str, ...] | None:
        require_columns(self.path, self.names, [column])
        names = self._features(column)
        if names is not None or not pa.types.is_dictionary(self._schema.field(column).type):
            return names
        found: dict[str, None] = {}
        with self._reading():
            try:
                for (array,) in self._columns([column]):
                    texts = map(cell_text, _values(array.dictionary))
                    found |= dict.fromkeys(text for text in texts if text is not None)
            except CellError as error:
                raise fault(self.path, str(error), where="categories", column=column) from None
        return tuple(found)

    def n_rows(self) -> int:
        if self._n_rows is None:
            with self._reading():
                self._n_rows = sum(len(array) for (array,) in self._columns(self.names[:1]))
        return self._n_rows

    def where(self, row: int) -> str:
        return f"row {row} (from 0)"

    def _reading(self) -> AbstractContextManager[None]:
        kind = "Parquet file" if self._is_parquet else "Arrow or Feather file"
        return reading(self.path, kind, *_DAMAGE)

    def _inspect(self) -> tuple[Any, int | None]:
        """Return the schema, and the number of rows where that is written down."""
        if self._is_parquet:
            with pq.ParquetFile(self.path) as file:
                return file.schema_arrow, int(file.metadata.num_rows)
        with pa.memory_map(str(self.path)) as source:
            schema = _open_ipc(source).schema
            return schema, None if schema.names else 0

    def _columns(self, columns: Sequence[str]) -> Iterator[list[Any]]:
        """Yield the wanted columns, some rows at a time, checked to be what they claim."""
        for batch in self._batches(columns):
            arrays = [batch.column(column) for column in columns]
            for array in arrays:
                array.validate(full=True)  # a damaged file may point outside of itself
            yield arrays

    def _batches(self, columns: Sequence[str]) -> Iterator[Any]:
        if self._is_parquet:
            with pq.ParquetFile(self.path) as file:
                yield from file.iter_batches(columns=list(columns))
            return
        wanted = sorted(self.names.index(column) for column in set(columns))
        with pa.memory_map(str(self.path)) as source:
            reader = _open_ipc(source, pa.ipc.IpcReadOptions(included_fields=wanted))
            if isinstance(reader, pa.ipc.RecordBatchFileReader):
                yield from map(reader.get_batch, range(reader.num_record_batches))
            else:
                yield from reader

    def _blocks(
        self, columns: Sequence[str], dtype: npt.DTypeLike
    ) -> Iterator[list[npt.NDArray[Any]]]:
        start = 0
        for arrays in self._columns(columns):
            yield [
                self._numbers_of(array, column, start, dtype)
                for array, column in zip(arrays, columns, strict=True)
            ]
            start += len(arrays[0])

    def _numbers_of(
        self, array: Any, column: str, start: int, dtype: npt.DTypeLike
    ) -> npt.NDArray[Any]:
        if pa.types.is_dictionary(array.type):
            array = array.dictionary_decode()
        if _is_numeric(array.type) or pa.types.is_null(array.type):
            return floats(array, dtype)
        values: list[float] = []
        try:
            for value in _values(array):
                values.append(cell_number(value))
        except CellError as error:
            raise self._fault_at(start + len(values), column, error) from None
        return np.array(values, dtype=dtype)

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

    def _fault_at(self, row: int, column: str, error: CellError) -> Exception:
        return fault(self.path, str(error), where=self.where(row), column=column)


def _open_ipc(source: Any, options: Any = None) -> Any:
    """Open an Arrow file or, where the file's mark is missing, a stream."""
    is_file = source.read(len(_IPC_MAGIC)) == _IPC_MAGIC
    source.seek(0)
    open_reader = pa.ipc.open_file if is_file else pa.ipc.open_stream
    return open_reader(source, options=options)


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


def _values(array: Any) -> list[Any]:
    """Return an Arrow array as Python values that `cell_text` and `cell_number` know.

    Dates and other types that Python lacks come as text.
    """
    kind = array.type
    types = pa.types
    if types.is_dictionary(kind):
        return _values(array.dictionary_decode())
    if types.is_floating(kind):  # through text: the float32 0.1 is '0.1'
        shown = array.cast(pa.string()).to_pylist()
        return [None if text is None else float(text) for text in shown]
    if isinstance(kind, pa.BaseExtensionType):
        return _values(array.storage)
    if types.is_nested(kind) or types.is_binary(kind) or types.is_large_binary(kind):
        return list(array.to_pylist())
    plain = types.is_integer, types.is_boolean, types.is_decimal, types.is_null
    if any(is_plain(kind) for is_plain in plain):
        return list(array.to_pylist())
    try:
        return list(array.cast(pa.large_string()).to_pylist())
    except pa.ArrowNotImplementedError:
        raise CellError(f"cells of type {printable(kind, 40)} are not supported") from None


def _is_numeric(kind: Any) -> bool:
    return bool(
        pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    )
