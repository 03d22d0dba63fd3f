"""A part of the input, opened: one file, or the files it is cut into, read as one."""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from labelaudit.core.rows import Rows, Stacked, as_mapped
from labelaudit.core.text import printable
from labelaudit.ingest.folder import Part
from labelaudit.ingest.readers import TableFile, open_arrays, open_table
from labelaudit.ingest.readers.sharded import ShardedTable, open_pieces


def table_of(part: Part, file: str) -> TableFile:
    """Open a table; `file` is what messages call it."""
    if part.files:
        return ShardedTable(part.files, _names(part, file))
    return open_table(part.path)


def arrays_of(part: Part, file: str, scratch: Path | None = None) -> Mapping[str, Rows]:
    """Open arrays by key; the one of a `.npy`, or of many, has the key ''."""
    if part.files:
        return {"": open_pieces(part.files, _names(part, file))}
    found = open_arrays(part.path, scratch)
    return {key: as_mapped(array) for key, array in found.items()}


def array_place(part: Part, file: str, values: Rows) -> Callable[[int], str]:
    """Return what names the file and the place of a row of an array."""
    if not isinstance(values, Stacked):
        return lambda row: f"{file}, row {row} (from 0)"
    names, starts = _names(part, file), values.starts

    def place(row: int) -> str:
        piece = int(np.searchsorted(starts, row, side="right")) - 1
        return f"{names[piece]}, row {row - starts[piece]} (from 0)"

    return place


def ends_of(source: TableFile | Rows) -> tuple[int, ...]:
    """Return the rows at which the files of a table or array end, where it is cut into files."""
    if isinstance(source, ShardedTable):
        return source.ends()
    if isinstance(source, Stacked):
        return tuple(source.starts[1:].tolist())
    return ()


def _names(part: Part, file: str) -> list[str]:
    """Return what messages call each of the files."""
    if part.path.is_dir():
        inside = (path.relative_to(part.path).as_posix() for path in part.files)
        return [f"{file}/{printable(path)}" for path in inside]
    folder = file[: file.rfind("/") + 1]
    return [folder + printable(path.name) for path in part.files]
