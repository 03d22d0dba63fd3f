import numpy as np
import numpy.typing as npt

from labelaudit.core.results import DatasetFacts, Measurement, Skipped
from labelaudit.measures.kinds import Sample, SampledMeasure
from labelaudit.measures.separability import (
    GROUPS,
    Floats,
    Labels,
    counted_pairs,
    distances_between,
    groups_of,
    jackknife,
    means_by_class,
    placed,
    too_few_classes,
)

_BLOCK = 512
_CELLS = 1 << 22


class Silhouette(SampledMeasure):
    """How much nearer examples lie to their own class than to the nearest other class.

    At 1 classes are tight and far apart, at 0 they touch or overlap; below 0 another class is
    nearer than the own. For each example its mean distance a to its own class and b to the nearest
    other class give (b - a) / max(a, b); the value is the mean.

    Range -1 to 1, higher is more separable; above .5 is good, below .25 weak (Kaufman and
    Rousseeuw). It wants each class to be one compact cluster: classes of several clusters look bad
    though nothing overlaps; read the nearest-neighbour error beside it, and so no alert. Distances
    are Euclidean; above three dimensions between rows scaled to length 1. A row that is alone in
    its class has 0. Cost O(n^2 d), on a fair, seeded sample of at most 5,000 rows. Pairs are those
    of the own and the nearest other class, where that is nearer. The interval is the normal one of
    a mean of rows.

    Source: Rousseeuw, Silhouettes, 1987; as scikit-learn's silhouette_score of such rows.
    """

    name = "silhouette"
    title = "Silhouette"
    needs = frozenset({"embeddings"})
    largest_sample = 5_000

    @staticmethod
    def measure(sample: Sample, facts: DatasetFacts) -> Measurement | Skipped:
        kind = Silhouette
        labels = sample.labels
        if skipped := too_few_classes(kind, labels):
            return skipped
        assert sample.embeddings is not None
        groups = groups_of(sample)
        widths, nearest, without = silhouettes(placed(sample.embeddings), labels, groups)
        mean = float(widths.mean())
        interval, why = jackknife(mean, without if len(widths) >= GROUPS else (), -1.0, 1.0)
        by_class = means_by_class(widths, labels, facts.n_classes)
        counts = np.bincount(labels, minlength=facts.n_classes)
        astray = widths < 0
        return Measurement(
            name=kind.name,
            title=kind.title,
            value=mean,
            unit="mean of (b - a) / max(a, b)",
            interval=interval,
            interval_kind=why,
            range=(-1.0, 1.0),
            better="higher",
            details={
                "rows_nearer_to_another_class": float(astray.mean()),
                "worst_pairs": counted_pairs(
                    facts.class_names, labels[astray], nearest[astray], counts
                ),
            },
            per_class={"mean": by_class},
            sample=sample.described,
            source="Rousseeuw 1987",
        )


def silhouettes(
    points: Floats, labels: Labels, groups: npt.NDArray[np.int64]
) -> tuple[Floats, Labels, Floats]:
    """Return the silhouette of each row, the other class that is nearest to it, and the means.

    `points` float[n, d]; labels of two classes or more. The means float[GROUPS] are those of the
    rows that each of the `groups` leaves when it is taken out.
    """
    classes, at, counts = np.unique(labels, return_inverse=True, return_counts=True)
    # Rows of a cell, a class in a group, beside each other: then a sum over it is one of a slice.
    cells = at * GROUPS + groups
    order = np.argsort(cells, kind="stable")
    present, starts = np.unique(cells[order], return_index=True)
    sizes = np.bincount(cells, minlength=len(classes) * GROUPS).reshape(-1, GROUPS)
    place, ordered = np.argsort(order), points[order]
    widths = np.zeros(len(points))
    nearest = np.zeros(len(points), dtype=np.int64)
    left = np.zeros(GROUPS)
    step = max(1, min(_BLOCK, _CELLS // sizes.size))
    for start in range(0, len(points), step):
        rows = np.arange(start, min(start + step, len(points)))
        distances = distances_between(points[rows], ordered)
        distances[np.arange(len(rows)), place[rows]] = 0.0
        sums = np.zeros((len(rows), len(classes) * GROUPS))
        sums[:, present] = np.add.reduceat(distances, starts, axis=1)
        by_group = sums.reshape(len(rows), len(classes), GROUPS)
        total = by_group.sum(axis=2)
        widths[rows], nearest[rows] = _widths(total, counts, at[rows])
        for group in range(GROUPS):
            kept = groups[rows] != group
            rest = (total - by_group[:, :, group])[kept]
            left[group] += _widths(rest, counts - sizes[:, group], at[rows][kept])[0].sum()
    return widths, classes[nearest], left / np.maximum(len(points) - sizes.sum(axis=0), 1)


def _widths(
    sums: Floats, counts: npt.NDArray[np.int64], own: npt.NDArray[np.int64]
) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Return silhouettes and nearest other classes from the sums float[n, K] of distances."""
    block = np.arange(len(own))
    within = sums[block, own] / np.maximum(counts[own] - 1, 1)
    between = np.where(counts > 0, sums / np.maximum(counts, 1), np.inf)
    between[block, own] = np.inf
    nearest = between.argmin(axis=1)
    outside = between[block, nearest]
    largest = np.maximum(within, outside)
    known = (counts[own] > 1) & (largest > 0) & np.isfinite(outside)
    apart = np.where(known, outside, 0.0) - within
    return np.where(known, apart / np.where(known, largest, 1.0), 0.0), nearest
