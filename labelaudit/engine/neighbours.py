"""Exact nearest neighbours by tiled matrix products."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from labelaudit.core.rows import Array

# Tiles are fixed by row number and padded to full size: a matrix product over another number
# of rows may round differently.
_TILE = 512


@dataclass(frozen=True, kw_only=True, slots=True)
class Neighbours:
    """For each row its k nearest other rows int[n, k], nearest first, ties by row number."""

    rows: npt.NDArray[np.int32]
    distances: npt.NDArray[np.float32]
    metric: str


def nearest(
    points: Array, k: int, metric: str | None = None, watch: Callable[[int], None] | None = None
) -> Neighbours:
    """Find the `k` nearest other rows of each row of `points` float[n, d].

    `metric` is `cosine` or `euclidean`; by default cosine above three dimensions, as
    cleanlab chooses. Cost O(n^2 d) time, O(n) memory.
    """
    n_rows = len(points)
    k = min(k, n_rows - 1)
    metric = metric or ("cosine" if points.shape[1] > 3 else "euclidean")
    placed = points.astype(np.float64)
    scale = float(np.abs(placed).max(initial=0)) or 1.0
    placed /= scale  # so that no square overflows
    if metric == "cosine":
        lengths = np.sqrt((placed**2).sum(axis=1, keepdims=True))
        placed = placed / np.where(lengths > 0, lengths, 1.0)
    else:
        placed = placed - placed.mean(axis=0)  # keeps the products small, changes no distance
    padded = np.zeros((-(-n_rows // _TILE) * _TILE, points.shape[1]), dtype=np.float32)
    padded[:n_rows] = placed
    squares = np.einsum("ij,ij->i", padded, padded)
    found = np.empty((n_rows, k), dtype=np.int32)
    distances = np.empty((n_rows, k), dtype=np.float32)
    for start in range(0, n_rows, _TILE):
        stop = min(start + _TILE, n_rows)
        products = padded[start : start + _TILE] @ padded.T
        squared = (squares[start : start + _TILE, None] + squares[None, :]) - 2 * products
        squared = np.maximum(squared[: stop - start, :n_rows], 0)
        squared[np.arange(stop - start), np.arange(start, stop)] = np.inf
        found[start:stop], chosen = _smallest(squared, k)
        distances[start:stop] = chosen / 2 if metric == "cosine" else scale * np.sqrt(chosen)
        if watch is not None:
            watch(stop - start)
    return Neighbours(rows=found, distances=distances, metric=metric)


def _smallest(values: Array, k: int) -> tuple[npt.NDArray[np.int32], Array]:
    """Return columns and values of the k smallest of each row, ties to the lower column."""
    if k < values.shape[1]:
        cut = np.partition(values, k - 1, axis=1)[:, k - 1 : k]
    else:
        cut = values.max(axis=1, keepdims=True)
    rows, columns = np.nonzero(values <= cut)
    order = np.lexsort((columns, values[rows, columns], rows))
    rows, columns = rows[order], columns[order]
    firsts = np.searchsorted(rows, np.arange(len(values)))
    chosen = columns[firsts[:, None] + np.arange(k)]
    return chosen.astype(np.int32), np.take_along_axis(values, chosen, axis=1)
