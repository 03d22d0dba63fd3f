import numpy as np
import numpy.typing as npt

from labelaudit.core.results import DatasetFacts, Measurement, Skipped
from labelaudit.measures.kinds import Sample, SampledMeasure
from labelaudit.measures.linear_accuracy import sums_by_class
from labelaudit.measures.separability import (
    Floats,
    Labels,
    distances_between,
    groups_of,
    jackknife,
    placed,
    too_few_classes,
    without_each,
    worst_pairs,
)

MOST_CLASSES = 2_000


class DaviesBouldin(SampledMeasure):
    """How wide classes are compared with how far their middles lie apart.

    Near 0 classes are tight and far apart; above 2 the typical class overlaps with its worst
    partner, seen as balls. For each two classes the sum of their widths (mean distance to the class
    mean) is divided by the distance of their means; each class takes its worst partner, and the
    value is the mean over classes.

    Range 0 to infinity, lower is more separable; below 1 is good. It wants each class to be one
    round cluster: classes of several clusters look bad though nothing overlaps. Every class counts
    the same, a rare one as much as a large one; a class of one row has no width. Undefined where
    two classes have the same mean. Distances are Euclidean; above three dimensions between rows
    scaled to length 1. Cost O(n d + K^2 d) on a fair, seeded sample of at most 5,000 rows.
    Interval: a jackknife over groups of rows. No alert: no value of it is established as bad.

    Source: Davies and Bouldin, IEEE PAMI 1979; as scikit-learn's davies_bouldin_score of such rows.
    """

    name = "davies_bouldin"
    title = "Davies-Bouldin index"
    needs = frozenset({"embeddings"})
    largest_sample = 5_000

    @staticmethod
    def measure(sample: Sample, facts: DatasetFacts) -> Measurement | Skipped:
        kind = DaviesBouldin
        labels = sample.labels
        if skipped := too_few_classes(kind, labels):
            return skipped
        if len(np.unique(labels)) > MOST_CLASSES:
            return Skipped(
                name=kind.name,
                title=kind.title,
                reason=f"more than {MOST_CLASSES:,} classes in a sample of {len(labels):,} rows",
                remedy="fewer, larger classes: a mean of one or two rows says nothing",
            )
        assert sample.embeddings is not None
        points = placed(sample.embeddings)
        classes, ratios = overlaps(points, labels)
        worst = ratios.max(axis=1)
        value = float(worst.mean())
        if not np.isfinite(value):
            return Skipped(
                name=kind.name,
                title=kind.title,
                reason="two classes have the same mean",
                remedy="embeddings in which the means of classes differ",
            )

        def of(kept: npt.NDArray[np.bool_]) -> float:
            return float(overlaps(points[kept], labels[kept])[1].max(axis=1).mean())

        interval, why = jackknife(value, without_each(groups_of(sample), of), 0.0)
        per_class: list[float | None] = [None] * facts.n_classes
        for code, ratio in zip(classes.tolist(), worst.tolist(), strict=True):
            per_class[code] = ratio
        one, other = np.triu_indices(len(classes), 1)
        pairs = np.column_stack([classes[one], classes[other]]).astype(np.int64)
        return Measurement(
            name=kind.name,
            title=kind.title,
            value=value,
            unit="widths of two classes / distance of their means, worst partner, mean",
            interval=interval,
            interval_kind=why,
            range=(0.0, None),
            better="lower",
            details={
                "worst_pairs": worst_pairs(
                    facts.class_names, pairs, {"ratio": ratios[one, other]}, "lower"
                )
            },
            per_class={"worst_ratio": tuple(per_class)},
            sample=sample.described,
            source="Davies and Bouldin 1979",
        )


def overlaps(points: Floats, labels: Labels) -> tuple[npt.NDArray[np.int32], Floats]:
    """Return the classes that occur, and float[classes, classes]: widths over distance of means.

    0 for a class with itself; inf where two classes with a width have the same mean.
    """
    classes, at, counts = np.unique(labels, return_inverse=True, return_counts=True)
    means = sums_by_class(points, at.astype(np.int32), len(classes)) / counts[:, None]
    widths = np.bincount(at, np.sqrt(np.square(points - means[at]).sum(axis=1))) / counts
    both = widths[:, None] + widths[None, :]
    apart = distances_between(means, means)
    # What is left of equal means by rounding: no distance.
    apart[apart <= 1e-7 * np.sqrt(np.square(means).sum(axis=1).max())] = 0.0
    np.fill_diagonal(apart, np.inf)
    with np.errstate(divide="ignore", invalid="ignore"):
        return classes, np.where(both > 0, both / apart, 0.0)
