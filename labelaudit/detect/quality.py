"""Label quality: the one score that suspects are ranked by, whichever that is."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from labelaudit.core.dataset import Batch
from labelaudit.core.listed import in_full
from labelaudit.core.rows import Array
from labelaudit.core.settings import RANKINGS
from labelaudit.detect import signals
from labelaudit.detect.ranking import OneWay, label_quality

Scores = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, slots=True)
class Quality:
    """Scores the labels of some rows of a batch: 0 worst, 1 best.

    `thresholds` float64[K]; `flow` is what flows one way between classes, which the default
    ranking asks for. Full rows are read for the rankings that need them, and for no other.
    """

    ranking: str
    thresholds: npt.NDArray[np.float64]
    flow: OneWay

    @property
    def is_default(self) -> bool:
        return self.ranking == RANKINGS[0]

    def __call__(self, batch: Batch, rows: Rows | None = None) -> Scores:
        """Return the quality float64[n] of the rows of a batch, as counted in it; None: of all."""
        if batch.quality is not None:
            return batch.quality if rows is None else batch.quality[rows]
        assert batch.digest is not None
        rows = np.arange(len(batch.labels)) if rows is None else rows
        labels, own = batch.labels[rows], batch.digest[rows]
        if self.is_default:
            return label_quality(labels, own, self.thresholds, self.flow)
        if self.ranking == "self_confidence":
            return signals.self_confidence(own).astype(np.float64)
        if self.ranking == "normalized_margin":
            return signals.normalized_margin(own).astype(np.float64)
        scores: dict[str, Callable[[npt.NDArray[np.int32], Array], Array]] = {
            "confidence_weighted_entropy": lambda labels, full: signals.confidence_weighted_entropy(
                full[np.arange(len(labels)), labels], full
            ),
            "adjusted_self_confidence": partial(
                signals.adjusted_self_confidence, thresholds=self.thresholds
            ),
            "adjusted_normalized_margin": partial(
                signals.adjusted_normalized_margin, thresholds=self.thresholds
            ),
            "aldr": signals.aldr_quality,
        }
        score = scores[self.ranking]
        made = np.empty(len(rows))
        start = 0
        for block, full in batch.full_rows(rows):
            stop = start + len(block)
            made[start:stop] = score(batch.labels[block], in_full(full))
            start = stop
        return made
