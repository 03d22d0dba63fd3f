from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from labelaudit.core.results import DatasetFacts, Measurement, Skipped
from labelaudit.measures.kinds import Sample, SampledMeasure
from labelaudit.measures.linear_accuracy import sums_by_class
from labelaudit.measures.separability import (
    GROUPS,
    Floats,
    Labels,
    distances_between,
    groups_of,
    jackknife,
    largest_classes,
    placed,
    too_few_classes,
    worst_pairs,
)


class CalinskiHarabasz(SampledMeasure):
    """How much of the spread of embeddings lies between classes: the variance ratio criterion.

    About 1 the means of the classes differ no more than by chance; where it is large, classes are
    tight and far apart. It is an F statistic: the variance of the class means over the variance
    within classes, each divided by its degrees of freedom.

    Range 0 to infinity, higher is more separable. It grows with the number of rows, so compare only
    equal samples of the same labels; no value is good or bad by itself, so no alert. `explained`,
    the share of the variance that lies between classes, does not grow so. CH = (B / (K - 1)) / (W /
    (n - K)). Distances are Euclidean; above three dimensions between rows scaled to length 1. Per
    class its mean squared distance to its mean, over that of all rows to theirs. Cost O(n d) on a
    fair, seeded sample of at most 5,000 rows. Interval: a jackknife over groups of rows.

    Source: Calinski and Harabasz, A dendrite method for cluster analysis, 1974; as scikit-learn's
    calinski_harabasz_score of such rows.
    """

    name = "calinski_harabasz"
    title = "Calinski-Harabasz index"
    needs = frozenset({"embeddings"})
    largest_sample = 5_000

    @staticmethod
    def measure(sample: Sample, facts: DatasetFacts) -> Measurement | Skipped:
        kind = CalinskiHarabasz
        labels = sample.labels
        if skipped := too_few_classes(kind, labels):
            return skipped
        assert sample.embeddings is not None
        points = placed(sample.embeddings)
        points -= points.mean(axis=0)
        groups = groups_of(sample)
        spread = Spread.of(points, labels, facts.n_classes)
        value = spread.index()
        if value is None:
            return Skipped(
                name=kind.name,
                title=kind.title,
                reason="nothing varies within the classes, or every class has one row",
                remedy="classes of several rows whose embeddings differ",
            )
        without = [
            spread.without(Spread.of(points[own], labels[own], facts.n_classes))
            for own in (groups == group for group in range(GROUPS))
        ]
        interval, why = jackknife(value, without if len(points) >= GROUPS else (), 0.0)
        return Measurement(
            name=kind.name,
            title=kind.title,
            value=value,
            unit="variance between classes / variance within",
            interval=interval,
            interval_kind=why,
            range=(0.0, None),
            better="higher",
            details={
                "explained": spread.between / (spread.between + float(spread.within.sum())),
                "worst_pairs": spread.worst_pairs(facts),
            },
            per_class={"spread": spread.by_class()},
            sample=sample.described,
            source="Calinski and Harabasz 1974",
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Spread:
    """Counts int[K], sums float[K, d] and sums of squares float[K] of centred rows, by class."""

    counts: npt.NDArray[np.int64]
    sums: Floats
    squares: Floats

    @classmethod
    def of(cls, points: Floats, labels: Labels, n_classes: int) -> "Spread":
        lengths = np.square(points).sum(axis=1)
        return cls(
            counts=np.bincount(labels, minlength=n_classes),
            sums=sums_by_class(points, labels, n_classes),
            squares=np.bincount(labels, lengths, n_classes).astype(np.float64),
        )

    def without(self, part: "Spread") -> float:
        """Return the index of the rows that are not in a part; nan where it is undefined.

        The index is in proportion to the rows: that of fewer is raised to that of all.
        """
        rest = Spread(
            counts=self.counts - part.counts,
            sums=self.sums - part.sums,
            squares=self.squares - part.squares,
        )
        left = rest.index()
        return np.nan if left is None else left * self.counts.sum() / rest.counts.sum()

    @property
    def means(self) -> Floats:
        return np.asarray(self.sums / np.maximum(self.counts, 1)[:, None])

    @property
    def within(self) -> Floats:
        """The squared distances of the rows of each class to its mean, added up."""
        own = self.squares - np.einsum("kd,kd->k", self.sums, self.means)
        return np.where(own > 1e-12 * self.squares.sum(), own, 0.0)

    @property
    def between(self) -> float:
        """The squared distances of the class means to the mean of all, one for each row."""
        total = self.sums.sum(axis=0)
        explained = float(np.einsum("kd,kd->", self.sums, self.means))
        return max(explained - float(total @ total) / int(self.counts.sum()), 0.0)

    def index(self) -> float | None:
        """Return the index; None where nothing varies within the classes."""
        n_rows, n_classes = int(self.counts.sum()), int((self.counts > 0).sum())
        within = float(self.within.sum())
        if n_classes < 2 or n_rows <= n_classes or within <= 0:
            return None
        return self.between / (n_classes - 1) / (within / (n_rows - n_classes))

    def by_class(self) -> tuple[float | None, ...]:
        """Return each class's mean squared distance to its mean, over that of all to theirs."""
        typical = (self.between + float(self.within.sum())) / int(self.counts.sum())
        return tuple(
            float(own / count / typical) if count else None
            for own, count in zip(self.within, self.counts, strict=True)
        )

    def worst_pairs(self, facts: DatasetFacts) -> list[dict[str, object]]:
        """Return the pairs of classes whose index, of their rows alone, is lowest."""
        classes = largest_classes(self.counts)
        first, second = np.triu_indices(len(classes), 1)
        one, other = classes[first], classes[second]
        rows = self.counts[one] + self.counts[other]
        means = self.means[classes]
        apart = np.square(distances_between(means, means)[first, second])
        between = self.counts[one] * self.counts[other] / rows * apart
        within = self.within[one] + self.within[other]
        with np.errstate(divide="ignore", invalid="ignore"):
            found = between * (rows - 2) / within
        pairs = np.column_stack([one, other])
        return worst_pairs(facts.class_names, pairs, {"index": found}, "higher")
