import numpy as np

from labelaudit.core.results import DatasetFacts, Measurement
from labelaudit.core.rows import Array
from labelaudit.measures.calibration import BINS, expected_calibration_error
from labelaudit.measures.kinds import Sample, SampledMeasure


class ClasswiseCalibration(SampledMeasure):
    """The calibration error of each class's own probability, and their mean.

    For class k all rows are put into 15 bins of equal width by P[:, k]; the gap is that to the
    share of rows labelled k. It shows a rare class whose probabilities are off although the
    overall error is small. Range 0 to 1, lower is better. Exact up to 50,000 rows, above from
    a fair sample of so many. The same caution as for `calibration`: label errors are in it.

    Source: Kull et al., Beyond temperature scaling, NeurIPS 2019.
    """

    name = "classwise_calibration"
    title = "Class-wise calibration error"
    needs = frozenset({"probabilities"})

    @staticmethod
    def measure(sample: Sample, facts: DatasetFacts) -> Measurement:
        assert sample.probabilities is not None
        errors = classwise_calibration_error(sample.probabilities, sample.labels, BINS)
        return Measurement(
            name=ClasswiseCalibration.name,
            title=ClasswiseCalibration.title,
            value=float(np.mean(errors)),
            unit="expected calibration error, mean over classes",
            interval_kind="none: not computed",
            range=(0.0, 1.0),
            better="lower",
            per_class={"error": tuple(errors)},
            sample=sample.described,
            source="Kull et al. 2019",
        )


def classwise_calibration_error(probabilities: Array, labels: Array, bins: int) -> list[float]:
    """Return the ECE of each column of `probabilities` float[n, K] against 1[y = k]."""
    return [
        expected_calibration_error(probabilities[:, k].astype(np.float64), labels == k, bins)
        for k in range(probabilities.shape[1])
    ]
