"""The columns beside the labels, whatever file they lie in: each is read when asked for."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from labelaudit.core.coded import Coded
from labelaudit.ingest.readers import TableFile
from labelaudit.ingest.readers.cells import CellError, cell_text
from labelaudit.ingest.readers.coding import Coding
from labelaudit.ingest.readers.files import fault

Record = tuple[str, Mapping[str, Any]]
# Of an export the first records tell its columns, unless one is asked for.
_LOOKED_AT = 1_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Columns:
    """The `names` of columns, and how one is read: a code for each row that was read.

    `head` returns the first cells of a column, enough to see whether it is one of few values.
    `roles` say which columns are taken already: "labels", "ids" or "splits".
    """

    names: tuple[str, ...]
    coded: Callable[[str], Coded]
    head: Callable[[str], list[str | None]]
    roles: Mapping[str, str]


def columns_of_table(
    table: TableFile,
    label: str,
    name: str | None,
    split: str | None,
    typed: Mapping[str, tuple[str, ...]],
    named: Callable[[Coded, tuple[str, ...]], Coded],
) -> Columns:
    """Return the columns of a table; `typed` are the class names of those that hold codes.

    `label`, `name` and `split` are its columns of labels, ids and splits; `named` makes names of
    codes.
    """

    def coded(column: str) -> Coded:
        found = table.coded(column)
        if column not in typed or table.class_names(column) is not None:
            return found
        return named(found, typed[column])

    roles = {split: "splits", name: "ids", label: "labels"}
    return Columns(
        names=table.names,
        coded=coded,
        head=lambda column: next(iter(table.texts(column)), []),
        roles={column: role for column, role in roles.items() if column is not None},
    )


def columns_of_records(
    path: Path,
    records: Callable[[], Iterable[Record]],
    whole: bool = False,
    roles: Mapping[str, str] | None = None,
) -> Columns:
    """Return the columns of an export: the plain values by name in the records, one for each row.

    A record comes with where it stands. With `whole` all of them are asked for names.
    """
    looked = records() if whole else islice(records(), _LOOKED_AT)
    names = dict.fromkeys(
        name
        for _, record in looked
        for name, value in record.items()
        if not isinstance(value, list | dict)
    )

    def coded(column: str) -> Coded:
        coding = Coding()
        coding.add(_cell(path, where, column, record.get(column)) for where, record in records())
        return coding.result()

    def head(column: str) -> list[str | None]:
        some = islice(records(), _LOOKED_AT)
        return [_cell(path, where, column, record.get(column)) for where, record in some]

    return Columns(names=tuple(names), coded=coded, head=head, roles=roles or {})


def columns_of_arrays(
    arrays: Mapping[str, Any], coded: Callable[[str], Coded], n_rows: int, label: str
) -> Columns:
    """Return the arrays with a value for each row that lie beside the labels, by key."""
    fits = [
        key
        for key, array in arrays.items()
        if len(array.shape) == 1 and len(array) == n_rows and key != "classes"
    ]
    return Columns(
        names=tuple(fits),
        coded=coded,
        head=lambda key: _texts(coded(key)[:_LOOKED_AT]),
        roles={label: "labels", "ids": "ids"},
    )


def _texts(column: Coded) -> list[str | None]:
    return [column.distinct[code] if code >= 0 else None for code in column.codes.tolist()]


def _cell(path: Path, where: str, column: str, value: object) -> str | None:
    try:
        return cell_text(value)
    except CellError:
        raise fault(
            path, "holds a list or an object; give one value", where=where, column=column
        ) from None
