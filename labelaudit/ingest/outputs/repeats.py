"""Rows of predictions that come twice, and the index that pandas writes before them."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from labelaudit.core.coded import Coded
from labelaudit.core.errors import InputError
from labelaudit.core.rows import Array, Rows, Wanted, reads_forward
from labelaudit.core.text import printable
from labelaudit.ingest.ids import read_ids, unique_ids
from labelaudit.ingest.matching import MISSING, Ids, first_repeat, match
from labelaudit.ingest.numbers import Numbers
from labelaudit.ingest.readers import TableFile

# How the index of a frame is called in a file: by pandas when read back, and in Parquet.
INDEX_COLUMNS = ("", "unnamed: 0", "__index_level_0__", "index")
_BLOCK = 1 << 12


@dataclass(frozen=True, kw_only=True, slots=True)
class Taken:
    """Rows `rows`, ascending, of others."""

    values: Rows
    rows: npt.NDArray[np.int64]

    @property
    def shape(self) -> tuple[int, ...]:
        return len(self.rows), *self.values.shape[1:]

    @property
    def dtype(self) -> np.dtype[Any]:
        return np.dtype(self.values.dtype)

    @property
    def forward(self) -> bool:
        return reads_forward(self.values)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, rows: Wanted, /) -> Array:
        return np.asarray(self.values[self.rows[rows]])


def index_column(table: TableFile, names: list[str]) -> str | None:
    """Return the column that holds the index of a frame, if there is one."""
    return next((name for name in names if name.strip().lower() in INDEX_COLUMNS), None)


def index_ids(
    table: TableFile, column: str, labels: Ids | None, file: str, scratch: Path | None
) -> Ids | None:
    """Return the index of a frame as ids; None where it only counts the rows, or means others."""
    coded = table.coded(column)
    if not coded.present.all():
        return None
    counts = coded.distinct == tuple(map(str, range(len(coded))))
    if labels is None:
        whole = all(text.isdecimal() and text.isascii() for text in coded.distinct)
        if counts or not whole:
            return None
        return read_ids(table, column, file, scratch, repeats=True)
    found, _ = match(labels, unique_ids(list(coded.distinct), file, scratch), scratch)
    if (found == MISSING).all():
        return None
    return read_ids(table, column, file, scratch, repeats=True)


def collapsed(
    numbers: Numbers, where: Callable[[int], str], scratch: Path | None = None
) -> Numbers:
    """Return rows of predictions once that come several times alike; refuse what differs."""
    ids = numbers.ids
    if ids is None or first_repeat(ids) is None:
        return numbers
    coded = Coded.of(ids.texts)
    counts = np.bincount(coded.codes)
    firsts = np.sort(np.unique(coded.codes, return_index=True)[1]).astype(np.int64)
    involved = np.flatnonzero(counts[coded.codes] > 1)
    held: dict[int, tuple[int, Array]] = {}
    for start in range(0, len(involved), _BLOCK):
        rows = involved[start : start + _BLOCK]
        for row, values in zip(rows.tolist(), np.asarray(numbers.values[rows]), strict=True):
            first, before = held.setdefault(int(coded.codes[row]), (row, values))
            if not np.array_equal(values, before, equal_nan=values.dtype.kind == "f"):
                name = printable(coded.distinct[coded.codes[row]], 80)
                raise InputError(
                    f"{numbers.locate(row)}: id {name!r} was already used in {where(first)}, with "
                    "other values; every id must be unique"
                )
    lost = len(coded) - len(firsts)
    locate = numbers.locate
    return replace(
        numbers,
        values=Taken(values=numbers.values, rows=firsts),
        ids=unique_ids(list(coded.distinct), numbers.file, scratch),
        locate=lambda row: locate(int(firsts[row])),
        ends=(),
        notices=(
            *numbers.notices,
            f"predictions: {lost:,} rows of {numbers.file} repeat an id with the same values, as "
            "AutoGluon does for rare classes; each counts once",
        ),
    )
