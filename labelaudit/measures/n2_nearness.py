import numpy as np
import numpy.typing as npt

from labelaudit.core.results import DatasetFacts, Measurement, Skipped
from labelaudit.measures.kinds import Sample, SampledMeasure
from labelaudit.measures.separability import (
    GROUPS,
    Floats,
    Labels,
    distances_among,
    groups_of,
    jackknife,
    placed,
    too_few_classes,
    worst_pairs,
)


class N2Nearness(SampledMeasure):
    """How near the own class lies, compared with the nearest other class (N2).

    Near 0 classes are tight and far apart; at .5 the other class is as near as the own, above it
    nearer. The distances of examples to the nearest of their own class are added up and compared
    with those to the nearest of another: r is the one sum over the other, and the value
    r / (1 + r).

    Range 0 to 1, lower is more separable; below .3 is good, .5 and above bad. Wide classes raise it
    though nothing overlaps. Distances are Euclidean; above three dimensions between rows scaled to
    length 1. Rows that are alone in their class are left out. Cost O(n^2 d), so on a fair, seeded
    sample of at most 2,000 rows: compare only equal sizes. For a pair other classes are left out.
    Interval: a jackknife over groups of rows. No alert: no value of it is established as bad.

    Source: Ho and Basu, IEEE PAMI 2002; Lorena et al., ACM Computing Surveys 2019 (N2).
    """

    name = "n2_nearness"
    title = "Nearness of the own class (N2)"
    needs = frozenset({"embeddings"})
    largest_sample = 2_000

    @staticmethod
    def measure(sample: Sample, facts: DatasetFacts) -> Measurement | Skipped:
        kind = N2Nearness
        labels = sample.labels
        if skipped := too_few_classes(kind, labels):
            return skipped
        assert sample.embeddings is not None
        distances = distances_among(placed(sample.embeddings))
        classes, nearest = nearest_by_class(distances, labels)
        at = np.searchsorted(classes, labels)
        own = nearest[np.arange(len(labels)), at]
        others = nearest.copy()
        others[np.arange(len(labels)), at] = np.inf
        other = others.min(axis=1)
        counted = np.isfinite(own)
        own, nearest = np.where(counted, own, 0.0), np.where(counted[:, None], nearest, 0.0)
        other = np.where(counted, other, 0.0)
        value = _shares(own.sum(), other.sum())
        if not np.isfinite(value):
            return Skipped(
                name=kind.name,
                title=kind.title,
                reason="no distance of two rows is more than 0, or every class has one row",
                remedy="embeddings that differ, and classes of two rows or more",
            )

        without = without_groups(distances, labels, groups_of(sample))
        interval, why = jackknife(float(value), without, 0.0, 1.0)
        by_class = [np.bincount(labels, part, facts.n_classes) for part in (own, other)]
        return Measurement(
            name=kind.name,
            title=kind.title,
            value=float(value),
            unit="r / (1 + r) of the distances to the own and to another class",
            interval=interval,
            interval_kind=why,
            range=(0.0, 1.0),
            better="lower",
            details={
                "rows_alone_in_their_class": int((~counted).sum()),
                "worst_pairs": _pairs(facts, classes, at, own, nearest),
            },
            per_class={
                "n2": tuple(float(one) if np.isfinite(one) else None for one in _shares(*by_class))
            },
            sample=sample.described,
            source="Ho and Basu 2002; Lorena et al. 2019 (N2)",
        )


def nearest_by_class(distances: Floats, labels: Labels) -> tuple[npt.NDArray[np.int32], Floats]:
    """Return the classes that occur, and the distance float[n, classes] to the nearest of each.

    A row is not its own nearest: inf where it is alone in its class.
    """
    apart = distances.copy()
    np.fill_diagonal(apart, np.inf)
    order = np.argsort(labels, kind="stable")
    classes, starts = np.unique(labels[order], return_index=True)
    return classes, np.ascontiguousarray(np.minimum.reduceat(apart[order], starts, axis=0).T)


def without_groups(distances: Floats, labels: Labels, groups: npt.NDArray[np.int64]) -> list[float]:
    """Return N2 of the rows that each group leaves: their nearest are found among them alone."""
    if len(labels) < GROUPS:
        return []
    # The nearest of its own and of other classes that a row has in each group.
    own, other = np.empty((2, len(labels), GROUPS))
    for group in range(GROUPS):
        members = np.flatnonzero(groups == group)
        apart = distances[members]  # rows, which lie together, for columns: it is symmetric
        apart[np.arange(len(members)), members] = np.inf
        same = labels[members, None] == labels
        own[:, group] = np.where(same, apart, np.inf).min(axis=0, initial=np.inf)
        other[:, group] = np.where(same, np.inf, apart).min(axis=0, initial=np.inf)
    found = []
    for group in range(GROUPS):
        kept, others = groups != group, np.arange(GROUPS) != group
        near, far = own[kept][:, others].min(axis=1), other[kept][:, others].min(axis=1)
        counted = np.isfinite(near)
        both = near[counted].sum(), far[counted].sum()
        # One class alone is infinitely far from none.
        found.append(float(_shares(*both)) if np.isfinite(both[1]) else np.nan)
    return found


def _shares(own: npt.ArrayLike, other: npt.ArrayLike) -> Floats:
    one, others = np.asarray(own, np.float64), np.asarray(other, np.float64)
    with np.errstate(invalid="ignore"):
        return np.asarray(one / (one + others))


def _pairs(
    facts: DatasetFacts,
    classes: npt.NDArray[np.int32],
    at: npt.NDArray[np.int64],
    own: Floats,
    nearest: Floats,
) -> list[dict[str, object]]:
    sums = np.zeros((len(classes), len(classes)))
    np.add.at(sums, at, nearest)
    within = np.bincount(at, own, len(classes))
    one, other = np.triu_indices(len(classes), 1)
    found = _shares(within[one] + within[other], sums[one, other] + sums[other, one])
    pairs = np.column_stack([classes[one], classes[other]]).astype(np.int64)
    return worst_pairs(facts.class_names, pairs, {"n2": found}, "lower")
