import numpy as np

from labelaudit.core.matrix import cache_rows, row_sums
from labelaudit.core.results import DatasetFacts, Measurement
from labelaudit.core.rows import Array
from labelaudit.measures.kinds import Sample, SampledMeasure


class BrierScore(SampledMeasure):
    """How far the probabilities are from the given labels, as a squared distance.

    It is small where the model is both rightly sure of itself and able to tell the classes
    apart; the calibration error sees the first alone. The value is the mean over rows of
    sum_k (P_k - 1[y = k])^2.

    Range 0 (certain and agreeing) to 2 (certain and contradicting), lower is better; always saying
    1/K scores 1 - 1/K, and a value near that is bad. Exact up to 50,000 rows, above from a fair,
    seeded sample of so many; the interval is the normal one of a mean over rows. Cost: O(n K).

    Limits: label errors raise it, and it mixes calibration with how well classes are told apart.

    Source: Brier, Verification of forecasts expressed in terms of probability, 1950.
    """

    name = "brier_score"
    title = "Brier score"
    needs = frozenset({"probabilities"})

    @staticmethod
    def measure(sample: Sample, facts: DatasetFacts) -> Measurement:
        assert sample.probabilities is not None
        scores = brier_scores(sample.probabilities, sample.labels)
        mean = float(scores.mean())
        half = 1.96 * float(scores.std()) / len(scores) ** 0.5
        return Measurement(
            name=BrierScore.name,
            title=BrierScore.title,
            value=mean,
            unit="mean squared distance to the given label, 0 to 2",
            interval=(max(mean - half, 0.0), min(mean + half, 2.0)),
            interval_kind="95 %, normal, of the mean over rows",
            range=(0.0, 2.0),
            better="lower",
            sample=sample.described,
            source="Brier 1950",
        )


def brier_scores(probabilities: Array, labels: Array) -> Array:
    """Return the Brier score of each row of `probabilities` float[n, K]."""
    scores = np.empty(len(labels))
    step = cache_rows(probabilities.shape[1])  # each row for itself: no second matrix is made
    for start in range(0, len(labels), step):
        rows = slice(start, start + step)
        values = probabilities[rows].astype(np.float64)
        own = values[np.arange(len(values)), labels[rows]]
        scores[rows] = row_sums(values * values) - 2 * own + 1
    return scores
