"""How well a label fits where its example lies: a Gaussian for each class, one shape for all."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from labelaudit.core.matrix import row_sums
from labelaudit.core.rows import Array
from labelaudit.engine.neighbours import TILE, nearest, normalised

MOST_DIMENSIONS = 32
LEAST_ROWS = 3
_LOF_FROM, _LOF_NEIGHBOURS = 7, 20
_CELLS = 1 << 22
_RARE = 0.5
_TILES = 8 * TILE

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int32]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Gaussians:
    """The classes as Gaussians of one covariance, in coordinates where this is the identity.

    `classes` int32[C] have at least `LEAST_ROWS` rows to fit, `centres` float64[C, e] are theirs.
    A point is `normalised` by `metric` and `scale`, `turned` float64[d, e], and moved by `offset`.
    """

    classes: Ints
    centres: Floats
    metric: str
    scale: float
    turned: Floats
    offset: Floats

    def posterior(self, points: Array, labels: Ints, prior: Floats | None = None) -> Floats:
        """Return p(given label | point) float64[n] of `points` float[n, d], `labels` int[n].

        `prior` float64[K] says how probable each class is, above 0 in any unit; by default all
        classes that could be fitted are equally so. Range 0 to 1, low where the label does not
        fit; no number where the class of the label could not be fitted.
        """
        found = np.full(len(labels), np.nan)
        if not len(self.classes):
            return found
        given = np.minimum(np.searchsorted(self.classes, labels), len(self.classes) - 1)
        weights = np.ones(len(self.classes)) if prior is None else prior[self.classes]
        padded = np.zeros((TILE, points.shape[1]))
        for start in range(0, len(points), TILE):
            own = slice(start, min(start + TILE, len(points)))
            size = own.stop - start
            padded[:size] = normalised(points[own], self.metric, self.scale)
            turned = (padded @ self.turned)[:size] - self.offset
            found[own] = self._of_given(turned, given[own], weights)
        return np.where(self.classes[given] == labels, found, np.nan)

    def _of_given(self, turned: Floats, given: npt.NDArray[np.intp], weights: Floats) -> Floats:
        """Return the posterior of the class at `given`; a few rows at a time, each for itself."""
        found = np.empty(len(turned))
        step = max(1, _CELLS // max(self.centres.size, 1))
        for start in range(0, len(turned), step):
            some, own = slice(start, start + step), given[start : start + step]
            apart = turned[some, None] - self.centres[None]
            squared = np.einsum("ijk,ijk->ij", apart, apart)
            nearer = (np.take_along_axis(squared, own[:, None], axis=1) - squared) / 2
            # Against the given class, so that the sum is at least 1 and cannot vanish.
            with np.errstate(over="ignore"):
                found[some] = 1 / row_sums(np.exp(nearer) * (weights / weights[own, None]))
        return found


def fit(points: Array, labels: Ints, metric: str) -> Gaussians:
    """Fit a Gaussian to each class of `points` float[n, d] with `labels` int[n].

    Points are brought to length 1 where `metric` is cosine, and turned to their at most 32 main
    directions. Of each class of at least 7 rows the 70 % that are least outlying (local outlier
    factor) are kept; its centre is the median of these. The covariance is one for all classes,
    that of the kept rows about their centres, shrunken after Ledoit and Wolf. A class with fewer
    than 3 rows is left out.

    Source: after Zhang and others, When noisy labels meet long tail dilemmas: a representation
    calibration method (RCAL), ICCV 2023; reconstructed from its abstract, and without its borrowing
    of statistics between classes.
    """
    axes = axes_of(points, metric)
    own = axes.coordinates(points)
    classes, centres, apart = [], [], []
    for rows in rows_by_class(labels):
        if len(rows) < LEAST_ROWS:
            continue
        chosen = own[rows][least_outlying(own[rows])]
        classes.append(labels[rows[0]])
        centres.append(np.median(chosen, axis=0))
        apart.append(chosen - centres[-1])
    white = whitening(np.concatenate(apart), own) if apart else np.eye(own.shape[1])
    return Gaussians(
        classes=np.array(classes, dtype=np.int32),
        centres=np.array(centres).reshape(-1, own.shape[1]) @ white,
        metric=metric,
        scale=axes.scale,
        turned=axes.directions @ white,
        offset=axes.middle @ axes.directions @ white,
    )


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Axes:
    """The at most 32 main directions float64[d, e] of points, through their `middle` float64[d]."""

    metric: str
    scale: float
    middle: Floats
    directions: Floats

    def coordinates(self, points: Array) -> Floats:
        """Return where `points` float[n, d] stand along the directions, float64[n, e]."""
        tiles = _tiles(points, self.metric, self.scale)
        return np.concatenate([(tile - self.middle) @ self.directions for tile in tiles])


def axes_of(points: Array, metric: str) -> Axes:
    """Return the axes of `points` float[n, d], brought to length 1 where `metric` is cosine."""
    scale = float(np.abs(points).max(initial=0)) or 1.0
    sums = [tile.sum(axis=0) for tile in _tiles(points, metric, scale)]
    middle = np.sum(sums, axis=0) / max(len(points), 1)
    directions = main_directions(tile - middle for tile in _tiles(points, metric, scale))
    return Axes(metric=metric, scale=scale, middle=middle, directions=directions)


def rows_by_class(labels: Ints) -> list[npt.NDArray[np.intp]]:
    """Return the rows of each class that occurs, ascending, by its code."""
    order = np.argsort(labels, kind="stable")
    starts = np.flatnonzero(np.diff(labels[order], prepend=-1))
    return np.split(order, starts[1:])


def rare_classes(class_counts: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Return which of K classes have fewer than half as many rows as the mean class has."""
    present = class_counts[class_counts > 0]
    return np.asarray(class_counts < _RARE * (present.mean() if len(present) else 0))


def _tiles(points: Array, metric: str, scale: float) -> Iterator[Floats]:
    for start in range(0, len(points), _TILES):
        yield normalised(points[start : start + _TILES], metric, scale)


def main_directions(tiles: Iterable[Floats]) -> Floats:
    """Return up to 32 directions float64[d, e] in which points, tiles of them, differ most.

    Those of the largest eigenvalues of the sum of squares and products of the tiles float64[n, d],
    which are about 0; of each the largest entry is positive. A centre by medians depends on the
    directions: those that the data has do not change when all of it is turned.
    """
    products = sum(tile.T @ tile for tile in tiles)
    assert isinstance(products, np.ndarray)
    directions = np.linalg.eigh(products)[1][:, ::-1][:, :MOST_DIMENSIONS]
    largest = directions[np.abs(directions).argmax(axis=0), np.arange(directions.shape[1])]
    return np.asarray(directions * np.where(largest < 0, -1, 1))


def least_outlying(points: Floats) -> npt.NDArray[np.intp]:
    """Return which 70 % of `points` float[n, e] have the lowest local outlier factor, ascending.

    ceil(.7 n) of them, ties to the first; all of them where there are fewer than 7.
    """
    if len(points) < _LOF_FROM:
        return np.arange(len(points))
    factors = local_outlier_factor(points, min(_LOF_NEIGHBOURS, len(points) - 1))
    n_kept = -(-7 * len(points) // 10)
    return np.sort(np.argsort(factors, kind="stable")[:n_kept])


def local_outlier_factor(points: Floats, k: int) -> Floats:
    """Return how much sparser each of `points` float[n, e] lies than its k neighbours.

    About 1 within a cluster, larger outside.
    Source: Breunig, Kriegel, Ng and Sander, LOF, SIGMOD 2000;
    sklearn.neighbors.LocalOutlierFactor, to which it is equal but for rounding.
    """
    found = nearest(points, k, "euclidean")
    distances = found.distances.astype(np.float64)
    largest = distances.max(initial=0) or 1.0  # so that what is added to 0 knows no unit
    reach = np.maximum(distances, distances[found.rows, -1]) / largest
    density = 1 / (reach.mean(axis=1) + 1e-10)
    return np.asarray(density[found.rows].mean(axis=1) / density)


def whitening(apart: Floats, points: Floats) -> Floats:
    """Return float64[e, e] that makes a sphere of what `apart` float[n, e] is spread by.

    It is the root of the inverse of the covariance about 0, shrunken after Ledoit and Wolf;
    `points` float[m, e] say in which unit a spread is nothing.
    """
    from sklearn.covariance import ledoit_wolf

    covariance, _ = ledoit_wolf(apart, assume_centered=True)
    # Classes may be single points each: then whatever differs, differs by far.
    least = 1e-6 * float(points.var(axis=0).mean()) or 1.0
    return inverse_root(covariance + least * np.eye(len(covariance)))


def inverse_root(covariance: Floats) -> Floats:
    """Return the root of the inverse of a covariance, symmetric: no sign is left open."""
    values, vectors = np.linalg.eigh(covariance)
    return np.asarray(vectors / np.sqrt(values) @ vectors.T)
