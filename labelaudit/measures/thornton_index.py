from labelaudit.core.intervals import wilson
from labelaudit.core.results import DatasetFacts, Measurement, Skipped
from labelaudit.measures.kinds import Sample, SampledMeasure
from labelaudit.measures.nearest_neighbour_error import nearest_is_other
from labelaudit.measures.separability import shares_by_class, too_few_classes


class ThorntonIndex(SampledMeasure):
    """How often the one nearest example carries the same label (geometric separability index).

    At 1 every example lies next to one of its own class; at the chance of meeting the own class,
    1/K where classes are equal, labels say nothing about place. It is one less the
    nearest-neighbour error, given under its own name because much is published in it.

    Range 0 to 1, higher is more separable; above .95 is easy, below .7 hard. From the audit's one
    neighbour graph of at most 50,000 rows (100,000 with `labelaudit[knn]`): no cost of its own. The
    interval is Wilson's; rows share neighbours, so it is a little narrow. No alert: that of the
    nearest-neighbour error says it.

    Source: Thornton, Separability is a learner's best friend, 1998; for more than two classes by
    equality of labels, as Greene 2001.
    """

    name = "thornton_index"
    title = "Thornton's separability index"
    needs = frozenset({"neighbours"})
    n_neighbours = 1

    @staticmethod
    def measure(sample: Sample, facts: DatasetFacts) -> Measurement | Skipped:
        kind = ThorntonIndex
        if skipped := too_few_classes(kind, sample.labels):
            return skipped
        assert sample.neighbours is not None
        same = ~nearest_is_other(sample)
        n_same, n_rows = int(same.sum()), len(same)
        return Measurement(
            name=kind.name,
            title=kind.title,
            value=n_same / n_rows,
            unit="rows whose nearest neighbour has the same label / rows",
            interval=wilson(n_same, n_rows),
            interval_kind="95 % Wilson; of the sampling of rows",
            range=(0.0, 1.0),
            better="higher",
            details=sample.neighbours.described,
            per_class=shares_by_class("index", same, sample.labels, facts.n_classes),
            sample=sample.described,
            source="Thornton 1998",
        )
