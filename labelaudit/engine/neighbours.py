"""Exact nearest neighbours: found by tiled matrix products, measured by differences.

Where faiss is installed it finds them sooner; what it finds is measured as ever, and a row of which
its list may lack a neighbour is looked for again without it. So the result is the same to the bit.
"""

import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from labelaudit.core.matrix import row_sums
from labelaudit.core.rows import Array

# Tiles are fixed by place and padded to full size: a matrix product over another number of rows
# may round differently.
TILE = 512
_REFERENCE_TILE = 1 << 11
# A product of float32 is off by about a millionth: so more are looked at than are asked for.
_SPARE = 8
_DIFFERENCES = 1 << 21
# Below so many references faiss saves less than it takes to load; of fewer points at a time it is
# slower than our own products.
_WORTH_FAISS = 1 << 14
_FAISS_TILE = 1 << 11
_ROUNDING = 2.0**-24
_NARROW = 3  # cleanlab's cutoff between the metrics, too
_FAR = 1e15  # in units of the largest reference: no square overflows
_NOWHERE = np.iinfo(np.uint64).max
_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)

Distances = npt.NDArray[np.float32]


@dataclass(frozen=True, kw_only=True, slots=True)
class Neighbours:
    """For each row its k nearest other rows int[n, k], nearest first, ties by row number.

    `sampled` says of a sample, in words and figures for a report, what it may have missed.
    """

    rows: npt.NDArray[np.int32]
    distances: Distances
    metric: str
    sampled: Mapping[str, Any] = field(default_factory=dict)

    @property
    def described(self) -> dict[str, Any]:
        """How neighbours were found, for the details of what reads them."""
        return {"metric": self.metric, **self.sampled}


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class References:
    """The points among which neighbours are looked for, made ready once.

    `placed` float32[m, d] are the `n` points `normalised` and moved by `centre`, which changes no
    distance and keeps products small and exact; below them zeros up to a full tile. `squares` are
    their squared lengths.
    """

    placed: Distances
    squares: Distances
    n: int
    metric: str
    centre: npt.NDArray[np.float64]
    scale: float

    @classmethod
    def of(cls, points: Array, metric: str | None = None) -> "References":
        """Make `points` float[n, d] ready, for the metric `cosine` or `euclidean`.

        By default it is cosine above three dimensions, as cleanlab chooses.
        """
        metric = metric or ("cosine" if points.shape[1] > _NARROW else "euclidean")
        scale = float(np.abs(points).max(initial=0)) or 1.0
        return cls._placed(points, metric, _centre(points, metric, scale), scale)

    def beside(self, points: Array) -> "References":
        """Make other `points` float[n, d] ready: equal ones are in the very same place."""
        return self._placed(points, self.metric, self.centre, self.scale)

    @classmethod
    def _placed(
        cls, points: Array, metric: str, centre: npt.NDArray[np.float64], scale: float
    ) -> "References":
        n, width = points.shape
        placed = np.zeros((-(-n // TILE) * TILE, width), dtype=np.float32)
        for start in range(0, n, _REFERENCE_TILE):
            some = points[start : start + _REFERENCE_TILE]
            placed[start : start + len(some)] = normalised(some, metric, scale) - centre
        squares = row_sums(placed**2).astype(np.float32)
        return cls(placed=placed, squares=squares, n=n, metric=metric, centre=centre, scale=scale)

    def tiles(self, n_points: int) -> Iterator[slice]:
        """Return how many points to ask for at a time."""
        size = _FAISS_TILE if self._by_faiss else TILE
        return (slice(at, min(at + size, n_points)) for at in range(0, n_points, size))

    def nearest(
        self, points: Array, own: npt.NDArray[np.int64], k: int
    ) -> tuple[npt.NDArray[np.int64], Distances]:
        """Return the places int64[q, k] of the nearest references, and the distances to them.

        `points` float[q, d] are one of `tiles`; `own` int64[q] says which reference each of them
        is itself, and so no neighbour of (-1: none). Nearest first, ties by place. Distances are
        1 - cosine (a point without length is .5 from all that have one), or Euclidean; those of
        equal points are 0.
        """
        asked = self.asked(points)
        if not self._by_faiss:
            return self._nearest_in_tile(asked, own, k)
        chosen, distances, sure = self._nearest_by_faiss(asked, own, k)
        unsure = np.flatnonzero(~sure)
        for start in range(0, len(unsure), TILE):
            at = unsure[start : start + TILE]
            chosen[at], distances[at] = self._nearest_in_tile(asked[at], own[at], k)
        return chosen, distances

    def asked(self, points: Array) -> Distances:
        """Return `points` float[q, d] placed as the references are."""
        return np.asarray(normalised(points, self.metric, self.scale) - self.centre, np.float32)

    def near(
        self, asked: Distances, own: npt.NDArray[np.int64], k: int
    ) -> tuple[npt.NDArray[np.int64], Distances]:
        """Return what `nearest` returns, of points that were `asked` for already."""
        found = self._likely(asked, own, min(2 * k + _SPARE, self.n - bool((own >= 0).any())))
        distances = self._distances(self._squared_apart(asked[: len(own)], found))
        return first_by_distance(found, distances, k)

    def _nearest_in_tile(
        self, asked: Distances, own: npt.NDArray[np.int64], k: int
    ) -> tuple[npt.NDArray[np.int64], Distances]:
        padded = np.zeros((TILE, asked.shape[1]), dtype=np.float32)
        padded[: len(asked)] = asked
        return self.near(padded, own, k)

    @property
    def _by_faiss(self) -> bool:
        return self.n >= _WORTH_FAISS and faiss() is not None

    def _nearest_by_faiss(
        self, asked: Distances, own: npt.NDArray[np.int64], k: int
    ) -> tuple[npt.NDArray[np.int64], Distances, npt.NDArray[np.bool_]]:
        """Return what `nearest` returns, and of which points no nearer one can be lacking.

        A squared distance that is a sum of products of float32 is off by at most (d + 8) 2^-24
        (|x| + |y|)^2 =: e. What is not in the list is at least as far as its last, less e; and our
        own search finds what is nearer than that by 2 e more. In between nobody is sure.
        """
        most = min(2 * k + _SPARE + 1, self.n)  # one of them may be the point itself
        about, found = faiss().knn(asked, self.placed[: self.n], most)
        distances = self._distances(self._squared_apart(asked, found))
        distances[found == own[:, None]] = np.inf
        k = min(k, self.n - bool((own >= 0).any()))
        chosen, nearest = first_by_distance(found, distances, k)
        if most == self.n or not nearest.shape[1]:
            return chosen, nearest, np.ones(len(asked), dtype=np.bool_)
        last = about[:, -1].astype(np.float64)
        length = np.sqrt(row_sums(asked.astype(np.float64) ** 2))
        off = (asked.shape[1] + 8) * _ROUNDING * (2 * length + np.sqrt(np.maximum(last, 0))) ** 2
        bar = self._distances(np.maximum(last - 3 * off, 0))
        return chosen, nearest, nearest[:, -1] < bar

    def _likely(
        self, asked: Distances, own: npt.NDArray[np.int64], most: int
    ) -> npt.NDArray[np.int64]:
        """Return the `most` references that are nearest but for rounding, in no order.

        A key is the bits of a squared distance, then the place: the smallest keys are the
        nearest, ties by place, whatever tile is looked at first.
        """
        n_asked = len(own)
        best = np.full((n_asked, most), _NOWHERE, dtype=np.uint64)
        for start in range(0, self.n, _REFERENCE_TILE):
            squared = self._squared(asked, start)[:n_asked, : self.n - start]
            here = np.flatnonzero((own >= start) & (own < start + squared.shape[1]))
            squared[here, own[here] - start] = np.inf
            bits = squared.view(np.uint32)
            worst = (best.max(axis=1, initial=0) >> _HALF).astype(np.uint32)
            rows, columns = np.nonzero(bits <= worst[:, None])
            if not len(rows):
                continue
            firsts = np.searchsorted(rows, np.arange(n_asked))
            keys = np.full((n_asked, int(np.bincount(rows).max())), _NOWHERE, dtype=np.uint64)
            places = (columns + start).astype(np.uint64)
            keys[rows, np.arange(len(rows)) - firsts[rows]] = (
                bits[rows, columns].astype(np.uint64) << _HALF
            ) | places
            both = np.concatenate([best, keys], axis=1)
            best = np.partition(both, most - 1, axis=1)[:, :most] if most else best
        return (best & _LOW).astype(np.int64)

    def _squared(self, asked: Distances, start: int) -> Distances:
        """Return about the squared distances from the points asked for to a tile of references."""
        tile = slice(start, start + _REFERENCE_TILE)
        placed = self.placed[tile]
        if asked.shape[1] <= _NARROW:  # where few numbers decide, their differences do
            squared = np.zeros((len(asked), len(placed)), dtype=np.float32)
            for column in range(asked.shape[1]):
                squared += (asked[:, column, None] - placed[None, :, column]) ** 2
            return squared
        squared = asked @ placed.T
        squared *= -2
        squared += row_sums(asked**2).astype(np.float32)[:, None]
        squared += self.squares[None, tile]
        return np.maximum(squared, 0, out=squared)

    def _squared_apart(
        self, asked: Distances, found: npt.NDArray[np.int64]
    ) -> npt.NDArray[np.float64]:
        squared = np.empty(found.shape)
        step = max(1, _DIFFERENCES // max(found.shape[1] * asked.shape[1], 1))
        for start in range(0, len(asked), step):
            own = slice(start, start + step)
            apart = self.placed[found[own]].astype(np.float64) - asked[own, None]
            squared[own] = np.einsum("ijk,ijk->ij", apart, apart)
        return squared

    def _distances(self, squared: npt.NDArray[np.float64]) -> Distances:
        exact = squared / 2 if self.metric == "cosine" else self.scale * np.sqrt(squared)
        return np.minimum(exact, np.finfo(np.float32).max).astype(np.float32)


@cache
def faiss() -> Any:
    """Return the module faiss (the extra `labelaudit[knn]`); None where it cannot be used."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what its wrapper says to newer Pythons
            import faiss as module
    except ImportError:
        return None
    return module if hasattr(module, "knn") else None  # or else a folder of that name


def first_by_distance(
    found: npt.NDArray[np.int64], distances: Distances, k: int
) -> tuple[npt.NDArray[np.int64], Distances]:
    """Return the first k of each row, by distance, ties by place."""
    order = np.lexsort((found, distances), axis=-1)[:, :k]
    return np.take_along_axis(found, order, axis=1), np.take_along_axis(distances, order, axis=1)


def nearest(
    points: Array, k: int, metric: str | None = None, watch: Callable[[int], None] | None = None
) -> Neighbours:
    """Find the `k` nearest other rows of each row of `points` float[n, d].

    `metric` is `cosine` or `euclidean`; by default cosine above three dimensions, as
    cleanlab chooses. Cost O(n^2 d) time, O(n) memory.
    """
    n_rows = len(points)
    k = max(min(k, n_rows - 1), 0)
    references = References.of(points, metric)
    rows = np.empty((n_rows, k), dtype=np.int32)
    distances = np.empty((n_rows, k), dtype=np.float32)
    for tile in references.tiles(n_rows):
        own = np.arange(tile.start, tile.stop)
        rows[own], distances[own] = references.nearest(points[own], own, k)
        if watch is not None:
            watch(len(own))
    return Neighbours(rows=rows, distances=distances, metric=references.metric)


def normalised(points: Array, metric: str, scale: float) -> npt.NDArray[np.float64]:
    """Return points of length 1 for the cosine distance, else in units of `scale`.

    Each row for itself. The distance of two points of length 1 is the root of 2 (1 - cosine).
    """
    placed = points.astype(np.float64)
    if metric == "euclidean":
        return np.clip(placed / scale, -_FAR, _FAR)
    largest = np.abs(placed).max(axis=1, keepdims=True, initial=0)
    placed /= np.where(largest > 0, largest, 1.0)  # so that no square overflows, none is lost
    lengths = np.sqrt(row_sums(placed**2))[:, None]
    return np.asarray(placed / np.where(lengths > 0, lengths, 1.0))


def _centre(points: Array, metric: str, scale: float) -> npt.NDArray[np.float64]:
    """Return about the middle of the normalised points, the same for any order of them."""
    if not len(points):
        return np.zeros(points.shape[1])
    if metric == "euclidean":  # where one point may be far from all others
        return np.median(normalised(points, metric, scale), axis=0).astype(np.float64)
    total = np.zeros(points.shape[1])
    for start in range(0, len(points), _REFERENCE_TILE):
        total += normalised(points[start : start + _REFERENCE_TILE], metric, scale).sum(axis=0)
    return (total / len(points)).astype(np.float32).astype(np.float64)  # sums differ with the order


def disagreement(
    labels: npt.NDArray[np.int32],
    neighbours: npt.NDArray[Any],
    rows: npt.NDArray[np.int64] | None = None,
) -> npt.NDArray[np.float64]:
    """Return the share of `neighbours` int[n, k] with another label than their row (kDN).

    `labels` int[N] are those of all rows; the n rows are `rows`, all by default. Range 0 to 1;
    no number where k is 0.
    """
    own = labels if rows is None else labels[rows]
    if not neighbours.shape[1]:
        return np.full(len(own), np.nan)
    return np.asarray((labels[neighbours] != own[:, None]).mean(axis=1))
