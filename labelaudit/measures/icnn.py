import numpy as np
import numpy.typing as npt

from labelaudit.core.results import DatasetFacts, Measurement, Skipped
from labelaudit.core.rows import Array
from labelaudit.measures.kinds import Sample, SampledMeasure
from labelaudit.measures.separability import (
    Column,
    Floats,
    groups_of,
    jackknife,
    means_by_class,
    too_few_classes,
    without_each,
)

K = 5
_EPSILON = 1e-6


class Icnn(SampledMeasure):
    """How well neighbourhoods keep classes apart: same-label neighbours near, others far (ICNN).

    It is the mean of three figures of the 5 nearest neighbours, of 0 to 1 each: Lambda, same-label
    neighbours are the near ones of the five; Omega, their distances vary little; Gamma, they are
    of the same label at all.

    Range 0 to 1, higher is more separable; above .85 is good; labels dealt at random have .61 of
    ten classes, .74 of two. Limits: Lambda and Omega hardly react to wrong labels, watch Gamma.
    With nd the distance scaled to 0 to 1 over a row's neighbours, s whether labels agree: Lambda =
    mean sqrt(l / max l), l = sum s (1 - nd) + (1 - s) nd; Omega = sqrt(1 - Var(s nd) - Var((1 - s)
    nd)); Gamma = mean sqrt(mean s). `icnn2`, (Lambda + Gamma) / 2, is what the authors' published
    code returns, and what is given per class. Distances are Euclidean; above three dimensions
    between rows scaled to length 1. From the audit's one neighbour graph of at most 50,000 rows
    (100,000 with `labelaudit[knn]`): no cost of a search of its own. Interval: a jackknife over
    groups of rows, a little narrow since one row sets max l. No alert: no value of it is
    established as bad.

    Source: SuSana Distancia is all you need, arXiv 2305.09062, and its code (icnn_loss.py).
    """

    name = "icnn"
    title = "Intra-class nearest neighbours (ICNN)"
    needs = frozenset({"neighbours"})
    n_neighbours = 2 * K

    @staticmethod
    def measure(sample: Sample, facts: DatasetFacts) -> Measurement | Skipped:
        kind = Icnn
        if skipped := too_few_classes(kind, sample.labels):
            return skipped
        assert sample.neighbours is not None
        # As in the authors' code: with no more rows than neighbours, three of them.
        k = K if len(sample.rows) > K else 3
        rows = sample.neighbours.rows
        distances = sample.neighbours.distances.astype(np.float64)
        if sample.neighbours.metric == "cosine":
            distances = np.sqrt(2 * distances)
        same = sample.labels[rows] == sample.labels[:, None]
        terms = Terms(distances[:, :k], same[:, :k])
        value = terms.score()
        groups = groups_of(sample)

        def of(kept: npt.NDArray[np.bool_]) -> float:
            # The nearest that are left move up: of twice as many neighbours there are enough.
            left = np.argsort(~kept[rows[kept]], axis=1, kind="stable")[:, :k]
            near, own = (np.take_along_axis(part[kept], left, 1) for part in (distances, same))
            # One row's l is the largest: an extreme that no jackknife can follow, so it stays.
            return Terms(near, own, terms.largest).score()

        interval, why = jackknife(value, without_each(groups, of), 0.0, 1.0)
        near = means_by_class(terms.near, sample.labels, facts.n_classes)
        own = means_by_class(terms.own, sample.labels, facts.n_classes)
        return Measurement(
            name=kind.name,
            title=kind.title,
            value=value,
            unit="mean of Lambda, Omega and Gamma",
            interval=interval,
            interval_kind=why,
            range=(0.0, 1.0),
            better="higher",
            details={
                "lambda": float(terms.near.mean()),
                "omega": terms.omega(),
                "gamma": float(terms.own.mean()),
                "icnn2": float(terms.near.mean() + terms.own.mean()) / 2,
                "k": min(k, rows.shape[1]),
                **sample.neighbours.described,
            },
            per_class={"icnn2": _halves(near, own), "lambda": near, "gamma": own},
            sample=sample.described,
            source="arXiv 2305.09062",
        )


class Terms:
    """What the rows add to ICNN: `near` float[n] to Lambda, `own` to Gamma, the rest to Omega."""

    def __init__(
        self, distances: Array, same: npt.NDArray[np.bool_], largest: float | None = None
    ) -> None:
        """Take the distances float[n, k] to the neighbours, and which have the `same` label.

        `largest` is max l where it is not that of these rows.
        """
        measured = np.sqrt(np.square(distances.astype(np.float64)) + _EPSILON)
        least = measured.min(axis=1, keepdims=True)
        most = measured.max(axis=1, keepdims=True)
        scaled = (measured - least) / (most - least + _EPSILON)
        nearness = np.where(same, 1 - scaled, scaled).sum(axis=1)
        self.largest = float(nearness.max()) if largest is None else largest
        self.near: Floats = np.sqrt(nearness / (self.largest + _EPSILON))
        self.own: Floats = np.sqrt(same.mean(axis=1))
        self.same = np.where(same, scaled, 0.0)
        self.other = np.where(same, 0.0, scaled)

    def omega(self) -> float:
        spread = self.same.var(ddof=1) + self.other.var(ddof=1)
        return float(max(1 - spread, 0.0) ** 0.5)

    def score(self) -> float:
        """Return the mean of Lambda, Omega and Gamma."""
        return float((self.near.mean() + self.omega() + self.own.mean()) / 3)


def _halves(one: Column, other: Column) -> Column:
    return tuple(
        (a + b) / 2 if a is not None and b is not None else None
        for a, b in zip(one, other, strict=True)
    )
