from collections.abc import Iterator
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from labelaudit.core.results import DatasetFacts, Measurement, Skipped
from labelaudit.core.rows import Array
from labelaudit.measures.kinds import Sample, SampledMeasure
from labelaudit.measures.separability import (
    GROUPS,
    Floats,
    Labels,
    groups_of,
    jackknife,
    largest_classes,
    pairs_among,
    too_few_classes,
    worst_pairs,
)

_Number = TypeVar("_Number", np.int64, np.float64)
_CELLS = 1 << 22
_NOTHING = 1e-12  # of a column's variance: what rounding leaves


class FisherRatio(SampledMeasure):
    """How well the one best column of the embeddings tells the classes apart (F1).

    Near 0 one column alone separates the classes; at 1 no column tells them apart. The value is
    1 / (1 + max r), with r of each column the variance between classes over that within them. For
    a class it is that of the class against all others, for a pair that of the two.

    Range 0 to 1, lower is more separable; below .3 is good; labels dealt at random have .98 and
    more. It sees one column at a time: embeddings that separate classes by many weak columns, as
    those of deep networks do, have a high value and are separable all the same; read the
    directional one for them. With many classes one column cannot part them all: compare the classes
    and pairs, not data sets of other numbers of classes. r = sum n_k (mean_k - mean)^2 / sum (x -
    mean_k)^2. Cost O(n d) on at most 50,000 rows, a fair, seeded sample; pairs among the 200
    largest classes. Interval: a jackknife over groups of rows. No alert: a high value is no fault.

    Source: Ho and Basu, IEEE PAMI 2002; Lorena et al., ACM Computing Surveys 2019 (F1).
    """

    name = "fisher_ratio"
    title = "Fisher's discriminant ratio"
    needs = frozenset({"embeddings"})

    @staticmethod
    def measure(sample: Sample, facts: DatasetFacts) -> Measurement | Skipped:
        kind = FisherRatio
        if skipped := too_few_classes(kind, sample.labels):
            return skipped
        assert sample.embeddings is not None
        found = best_ratios(sample.embeddings, sample.labels, facts.n_classes, groups_of(sample))
        value = _f1(found.of_all)
        without = _f1s(found.without) if len(sample.rows) >= GROUPS else ()
        interval, why = jackknife(value, without, 0.0, 1.0)
        of_class = _f1s(found.of_class).tolist()
        counts = np.bincount(sample.labels, minlength=facts.n_classes)
        pairs = worst_pairs(facts.class_names, found.pairs, {"f1": _f1s(found.of_pair)}, "lower")
        return Measurement(
            name=kind.name,
            title=kind.title,
            value=value,
            unit="1 / (1 + the largest ratio of variances)",
            interval=interval,
            interval_kind=why,
            range=(0.0, 1.0),
            better="lower",
            details={
                "best_column": found.best_column,
                "largest_ratio": found.of_all if np.isfinite(found.of_all) else None,
                "classes_in_pairs": len(largest_classes(counts)),
                "worst_pairs": pairs,
            },
            per_class={
                "f1": tuple(
                    one if count else None for one, count in zip(of_class, counts, strict=True)
                )
            },
            sample=sample.described,
            source="Ho and Basu 2002; Lorena et al. 2019 (F1)",
        )


class Best:
    """The largest ratio over the columns seen so far: of all classes, and of parts of them."""

    def __init__(self, n_classes: int, pairs: npt.NDArray[np.int64]) -> None:
        self.of_all = 0.0
        self.best_column = 0
        self.without = np.zeros(GROUPS)
        self.of_class = np.zeros(n_classes)
        self.pairs = pairs
        self.of_pair = np.zeros(len(pairs))


def best_ratios(
    points: Array, labels: Labels, n_classes: int, groups: npt.NDArray[np.int64]
) -> Best:
    """Return the largest ratio over the columns of `points` float[n, d].

    Of all classes, of all without each group of rows, of each class against the others, and of
    each pair among the largest classes.
    """
    classes = largest_classes(np.bincount(labels, minlength=n_classes))
    best = Best(n_classes, pairs_among(classes))
    keys = groups * n_classes + labels
    shape = (GROUPS, n_classes)
    counts = np.bincount(keys, minlength=GROUPS * n_classes).reshape(shape)
    total = counts.sum(axis=0)
    step = max(1, _CELLS // max(GROUPS * n_classes, 2 * len(best.pairs), len(points)))
    for start, columns in _unit_columns(points, step):
        sums, squares = (
            np.stack([np.bincount(keys, column, GROUPS * n_classes) for column in power], axis=-1)
            .reshape(*shape, -1)
            .astype(np.float64)
            for power in (columns, np.square(columns))
        )
        sum_, square = sums.sum(axis=0), squares.sum(axis=0)
        ratios = variance_ratios(total, sum_, square)
        if ratios.max() > best.of_all:
            best.best_column = start + int(ratios.argmax())
        best.of_all = max(best.of_all, float(ratios.max()))
        left = variance_ratios(total - counts, sum_ - sums, square - squares)
        best.without = np.maximum(best.without, left.max(axis=-1))
        against = variance_ratios(_against_rest(total), _against_rest(sum_), _against_rest(square))
        best.of_class = np.maximum(best.of_class, against.max(axis=-1))
        for first in range(0, len(best.pairs), _CELLS):
            some = slice(first, first + _CELLS)
            chosen = best.pairs[some]
            own = variance_ratios(total[chosen], sum_[chosen], square[chosen]).max(axis=-1)
            best.of_pair[some] = np.maximum(best.of_pair[some], own)
    return best


def variance_ratios(counts: npt.NDArray[np.int64], sums: Floats, squares: Floats) -> Floats:
    """Return for each column the variance between classes over that within them.

    `counts` int[..., K], `sums` and `squares` float[..., K, c] are those of the rows of each
    class. inf where classes differ and none varies, 0 where nothing differs.
    """
    own = np.square(sums) / np.maximum(counts, 1)[..., None]
    n_rows = np.maximum(counts.sum(axis=-1), 1)[..., None]
    explained = own.sum(axis=-2)
    whole = squares.sum(axis=-2)
    between = explained - np.square(sums.sum(axis=-2)) / n_rows
    within = whole - explained
    between = np.where(between > _NOTHING * whole, between, 0.0)
    within = np.where(within > _NOTHING * whole, within, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(between > 0, between / within, 0.0)


def _unit_columns(points: Array, step: int) -> Iterator[tuple[int, Floats]]:
    """Yield the number of the first column, and columns float64[c, n] of mean 0, variance 1."""
    for start in range(0, points.shape[1], step):
        columns = np.ascontiguousarray(points[:, start : start + step].T, dtype=np.float64)
        largest = np.abs(columns).max(axis=1, keepdims=True, initial=0)
        columns /= np.where(largest > 0, largest, 1.0)  # so that no square overflows
        columns -= columns.mean(axis=1, keepdims=True)
        spread = columns.std(axis=1, keepdims=True)
        yield start, np.where(spread > _NOTHING, columns / np.where(spread > 0, spread, 1), 0.0)


def _against_rest(parts: npt.NDArray[_Number]) -> npt.NDArray[_Number]:
    """Return [K, 2, ...]: what each class has, and what all others have."""
    return np.stack([parts, parts.sum(axis=0) - parts], axis=1)


def _f1s(ratios: Floats) -> Floats:
    return np.asarray(1 / (1 + ratios))


def _f1(ratio: float) -> float:
    return 1 / (1 + ratio)
