"""Where the ids of one file stand in another: exactly, and in bounded memory.

Up to some millions of ids a table of all of them is made. Beyond, both sides are cut alike into
partitions by a hash, on disk, and each pair of partitions is matched by itself: equal ids are in
partitions of equal number, so the hash decides where they are compared, never whether.
"""

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from labelaudit.core.arrow import column_of
from labelaudit.core.rows import Array
from labelaudit.core.texts import Texts

MISSING = -1
# More ids than these are partitioned, where there is a folder to do it in.
AT_ONCE = 1 << 22
PARTITIONS = 64
_BLOCK = 1 << 18

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Ids:
    """The ids of a file, and the folder of their partitions where they are too many at once."""

    texts: Texts
    partitions: Path | None = None

    def __len__(self) -> int:
        return len(self.texts)

    def partitioned(self, scratch: Path) -> "Ids":
        """Return the ids with their partitions in files."""
        if self.partitions is not None:
            return self
        return Ids(texts=self.texts, partitions=_write_partitions(self.texts, scratch))

    def partition(self, index: int) -> tuple[Any, Rows]:
        """Return the ids of a partition as an Arrow array, and their rows, ascending."""
        import pyarrow as pa

        assert self.partitions is not None
        with pa.memory_map(str(_file(self.partitions, index))) as source:
            table = pa.ipc.open_file(source).read_all()
            if not len(table):
                return Texts.of([]).arrow(), np.empty(0, dtype=np.int64)
            # As one array: of many small ones each would be looked up by itself.
            return table.column(0).combine_chunks(), np.array(column_of(table.column(1)))


def ids_of(texts: Texts, scratch: Path | None = None) -> Ids:
    """Return texts as ids, partitioned where they are many; that none repeats is not checked."""
    ids = Ids(texts=texts)
    return ids.partitioned(scratch) if scratch is not None and len(texts) > AT_ONCE else ids


def first_repeat(ids: Ids) -> tuple[int, int] | None:
    """Return the first row whose id was already used, and the row that used it; None: no such."""
    if ids.partitions is None:
        return _repeat_in(ids.texts.arrow())
    found = []
    for index in range(PARTITIONS):
        texts, rows = ids.partition(index)
        if (repeat := _repeat_in(texts)) is not None:
            found.append((int(rows[repeat[0]]), int(rows[repeat[1]])))
    return min(found, default=None)


def match(own: Ids, other: Ids, scratch: Path | None = None) -> tuple[Rows, npt.NDArray[np.bool_]]:
    """Return the row in `other` of each own id (-1: none), and which rows of `other` have none.

    On neither side may an id occur twice.
    """
    if own.texts.is_same_as(other.texts):
        return np.arange(len(own)), np.zeros(len(other), dtype=np.bool_)
    rows = np.full(len(own), MISSING, dtype=np.int64)
    unmatched = np.ones(len(other), dtype=np.bool_)
    for own_texts, own_rows, other_texts, other_rows in _pairs(own, other, scratch):
        found = _looked_up(own_texts, other_texts)
        hit = np.flatnonzero(found != MISSING)
        there = found[hit] if other_rows is None else other_rows[found[hit]]
        rows[hit if own_rows is None else own_rows[hit]] = there
        unmatched[there] = False
    return rows, unmatched


def _pairs(
    own: Ids, other: Ids, scratch: Path | None
) -> Iterator[tuple[Any, Rows | None, Any, Rows | None]]:
    if scratch is None or (own.partitions is None and other.partitions is None):
        yield own.texts.arrow(), None, other.texts.arrow(), None
        return
    own, other = own.partitioned(scratch), other.partitioned(scratch)
    for index in range(PARTITIONS):
        yield *own.partition(index), *other.partition(index)


def _repeat_in(texts: Any) -> tuple[int, int] | None:
    # Codes are given in order of first appearance: up to the first repeat they are row numbers.
    codes = _numbers(texts.dictionary_encode().indices, np.int32)
    repeats = codes != np.arange(len(codes), dtype=np.int32)
    row = int(repeats.argmax()) if len(repeats) else 0
    return (row, int(codes[row])) if len(repeats) and repeats[row] else None


def _looked_up(own: Any, other: Any) -> Array:
    import pyarrow as pa
    import pyarrow.compute as pc

    found = pc.index_in(own, value_set=other)
    is_found = _numbers(found.is_valid().cast(pa.uint8()), np.uint8)
    return np.where(is_found, _numbers(found, np.int32), np.int32(MISSING))


def _numbers(array: Any, dtype: npt.DTypeLike) -> Array:
    """Return what an Arrow array holds, nulls as they lie; `to_numpy` would import pandas."""
    if not len(array):
        return np.empty(0, dtype=dtype)
    return np.frombuffer(array.buffers()[1], dtype=dtype, count=array.offset + len(array))[
        array.offset :
    ]


def _write_partitions(texts: Texts, scratch: Path) -> Path:
    """Write (id, row) of every text to the partition that its hash names; return their folder."""
    import pyarrow as pa

    folder = Path(tempfile.mkdtemp(dir=scratch, prefix="ids-"))
    schema = pa.schema([("id", pa.large_string()), ("row", pa.int64())])
    with ExitStack() as files:
        writers = [
            files.enter_context(pa.ipc.new_file(str(_file(folder, index)), schema))
            for index in range(PARTITIONS)
        ]
        for start in range(0, len(texts), _BLOCK):
            block = texts.arrow(start, start + _BLOCK)
            hashes = np.fromiter(map(hash, block.to_pylist()), dtype=np.int64, count=len(block))
            partitions = (hashes % PARTITIONS).astype(np.uint8)
            order = np.argsort(partitions, kind="stable")
            rows = pa.py_buffer(start + order)
            sorted_rows = pa.Array.from_buffers(pa.int64(), len(order), [None, rows])
            sorted_texts = Texts.of_arrow(block).take(order).arrow()
            batch = pa.RecordBatch.from_arrays([sorted_texts, sorted_rows], schema=schema)
            ends = np.searchsorted(partitions[order], np.arange(PARTITIONS), side="right")
            begin = 0
            for writer, end in zip(writers, ends.tolist(), strict=True):
                if end > begin:
                    writer.write_batch(batch.slice(begin, end - begin))
                begin = end
            texts.release(start, start + _BLOCK)
    return folder


def _file(folder: Path, index: int) -> Path:
    return folder / f"{index:02d}.arrow"
