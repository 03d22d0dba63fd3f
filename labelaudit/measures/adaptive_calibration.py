import numpy as np

from labelaudit.core.results import DatasetFacts, Measurement
from labelaudit.core.rows import Array
from labelaudit.measures.calibration import BINS
from labelaudit.measures.kinds import Sample, SampledMeasure


class AdaptiveCalibration(SampledMeasure):
    """The calibration error with bins of equal count, which no empty bin can flatter.

    Rows are sorted by their largest probability (ties by row number) and cut into 15 bins of
    as many rows each; the gaps between mean confidence and agreement with the given label are
    averaged. Range 0 to 1, lower is better. Exact up to 50,000 rows, above from a fair sample
    of so many. The same caution as for `calibration`: label errors are in it.

    Source: Nixon et al., Measuring calibration in deep learning, 2019.
    """

    name = "adaptive_calibration"
    title = "Adaptive calibration error"
    needs = frozenset({"digest"})

    @staticmethod
    def measure(sample: Sample, facts: DatasetFacts) -> Measurement:
        assert sample.digest is not None
        confidence = sample.digest.confidence.astype(np.float64)
        correct = sample.digest.predicted(sample.labels) == sample.labels
        return Measurement(
            name=AdaptiveCalibration.name,
            title=AdaptiveCalibration.title,
            value=adaptive_calibration_error(confidence, correct, BINS),
            unit="expected calibration error, bins of equal count",
            interval_kind="none: not computed",
            range=(0.0, 1.0),
            better="lower",
            sample=sample.described,
            source="Nixon et al. 2019",
        )


def adaptive_calibration_error(confidence: Array, correct: Array, bins: int) -> float:
    """Return the ECE of `confidence` float[n] and `correct` bool[n] with bins of equal count."""
    order = np.argsort(confidence, kind="stable")
    gaps = correct[order].astype(np.float64) - confidence[order]
    parts = np.array_split(gaps, min(bins, max(len(gaps), 1)))
    return float(sum(abs(part.sum()) for part in parts) / max(len(gaps), 1))
