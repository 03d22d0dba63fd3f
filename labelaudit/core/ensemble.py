"""Several models on the same rows: each kept apart, and the mean of their probabilities."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from labelaudit.core.matrix import Matrix
from labelaudit.core.rows import Array, Wanted, reads_forward

MOST_MODELS = 32


@dataclass(frozen=True, kw_only=True, slots=True)
class Model:
    """One model of several: the file of its predictions, and its probabilities (N, K).

    Row i of every model is row i of the dataset, column j is class j.
    """

    file: str
    matrix: Matrix


class Mean:
    """The arithmetic mean of matrices (N, K), made of the rows that are read, when they are read.

    They are added up in the order given, each number for itself: so what is read with a row
    changes nothing. float32 where all of them are read as float32, else float64. With `weights`,
    which sum to 1, it is the weighted mean, in float64.
    """

    def __init__(self, matrices: Sequence[Matrix], weights: Sequence[float] | None = None) -> None:
        self.matrices = tuple(matrices)
        self.weights = tuple(weights) if weights is not None else None
        self.dtype = (
            np.result_type(*(_read_as(matrix) for matrix in self.matrices))
            if weights is None
            else np.dtype(np.float64)
        )
        self.shape = (_n_rows(self.matrices[0]), self.matrices[0].width)
        self.forward = any(reads_forward(matrix.values) for matrix in self.matrices)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: Wanted, /) -> Array:
        total: Array | None = None
        for number, matrix in enumerate(self.matrices):
            if isinstance(rows, slice):
                start, stop, _ = rows.indices(len(self))
                block: Any = matrix.read(start, max(start, stop))
            else:
                block = matrix.take(rows)
            if self.weights is not None:
                block = block.astype(np.float64) * self.weights[number]
            if total is None:
                total = np.array(block, dtype=self.dtype)  # what is read may be the file itself
            else:
                total += block
        assert total is not None
        if self.weights is None:
            total /= len(self.matrices)
        return total

    def release(self, start: int, stop: int) -> None:
        """Let go of what rows `start` to `stop` were read from."""
        for matrix in self.matrices:
            matrix.release(start, stop)


def mean_of(models: Sequence[Model], weights: Sequence[float] | None = None) -> Matrix:
    """Return the mean of models as a matrix, read block by block; weighted where told so.

    They are added up in the order of their files' names: in which order they were given changes
    no bit of it. A class that has no column has none here.
    """
    order = sorted(range(len(models)), key=lambda number: models[number].file)
    matrices = [models[number].matrix for number in order]
    columns = matrices[0].columns
    lacking = columns is not None and min(columns) < 0
    return Matrix(
        values=Mean(matrices, None if weights is None else [weights[number] for number in order]),
        columns=tuple(code if column >= 0 else -1 for code, column in enumerate(columns))
        if columns is not None and lacking
        else None,
        locate=matrices[0].where,
    )


def _read_as(matrix: Matrix) -> np.dtype[Any]:
    single = matrix.values.dtype == np.float32 and not matrix.normalise and not matrix.softmax
    return np.dtype(np.float32 if single else np.float64)


def _n_rows(matrix: Matrix) -> int:
    return len(matrix.values) if matrix.rows is None else len(matrix.rows)
