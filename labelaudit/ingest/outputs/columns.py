"""Which columns of a table hold more than one number a cell, and how they are read."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import partial
from itertools import chain
from pathlib import Path

import numpy as np

from labelaudit.core.errors import InputError
from labelaudit.core.listed import ListedRows
from labelaudit.core.rows import Array, Rows
from labelaudit.core.text import printable
from labelaudit.ingest.ids import place_of
from labelaudit.ingest.matching import Ids
from labelaudit.ingest.numbers import Numbers
from labelaudit.ingest.outputs.cells import (
    entries_of,
    items_of,
    kind_of,
    name_of,
    opened,
    values_of,
)
from labelaudit.ingest.outputs.entries import Entry, gather
from labelaudit.ingest.readers import TableFile
from labelaudit.ingest.readers.cells import CellError, cell_number, cell_numbers
from labelaudit.ingest.readers.scratch import keep

# Columns of classes beside columns of their scores, best first: lists, or one value a row.
_KEYS = ("top_classes", "top_labels", "top_indices", "index", "label", "labels", "class")
_SCORES = (
    "top_probs", "top_probabilities", "top_scores", "prob", "probs", "score", "scores", "logit",
)  # fmt: skip
_SINGLE = re.compile(r"(?P<what>[a-z]+)_(?P<rank>[0-9]{1,6})")
_BLOCK = 1 << 12
_FEWEST = 20
_ROUNDING = 1e-3
_TIMM = frozenset({"prob", "logit", "prob_0", "logit_0"})

Entries = Callable[[], Iterator[Entry]]


def structured(
    table: TableFile,
    names: Sequence[str],
    known: Sequence[str],
    present: Collection[str],
    by_class: bool,
    file: str,
    ids: Callable[[], Ids | None],
    scratch: Path | None,
) -> Numbers | None:
    """Return predictions that stand as lists or objects in cells, or class and score by column.

    `known` are the names of columns that may hold lists, `present` the labels; `by_class` says
    that there are columns named after classes. None where there is nothing like this.
    """
    lower = {name.strip().lower(): name for name in reversed(names)}
    read, how, complete = _source(table, lower, known, present, by_class, file)
    if read is not None:
        found = _from_entries(table, read, how, complete, file, ids(), scratch)
        _refuse_improbable(found, len(present))
        return found
    for column in (lower[name] for name in (*known, "logit", "logits") if name in lower):
        if table.list_width(column) is None and _kind(table, column, file) == "numbers":
            return _from_lists(table, column, file, ids(), scratch)
    return None


def _source(
    table: TableFile,
    lower: dict[str, str],
    known: Sequence[str],
    present: Collection[str],
    by_class: bool,
    file: str,
) -> tuple[Entries | None, str, bool]:
    """Return what reads the classes and scores of each row, how to say so, and if all are there."""
    for name in known:
        if name in lower and (kind := _kind(table, lower[name], file)) in ("scores", "object"):
            column = lower[name]
            what = "objects of probabilities by class" if kind == "object" else "class and score"
            return (
                partial(_entries, table, column),
                f"column `{printable(column, 60)}` holds {what}",
                kind == "object",
            )
    ranked = _ranked_columns(lower)
    if ranked is not None:
        keys, scores = ranked
        return (
            _pairs(table, keys, scores),
            f"`{keys[0]}` ... are the classes of `{scores[0]}`",
            (False),
        )
    score = next((lower[name] for name in _SCORES if name in lower), None)
    if score is None or by_class:
        return None, "", False
    # An `index` may be that of the row, but beside what timm calls `prob`.
    keys = [lower[name] for name in _KEYS if name in lower]
    if score.strip().lower() not in ("prob", "logit"):
        keys = [name for name in keys if name.strip().lower() != "index"]
    keys = [name for name in keys if _is_alike(table, name, score, file)]
    if not keys:
        return None, "", False
    # Beside the number timm may write the name: what is known to the labels is taken.
    key = next((name for name in keys if _is_known(table, name, present, file)), keys[0])
    shown = f"`{printable(key, 60)}` names the classes of `{printable(score, 60)}`"
    lists = isinstance(_first(table, key, file), list)
    return _pairs(table, [key], [score], lists), shown, False


def _entries(table: TableFile, column: str) -> Iterator[Entry]:
    return map(entries_of, chain.from_iterable(values_of(table, column)))


def _ranked_columns(lower: dict[str, str]) -> tuple[list[str], list[str]] | None:
    """Return the columns `index_0`, ... or `label_0`, ... and `prob_0`, ..., where there are both.

    timm's inference.py writes them so: the first is the most probable class, whichever that is.
    """
    groups: dict[str, dict[int, str]] = {}
    for name, column in lower.items():
        if found := _SINGLE.fullmatch(name):
            groups.setdefault(found["what"], {})[int(found["rank"])] = column
    keys = groups.get("index") or groups.get("label")
    scores = groups.get("prob") or groups.get("logit")
    if not keys or not scores or keys.keys() != scores.keys():
        return None
    ranks = sorted(keys)
    return [keys[rank] for rank in ranks], [scores[rank] for rank in ranks]


def _is_alike(table: TableFile, key: str, score: str, file: str) -> bool:
    """Say whether both columns hold lists, or both one value a row: of classes, and of numbers."""
    first, other = (_first(table, column, file) for column in (key, score))
    if isinstance(first, list) or isinstance(other, list):
        return kind_of(first) in ("names", "numbers") and kind_of(other) == "numbers"
    try:
        return isinstance(first, str | int | float) and 0 <= cell_number(other) <= 1
    except CellError:
        return False


def _is_known(table: TableFile, key: str, present: Collection[str], file: str) -> bool:
    first = items_of(_first(table, key, file))
    return bool(first) and all(name_of(each) in present for each in first)


def _pairs(
    table: TableFile, keys: Sequence[str], scores: Sequence[str], lists: bool = False
) -> Entries:
    """Return what reads columns of classes and of scores, with one value a cell or `lists`."""

    def within(cell: object) -> list[object]:
        return items_of(cell) if lists else [cell]  # a class may be called [other]

    def read() -> Iterator[Entry]:
        columns = [chain.from_iterable(values_of(table, name)) for name in (*keys, *scores)]
        for cells in zip(*columns, strict=True):
            names = [name_of(each) for cell in cells[: len(keys)] for each in within(cell)]
            found = [cell_number(each) for cell in cells[len(keys) :] for each in within(cell)]
            yield names, found

    return read


def _from_entries(
    table: TableFile,
    read: Entries,
    how: str,
    complete: bool,
    file: str,
    ids: Ids | None,
    scratch: Path | None,
) -> Numbers:
    def place(row: int) -> str:
        return place_of(table, file, row)

    values, classes, done = gather(read, place, table.path, scratch, complete)
    return Numbers(
        values=values,
        file=file,
        locate=place,
        ids=ids,
        classes=classes,
        named_by_table=True,
        column_names=tuple(f"class {printable(name, 60)!r}" for name in classes),
        notices=(f"predictions: in {file} {how}" + (f"; {done}" if done else ""),),
        table=table,
    )


def _refuse_improbable(numbers: Numbers, n_classes: int) -> None:
    """Refuse one class a row that cannot be the most probable: perhaps it is the given label."""
    values, classes = numbers.values, numbers.classes or ()
    if not isinstance(values, ListedRows):
        return
    least = 1 / max(n_classes, len(classes)) - _ROUNDING
    for start in range(0, len(values), _BLOCK):
        _, found = values.entries.read(slice(start, start + _BLOCK))
        low = found[:, 0] < least
        if found.shape[1] == 1 and low.any():
            row = int(low.argmax())
            raise InputError(
                f"{numbers.locate(start + row)}: gives one class, with {found[row, 0]:.6g}, which "
                f"is not the most probable of {max(n_classes, len(classes)):,}; give a column for "
                "each class, prob_<class>"
            )


def _from_lists(
    table: TableFile, column: str, file: str, ids: Ids | None, scratch: Path | None
) -> Numbers:
    """Return the lists of numbers that stand as text in a column."""
    first = _first(table, column, file)
    assert isinstance(first, list)
    width = len(first)
    shown = printable(column, 60)

    def place(row: int) -> str:
        return place_of(table, file, row)

    def blocks() -> Iterator[Array]:
        done = 0
        for cells in values_of(table, column):
            rows = []
            for cell in cells:
                try:
                    rows.append(cell_numbers(opened(cell) or None, width))
                except CellError as error:
                    at = place(done + len(rows))
                    raise InputError(f"{at}, column {shown!r}: {error}") from None
            for start in range(0, len(rows), _BLOCK):
                yield np.array(rows[start : start + _BLOCK], dtype=np.float64)
            done += len(rows)

    values: Rows = keep(blocks(), width, scratch, table.path)
    refuse_ranked(values, file, f"column {shown!r}", table.names)
    return Numbers(
        values=values,
        file=file,
        locate=place,
        ids=ids,
        column_names=tuple(f"column {shown!r}, number {at} (from 0)" for at in range(width)),
        notices=(f"predictions: column `{shown}` of {file} holds lists written as text",),
        table=table,
    )


def refuse_ranked(values: Rows, file: str, what: str, names: Sequence[str]) -> None:
    """Refuse the ranked scores of timm's inference.py that do not say which class each is of.

    Where every row descends, and they are not all the same row, columns are ranks.
    """
    written_so = not _TIMM.isdisjoint(name.strip().lower() for name in names)
    if not written_so or len(values) < _FEWEST or values.shape[1] < 3:
        return
    if isinstance(values, ListedRows):
        return
    differ = False
    first = np.asarray(values[:1], dtype=np.float64)
    for start in range(0, len(values), _BLOCK):
        block = np.asarray(values[start : start + _BLOCK], dtype=np.float64)
        if not (np.diff(block, axis=1) <= 0).all():
            return
        differ = differ or bool((block != first).any())
    if not differ:
        return
    raise InputError(
        f"{file}: {what} descends in every row: ranked, the most probable class first, which does "
        "not say which class that is; run timm's inference.py with --include-index, or --topk 0"
    )


def _kind(table: TableFile, column: str, file: str) -> str | None:
    return kind_of(_first(table, column, file))


def _first(table: TableFile, column: str, file: str) -> object:
    """Return the first cell of a column that is not missing, opened."""
    row = 0
    for block in values_of(table, column):
        for cell in block:
            if cell is not None and cell != "":
                try:
                    found: object = opened(cell)
                    return found
                except CellError as error:
                    place = place_of(table, file, row)
                    raise InputError(
                        f"{place}, column {printable(column, 60)!r}: {error}"
                    ) from None
            row += 1
    return None
