"""Columns of text that are not held as text: a million labels are a million small numbers."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from labelaudit.core.rows import Wanted
from labelaudit.core.texts import Texts

_BLOCK = 1 << 16


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Coded:
    """Texts that repeat: the distinct ones, and for each row its code int32 (-1: none)."""

    distinct: tuple[str, ...]
    codes: npt.NDArray[np.int32]

    @classmethod
    def of(cls, texts: Iterable[str | None]) -> "Coded":
        """Code texts in order of first appearance; None and blanks have no text."""
        known: dict[str, int] = {}
        codes = [
            known.setdefault(text, len(known)) if text is not None and text.strip() else -1
            for text in texts
        ]
        return cls(distinct=tuple(known), codes=np.array(codes, dtype=np.int32))

    def __len__(self) -> int:
        return len(self.codes)

    def __iter__(self) -> Iterator[str]:
        return iter(self.tolist())

    def __getitem__(self, rows: Wanted) -> "Coded":
        return Coded(distinct=self.distinct, codes=self.codes[rows])

    @property
    def present(self) -> npt.NDArray[np.bool_]:
        """Say for each row whether it has a text."""
        return np.asarray(self.codes >= 0)

    def counts(self) -> dict[str, int]:
        """Return how often each text occurs."""
        found = np.zeros(len(self.distinct) + 1, dtype=np.int64)
        for start in range(0, len(self.codes), _BLOCK):  # numpy makes a wider copy of a block
            found += np.bincount(self.codes[start : start + _BLOCK] + 1, minlength=len(found))
        found = found[1:]
        return {text: int(count) for text, count in zip(self.distinct, found, strict=True) if count}

    def recoded(self, codes: dict[str, int]) -> npt.NDArray[np.int32]:
        """Return the codes int32[N] of another coding; of rows without a text they mean nothing."""
        own = np.array([codes.get(text, -1) for text in self.distinct], dtype=np.int32)
        return own[self.codes]

    def objects(self) -> npt.NDArray[Any]:
        """Return the texts themselves, as an array of objects."""
        return np.array(self.distinct, dtype=object)[self.codes]

    def tolist(self) -> list[str]:
        """Return the texts themselves."""
        return [self.distinct[code] for code in self.codes.tolist()]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Numbered:
    """Row numbers int64 that stand as text: the ids of rows that have no other."""

    numbers: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.numbers)

    def __iter__(self) -> Iterator[str]:
        return iter(self.tolist())

    def __getitem__(self, rows: Wanted) -> "Numbered":
        return Numbered(numbers=self.numbers[rows])

    def tolist(self) -> list[str]:
        """Return the texts themselves."""
        return list(map(str, self.numbers.tolist()))


# All have a length, `tolist()`, and slices that are held as the column is.
Flat = npt.NDArray[Any] | Coded | Numbered | Texts


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Grouped:
    """Lists of one length: row i has the values i * width to (i + 1) * width."""

    values: Flat
    width: int

    def __len__(self) -> int:
        return len(self.values) // self.width

    def __iter__(self) -> Iterator[list[Any]]:
        return iter(self.tolist())

    def __getitem__(self, rows: Wanted) -> "Grouped":
        numbers = np.arange(len(self))[rows]
        places = (numbers[:, None] * self.width + np.arange(self.width)).reshape(-1)
        values = self.values
        taken = values.take(places) if isinstance(values, Texts) else values[places]
        return Grouped(values=taken, width=self.width)

    def tolist(self) -> list[list[Any]]:
        """Return the lists themselves."""
        flat = self.values.tolist()
        return [flat[at : at + self.width] for at in range(0, len(flat), self.width)]


Column = Flat | Grouped


def as_array(column: Column) -> npt.NDArray[Any]:
    """Return a column as a numpy array, texts as objects."""
    if isinstance(column, np.ndarray):
        return column
    if isinstance(column, Coded):
        return column.objects()
    made = np.empty(len(column), dtype=object)  # `np.array` would make a matrix of lists
    made[:] = list(column)
    return made


def as_arrays(columns: Mapping[str, Column]) -> dict[str, npt.NDArray[Any]]:
    """Return columns as numpy arrays, texts as objects."""
    return {name: as_array(column) for name, column in columns.items()}
