import numpy as np
import numpy.typing as npt

from labelaudit.core.intervals import wilson
from labelaudit.core.results import Alert, DatasetFacts, Measurement, Skipped
from labelaudit.core.text import listed
from labelaudit.measures.kinds import Sample, SampledMeasure
from labelaudit.measures.separability import (
    counted_pairs,
    shares_by_class,
    too_few_classes,
)

# A class most of whose examples lie nearest to another class (kDN above .5).
LOST = 0.5


class NearestNeighbourError(SampledMeasure):
    """How often the one nearest example carries another label (N3).

    At 0 every example lies next to one of its own class; at one less the chance of meeting the own
    class labels say nothing about place. It is the error of the simplest classifier there is, leave
    one out. Half of it, roughly, no classifier of these embeddings can mend (Cover and Hart:
    for much data at most twice the least possible error).

    Range 0 to 1, lower is more separable; below .05 is easy, above .3 hard. An alert names the
    classes most of whose examples (more than half, Wilson's lower end) lie next to another class.
    From the audit's one neighbour graph of at most 50,000 rows (100,000 with `labelaudit[knn]`),
    ties by row number: no cost of its own. A duplicate is its own nearest: duplicates within a
    class make the figure look better. The interval is Wilson's; rows share neighbours, so it is a
    little narrow.

    Source: Ho and Basu, IEEE PAMI 2002; Lorena et al., How complex is your classification
    problem, ACM Computing Surveys 2019 (N3); Cover and Hart 1967.
    """

    name = "nearest_neighbour_error"
    title = "Nearest-neighbour error"
    needs = frozenset({"neighbours"})
    n_neighbours = 1

    @staticmethod
    def measure(sample: Sample, facts: DatasetFacts) -> Measurement | Skipped:
        kind = NearestNeighbourError
        if skipped := too_few_classes(kind, sample.labels):
            return skipped
        assert sample.neighbours is not None
        nearest = sample.labels[sample.neighbours.rows[:, 0]]
        wrong = nearest_is_other(sample)
        n_wrong, n_rows = int(wrong.sum()), len(wrong)
        per_class = shares_by_class("error", wrong, sample.labels, facts.n_classes)
        rows = np.array(per_class["rows"])
        return Measurement(
            name=kind.name,
            title=kind.title,
            value=n_wrong / n_rows,
            unit="rows whose nearest neighbour has another label / rows",
            interval=wilson(n_wrong, n_rows),
            interval_kind="95 % Wilson; of the sampling of rows",
            range=(0.0, 1.0),
            better="lower",
            details={
                **sample.neighbours.described,
                "worst_pairs": counted_pairs(
                    facts.class_names, sample.labels[wrong], nearest[wrong], rows
                ),
            },
            per_class=per_class,
            sample=sample.described,
            source="Ho and Basu 2002; Lorena et al. 2019 (N3)",
            alerts=tuple(_alerts(facts, per_class["error_low"])),
        )


def nearest_is_other(sample: Sample) -> npt.NDArray[np.bool_]:
    """Return bool[n]: does the nearest neighbour of a row of the sample carry another label?"""
    assert sample.neighbours is not None
    return np.asarray(sample.labels[sample.neighbours.rows[:, 0]] != sample.labels)


def _alerts(facts: DatasetFacts, lows: tuple[float | None, ...]) -> list[Alert]:
    named = zip(facts.class_names, lows, strict=True)
    lost = [(name, low) for name, low in named if low is not None and low > LOST]
    if not lost:
        return []
    which = listed([name for name, _ in lost], 5)
    return [
        Alert(
            id="nearest_neighbour_error.class_among_others",
            severity="caution",
            module="pair_plots",
            scope=which,
            message=f"most examples lie nearest to another class in {len(lost):,} of "
            f"{facts.n_classes:,} classes: {which}",
            mitigation="Look at these classes' labels, then at whether the embeddings can see "
            "what tells them apart; merge them where nothing does.",
            value=max(low for _, low in lost),
            threshold=LOST,
            use_cases=("train", "evaluate"),
            basis="more than half: Wilson's lower end of the class's share is above it",
        )
    ]
