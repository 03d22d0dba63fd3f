import numpy as np
import numpy.typing as npt

from labelaudit.core.results import DatasetFacts, Measurement
from labelaudit.core.rows import Array
from labelaudit.measures.calibration import (
    BINS,
    equal_width_bins,
    expected_calibration_error,
)
from labelaudit.measures.kinds import Sample, SampledMeasure
from labelaudit.measures.resampling import Gaps, Resampling, kind_of, resampling


class ClasswiseCalibration(SampledMeasure):
    """The calibration error of each class's own probability, and their mean.

    It shows a rare class whose probabilities are off although the overall error is small. For
    class k all rows are put into 15 bins of equal width by P[:, k]; the gap is that to the share
    of rows labelled k. `by_chance` is what a calibrated model would show on so many rows.

    Range 0 to 1, lower is better; near `by_chance` is as good as such rows can show, several
    times it bad. With many classes most probabilities are near 0 and so are the errors: compare
    with audits of as many classes only. Exact up to 50,000 rows, above from a fair, seeded sample
    of so many; cost O(n K). The interval is a bootstrap of groups of rows.

    Limits: the same caution as for `calibration`, label errors are in it.

    Source: Kull et al., Beyond temperature scaling, NeurIPS 2019.
    """

    name = "classwise_calibration"
    title = "Class-wise calibration error"
    needs = frozenset({"probabilities"})

    @staticmethod
    def measure(sample: Sample, facts: DatasetFacts) -> Measurement:
        assert sample.probabilities is not None
        drawn = resampling(len(sample.labels), sample.seed)
        classes = [
            _gaps_of(sample.probabilities[:, k], sample.labels == k, drawn)
            for k in range(facts.n_classes)
        ]
        whole = Gaps(
            value=float(np.mean([one.value for one in classes])),
            resampled=_mean([one.resampled for one in classes]),
            by_chance=_mean([one.by_chance for one in classes]),
        )
        n_rows = len(sample.labels)  # the sample stands for itself: no narrowing
        interval, by_chance = whole.interval(whole.value, n_rows, n_rows)
        return Measurement(
            name=ClasswiseCalibration.name,
            title=ClasswiseCalibration.title,
            value=whole.value,
            unit="expected calibration error, mean over classes",
            interval=interval,
            interval_kind=kind_of(sample),
            range=(0.0, 1.0),
            better="lower",
            details={"bins": BINS, "by_chance": by_chance},
            per_class={
                "error": tuple(one.value for one in classes),
                "by_chance": tuple(float(one.by_chance.mean()) for one in classes),
            },
            sample=sample.described,
            source="Kull et al. 2019",
        )


def _gaps_of(column: Array, is_class: Array, drawn: Resampling) -> Gaps:
    confidence = column.astype(np.float64)
    return drawn.gaps(equal_width_bins(confidence, BINS), BINS, is_class - confidence)


def _mean(columns: list[npt.NDArray[np.float64]]) -> npt.NDArray[np.float64]:
    return np.asarray(np.sum(columns, axis=0) / len(columns))


def classwise_calibration_error(probabilities: Array, labels: Array, bins: int) -> list[float]:
    """Return the ECE of each column of `probabilities` float[n, K] against 1[y = k]."""
    return [
        expected_calibration_error(probabilities[:, k].astype(np.float64), labels == k, bins)
        for k in range(probabilities.shape[1])
    ]
