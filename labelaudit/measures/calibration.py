from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from labelaudit.core.dataset import Batch
from labelaudit.core.intervals import wilson
from labelaudit.core.results import Alert, DatasetFacts, Measurement
from labelaudit.core.rows import Array
from labelaudit.engine.exact import ExactSums
from labelaudit.measures.kinds import Measure, Sample
from labelaudit.measures.resampling import bootstrapped

BINS = 15
LIMIT = 0.03


class Calibration(Measure):
    """How far the model's confidence is from how often it agrees with the given labels.

    Where it is calibrated, of the rows it calls 80 % sure 80 % are labelled so. The value is the
    expected calibration error (ECE): rows are put into 15 bins of equal width by their largest
    probability, and the gaps between mean confidence and agreement are averaged by bin size.
    Beside it: mean confidence, agreement, and the negative log-likelihood in nats (probabilities
    below 1e-12 count as 1e-12).

    Range 0 (confidence can be read as a frequency) to 1, lower is better; below .03 is good, .1
    bad: confidences are off by ten points. `bin_low` and `bin_high` are the Wilson interval of the
    agreement in each bin. The error is too high by chance: `by_chance` is what a calibrated model
    would show on so many rows.

    Limits: it is measured against the given labels, and label errors alone make a perfect model
    look overconfident, so nothing is ever recalibrated here and no temperature is applied. It
    depends on its bins. Exact over all rows; cost: one pass over the digest. The interval is a
    bootstrap of groups of at most 50,000 rows, a fair, seeded sample, narrowed to all rows; the
    excess that chance makes is taken off its lower end.

    Source: Guo et al., On calibration of modern neural networks, ICML 2017; intervals of the
    bins: Wilson 1927; that ECE is too high by chance: Kumar, Liang and Ma, Verified uncertainty
    calibration, NeurIPS 2019.
    """

    name = "calibration"
    title = "Calibration"
    needs = frozenset({"digest"})
    sample_needs = frozenset({"digest"})

    def __init__(self, facts: DatasetFacts) -> None:
        super().__init__(facts)
        self.bins = np.zeros((BINS, 2), dtype=np.int64)  # rows, and rows where the model agrees
        self.confidence = ExactSums(BINS)
        self.losses = ExactSums(1, largest=64.0)

    def update(self, batch: Batch) -> None:
        digest = batch.digest
        assert digest is not None
        agrees = digest.predicted(batch.labels) == batch.labels
        confidence = digest.confidence.astype(np.float64)
        bins = equal_width_bins(confidence, BINS)
        self.bins[:, 0] += np.bincount(bins, minlength=BINS)
        self.bins[:, 1] += np.bincount(bins[agrees], minlength=BINS)
        self.confidence.add(bins, np.clip(confidence, 0, 1))
        own = digest.self_confidence.astype(np.float64)
        losses = -np.log(np.maximum(own, 1e-12))
        self.losses.add(np.zeros(len(own), dtype=np.int64), losses)

    def merge(self, other: Self) -> None:
        self.bins += other.bins
        self.confidence.merge(other.confidence)
        self.losses.merge(other.losses)

    def result(self) -> Measurement:
        rows, agreeing = self.bins[:, 0], self.bins[:, 1]
        total = max(int(rows.sum()), 1)
        sums = self.confidence.result()
        error = float(np.abs(agreeing - sums).sum() / total)
        (loss,) = (self.losses.result() / total).tolist()
        filled = np.maximum(rows, 1)
        pairs = list(zip(agreeing.tolist(), rows.tolist(), strict=True))
        bounds = [wilson(k, n) if n else (None, None) for k, n in pairs]
        figures: dict[str, Any] = {
            "bins": BINS,
            "mean_confidence": float(sums.sum() / total),
            "agreement": float(agreeing.sum() / total),
            "negative_log_likelihood": loss,
            "bin_rows": rows.tolist(),
            "bin_confidence": (sums / filled).tolist(),
            "bin_agreement": (agreeing / filled).tolist(),
            "bin_low": [low for low, _ in bounds],
            "bin_high": [high for _, high in bounds],
        }
        return Measurement(
            name=self.name,
            title=self.title,
            value=error,
            unit="expected calibration error",
            interval_kind="none: no sample was taken",
            range=(0.0, 1.0),
            better="lower",
            details=figures,
            source="Guo et al. 2017; Wilson 1927",
        )

    def with_interval(self, measured: Measurement, sample: Sample) -> Measurement:
        found = bootstrapped(measured, sample, BINS, equal_width_bins)
        return replace(found, alerts=_alerts(found.value, found.interval, found.details))


def _alerts(
    error: float | None, interval: tuple[float, float] | None, figures: Mapping[str, Any]
) -> tuple[Alert, ...]:
    if error is None or interval is None or error <= LIMIT:
        return ()
    lean = "too sure" if figures["mean_confidence"] > figures["agreement"] else "not sure enough"
    sure = interval[0] > LIMIT
    maybe = "" if sure else "; chance alone may put it above the limit"
    return (
        Alert(
            id="calibration.gap",
            severity="caution" if sure else "info",
            module="probabilistic_model",
            scope="dataset",
            message=f"The model is {lean} of itself, measured against the given labels{maybe}",
            mitigation="Read scores as ranks, not as probabilities.",
            value=error,
            threshold=LIMIT,
            use_cases=("train", "evaluate"),
            basis="a convention of labelaudit; caution where the whole interval is above it",
        ),
    )


def equal_width_bins(confidence: Array, bins: int) -> npt.NDArray[np.int64]:
    """Return the bin max(0, ceil(confidence * bins) - 1) of each row."""
    index = np.ceil(confidence * bins).astype(np.int64) - 1
    return np.asarray(np.clip(index, 0, bins - 1))


def expected_calibration_error(confidence: Array, correct: Array, bins: int) -> float:
    """Return the ECE of `confidence` float[n] and `correct` bool[n] with equal-width bins."""
    index = equal_width_bins(confidence, bins)
    gaps = np.bincount(index, weights=correct.astype(np.float64) - confidence, minlength=bins)
    return float(np.abs(gaps).sum() / max(len(confidence), 1))
