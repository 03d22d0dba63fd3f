import numpy as np
import numpy.typing as npt

from labelaudit.core.intervals import wilson
from labelaudit.core.results import Alert, DatasetFacts, Measurement, Skipped
from labelaudit.measures.kinds import Sample, SampledMeasure
from labelaudit.measures.separability import (
    counted_pairs,
    folds_of,
    pair_accuracies,
    shares_by_class,
    too_few_classes,
)

K = 5
N_NEIGHBOURS = 10
N_FOLDS = 5
NEAR_CHANCE = 0.1
FEWEST_ROWS = 100


class KnnAccuracy(SampledMeasure):
    """How often the five nearest examples of other folds vote for the given label.

    The accuracy, against the given labels, of the plain nearest-neighbour classifier in a
    cross-validation of 5 folds, stratified: a classifier that fits no shape to the classes. High
    where embeddings keep classes together, in one cluster or in several; well above the linear
    accuracy where classes are not cut apart by planes. For a pair of classes it is that of the rows
    placed in either.

    Range 0 to 1, higher is more separable; above .95 is good, and near the majority baseline beside
    it bad. The alert: balanced accuracy, its sampling error added, is less than a tenth of the way
    from chance (one over the number of classes) to 1, from 100 rows on; the tenth and the 100 are
    ours. Of the 10 neighbours in the audit's one graph the nearest 5 outside the own fold vote (8
    are outside on average; fewer than 5 in one row of 150, there they alone vote); a tie goes to
    the nearest. At most 50,000 rows (100,000 with `labelaudit[knn]`), no cost of a search of its
    own. The interval is Wilson's; folds share training rows, so it is a little narrow. Limits:
    label errors count as errors of the classifier.

    Source: Cover and Hart, Nearest neighbor pattern classification, 1967; Stone,
    Cross-validatory choice, 1974.
    """

    name = "knn_accuracy"
    title = "Nearest-neighbour accuracy"
    needs = frozenset({"neighbours"})
    n_neighbours = N_NEIGHBOURS

    @staticmethod
    def measure(sample: Sample, facts: DatasetFacts) -> Measurement | Skipped:
        kind = KnnAccuracy
        if skipped := too_few_classes(kind, sample.labels):
            return skipped
        assert sample.neighbours is not None
        rows = sample.neighbours.rows
        folds = folds_of(sample, N_FOLDS)
        voted = vote(sample.labels[rows], folds[rows] != folds[:, None], K)
        details: dict[str, object] = {"k": K, **sample.neighbours.described}
        source = "Cover and Hart 1967; Stone 1974"
        alerts = tuple(_near_chance(sample.labels, voted))
        return accuracy(kind, sample, facts, voted, details, source, alerts)


def vote(
    labels: npt.NDArray[np.int32], may: npt.NDArray[np.bool_], k: int
) -> npt.NDArray[np.int32]:
    """Return the commonest label of the first `k` neighbours that `may` vote; -1 where none may.

    `labels` int32[n, m] are those of the neighbours, nearest first; a tie goes to the nearest.
    """
    votes = may & (np.cumsum(may, axis=1) <= k)
    supported = np.zeros(labels.shape, dtype=np.int32)
    for column in range(labels.shape[1]):
        supported += (labels == labels[:, column, None]) & votes[:, column, None]
    supported[~votes] = 0
    best = supported.argmax(axis=1)[:, None]
    return np.where(votes.any(axis=1), np.take_along_axis(labels, best, axis=1)[:, 0], -1)


def accuracy(
    kind: type[SampledMeasure],
    sample: Sample,
    facts: DatasetFacts,
    predicted: npt.NDArray[np.int32],
    details: dict[str, object],
    source: str,
    alerts: tuple[Alert, ...] = (),
) -> Measurement:
    """Return the cross-validated accuracy of a classifier that `predicted` int32[n] (-1: none)."""
    labels = sample.labels
    right = predicted == labels
    n_right, n_rows = int(right.sum()), len(right)
    interval = wilson(n_right, n_rows)
    per_class = shares_by_class("accuracy", right, labels, facts.n_classes)
    counts = np.array(per_class["rows"])
    baseline = float(counts.max() / n_rows)
    known = [share for share in per_class["accuracy"] if share is not None]
    wrong = ~right & (predicted >= 0)
    pairs = counted_pairs(facts.class_names, labels[wrong], predicted[wrong], counts)
    return Measurement(
        name=kind.name,
        title=kind.title,
        value=n_right / n_rows,
        unit="rows predicted as labelled / rows",
        interval=interval,
        interval_kind="95 % Wilson; of the sampling of rows",
        range=(0.0, 1.0),
        better="higher",
        details=details
        | {
            "folds": N_FOLDS,
            "balanced_accuracy": sum(known) / len(known),
            "majority_baseline": baseline,
            "worst_pairs": pairs,
            "pairs": pair_accuracies(facts.class_names, labels, predicted),
        },
        per_class=per_class,
        sample=sample.described,
        source=source,
        alerts=alerts,
    )


def _near_chance(labels: npt.NDArray[np.int32], predicted: npt.NDArray[np.int32]) -> list[Alert]:
    """Return an alert where balanced accuracy is surely next to chance: no class is seen."""
    if len(labels) < FEWEST_ROWS:
        return []
    counts = np.bincount(labels)
    hits = np.bincount(labels[predicted == labels], minlength=len(counts))[counts > 0]
    counts = counts[counts > 0]
    share = (hits + 1) / (counts + 2)  # so that few rows without a hit are not sure
    error = float(np.sqrt((share * (1 - share) / counts).sum())) / len(counts)
    balanced, chance = float((hits / counts).mean()), 1 / len(counts)
    bar = chance + NEAR_CHANCE * (1 - chance)
    if balanced + 1.96 * error >= bar:
        return []
    return [
        Alert(
            id="knn_accuracy.near_chance",
            severity="caution",
            module="pair_plots",
            scope="dataset",
            message="neighbours in these embeddings tell next to nothing of the given labels",
            mitigation="Check that embeddings and labels are in the same order; else take "
            "embeddings that see what the labels are about, or leave them out.",
            value=balanced,
            threshold=bar,
            use_cases=("train", "evaluate"),
            basis=f"ours: a tenth of the way from chance, 1 / {len(counts):,}, to 1",
        )
    ]
