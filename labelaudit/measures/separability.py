"""What the measures of separability share: distances, groups of rows, intervals, worst pairs."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from labelaudit.core.intervals import wilson
from labelaudit.core.results import Skipped
from labelaudit.core.rows import Array
from labelaudit.engine.neighbours import normalised
from labelaudit.engine.sample import uniform
from labelaudit.measures.kinds import Named, Sample

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int32]
Column = tuple[float | None, ...]

GROUPS = 20
MOST_PAIRS = 20
MOST_ACCURACIES = 200
EVERY_PAIR = 20  # up to so many classes also the pairs that no row crosses are listed
PAIRED_CLASSES = 200
JACKKNIFE = f"95 %, jackknife over {GROUPS} groups of rows"
TOO_FEW = "none: too few rows to leave some out"
_NARROW = 3  # as in the neighbour graph: wider rows are compared by their direction


def too_few_classes(kind: type[Named], labels: Labels) -> Skipped | None:
    """Return why a measure of classes that lie apart is skipped; None where it can run."""
    if len(np.unique(labels)) > 1:
        return None
    return Skipped(
        name=kind.name,
        title=kind.title,
        reason="fewer than two classes occur among the rows",
        remedy="labels of two classes or more",
    )


def placed(points: Array) -> Floats:
    """Return `points` float[n, d] as distances see them: of length 1 above three dimensions.

    The nearest of such rows are those of the cosine distance. Narrower ones are as they are.
    """
    if points.shape[1] > _NARROW:
        return normalised(points, "cosine", 1.0)
    return points.astype(np.float64)


def distances_between(points: Floats, others: Floats) -> Floats:
    """Return the Euclidean distances float64[n, m] between two sets of points."""
    squared = points @ others.T
    squared *= -2
    squared += np.square(points).sum(axis=1)[:, None]
    squared += np.square(others).sum(axis=1)[None, :]
    return np.asarray(np.sqrt(np.maximum(squared, 0, out=squared), out=squared))


def distances_among(points: Floats) -> Floats:
    """Return the Euclidean distances float64[n, n] among points; exactly 0 to themselves."""
    distances = distances_between(points, points)
    np.fill_diagonal(distances, 0.0)
    return distances


def groups_of(sample: Sample) -> npt.NDArray[np.int64]:
    """Return for each row of a sample one of `GROUPS` groups of equal size, drawn by lot.

    The lot is not the one that drew the sample: of that all rows have low numbers.
    """
    lots = uniform(sample.rows, sample.seed + 1)
    groups = np.empty(len(lots), dtype=np.int64)
    groups[np.argsort(lots, kind="stable")] = np.arange(len(lots)) % GROUPS
    return groups


def folds_of(sample: Sample, n_folds: int) -> npt.NDArray[np.int64]:
    """Return for each row of a sample its fold, drawn by lot, stratified.

    The rows of a class are spread over the folds evenly, to one row; so are all rows.
    """
    lots = uniform(sample.rows, sample.seed + 2)
    folds = np.empty(len(lots), dtype=np.int64)
    folds[np.lexsort((lots, sample.labels))] = np.arange(len(lots)) % n_folds
    return folds


def jackknife(
    value: float,
    without: Sequence[float] | Floats,
    low: float | None = None,
    high: float | None = None,
) -> tuple[tuple[float, float] | None, str]:
    """Return the 95 % interval of a figure, and what it is or why there is none.

    `without` are the figures that each group of rows leaves when it is taken out; `low` and
    `high` the ends of the range. Source: Efron and Stein, The jackknife estimate of variance,
    Annals of Statistics 1981; with Student's t for so few groups.
    """
    from scipy.special import stdtrit

    left = np.asarray(without, dtype=np.float64)
    n = len(left)
    if n < GROUPS or not np.isfinite(left).all():
        return None, TOO_FEW
    spread = float(np.square(left - left.mean()).sum()) * (n - 1) / n
    half = float(stdtrit(n - 1, 0.975)) * spread**0.5
    lowest = value - half if low is None else max(value - half, low)
    highest = value + half if high is None else min(value + half, high)
    return (lowest, highest), JACKKNIFE


def without_each(groups: npt.NDArray[np.int64], figure: Callable[[Any], float]) -> list[float]:
    """Return `figure(kept)` for each group left out; `kept` bool[n] are the other rows."""
    if len(groups) < GROUPS:
        return []
    return [figure(groups != group) for group in range(GROUPS)]


def means_by_class(values: npt.NDArray[Any], labels: Labels, n_classes: int) -> Column:
    """Return the mean of `values` [n] over the rows of each class; None where it has none."""
    counts = np.bincount(labels, minlength=n_classes)
    sums = np.bincount(labels, weights=values, minlength=n_classes)
    return tuple(
        float(total / count) if count else None for total, count in zip(sums, counts, strict=True)
    )


def shares_by_class(
    name: str, found: npt.NDArray[np.bool_], labels: Labels, n_classes: int
) -> dict[str, tuple[Any, ...]]:
    """Return of each class the share of its rows that were `found`, with Wilson's interval."""
    rows = np.bincount(labels, minlength=n_classes).tolist()
    hits = np.bincount(labels[found], minlength=n_classes).tolist()
    ends = [wilson(k, n) if n else (None, None) for k, n in zip(hits, rows, strict=True)]
    return {
        name: tuple(k / n if n else None for k, n in zip(hits, rows, strict=True)),
        f"{name}_low": tuple(low for low, _ in ends),
        f"{name}_high": tuple(high for _, high in ends),
        "rows": tuple(rows),
    }


def largest_classes(counts: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return the classes that are compared in pairs, ascending.

    All that occur; of very many the `PAIRED_CLASSES` largest by `counts` int[K].
    """
    order = np.argsort(-counts, kind="stable")[:PAIRED_CLASSES]
    return np.sort(order[counts[order] > 0])


def pairs_among(classes: npt.NDArray[np.integer]) -> npt.NDArray[np.int64]:
    """Return every pair int64[P, 2] of ascending class codes, the lower first."""
    low, high = np.triu_indices(len(classes), 1)
    return np.column_stack([classes[low], classes[high]]).astype(np.int64)


def worst_pairs(
    names: Sequence[str],
    pairs: npt.NDArray[np.int64],
    columns: dict[str, npt.NDArray[Any]],
    better: str,
) -> list[dict[str, Any]]:
    """Return at most `MOST_PAIRS` pairs of classes, the worst first by the first column.

    `pairs` int64[P, 2] are class codes; a pair whose figure is not a number is left out.
    """
    by = np.asarray(next(iter(columns.values())), dtype=np.float64)
    known = np.flatnonzero(np.isfinite(by))
    worse = -by[known] if better == "lower" else by[known]
    order = known[np.lexsort((pairs[known, 1], pairs[known, 0], worse))][:MOST_PAIRS]
    return [
        {"class": names[int(pairs[at, 0])], "other": names[int(pairs[at, 1])]}
        | {name: column[at].item() for name, column in columns.items()}
        for at in order
    ]


def counted_pairs(
    names: Sequence[str], one: npt.NDArray[Any], other: npt.NDArray[Any], n_rows: npt.NDArray[Any]
) -> list[dict[str, Any]]:
    """Return the pairs (one, other) that occur most often among two columns of class codes.

    `n_rows` int[K] are the rows of each class; `share` is of those of the first of the pair.
    """
    keys, counts = np.unique(
        one.astype(np.int64) * len(names) + other.astype(np.int64), return_counts=True
    )
    pairs = np.column_stack(np.divmod(keys, len(names)))
    shares = counts / np.maximum(n_rows[pairs[:, 0]], 1)
    return worst_pairs(names, pairs, {"rows": counts, "share": shares}, "lower")


def pair_accuracies(
    names: Sequence[str], labels: Labels, predicted: Labels
) -> list[dict[str, Any]]:
    """Return how well a classifier tells pairs of classes apart: right / placed within the pair.

    `labels` and `predicted` int32[n] (-1: none) are class codes. At most `MOST_ACCURACIES` pairs,
    the surest confused first: by the upper end of Wilson's interval, else pairs of a few rows
    would lead.
    """
    n_classes = len(names)
    right = np.bincount(labels[predicted == labels], minlength=n_classes)
    present = np.unique(labels).astype(np.int64)
    listed = present if len(present) <= EVERY_PAIR else present[:0]
    every = pairs_among(listed) @ (n_classes, 1)
    across = (predicted != labels) & (predicted >= 0)
    ends = np.sort(np.stack([labels[across], predicted[across]]).astype(np.int64), axis=0)
    codes, counts = np.unique(
        np.concatenate([ends[0] * n_classes + ends[1], every]), return_counts=True
    )
    crossing = counts - np.isin(codes, every)
    found = []
    for code, crossed in zip(codes.tolist(), crossing.tolist(), strict=True):
        a, b = divmod(code, n_classes)
        hits = int(right[a] + right[b])
        if n := hits + crossed:
            least, most = wilson(hits, n)
            found.append(
                {"codes": [a, b], "rows": n, "accuracy": hits / n, "low": least, "high": most}
            )
    found.sort(key=lambda pair: (pair["high"], pair["accuracy"], pair["codes"]))
    return [
        {"classes": [names[k] for k in pair["codes"]]} | pair for pair in found[:MOST_ACCURACIES]
    ]
