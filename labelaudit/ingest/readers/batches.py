"""Where Arrow's batches come from: Parquet by row groups, Arrow IPC where it lies."""

from __future__ import annotations

import mmap
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from itertools import accumulate
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from labelaudit.core.rows import LET_GO_ABOVE, Stamp
from labelaudit.ingest.readers.files import BOMB_BYTES, BOMB_RATIO, fault, reading

_IPC_MAGIC = b"ARROW1"
_DAMAGE = (pa.ArrowException, LookupError, MemoryError, OverflowError, ValueError)
# Of each column so much is read at a time: without it Arrow reads a row group as a whole.
_READ_BYTES = 1 << 14
_PAGE_BYTES = 1 << 20  # what most writers cut pages to


class Batches(Protocol):
    """A file of Arrow's types; pickles as its path.

    `forward` says that going back costs decoding again.
    """

    @property
    def path(self) -> Path: ...

    @property
    def stamp(self) -> Stamp: ...

    @property
    def schema(self) -> Any: ...

    @property
    def forward(self) -> bool: ...

    def n_rows(self) -> int: ...

    def origin(self, row: int) -> int:
        """Return the row at which decoding begins in order to reach a row."""
        ...

    def since(
        self, row: int, columns: Sequence[str], size: int, as_dictionary: bool = False
    ) -> Iterator[tuple[int, list[Any]]]:
        """Yield the columns, at most `size` rows at a time, from the piece that holds a row on.

        With each piece comes its first row. What a damaged file claims is checked. Text comes
        as a dictionary where that is asked for and costs nothing.
        """
        ...

    def bytes_per_row(self, column: str) -> int:
        """Return about how many bytes the cells of a column take."""
        ...

    def held_bytes(self, column: str) -> int:
        """Return about how much memory is held for a column while it is decoded."""
        ...

    def reading(self) -> AbstractContextManager[None]:
        """Word what Arrow raises."""
        ...

    def release(self) -> None:
        """Let go of mapped pages."""
        ...


def open_batches(path: Path) -> Batches:
    """Open a file, by the end of its name."""
    return ParquetBatches(path) if path.suffix.lower() == ".parquet" else IpcBatches(path)


class ParquetBatches:
    """A Parquet file, of which a row group is never held as a whole."""

    forward = True

    def __init__(self, path: Path) -> None:
        self.path = path
        with self.reading():
            self.stamp = Stamp.of(path)
            with pq.ParquetFile(path) as file:
                self.schema = file.schema_arrow
                self._metadata = file.metadata
            groups = map(self._metadata.row_group, range(self._metadata.num_row_groups))
            schema = self._metadata.schema
            paths = (schema.column(leaf).path for leaf in range(len(schema)))
            # Of a nested column only the last leaf is known by its name: the cells of a list.
            self._leaves = {path.partition(".")[0]: leaf for leaf, path in enumerate(paths)}
            self._leaves |= {schema.column(leaf).path: leaf for leaf in range(len(schema))}
            lengths = (int(group.num_rows) for group in groups)
            self._starts = list(accumulate(lengths, initial=0))
            self._trusted: set[str] = set()
        if self._starts[-1] != self._metadata.num_rows:
            raise fault(path, "ends before its last row; write it again")

    def __reduce__(self) -> Any:
        return _reopened, (ParquetBatches, self.stamp)

    def n_rows(self) -> int:
        return self._starts[-1]

    def origin(self, row: int) -> int:
        return self._starts[self._group(row)]

    def since(
        self, row: int, columns: Sequence[str], size: int, as_dictionary: bool = False
    ) -> Iterator[tuple[int, list[Any]]]:
        self.stamp.check()
        for column in set(columns) - self._trusted:
            self._refuse_bomb(column)
        group = self._group(row)
        groups = list(range(group, len(self._starts) - 1))
        start = self._starts[group]
        with pq.ParquetFile(
            self.path,
            metadata=self._metadata,
            read_dictionary=list(columns) if as_dictionary else None,
            buffer_size=_READ_BYTES,
            pre_buffer=False,
        ) as file:
            for batch in file.iter_batches(size, row_groups=groups, columns=list(columns)):
                if start + batch.num_rows > row:
                    yield start, _checked(batch, columns)
                start += batch.num_rows

    def bytes_per_row(self, column: str) -> int:
        chunk, *_ = [*self._chunks(column), None]
        if chunk is None or not self.n_rows():
            return 0
        return int(chunk.total_uncompressed_size) // max(self._starts[1], 1)

    def held_bytes(self, column: str) -> int:
        return max(map(_held_bytes, self._chunks(column)), default=0)

    def reading(self) -> AbstractContextManager[None]:
        return reading(self.path, "Parquet file", *_DAMAGE)

    def release(self) -> None:
        pass  # nothing is mapped

    def _chunks(self, column: str) -> list[Any]:
        """Return what the file says of the cells of a column, a row group at a time."""
        leaf = self._leaves.get(column)
        groups = map(self._metadata.row_group, range(self._metadata.num_row_groups))
        return [group.column(leaf) for group in groups] if leaf is not None else []

    def _refuse_bomb(self, column: str) -> None:
        """Refuse a column of which pieces would unpack to far more than they are."""
        for chunk in self._chunks(column):
            packed, unpacked = chunk.total_compressed_size, chunk.total_uncompressed_size
            if unpacked > BOMB_BYTES and unpacked > BOMB_RATIO * packed:
                raise fault(
                    self.path,
                    f"would unpack from {packed:,} to {unpacked:,} bytes, which is not done; "
                    "write it in smaller row groups",
                    column=column,
                )
        self._trusted.add(column)

    def _group(self, row: int) -> int:
        return max(bisect_right(self._starts, row) - 1, 0)


class IpcBatches:
    """An Arrow IPC file or stream (Feather, too), mapped: what is not compressed is not copied."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with self.reading():
            self.stamp = Stamp.of(path)
            self._mapping = _map(path)
            self._is_file = self._mapping[: len(_IPC_MAGIC)] == _IPC_MAGIC
            self.forward = True
            self.schema = self._open([]).schema
            self._starts: list[int] | None = None if self.schema.names else [0, 0]
            self.forward = not self._is_file or not self._lies_open()

    def __reduce__(self) -> Any:
        return _reopened, (IpcBatches, self.stamp)

    def n_rows(self) -> int:
        return self._lengths()[-1]

    def origin(self, row: int) -> int:
        if not self.forward:
            return row
        return self._lengths()[self._part(row)] if self._is_file else 0

    def since(
        self, row: int, columns: Sequence[str], size: int, as_dictionary: bool = False
    ) -> Iterator[tuple[int, list[Any]]]:
        self.stamp.check()
        for start, batch in self._from(row, columns):
            for begin in range(max(row - start, 0), batch.num_rows, size):
                yield start + begin, _checked(batch.slice(begin, size), columns)

    def held_bytes(self, column: str) -> int:
        return 0  # a record batch is mapped, or unpacked as a whole

    def bytes_per_row(self, column: str) -> int:
        first = next((b for _, b in self._from(0, [column]) if b.num_rows), None)
        return 0 if first is None else int(first.nbytes) // int(first.num_rows)

    def reading(self) -> AbstractContextManager[None]:
        return reading(self.path, "Arrow or Feather file", *_DAMAGE)

    def release(self) -> None:
        if self.stamp.size >= LET_GO_ABOVE and hasattr(self._mapping, "madvise"):
            self._mapping.madvise(mmap.MADV_DONTNEED)

    def _open(self, columns: Sequence[str]) -> Any:
        source = pa.BufferReader(pa.py_buffer(self._mapping))
        # Some columns of a file are copied, all of them are not: choose where they are unpacked.
        chosen = set(columns) if self.forward else set()
        wanted = sorted(self.schema.names.index(column) for column in chosen)
        options = pa.ipc.IpcReadOptions(included_fields=wanted or None)
        opened = pa.ipc.open_file if self._is_file else pa.ipc.open_stream
        return opened(source, options=options)

    def _from(self, row: int, columns: Sequence[str]) -> Iterator[tuple[int, Any]]:
        """Yield the record batches and the row each begins with, from that of a row on."""
        reader = self._open(columns)
        if self._is_file:
            starts = self._lengths()
            for part in range(self._part(row), len(starts) - 1):
                yield starts[part], reader.get_batch(part)
            return
        start = 0
        for batch in reader:
            if start + batch.num_rows > row:
                yield start, batch
            start += batch.num_rows

    def _part(self, row: int) -> int:
        return max(bisect_right(self._lengths(), row) - 1, 0)

    def _lengths(self) -> list[int]:
        """Return where each record batch begins, and the number of rows: read once."""
        if self._starts is None:
            with self.reading():
                reader = self._open([self._cheapest()])
                batches = (
                    map(reader.get_batch, range(reader.num_record_batches))
                    if self._is_file
                    else iter(reader)
                )
                lengths = [_length(batch) for batch in batches]
                self._starts = list(accumulate(lengths, initial=0))
        return self._starts

    def _cheapest(self) -> str:
        """Return a column that is unpacked at little cost, where they are compressed."""
        fixed = [
            field.name
            for field in self.schema
            if pa.types.is_primitive(field.type) or pa.types.is_boolean(field.type)
        ]
        return str([*fixed, *self.schema.names][0])

    def _lies_open(self) -> bool:
        """Say whether the first record batch is read in place, so that nothing is unpacked."""
        reader = self._open([])
        if not self.schema.names or not reader.num_record_batches:
            return True
        begin = pa.py_buffer(self._mapping).address
        buffers = [
            buffer
            for column in reader.get_batch(0).columns
            for buffer in column.buffers()
            if buffer is not None and buffer.size
        ]
        end = begin + len(self._mapping)
        return all(begin <= buffer.address < end for buffer in buffers)


def _held_bytes(chunk: Any) -> int:
    """Return what Arrow holds of a column: a page, and its dictionary packed, unpacked, decoded."""
    rest = int(chunk.total_uncompressed_size)
    dictionary = 0
    if chunk.has_dictionary_page and chunk.dictionary_page_offset is not None:
        dictionary = int(chunk.data_page_offset) - int(chunk.dictionary_page_offset)
    return 3 * max(dictionary, 0) + min(max(rest - dictionary, 0), _PAGE_BYTES)


def _reopened(kind: type[Any], stamp: Stamp) -> Any:
    """Open a file in another process, as it was in the first."""
    stamp.check()
    return kind(stamp.path)


def _map(path: Path) -> mmap.mmap:
    with path.open("rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def _checked(batch: Any, columns: Sequence[str]) -> list[Any]:
    """Return columns, checked to be what they claim: a damaged file may point outside itself."""
    arrays = [batch.column(column) for column in columns]
    for array in arrays:
        array.validate(full=True)
    return arrays


def _length(batch: Any) -> int:
    batch.validate()
    return int(batch.num_rows)
