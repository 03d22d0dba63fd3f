"""Per-row columns, one part for each shard: in memory, or as Arrow files in a folder."""

from pathlib import Path

from labelaudit.core.arrow import column_of, table_of
from labelaudit.core.dataset import Shard
from labelaudit.core.errors import InputError
from labelaudit.core.folder import at_once
from labelaudit.engine.passes import Columns


class Parts:
    """Columns, by shard. With a folder they lie on disk and are memory-mapped.

    `of_every_row` says that there must be an entry for each row of the shard.
    """

    def __init__(self, folder: Path | None = None, of_every_row: bool = True) -> None:
        self.folder = folder
        self.of_every_row = of_every_row
        self._held: dict[int, Columns] = {}

    def beneath(self, name: str) -> "Parts":
        """Return a place of its own beneath this one."""
        if self.folder is None:
            return Parts()
        return Parts(self.folder / name, self.of_every_row)

    def keep(self, shard: Shard, columns: Columns) -> None:
        if self.folder is None:
            self._held[shard.index] = columns
            return
        import pyarrow as pa

        # Without its parents: where the audit was given up meanwhile nothing comes back to life.
        self.folder.mkdir(exist_ok=True)
        table = table_of(columns)
        with (
            at_once(self._file(shard)) as partial,
            pa.OSFile(str(partial), "wb") as sink,
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
        if self.of_every_row and table.num_rows != shard.stop - shard.start:
            raise InputError(
                f"{path}: has {table.num_rows:,} rows, not {shard.stop - shard.start:,}; "
                "run `labelaudit ingest` again"
            )
        return {name: column_of(table.column(name)) for name in table.column_names}

    def _file(self, shard: Shard) -> Path:
        assert self.folder is not None
        return self.folder / f"part-{shard.index:05d}.arrow"
