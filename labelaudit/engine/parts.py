"""Per-row columns, one part for each shard: in memory, or as Arrow files in a folder."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from labelaudit.core.dataset import Shard
from labelaudit.core.errors import InputError
from labelaudit.engine.passes import Columns


class Parts:
    """Columns of numbers, by shard. With a folder they lie on disk and are memory-mapped."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder
        self._held: dict[int, Columns] = {}

    def keep(self, shard: Shard, columns: Columns) -> None:
        if self.folder is None:
            self._held[shard.index] = columns
            return
        import pyarrow as pa

        self.folder.mkdir(parents=True, exist_ok=True)
        # Not `pa.table` and not `to_numpy`: both import pandas.
        arrays = [pa.array(values) for values in columns.values()]
        table = pa.Table.from_arrays(arrays, names=list(columns))
        with (
            pa.OSFile(str(self._file(shard)), "wb") as sink,
            pa.ipc.new_file(sink, table.schema) as writer,
        ):
            writer.write_table(table, max_chunksize=max(table.num_rows, 1))

    def get(self, shard: Shard) -> Columns:
        """Return the columns of one shard, as read-only arrays."""
        if self.folder is None:
            return self._held[shard.index]
        import pyarrow as pa

        path = self._file(shard)
        try:
            table = pa.ipc.open_file(pa.memory_map(str(path))).read_all()
        except (OSError, pa.ArrowInvalid) as error:
            raise InputError(
                f"{path}: this part of the audit cannot be read ({type(error).__name__}); "
                "run `labelaudit ingest` again"
            ) from None
        if table.num_rows != shard.stop - shard.start:
            raise InputError(
                f"{path}: has {table.num_rows:,} rows, not {shard.stop - shard.start:,}; "
                "run `labelaudit ingest` again"
            )
        return {name: _values(table.column(name)) for name in table.column_names}

    def _file(self, shard: Shard) -> Path:
        assert self.folder is not None
        return self.folder / f"part-{shard.index:05d}.arrow"


def _values(column: Any) -> npt.NDArray[Any]:
    """Return an Arrow column of numbers without nulls as numpy has them, in place."""
    chunks = [np.from_dlpack(chunk) for chunk in column.chunks if len(chunk)]
    if len(chunks) == 1:
        return np.asarray(chunks[0])
    return np.concatenate(chunks) if chunks else np.empty(0, column.type.to_pandas_dtype())
