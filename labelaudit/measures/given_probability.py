import math
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from labelaudit.core.dataset import Batch, Digest
from labelaudit.core.results import DatasetFacts, Measurement
from labelaudit.core.rows import Array
from labelaudit.engine.exact import ExactSums
from labelaudit.measures.calibration import equal_width_bins
from labelaudit.measures.kinds import Measure

BINS = 20


class GivenProbability(Measure):
    """Which probability the model gives to the labels as they are given, suspects beside the rest.

    Doubt alone makes no suspect: the rule asks how many errors each pair of classes should have,
    so many labels of low probability are none. The value is the mean probability of the given
    label over all rows. Beside it, once a detection has run: how many suspects and how many other
    rows lie in each of 20 bins of equal width, a bin without its lower and with its upper bound;
    the highest probability of a suspect's label; and how many rows at or below it are no suspects.

    Range 0 to 1, neither end is better: near 1 labels and model agree, which is good news of the
    model only where it was not trained on these rows; below .5 labels or model are bad. Exact over
    all rows; cost: one pass over the digest, and the digest of the suspects again. The interval is
    the normal one of the mean and covers the sampling of rows only.

    Limits: it is not a share of right labels. A model that is too sure of itself gives more to
    right and less to wrong labels than their frequency.

    Source: the self-confidence of Northcutt, Jiang and Chuang, JAIR 2021.
    """

    name = "given_probability"
    title = "Probability of the given label"
    needs = frozenset({"digest"})
    asks_suspects = True

    def __init__(self, facts: DatasetFacts) -> None:
        super().__init__(facts)
        self.rows = np.zeros(BINS, dtype=np.int64)
        self.sums = ExactSums(2)  # of probabilities, and of their squares
        self.suspects: npt.NDArray[np.int64] | None = None
        self.highest: float | None = None
        self.below_highest = 0  # rows at or below it, suspects too

    def know_suspects(self, suspects: Digest) -> None:
        own = _probabilities(suspects.self_confidence)
        self.suspects = np.bincount(equal_width_bins(own, BINS), minlength=BINS)
        self.highest = float(own.max()) if len(own) else None

    def update(self, batch: Batch) -> None:
        assert batch.digest is not None
        own = _probabilities(batch.digest.self_confidence)
        self.rows += np.bincount(equal_width_bins(own, BINS), minlength=BINS)
        self.sums.add(np.zeros(len(own), dtype=np.int64), own)
        self.sums.add(np.ones(len(own), dtype=np.int64), own * own)
        if self.highest is not None:
            self.below_highest += int((own <= self.highest).sum())

    def merge(self, other: Self) -> None:
        self.rows += other.rows
        self.sums.merge(other.sums)
        self.below_highest += other.below_highest

    def result(self) -> Measurement:
        total = int(self.rows.sum())
        mean, square = (self.sums.result() / max(total, 1)).tolist()
        interval = mean_interval(mean, square, total) if total > 1 else None
        return Measurement(
            name=self.name,
            title=self.title,
            value=mean if total else None,
            unit="mean probability of the given label",
            interval=interval,
            interval_kind="95 %, normal, of the mean over rows"
            if interval
            else "none: it takes two rows",
            range=(0.0, 1.0),
            better="neither",
            details=self._split(total),
            source="Northcutt, Jiang and Chuang 2021",
        )

    def _split(self, total: int) -> dict[str, Any]:
        """Return the histogram: of suspects and others, of all rows where no label was checked."""
        if self.suspects is None:
            return {"bins": BINS, "bin_rows": self.rows.tolist()}
        n_suspected = int(self.suspects.sum())
        split: dict[str, Any] = {
            "bins": BINS,
            "bin_suspected": self.suspects.tolist(),
            "bin_others": (self.rows - self.suspects).tolist(),
            "n_suspected": n_suspected,
            "n_others": total - n_suspected,
        }
        if self.highest is not None:
            split["highest_suspected"] = self.highest
            split["others_below_highest"] = self.below_highest - n_suspected
        return split


def _probabilities(values: Array) -> npt.NDArray[np.float64]:
    """Return values as probabilities: those let through a hair beyond 0 or 1 are 0 or 1."""
    return np.clip(values.astype(np.float64), 0, 1)


def mean_interval(mean: float, square: float, n_rows: int) -> tuple[float, float]:
    """Return the normal 95 % interval of a mean in [0, 1], from the mean of the squares."""
    spread = max(square - mean * mean, 0.0) * n_rows / (n_rows - 1)
    half = 1.96 * math.sqrt(spread / n_rows)
    return max(mean - half, 0.0), min(mean + half, 1.0)
