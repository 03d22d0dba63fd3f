"""Intervals of calibration errors: a bootstrap of groups of rows."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from labelaudit.core.results import Measurement
from labelaudit.core.rows import Array
from labelaudit.measures.kinds import Sample

GROUPS = 200
RESAMPLES = 400


def kind_of(sample: Sample) -> str:
    """Say what an interval is that was made from a sample."""
    size, rows = sample.described["size"], "all rows"
    if size < sample.n_total:
        rows = f"{size:,} of {sample.n_total:,} rows"
    return f"95 %, bootstrap of {rows}, seed {sample.seed}; bias taken off below"


@dataclass(frozen=True, kw_only=True, slots=True)
class Resampling:
    """Rows in groups of equal size, drawn by lot, and how often a resample takes each group.

    A calibration error is a sum of absolute values of sums over rows. The sums over a group are
    worked out once, and a resample only adds up groups: a few hundred times less work than
    drawing rows, for the same spread. Where rows are fewer than groups each is its own.
    """

    groups: npt.NDArray[np.int64]  # of each row
    times: npt.NDArray[np.float64]  # [resample, group]

    def gaps(self, bins: npt.NDArray[np.int64], n_bins: int, gaps: Array) -> "Gaps":
        """Return the mean gap of each resample for `gaps` float[n] in `bins` int[n]."""
        n_groups = self.times.shape[1]
        cells = self.groups * n_bins + bins
        sums = np.bincount(cells, weights=gaps, minlength=n_groups * n_bins)
        table = sums.reshape(n_groups, n_bins)
        total = np.bincount(bins, weights=gaps, minlength=n_bins)  # the same for every seed
        drawn = self.times @ table
        n_rows = max(len(gaps), 1)
        return Gaps(
            value=float(np.abs(total).sum() / n_rows),
            resampled=np.abs(drawn).sum(axis=1) / n_rows,
            by_chance=np.abs(drawn - total).sum(axis=1) / n_rows,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Gaps:
    """A calibration error, those of its resamples, and those that chance alone would make.

    `by_chance` are of the gaps less their own mean: what a model shows that is calibrated.
    """

    value: float
    resampled: npt.NDArray[np.float64]
    by_chance: npt.NDArray[np.float64]

    def interval(
        self, value: float, n_rows: int, n_total: int
    ) -> tuple[tuple[float, float], float]:
        """Return the interval about the error `value` of `n_total` rows, and what chance makes.

        These gaps are of `n_rows` of them, so their spread is that of so many. A calibration
        error is too high by chance, and more so in a resample: the excess is taken off the lower
        end, which is 0 where chance alone makes as much in one of 40 cases.
        """
        narrower = (n_rows / max(n_total, 1)) ** 0.5
        half = 1.96 * float(self.resampled.std()) * narrower
        excess = max(float(self.resampled.mean()) - self.value, 0.0) * narrower
        likely = float(np.quantile(self.by_chance, 0.975)) * narrower
        low = 0.0 if value <= likely else max(value - excess - half, 0.0)
        return (low, min(value + half, 1.0)), float(self.by_chance.mean()) * narrower


def resampling(n_rows: int, seed: int) -> Resampling:
    """Return groups of `n_rows` rows and resamples of them, the same for the same seed."""
    generator = np.random.default_rng(seed)
    n_groups = max(min(GROUPS, n_rows), 1)
    groups = generator.permutation(n_rows) % n_groups
    times = generator.multinomial(n_groups, np.full(n_groups, 1 / n_groups), size=RESAMPLES)
    return Resampling(groups=groups, times=times.astype(np.float64))


def bootstrapped(
    measured: Measurement,
    sample: Sample,
    n_bins: int,
    bins_of: Callable[[Array, int], npt.NDArray[np.int64]],
) -> Measurement:
    """Return a calibration error of the largest probability with the interval the sample gives it.

    `bins_of` puts the confidences float[n] into bins; `by_chance` is added to the details.
    """
    assert sample.digest is not None
    assert measured.value is not None
    confidence = np.clip(sample.digest.confidence.astype(np.float64), 0, 1)
    agrees = sample.digest.predicted(sample.labels) == sample.labels
    bins = bins_of(confidence, n_bins)
    found = resampling(len(bins), sample.seed).gaps(bins, n_bins, agrees - confidence)
    interval, by_chance = found.interval(measured.value, len(bins), sample.n_total)
    return replace(
        measured,
        interval=interval,
        interval_kind=kind_of(sample),
        details={**measured.details, "by_chance": by_chance},
    )
