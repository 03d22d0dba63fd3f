import numpy as np
import numpy.typing as npt

from labelaudit.core.results import DatasetFacts, Measurement, Skipped
from labelaudit.engine.sample import fair_sample
from labelaudit.measures.kinds import Sample, SampledMeasure
from labelaudit.measures.linear_accuracy import unit_columns
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

WIDEST = 128
ROWS_PER_COLUMN = 3
# Pairs times d^3: about a second of one core.
_MOST_WORK = 4_000_000_000
_CELLS = 1 << 21
_RIDGE = 1e-10  # of columns of variance 1: without it a constant direction has no inverse
_PRINCIPAL_ROWS = 5_000


class DirectionalFisher(SampledMeasure):
    """How well the one best direction tells two classes apart, over pairs of classes (F1v).

    Near 0 every two classes are cut apart by a plane; near 1 none are. For each pair of classes
    Fisher's best direction is found, and along it the variance between them over that within them,
    dF; the value is the mean of 1 / (1 + dF) over pairs. Per class it is the mean over its
    pairs, and the worst pairs are listed.

    Range 0 to 1, lower is more separable; below .1 is good, above .5 bad. dF = D' W^-1 D with D the
    difference of the means and W the covariance within, weighted by the rows. It is fitted and
    tried on the same rows, so pairs with fewer than 3 rows for each column are left out. Wider
    embeddings than 128 columns are first brought to their 128 principal components. Of at most
    20,000 rows, a fair, seeded sample; pairs among the 200 largest classes, of too many a fair
    sample, so that all costs a second or two (d^3 for each pair). Interval: a jackknife, none where
    that would cost more. No alert: overlap of two classes is no fault of the labels. Limits: it
    sees planes only.

    Source: Malina 2001; Orriols-Puig, Macia and Ho, DCoL 2010; Lorena et al., ACM Computing
    Surveys 2019 (F1v), one-vs-one as problexity.
    """

    name = "directional_fisher"
    title = "Directional Fisher ratio"
    needs = frozenset({"embeddings"})
    largest_sample = 20_000

    @staticmethod
    def measure(sample: Sample, facts: DatasetFacts) -> Measurement | Skipped:
        kind = DirectionalFisher
        if skipped := too_few_classes(kind, sample.labels):
            return skipped
        assert sample.embeddings is not None
        points = narrowed(unit_columns(sample.embeddings))
        width = points.shape[1]
        counts = np.bincount(sample.labels, minlength=facts.n_classes)
        pairs = large_pairs(counts, ROWS_PER_COLUMN * width)
        if not len(pairs):
            return Skipped(
                name=kind.name,
                title=kind.title,
                reason=f"no two classes have {ROWS_PER_COLUMN * width:,} rows of the sample, "
                f"{ROWS_PER_COLUMN} for each of {width:,} columns",
                remedy="more examples of each class, or narrower embeddings",
            )
        some = fair_sample(len(pairs), max(1, _MOST_WORK // width**3), sample.seed)
        of_all, pairs = len(pairs), pairs[some]
        moments = Moments(points, sample.labels, facts.n_classes)
        found = 1 / (1 + moments.ratios(pairs))
        value = float(found.mean())
        interval, why = _interval(value, sample, points, facts.n_classes, pairs)
        return Measurement(
            name=kind.name,
            title=kind.title,
            value=value,
            unit="mean of 1 / (1 + dF) over pairs of classes",
            interval=interval,
            interval_kind=why,
            range=(0.0, 1.0),
            better="lower",
            details={
                "pairs": len(pairs),
                "pairs_that_could_be": of_all,
                "columns": width,
                "worst_pairs": worst_pairs(facts.class_names, pairs, {"f1v": found}, "lower"),
            },
            per_class={"f1v": _means_by_class(pairs, found, facts.n_classes)},
            sample=sample.described,
            source="Orriols-Puig, Macia and Ho 2010; Lorena et al. 2019 (F1v)",
        )


def narrowed(points: Floats) -> Floats:
    """Return `points` float[n, d], wider ones as their `WIDEST` principal components."""
    if points.shape[1] <= WIDEST:
        return points
    step = -(-len(points) // _PRINCIPAL_ROWS)
    some = points[::step]
    vectors = np.linalg.eigh(some.T @ some)[1]
    return np.asarray(points @ vectors[:, -WIDEST:])


def large_pairs(counts: npt.NDArray[np.int64], least_rows: int) -> npt.NDArray[np.int64]:
    """Return the pairs int64[P, 2] of classes that together have `least_rows`."""
    pairs = pairs_among(largest_classes(counts))
    enough = counts[pairs].sum(axis=1) >= least_rows
    return np.asarray(pairs[enough])


class Moments:
    """Counts int[K], means float[K, d] and covariances float[K, d, d] of classes of points."""

    def __init__(self, points: Floats, labels: Labels, n_classes: int) -> None:
        self.points, self.n_classes = points, n_classes
        order = np.argsort(labels, kind="stable")
        self.rows = np.split(order, np.searchsorted(labels[order], np.arange(1, n_classes)))

    def ratios(
        self, pairs: npt.NDArray[np.int64], kept: npt.NDArray[np.bool_] | None = None
    ) -> Floats:
        """Return dF float64[P] of `pairs`, of all rows or of those `kept`; nan without rows."""
        width = self.points.shape[1]
        classes, at = np.unique(pairs, return_inverse=True)
        one, other = at.reshape(pairs.shape).T
        counts = np.zeros(len(classes))
        means = np.zeros((len(classes), width))
        within = np.zeros((len(classes), width, width))
        for index, code in enumerate(classes):
            rows = self.rows[code] if kept is None else self.rows[code][kept[self.rows[code]]]
            counts[index] = len(rows)
            own = self.points[rows]
            means[index] = own.mean(axis=0) if len(rows) else np.nan
            own = own - means[index]
            within[index] = own.T @ own
        found = np.empty(len(pairs))
        step = max(1, _CELLS // width**2)
        for start in range(0, len(pairs), step):
            a, b = one[start : start + step], other[start : start + step]
            apart = means[a] - means[b]
            pooled = (within[a] + within[b]) / (counts[a] + counts[b])[:, None, None]
            pooled[:, np.arange(width), np.arange(width)] += _RIDGE
            solved = np.linalg.solve(pooled, apart[..., None])[..., 0]
            found[start : start + step] = np.einsum("pd,pd->p", apart, solved)
        return np.maximum(found, 0.0)


def _interval(
    value: float,
    sample: Sample,
    points: Floats,
    n_classes: int,
    pairs: npt.NDArray[np.int64],
) -> tuple[tuple[float, float] | None, str]:
    if GROUPS * len(pairs) * points.shape[1] ** 3 > _MOST_WORK:
        return None, "none: so many pairs of such width cost too much"
    if len(points) < GROUPS:
        return jackknife(value, ())
    moments = Moments(points, sample.labels, n_classes)
    groups = groups_of(sample)
    without = [
        float((1 / (1 + moments.ratios(pairs, groups != group))).mean()) for group in range(GROUPS)
    ]
    return jackknife(value, without, 0.0, 1.0)


def _means_by_class(
    pairs: npt.NDArray[np.int64], found: Floats, n_classes: int
) -> tuple[float | None, ...]:
    sums, counts = np.zeros(n_classes), np.zeros(n_classes)
    for side in (0, 1):
        np.add.at(sums, pairs[:, side], found)
        np.add.at(counts, pairs[:, side], 1)
    return tuple(
        float(total / count) if count else None for total, count in zip(sums, counts, strict=True)
    )
