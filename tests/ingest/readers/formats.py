"""One table in every format, and how a small one is read as if it were large."""

import gzip
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.parquet as pq

from labelaudit.ingest.readers import columnar, csv, jsonl

Table = Any


def _ipc(path: Path, table: Table, new: Callable[..., Any]) -> None:
    with pa.OSFile(str(path), "wb") as sink, new(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=5)


def _json(path: Path, table: Table) -> None:
    lines = "".join(json.dumps(row) + "\n" for row in table.to_pylist())
    path.write_bytes(gzip.compress(lines.encode()) if path.suffix == ".gz" else lines.encode())


def _csv(path: Path, table: Table) -> None:
    pyarrow.csv.write_csv(table, path)
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(path.read_bytes()))


COLUMNAR: dict[str, Callable[[Path, Table], None]] = {
    "t.parquet": lambda path, table: pq.write_table(table, path, row_group_size=5),
    "t.feather": lambda path, table: pyarrow.feather.write_feather(table, path, chunksize=5),
    "raw.feather": lambda path, table: pyarrow.feather.write_feather(
        table, path, chunksize=5, compression="uncompressed"
    ),
    "file.arrow": lambda path, table: _ipc(path, table, pa.ipc.new_file),
    "stream.arrow": lambda path, table: _ipc(path, table, pa.ipc.new_stream),
}
TEXT: dict[str, Callable[[Path, Table], None]] = {
    "t.csv": _csv,
    "t.csv.gz": _csv,
    "t.jsonl": _json,
    "t.jsonl.gz": _json,
}
WRITERS = COLUMNAR | TEXT


def written(folder: Path, name: str, table: Table) -> Path:
    WRITERS[name](folder / name, table)
    return folder / name


@contextmanager
def small_blocks(held_bytes: int = 0) -> Iterator[None]:
    """Let a few rows be many blocks, and a small file be as a large one."""
    with (
        mock.patch.object(columnar, "_MOST_ROWS", 3),
        mock.patch.object(csv, "_TEXT_ROWS", 3),
        mock.patch.multiple(jsonl, _BLOCK_CELLS=7, _TEXT_ROWS=3, _HELD_BYTES=held_bytes),
    ):
        yield
