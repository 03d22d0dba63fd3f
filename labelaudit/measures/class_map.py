from typing import Any

import numpy as np
import numpy.typing as npt

from labelaudit.core.results import DatasetFacts, Measurement, Skipped
from labelaudit.core.rows import Array
from labelaudit.measures.kinds import Sample, SampledMeasure
from labelaudit.measures.linear_accuracy import sums_by_class, unit_columns
from labelaudit.measures.separability import Floats, Labels

SIDE = 1000
# Beyond so many columns the work would be all in these: those that vary most are kept.
MOST_COLUMNS = 1024
# So small a share of the rows at either end of an axis may lie at the edge of the map.
_OUTERMOST = 0.002
_LEAST_PROBABILITY = 1e-6
# Loadings nearer than this to the largest are as large: rounding shall not turn the map round.
_AS_LARGE = 1 - 1e-6
_NOTHING = 1e-12


class ClassMap(SampledMeasure):
    """Where rows and classes lie to each other, seen along the two directions that show most.

    It is a shadow of many dimensions: what lies apart in it is apart, but what lies together may
    not be. With three classes or more the axes are those of linear discriminant analysis: the two
    directions in which the means of the classes differ most, against the spread within classes
    (columns brought to unit variance, the spread shrunk towards a sphere by d / (d + n)). With
    fewer they are the two principal axes. Embeddings are looked at where there are any, else the
    logarithms of the model's probabilities (below 1e-6 taken as 1e-6).

    The value is the share explained = what varies along both axes / what varies in all, of the
    variance between classes or, with principal axes, of all. Range 0 to 1, neither end is better:
    above .5 the map is a good picture, below .2 a bad one that hides most. Places are whole
    numbers from 0 to 1,000, each axis by itself; the outermost 2 rows in 1,000 may lie at the
    edge. `flagged` marks the suspects among the rows, where a detection has run; the place of a
    class is the median of its rows. The direction of an axis means nothing: its largest loading
    is positive, so that it is the same again. No interval: the axes are chosen to explain most,
    so it is a little too high. Cost O(n d^2) on at most 2,200 rows, a fair, seeded sample, and on
    the 1,024 columns that vary most.

    Limits: the axes are drawn by the given labels, wrong ones included, so classes look farther
    apart than they are where rows are few; distances between far groups say nothing.

    Source: Fisher, The use of multiple measurements, 1936; Rao 1948; Pearson, On lines and planes
    of closest fit, 1901.
    """

    name = "class_map"
    title = "Map of the classes"
    needs = frozenset({"labels"})
    uses = ("embeddings", "probabilities")
    largest_sample = 2200

    @staticmethod
    def measure(sample: Sample, facts: DatasetFacts) -> Measurement | Skipped:
        points, space, of = _points(sample)
        if points is None:
            return _skipped("no embeddings and no predictions", "--embeddings FILE")
        if len(points) < 2:
            return _skipped("one row has no other", "more rows")
        used = varied_columns(points)
        parting = len(np.unique(sample.labels)) > 2
        axes = discriminant_axes(used, sample.labels) if parting else None
        kind = "linear discriminant" if axes is not None else "principal"
        if axes is None:
            axes = principal_axes(used)
        if axes is None:
            return _skipped(f"the {of} of all rows are equal", f"{of} that differ")
        places, explained = axes
        x, y = (on_the_map(column) for column in places.T)
        details: dict[str, Any] = {
            "space": space,
            "method": f"Two {kind} axes of the {of}",
            "explained": explained,
            "x": x.tolist(),
            "y": y.tolist(),
            "codes": sample.labels.tolist(),
        }
        flagged = sample.flagged
        if flagged is not None:
            details["n_suspects_shown"] = int(flagged.sum())
        details["flagged"] = [0] * len(x) if flagged is None else flagged.astype(int).tolist()
        if used.shape[1] < points.shape[1]:
            details |= {"n_columns": points.shape[1], "n_columns_used": used.shape[1]}
        what = "the variance between classes" if kind != "principal" else "all variance"
        return Measurement(
            name=ClassMap.name,
            title=ClassMap.title,
            value=explained,
            unit=f"of {what}, along the two axes",
            interval_kind="none: the axes are chosen to explain most",
            range=(0.0, 1.0),
            better="neither",
            details=details,
            per_class={
                "x": middles(x, sample.labels, facts.n_classes),
                "y": middles(y, sample.labels, facts.n_classes),
            },
            sample=sample.described,
            source="Fisher 1936; Rao 1948" if kind != "principal" else "Pearson 1901",
        )


def _skipped(reason: str, remedy: str) -> Skipped:
    return Skipped(name=ClassMap.name, title=ClassMap.title, reason=reason, remedy=remedy)


def _points(sample: Sample) -> tuple[Array | None, str, str]:
    """Return what is mapped, float[n, d], in which space it lies, and what it is called."""
    if sample.embeddings is not None:
        return sample.embeddings, "embeddings", "embeddings"
    if sample.probabilities is not None:
        wide = sample.probabilities.astype(np.float64)
        logs = np.log(np.maximum(wide, _LEAST_PROBABILITY))
        return logs, "model outputs", "log-probabilities"
    return None, "", ""


def varied_columns(points: Array) -> Floats:
    """Return the columns of `points` float[n, d] that vary most, in order; 1,024 at most."""
    scaled = points.astype(np.float64)
    largest = float(np.abs(scaled).max(initial=0))
    scaled /= largest if largest > 0 else 1.0  # so that no square overflows
    if scaled.shape[1] <= MOST_COLUMNS:
        return scaled
    order = np.argsort(-scaled.var(axis=0), kind="stable")
    return scaled[:, np.sort(order[:MOST_COLUMNS])]


def discriminant_axes(points: Floats, labels: Labels) -> tuple[Floats, float] | None:
    """Return the places float64[n, 2] of rows on two discriminant axes, and the share explained.

    None where the classes do not differ. `points` float64[n, d], `labels` int[n] of three classes
    at least. With S the spread within classes, and M the centred means of the classes times the
    root of their sizes, the axes are S^-1 M' u for the first two eigenvectors u of M S^-1 M': of
    the classes or of the columns, whichever are fewer, only so many are worked with.
    """
    from scipy.linalg import cholesky, solve_triangular

    scaled = unit_columns(points)
    n_rows, width = scaled.shape
    _, own = np.unique(labels, return_inverse=True)
    counts = np.bincount(own)
    means = sums_by_class(scaled, own.astype(np.int32), len(counts)) / counts[:, None]
    rooted = means * np.sqrt(counts / n_rows)[:, None]
    within = scaled.T @ scaled / n_rows - rooted.T @ rooted
    share = width / (width + n_rows)
    sphere = max(float(np.trace(within)) / width, _NOTHING)
    within *= 1 - share
    within[np.diag_indices(width)] += share * sphere
    # The columns in which the spread within classes is a unit sphere.
    lower = cholesky(within, lower=True)
    found = first_two(solve_triangular(lower, rooted.T, lower=True).T)
    if found is None:
        return None
    directions, explained = found
    loadings = solve_triangular(lower, directions, lower=True, trans="T")
    return scaled @ with_fixed_signs(loadings), explained


def principal_axes(points: Floats) -> tuple[Floats, float] | None:
    """Return the places float64[n, 2] of rows on two principal axes, and the share explained.

    None where all rows are equal.
    """
    centred = points - points.mean(axis=0)
    found = first_two(centred)
    if found is None:
        return None
    loadings, explained = found
    return centred @ with_fixed_signs(loadings), explained


def first_two(rows: Floats) -> tuple[Floats, float] | None:
    """Return the two directions float64[d, 2] along which rows float64[m, d] about 0 are largest.

    And the share of their squares along these. None where all are 0. Where there is but one
    direction the second is 0.
    """
    from scipy.linalg import eigh

    total = float(np.square(rows).sum())
    if total <= _NOTHING * max(rows.size, 1):
        return None
    wide = rows.shape[1] > rows.shape[0]
    products = rows @ rows.T if wide else rows.T @ rows
    n = len(products)
    values, vectors = eigh(products, subset_by_index=(max(n - 2, 0), n - 1))
    values, vectors = values[::-1], vectors[:, ::-1]
    directions = np.zeros((rows.shape[1], 2))
    for axis, value in enumerate(values):
        if value > _NOTHING * total:
            along = rows.T @ vectors[:, axis] if wide else vectors[:, axis]
            directions[:, axis] = along / np.sqrt(np.square(along).sum())
    return directions, min(float(np.maximum(values, 0).sum()) / total, 1.0)


def with_fixed_signs(loadings: Floats) -> Floats:
    """Return loadings float64[d, 2] so turned that the largest of each axis is positive."""
    sizes = np.abs(loadings)
    first = (sizes >= sizes.max(axis=0) * _AS_LARGE).argmax(axis=0)
    return np.where(loadings[first, [0, 1]] < 0, -loadings, loadings)


def on_the_map(values: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Return places along an axis as whole numbers 0 to 1,000, in the middle where all are equal.

    The few outermost are brought to the edge: one stray would else press all others together.
    """
    low, high = np.quantile(values, (_OUTERMOST, 1 - _OUTERMOST))
    if high - low <= _NOTHING * max(abs(low), abs(high)):
        return np.full(len(values), SIDE // 2, dtype=np.int64)
    within = (np.clip(values, low, high) - low) / (high - low)
    return np.asarray(np.rint(within * SIDE), dtype=np.int64)


def middles(
    places: npt.NDArray[np.int64], labels: Labels, n_classes: int
) -> tuple[int | None, ...]:
    """Return the median place of each class, of two in the middle the lower; None without rows."""
    order = np.lexsort((places, labels))
    ordered = places[order]
    ends = np.searchsorted(labels[order], np.arange(n_classes), side="right").tolist()
    starts = [0, *ends[:-1]]
    return tuple(
        int(ordered[(start + end - 1) // 2]) if end > start else None
        for start, end in zip(starts, ends, strict=True)
    )
