"""Numbers of predictions or embeddings, as read from a file: with ids and names of columns."""

from collections.abc import Callable
from dataclasses import dataclass

from labelaudit.core.rows import Rows
from labelaudit.ingest.matching import Ids
from labelaudit.ingest.readers import TableFile


@dataclass(frozen=True, kw_only=True, slots=True)
class Numbers:
    """A matrix float[rows, columns] as read.

    `ids` name its rows (None: row order), `classes` its columns (None: unnamed). `file` is what
    messages call it, `locate` names a row of it with its file. `ends` are the rows at which the
    files end that it is cut into; `table` is where it was read from, if that is a table;
    `notices` say what was read in another way than it lies there.
    """

    values: Rows
    file: str
    locate: Callable[[int], str]
    ids: Ids | None = None
    classes: tuple[str, ...] | None = None
    named_by_table: bool = False
    column_names: tuple[str, ...] | None = None
    ends: tuple[int, ...] = ()
    table: TableFile | None = None
    notices: tuple[str, ...] = ()
