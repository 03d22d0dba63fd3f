import numpy as np
import numpy.typing as npt

from labelaudit.core.intervals import wilson
from labelaudit.core.results import DatasetFacts, Measurement, Skipped
from labelaudit.measures.kinds import Sample, SampledMeasure
from labelaudit.measures.separability import (
    Floats,
    Labels,
    distances_among,
    placed,
    shares_by_class,
    too_few_classes,
    worst_pairs,
)


class N1Borderline(SampledMeasure):
    """How many examples stand at a border: joined to another class in the spanning tree (N1).

    Near 0 classes are islands with few bridges; near 1 they are mixed. All examples are joined by
    the shortest tree there is; the value is the share of those with an edge to another class. It
    does not ask why: overlap and label errors look alike.

    Range 0 to 1, lower is more separable; below .1 is easy, above .5 hard. A label error in the
    middle of a class makes two or more borderline rows, so it reacts to errors more than the
    nearest-neighbour error. Distances are Euclidean; above three dimensions between rows scaled to
    length 1, which gives the tree of the cosine distance. Cost O(n^2 d), so on a fair, seeded
    sample of at most 2,000 rows: in a sparser sample more rows are borderline, compare only equal
    sizes. Equal distances make several shortest trees; the one grown from the first row by row
    number is taken. The interval is Wilson's for half as many rows, since an edge makes two of them
    borderline. No alert: no value of it is established as bad.

    Source: Friedman and Rafsky 1979; Ho and Basu, IEEE PAMI 2002; Lorena et al., ACM Computing
    Surveys 2019 (N1).
    """

    name = "n1_borderline"
    title = "Borderline examples (N1)"
    needs = frozenset({"embeddings"})
    largest_sample = 2_000

    @staticmethod
    def measure(sample: Sample, facts: DatasetFacts) -> Measurement | Skipped:
        kind = N1Borderline
        labels = sample.labels
        if skipped := too_few_classes(kind, labels):
            return skipped
        assert sample.embeddings is not None
        edges = spanning_tree(distances_among(placed(sample.embeddings)))
        crossing = edges[labels[edges[:, 0]] != labels[edges[:, 1]]]
        borderline = np.zeros(len(labels), dtype=np.bool_)
        borderline[crossing] = True
        n_borderline, n_rows = int(borderline.sum()), len(labels)
        return Measurement(
            name=kind.name,
            title=kind.title,
            value=n_borderline / n_rows,
            unit="rows joined to another class / rows",
            interval=wilson(n_borderline / 2, n_rows / 2),
            interval_kind="95 % Wilson for half as many rows; of the sampling of rows",
            range=(0.0, 1.0),
            better="lower",
            details={
                "crossing_edges": len(crossing),
                "worst_pairs": _crossed(facts, labels, crossing),
            },
            per_class=shares_by_class("borderline", borderline, labels, facts.n_classes),
            sample=sample.described,
            source="Ho and Basu 2002; Lorena et al. 2019 (N1)",
        )


def spanning_tree(distances: Floats) -> npt.NDArray[np.int64]:
    """Return the edges int64[n - 1, 2] of the minimum spanning tree of `distances` float[n, n].

    Grown from row 0, the lowest row first among equally near ones. Distances of 0 are edges like
    any other. Source: Prim, Shortest connection networks, 1957.
    """
    n_rows = len(distances)
    edges = np.empty((max(n_rows - 1, 0), 2), dtype=np.int64)
    outside = np.ones(n_rows, dtype=np.bool_)
    outside[:1] = False
    nearest = np.where(outside, distances[0], np.inf) if n_rows else np.empty(0)
    parents = np.zeros(n_rows, dtype=np.int64)
    for index in range(n_rows - 1):
        new = int(nearest.argmin())
        edges[index] = parents[new], new
        outside[new] = False
        nearest[new] = np.inf
        nearer = outside & (distances[new] < nearest)
        nearest[nearer] = distances[new, nearer]
        parents[nearer] = new
    return edges


def _crossed(
    facts: DatasetFacts, labels: Labels, crossing: npt.NDArray[np.int64]
) -> list[dict[str, object]]:
    ends = np.sort(labels[crossing], axis=1).astype(np.int64)
    pairs, counts = np.unique(ends.reshape(-1, 2), axis=0, return_counts=True)
    return worst_pairs(facts.class_names, pairs, {"edges": counts}, "lower")
