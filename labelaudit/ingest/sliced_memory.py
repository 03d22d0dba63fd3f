"""Columns to cut the rows by, where labels are in memory: of a DataFrame, or given as values."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from labelaudit.core.coded import Coded
from labelaudit.core.errors import ConfigError, InputError
from labelaudit.core.text import printable
from labelaudit.ingest.columns import Columns
from labelaudit.ingest.convention import LABEL_COLUMNS, pick_column
from labelaudit.ingest.readers.cells import CellError, cell_text
from labelaudit.ingest.slicing import Kept, Slices, settled, slices_of
from labelaudit.ingest.splits import MOST_SPLITS, SPLIT_COLUMNS

By = str | Sequence[str] | Mapping[str, Any]


def columns_in_memory(labels: Any, by: By, label_column: str | None) -> Columns | None:
    """Return the columns beside labels in memory; None where there are none.

    Those that are given as values go before those of a DataFrame. One of these that says the
    split, with few values, has that role.
    """
    given = {str(name): values for name, values in by.items()} if isinstance(by, Mapping) else {}
    roles = {}
    if hasattr(labels, "columns"):
        names = tuple(str(name) for name in labels.columns)
        label = pick_column(names, label_column, LABEL_COLUMNS, "the DataFrame", "label_column")
        frame = labels.set_axis(names, axis="columns")
        given = {name: frame[name] for name in names if names.count(name) == 1} | given
        if label is not None:
            roles[label] = "labels"
    if not given:
        return None

    def coded(name: str) -> Coded:
        return _coded(given[name], name)

    def head(name: str) -> list[str | None]:
        return [_text(value, name) for value in _listed(given[name], name)[:1000]]

    split = _split_column(given, roles, coded)
    if split is not None:
        roles[split] = "splits"
    return Columns(names=tuple(given), coded=coded, head=head, roles=roles)


def slices_in_memory(
    columns: Columns | None, by: By, own: Kept, n_rows: int
) -> tuple[Coded | None, Slices, list[str]]:
    """Return the splits of the audited rows, all they are cut by, and what to say of these."""
    asked = [by] if isinstance(by, str) else [str(name) for name in by]
    roles = {} if columns is None else columns.roles
    split = next((name for name, role in roles.items() if role == "splits"), None)
    splits = columns.coded(split) if columns is not None and split is not None else None
    what = "the DataFrame" if not isinstance(by, Mapping) else "by"
    if columns is None:
        what = "labels that are no DataFrame"
    slices, said = slices_of(
        columns,
        splits,
        asked,
        own,
        n_rows,
        what,
        "have no columns; give by={name: values}",
        option="by",
    )
    known = None if splits is None else settled(splits, own, of_splits=True)
    return known, slices, said


def text_of_value(value: Any) -> str | None:
    """Return a value of a sequence as text, a missing one as None."""
    missing = type(value).__name__ in ("NAType", "NaTType")  # pandas.NA refuses to be compared
    return None if missing else cell_text(value)


def _split_column(given: Mapping[str, Any], roles: Mapping[str, str], coded: Any) -> str | None:
    lower = {name.strip().lower(): name for name in reversed(list(given)) if name not in roles}
    found = next((lower[name] for name in SPLIT_COLUMNS if name in lower), None)
    if found is None:
        return None
    try:
        n_values = len(coded(found).distinct)
    except InputError:
        return None
    return found if 0 < n_values <= MOST_SPLITS else None


def _coded(values: Any, name: str) -> Coded:
    return Coded.of(_text(value, name) for value in _listed(values, name))


def _listed(values: Any, name: str) -> list[Any]:
    array = np.asarray(values, dtype=object)
    if array.ndim != 1:
        raise ConfigError(f"by: {printable(name, 60)!r} has shape {array.shape}; give N values")
    return list(array.tolist())


def _text(value: Any, name: str) -> str | None:
    try:
        return text_of_value(value)
    except CellError:
        raise InputError(
            f"by {printable(name, 60)}: holds a list or an object; give one value for each row"
        ) from None
