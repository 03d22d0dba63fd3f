from labelaudit.core.results import DatasetFacts, Measurement
from labelaudit.engine.neighbours import disagreement
from labelaudit.measures.kinds import Sample, SampledMeasure

K = 10


class KnnDisagreement(SampledMeasure):
    """How often the nearest neighbours of an example carry another label (kDN).

    At 0 every class keeps to itself; high values mean overlap, label errors, or embeddings that do
    not see what the labels are about, and this measure cannot tell which. For each row it is the
    share of its 10 nearest other rows, in embedding space, with another given label; the value is
    the mean. It needs no cluster to be compact: a class of several clusters is as good as one.

    Range 0 to 1, lower is more separable; below .1 is good, and at (K - 1)/K, .9 of ten equal
    classes, labels say nothing about place. Distances are cosine above three dimensions, else
    Euclidean. Neighbours are exact to 50,000 rows (100,000 with `labelaudit[knn]`); beyond, they
    are looked for among a fair sample of so many, and the share of the true ones that this finds,
    `neighbour_recall`, stands beside the figure. Cost O(n^2 d).
    The interval is the normal one of a mean; rows share neighbours, so it is a little narrow.

    Source: Smith, Martinez and Giraud-Carrier, An instance level analysis of data complexity,
    Machine Learning 2014 (kDN).
    """

    name = "knn_disagreement"
    title = "Neighbours that disagree"
    needs = frozenset({"neighbours"})
    n_neighbours = K

    @staticmethod
    def measure(sample: Sample, facts: DatasetFacts) -> Measurement:
        assert sample.neighbours is not None
        shares = disagreement(sample.labels, sample.neighbours.rows)
        mean = float(shares.mean())
        half = 1.96 * float(shares.std()) / max(len(shares), 1) ** 0.5
        by_class = [shares[sample.labels == k] for k in range(facts.n_classes)]
        return Measurement(
            name=KnnDisagreement.name,
            title=KnnDisagreement.title,
            value=mean,
            unit="share of nearest neighbours with another label",
            interval=(max(mean - half, 0.0), min(mean + half, 1.0)),
            interval_kind="95 %, normal, of the mean over rows",
            range=(0.0, 1.0),
            better="lower",
            details={
                "k": int(sample.neighbours.rows.shape[1]),
                **sample.neighbours.described,
            },
            per_class={
                "mean": tuple(float(part.mean()) if len(part) else None for part in by_class)
            },
            sample=sample.described,
            source="Smith, Martinez and Giraud-Carrier 2014",
        )
