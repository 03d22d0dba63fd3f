from typing import Any, Self

import numpy as np
import numpy.typing as npt

from labelaudit.core.dataset import Batch
from labelaudit.core.results import DatasetFacts, Measurement
from labelaudit.core.rows import Array
from labelaudit.measures.calibration import BINS
from labelaudit.measures.kinds import Measure, Sample
from labelaudit.measures.resampling import bootstrapped

EXACT_ROWS = 50_000
FINE_BINS = 1 << 16
_UNIT = 1 << 40  # sums within a fine bin are of whole numbers of 2^-40: exact in any order


class AdaptiveCalibration(Measure):
    """The calibration error with bins of equal count, which no empty bin can flatter.

    Rows are sorted by their largest probability (ties by row number) and cut into 15 bins of
    as many rows each; the gaps between mean confidence and agreement with the given label are
    averaged.

    Range 0 to 1, lower is better; below .03 is good, .1 bad: confidences are off by ten points.
    Exact over all rows up to 50,000. Above, it comes from a histogram of 2^16 fixed bins over all
    rows: a cut falls inside a fixed bin, whose rows are shared out in proportion, and
    `error_bound` is how far that can be from the exact value, worked out from the bins that are
    cut. Cost: one pass over the digest. Interval as that of `calibration`, the cuts held where
    they are.

    Limits: the same caution as for `calibration`, label errors are in it. Where very many rows
    share one confidence the bound is wide.

    Source: Nixon et al., Measuring calibration in deep learning, 2019.
    """

    name = "adaptive_calibration"
    title = "Adaptive calibration error"
    needs = frozenset({"digest"})
    sample_needs = frozenset({"digest"})

    def __init__(self, facts: DatasetFacts) -> None:
        super().__init__(facts)
        self.is_exact = facts.n_examples <= EXACT_ROWS
        self.pieces: list[tuple[int, Array, Array]] = []
        size = 0 if self.is_exact else FINE_BINS
        self.fine = np.zeros((3, size), dtype=np.int64)  # rows, agreeing, confidence in the bin

    def update(self, batch: Batch) -> None:
        digest = batch.digest
        assert digest is not None
        agrees = digest.predicted(batch.labels) == batch.labels
        confidence = np.clip(digest.confidence.astype(np.float64), 0, 1)
        if self.is_exact:
            self.pieces.append((batch.start, confidence, agrees))
        else:
            self.fine += fine_histogram(confidence, agrees)

    def merge(self, other: Self) -> None:
        self.pieces += other.pieces
        self.fine += other.fine

    def result(self) -> Measurement:
        details: dict[str, Any] = {"bins": BINS}
        if self.is_exact:
            ordered = sorted(self.pieces, key=lambda piece: piece[0])
            confidence = np.concatenate([piece[1] for piece in ordered])
            agrees = np.concatenate([piece[2] for piece in ordered])
            error = adaptive_calibration_error(confidence, agrees, BINS)
        else:
            error, bound = from_histogram(self.fine, BINS)
            details |= {"fixed_bins": FINE_BINS, "error_bound": bound}
        return Measurement(
            name=self.name,
            title=self.title,
            value=error,
            unit="expected calibration error, bins of equal count",
            interval_kind="none: no sample was taken",
            range=(0.0, 1.0),
            better="lower",
            details=details,
            source="Nixon et al. 2019",
        )

    def with_interval(self, measured: Measurement, sample: Sample) -> Measurement:
        return bootstrapped(measured, sample, BINS, equal_count_bins)


def equal_count_bins(confidence: Array, bins: int) -> npt.NDArray[np.int64]:
    """Return the bin of each row: sorted, ties by row number, and cut into equal parts."""
    order = np.argsort(confidence, kind="stable")
    sizes = [len(part) for part in np.array_split(order, min(bins, max(len(order), 1)))]
    index = np.empty(len(order), dtype=np.int64)
    index[order] = np.repeat(np.arange(len(sizes)), sizes)
    return index


def adaptive_calibration_error(confidence: Array, correct: Array, bins: int) -> float:
    """Return the ECE of `confidence` float[n] and `correct` bool[n] with bins of equal count."""
    gaps = correct.astype(np.float64) - confidence
    sums = np.bincount(equal_count_bins(confidence, bins), weights=gaps, minlength=1)
    return float(np.abs(sums).sum() / max(len(gaps), 1))


def fine_histogram(confidence: Array, correct: Array) -> npt.NDArray[np.int64]:
    """Return rows, agreeing rows and summed confidence above the lower edge of each fixed bin.

    int64[3, 2^16], the confidence in units of 2^-40.
    """
    index = np.minimum((confidence * FINE_BINS).astype(np.int64), FINE_BINS - 1)
    above = np.rint((confidence - index / FINE_BINS) * _UNIT)
    columns = (
        np.bincount(index, minlength=FINE_BINS),
        np.bincount(index[correct], minlength=FINE_BINS),
        np.bincount(index, weights=above, minlength=FINE_BINS).astype(np.int64),
    )
    return np.stack(columns)


def from_histogram(fine: npt.NDArray[np.int64], bins: int) -> tuple[float, float]:
    """Return the adaptive ECE of a `fine_histogram`, and how far off it can be at most.

    A fixed bin that a cut goes through is shared out in proportion. At worst all its agreeing
    rows lie on one side, and its confidences are a bin's width apart; both of the parts that meet
    at the cut then err by as much.
    """
    rows, agreeing, above = fine
    total = int(rows.sum())
    confidence = rows * (np.arange(rows.size) / rows.size) + above / _UNIT
    ends = np.concatenate([[0], np.cumsum(rows)])
    gaps = np.concatenate([[0.0], np.cumsum(agreeing - confidence)])
    # np.array_split: the first `total % bins` parts have a row more.
    sizes = np.full(bins, total // bins) + (np.arange(bins) < total % bins)
    cuts = np.cumsum(sizes)[:-1]
    # The fixed bin that a cut lies in; where it falls between two there is nothing inside.
    at = np.minimum(np.searchsorted(ends, cuts, side="right") - 1, rows.size - 1)
    inside = cuts - ends[at]
    n, k = rows[at], agreeing[at]
    part = np.divide(inside, n, out=np.zeros(len(cuts)), where=n > 0)
    upto = gaps[at] + part * (gaps[at + 1] - gaps[at])
    error = np.abs(np.diff(np.concatenate([[0.0], upto, [gaps[-1]]]))).sum() / total
    most, least = np.minimum(inside, k), np.maximum(0, inside - (n - k))
    loose = np.maximum(most - part * k, part * k - least) + inside * (1 - part) / rows.size
    return float(error), float(2 * loose.sum() / total)
