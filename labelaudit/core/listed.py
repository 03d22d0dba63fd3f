"""Rows of which only the most probable classes are known: extreme label spaces, in O(N k)."""

from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np
import numpy.typing as npt

from labelaudit.core.errors import InputError
from labelaudit.core.rows import Array, Rows, Wanted, reads_forward

# Up to so many classes rows are laid out in full, and pairs of classes as a table: quickest.
FEW_CLASSES = 2048
_BLOCK = 1 << 12
_NO_CLASS, _HUGE = -2, 1 << 40


@dataclass(frozen=True, kw_only=True, slots=True)
class Listed:
    """Rows of probabilities of which some classes are listed; all others share the rest equally.

    `classes` int32[n, k] ascending in each row, `n_classes` where nothing is listed;
    `probabilities` float[n, k] of them; `rest` float[n] the probability of each other class
    below `n_columns`; classes from there on have probability 0. Indexed as the full rows would
    be: `listed[rows, classes]` gives values, `listed[rows]` gives rows.
    """

    classes: npt.NDArray[np.int32]
    probabilities: Array
    rest: Array
    n_columns: int
    n_classes: int

    def __len__(self) -> int:
        return len(self.rest)

    @property
    def shape(self) -> tuple[int, int]:
        return len(self), self.n_classes

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.probabilities.dtype

    @property
    def n_unlisted(self) -> npt.NDArray[np.int64]:
        """How many classes share the rest of each row."""
        return np.asarray(self.n_columns - (self.classes < self.n_columns).sum(axis=1))

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, tuple):
            return self._at(*key)
        return Listed(
            classes=self.classes[key],
            probabilities=self.probabilities[key],
            rest=self.rest[key],
            n_columns=self.n_columns,
            n_classes=self.n_classes,
        )

    def _at(self, rows: Array, classes: Array) -> Array:
        """Return the probability of `classes` int[m] in `rows` int[m]."""
        base = np.int64(self.n_classes + 1)
        known = (np.arange(len(self))[:, None] * base + self.classes).reshape(-1)
        wanted = np.asarray(rows, dtype=np.int64) * base + classes
        values = np.where(classes < self.n_columns, self.rest[rows], self.rest.dtype.type(0))
        if len(known):
            at = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
            values = np.where(known[at] == wanted, self.probabilities.reshape(-1)[at], values)
        return np.asarray(values, dtype=self.dtype)

    def sums(self) -> npt.NDArray[np.float64]:
        """Return the sum of each row over all classes."""
        total = np.zeros(len(self))
        for column in self.probabilities.T:
            total += column
        return total + self.n_unlisted * self.rest.astype(np.float64)

    def divided(self, sums: npt.NDArray[np.float64]) -> "Listed":
        """Return the rows divided by `sums`, in float64."""
        return Listed(
            classes=self.classes,
            probabilities=self.probabilities / sums[:, None],
            rest=self.rest / sums,
            n_columns=self.n_columns,
            n_classes=self.n_classes,
        )

    def first_unlisted(self, labels: npt.NDArray[np.int32]) -> npt.NDArray[np.int64]:
        """Return the lowest class of each row that is neither listed nor the label."""
        taken = np.sort(np.column_stack([self.classes, labels]).astype(np.int64), axis=1)
        fresh = np.ones(taken.shape, dtype=np.bool_)
        fresh[:, 1:] = taken[:, 1:] != taken[:, :-1]
        rank = np.cumsum(fresh, axis=1) - 1
        unbroken = np.logical_and.accumulate(taken == rank, axis=1)
        return np.asarray(np.where(unbroken, rank + 1, 0).max(axis=1))

    def dense(self) -> Array:
        """Return the full rows float[n, n_classes]."""
        full = np.zeros(self.shape, dtype=self.dtype)
        full[:, : self.n_columns] = self.rest[:, None]
        rows, places = np.nonzero(self.classes < self.n_classes)
        full[rows, self.classes[rows, places]] = self.probabilities[rows, places]
        return full


# Rows of probabilities: laid out in full, or listed.
Block = Array | Listed


def in_full(block: Block) -> Array:
    """Return rows laid out in full, float[n, K]."""
    return block.dense() if isinstance(block, Listed) else block


def _computed(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return in which type probabilities that lie in a file as another are computed with."""
    return np.dtype(np.float32 if dtype == np.float32 else np.float64)


class Entries(Protocol):
    """Where listed classes lie: read some rows at a time, as columns and probabilities.

    `arrays` are the names of what it is made of.
    """

    arrays: ClassVar[tuple[str, ...]]

    @property
    def dtype(self) -> np.dtype[Any]: ...

    def __len__(self) -> int: ...

    def read(self, rows: Wanted) -> tuple[Array, Array]:
        """Return columns int[n, k] (-1: nothing listed) and their probabilities float[n, k]."""
        ...


class TopClasses:
    """Two matrices (N, k): the columns of the k most probable classes, and their probabilities."""

    arrays: ClassVar[tuple[str, ...]] = ("columns", "probabilities")

    def __init__(self, columns: Rows, probabilities: Rows) -> None:
        self.columns = columns
        self.probabilities = probabilities
        self.dtype = probabilities.dtype
        self.forward = reads_forward(columns) or reads_forward(probabilities)

    def __len__(self) -> int:
        return len(self.columns)

    def read(self, rows: Wanted) -> tuple[Array, Array]:
        """Return columns int[n, k] and their probabilities float[n, k]."""
        columns = np.asarray(self.columns[rows])
        # What is no number stands for nothing; what is too large or small for one stays wrong.
        listed = np.clip(np.where(np.isfinite(columns), columns, -1), _NO_CLASS, _HUGE)
        return listed.astype(np.int64), np.asarray(self.probabilities[rows])


class SparseRows:
    """A sparse matrix by rows (CSR): `pointers` int[N + 1], `columns` and `values` of entries."""

    arrays: ClassVar[tuple[str, ...]] = ("pointers", "columns", "values")

    def __init__(self, pointers: Rows, columns: Rows, values: Rows) -> None:
        self.pointers = pointers
        self.columns = columns
        self.values = values
        self.dtype = values.dtype

    def __len__(self) -> int:
        return len(self.pointers) - 1

    def read(self, rows: Wanted) -> tuple[Array, Array]:
        """Return columns int[n, k] (-1: nothing listed) and their probabilities float[n, k]."""
        wanted = np.arange(len(self))[rows]
        first = np.asarray(self.pointers[wanted], dtype=np.int64)
        counts = self.pointers[wanted + 1] - first
        k = int(counts.max(initial=0))
        within = np.arange(k)[None, :] < counts[:, None]
        at = (first[:, None] + np.arange(k))[within]
        listed = np.full(within.shape, -1, dtype=np.int64)
        values = np.zeros(within.shape, dtype=self.dtype)
        listed[within] = self.columns[at]
        values[within] = self.values[at]
        return listed, values


class ListedRows:
    """Probabilities (N, K) of which only some are listed. Reads as rows laid out in full.

    With more than `few` classes they are never laid out: then `listed` is what is read.
    """

    def __init__(
        self,
        entries: Entries,
        n_columns: int,
        few: int = FEW_CLASSES,
        file: str = "the predictions",
    ) -> None:
        self.entries = entries
        self.file = file
        self.n_columns = n_columns
        self.few = few
        self.dtype = entries.dtype
        self.shape = (len(entries), n_columns)
        self.forward = getattr(entries, "forward", False)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: Wanted) -> Array:
        wanted = np.arange(len(self))[rows]
        full = np.empty((len(wanted), self.n_columns), dtype=_computed(self.dtype))
        for start in range(0, len(wanted), _BLOCK):
            some = slice(start, start + _BLOCK)
            full[some] = self.listed(wanted[some], self.n_columns).dense()
        return full

    def listed(self, rows: Wanted, n_classes: int) -> Listed:
        """Return rows as they are listed, with classes from `n_columns` on of probability 0."""
        columns, values = self.entries.read(rows)
        self._refuse(
            (columns < -1) | (columns >= self.n_columns),
            rows,
            columns,
            f"is no class: there are {self.n_columns:,}, numbered from 0; correct the number, or "
            "name all classes in classes.txt",
        )
        self._refuse(
            (columns == -1) & (values != 0) & ~np.isnan(values),
            rows,
            columns,
            "stands for nothing listed, but has a probability; correct one of them",
        )
        order = np.argsort(np.where(columns < 0, n_classes, columns), axis=1, kind="stable")
        classes = np.take_along_axis(columns, order, axis=1)
        twice = (classes[:, 1:] == classes[:, :-1]) & (classes[:, 1:] >= 0)
        self._refuse(twice, rows, classes, "is listed twice; list each class once")
        dtype = _computed(values.dtype)
        values = np.take_along_axis(values, order, axis=1).astype(dtype)
        nothing = classes < 0
        values[nothing] = 0
        total = np.zeros(len(classes))
        for column in values.T:
            total += column
        unlisted = self.n_columns - (~nothing).sum(axis=1)
        rest = np.where(unlisted > 0, np.maximum(1 - total, 0) / np.maximum(unlisted, 1), 0)
        return Listed(
            classes=np.where(nothing, n_classes, classes).astype(np.int32),
            probabilities=values,
            rest=rest.astype(dtype),
            n_columns=self.n_columns,
            n_classes=n_classes,
        )

    def _refuse(self, wrong: Array, rows: Wanted, classes: Array, problem: str) -> None:
        """Raise an InputError that names the first row and class where something is wrong."""
        if not wrong.any():
            return
        row, place = np.argwhere(wrong)[0]
        raise InputError(
            f"{self.file}, row {np.arange(len(self))[rows][row]} (from 0): class "
            f"{classes[row, place]} {problem}"
        )
