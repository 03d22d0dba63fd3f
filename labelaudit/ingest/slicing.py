"""By which columns a dataset is cut: those that were asked for, the split, and a few by name."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from labelaudit.core.coded import Coded
from labelaudit.core.errors import ConfigError, InputError
from labelaudit.core.text import did_you_mean, listed, printable
from labelaudit.ingest.classes import natural_order
from labelaudit.ingest.columns import Columns
from labelaudit.ingest.predictions import PROBABILITY_PREFIXES, probability_columns
from labelaudit.ingest.splits import split_rank

SPLIT = "split"
# Found without being asked for where they have from 2 to 50 values.
FOUND_COLUMNS = ("domain", "source", "annotator", "annotator_id")
MOST_FOUND = 50
MOST_VALUES = 1_000

Kept = npt.NDArray[np.int64] | None
Slices = dict[str, Coded]


def slices_of(
    columns: Columns | None,
    splits: Coded | None,
    asked: Sequence[str],
    own: Kept,
    n_rows: int,
    file: str,
    why_none: str,
    option: str = "--by",
) -> tuple[Slices, list[str]]:
    """Return the columns that the audited rows are cut by, by name, and what to say of them.

    `own` are the audited rows of the `n_rows` that were read (None: all). Values stand in their
    natural order, splits train first; a blank is -1. `why_none` says of a `file` without
    `columns` why it has none.

    Raises
    ------
    ConfigError : a column that is not there, or holds labels, ids or predictions; one with more
        than 1,000 values.
    InputError : a cell of a column that was asked for is a list or an object.
    """
    found: Slices = {}
    notices = []
    split_column = _with_role(columns, "splits")
    for name in dict.fromkeys(asked):
        if splits is not None and name in (SPLIT, split_column):
            continue
        _expect_column(name, columns, file, why_none, option)
        assert columns is not None
        coded = _read(columns, name, option)
        if len(coded) != n_rows:
            raise InputError(
                f"{option} {printable(name, 60)}: has {len(coded):,} values for {n_rows:,} rows; "
                "give one for each row"
            )
        kept = settled(coded, own)
        _expect_few(name, kept, file, option)
        notices.append(_said(name, kept, f"by {option}"))
        if kept.distinct:
            found[_encodable(name)] = kept
    named = splits is not None and bool({SPLIT, split_column} & set(asked))
    if splits is not None:
        kept = settled(splits, own, of_splits=True)
        if len(kept.distinct) > 1 or named:
            found = {SPLIT: kept} | found
            column = f", column `{printable(split_column, 60)}`" if split_column else ""
            how = f"by {option}" if named else "found"
            notices.insert(0, _said(SPLIT, kept, f"{how}{column}"))
    for name in _by_convention(columns):
        if _encodable(name) in found:
            continue
        assert columns is not None
        kept_or_none = _if_few(columns, name, own, n_rows)
        if kept_or_none is not None:
            found[_encodable(name)] = kept_or_none
            notices.append(_said(name, kept_or_none, "found by name"))
    return found, notices


def settled(column: Coded, own: Kept, of_splits: bool = False) -> Coded:
    """Return a column of the audited rows alone, its values those that occur, in their order."""
    kept = column if own is None else column[own]
    present = {text: _encodable(text) for text in kept.counts()}
    order = natural_order(present.values())
    if of_splits:
        order.sort(key=split_rank)
    places = {text: place for place, text in enumerate(dict.fromkeys(order))}
    codes = {text: places[shown] for text, shown in present.items()}
    recoded = np.append(
        np.array([codes.get(text, -1) for text in kept.distinct], dtype=np.int32), np.int32(-1)
    )
    return Coded(distinct=tuple(places), codes=recoded[kept.codes])


def _with_role(columns: Columns | None, role: str) -> str | None:
    roles = {} if columns is None else columns.roles
    return next((name for name, own in roles.items() if own == role), None)


def _expect_column(
    name: str, columns: Columns | None, file: str, why_none: str, option: str
) -> None:
    shown = printable(name, 60)
    if columns is None:
        raise ConfigError(f"{option} {shown}: {file} {why_none}")
    role = columns.roles.get(name)
    if role == "labels":
        raise ConfigError(
            f"{option} {shown}: is the column of labels; each class has its own figures already, "
            "choose another column"
        )
    if role == "ids":
        raise ConfigError(
            f"{option} {shown}: is the column of ids; every row would be a slice of its own, "
            "choose another column"
        )
    if name not in columns.names:
        raise ConfigError(
            f"{option} {shown}: {file} has no such column{did_you_mean(name, columns.names)}; "
            f"its columns: {listed(columns.names) or 'none'}"
        )
    if _is_predicted(name, columns):
        raise ConfigError(
            f"{option} {shown}: is a column of predictions, a number for each row; choose another "
            "column, or bin it into one of its own"
        )


def _is_predicted(name: str, columns: Columns) -> bool:
    """Say whether a column, `prob_<class>` say, is one of those that predictions are read from."""
    label = _with_role(columns, "labels")
    if label is None or not name.startswith(PROBABILITY_PREFIXES):
        return False
    present = set(columns.coded(label).distinct)
    free = [other for other in columns.names if other not in columns.roles]
    predicted, classes = probability_columns(free, present, prefixed_only=True)
    return name in predicted and not present.isdisjoint(classes)


def _read(columns: Columns, name: str, option: str) -> Coded:
    try:
        return columns.coded(name)
    except InputError as error:
        raise InputError(
            f"{option} {printable(name, 60)}: is not one value for each row ({error})"
        ) from None


def _expect_few(name: str, column: Coded, file: str, option: str) -> None:
    n_values = len(column.distinct)
    if n_values > MOST_VALUES:
        raise ConfigError(
            f"{option} {printable(name, 60)}: this column of {file} has {n_values:,} different "
            f"values, at most {MOST_VALUES:,} can be slices; bin them into fewer in a column of "
            "their own"
        )


def _by_convention(columns: Columns | None) -> list[str]:
    if columns is None:
        return []
    lower = {name.strip().lower(): name for name in reversed(columns.names)}
    found = (lower[known] for known in FOUND_COLUMNS if known in lower)
    return [name for name in found if name not in columns.roles]


def _if_few(columns: Columns, name: str, own: Kept, n_rows: int) -> Coded | None:
    """Return a column that nobody asked for, where its values are few; else None."""
    try:
        first = {text for text in columns.head(name) if text is not None}
        if len(first) > MOST_FOUND:
            return None
        coded = columns.coded(name)
    except InputError:  # lists, say: no slices, and no fault of the dataset
        return None
    if len(coded) != n_rows:
        return None
    kept = settled(coded, own)
    return kept if 2 <= len(kept.distinct) <= MOST_FOUND else None


def _said(name: str, column: Coded, how: str) -> str:
    n_values = len(column.distinct)
    blank = int((column.codes < 0).sum())
    if not n_values:
        return f"slices: `{printable(name, 60)}` ({how}) is blank in every row: not used"
    values = f"{n_values:,} value{'s' * (n_values != 1)} ({listed(column.distinct, 5, 40)})"
    without = f", {blank:,} row{'s' * (blank != 1)} without one" if blank else ""
    return f"slices: `{printable(name, 60)}` ({how}), {values}{without}"


def _encodable(text: str) -> str:
    """Return text that files can hold: half of a surrogate pair as an escape."""
    return text.encode("utf-8", "backslashreplace").decode()
