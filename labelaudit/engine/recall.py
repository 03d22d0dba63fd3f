"""What a search among a sample of rows has missed: its recall, on a few rows held against all."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from labelaudit.core.rows import Array
from labelaudit.engine.neighbours import References, disagreement, first_by_distance
from labelaudit.engine.sample import uniform

PROBE_ROWS = 256
# Of more numbers the probe would take longer than about two seconds.
MOST_NUMBERS = 1 << 26
_BLOCK = 1 << 14
_LOT = 3  # not the lot that drew the sample: of that all rows have low numbers

RowNumbers = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Probe:
    """The true neighbours of a few reference rows: the nearest among all rows of the dataset.

    `rows` int64[p], ascending; `neighbours` int64[p, k] dataset rows, nearest first, ties by row
    number; `distances` float32[p, k]. No row where it was not worth the time.
    """

    rows: RowNumbers
    neighbours: RowNumbers
    distances: npt.NDArray[np.float32]

    def part(self, k: int) -> "Probe":
        """Return the probe of the k nearest."""
        return Probe(
            rows=self.rows, neighbours=self.neighbours[:, :k], distances=self.distances[:, :k]
        )


NO_PROBE = Probe(
    rows=np.empty(0, dtype=np.int64),
    neighbours=np.empty((0, 0), dtype=np.int64),
    distances=np.empty((0, 0), dtype=np.float32),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Recall:
    """The share of a row's true nearest neighbours that a search among a sample finds.

    Measured on `n_probed` rows; where these are none it is what to expect, rows compared over all
    rows: the chance that a neighbour is in a fair sample. `disagreement_shift` is the mean
    difference, whatever its sign, between a probed row's kDN of found and of true neighbours.
    """

    value: float
    n_probed: int = 0
    disagreement_shift: float | None = None

    @property
    def described(self) -> dict[str, Any]:
        """For the details of what reads such neighbours."""
        if not self.n_probed:
            basis = "expected: rows compared / all rows"
        else:
            basis = f"measured: {self.n_probed:,} rows of the sample against all rows"
        told: dict[str, Any] = {"neighbour_recall": self.value, "neighbour_recall_basis": basis}
        if self.disagreement_shift is not None:
            told["disagreement_shift"] = self.disagreement_shift
        return told


def probe_of(
    read: Callable[[RowNumbers], Array],
    ready: References,
    references: RowNumbers,
    n_total: int,
    k: int,
    seed: int,
) -> Probe:
    """Look for the k nearest among all `n_total` rows of `PROBE_ROWS` references, drawn by lot.

    `read` returns the embeddings of rows, `ready` are those of the `references`. All are read once,
    a block at a time; none where they hold more than `MOST_NUMBERS` numbers.
    """
    if n_total * ready.placed.shape[1] > MOST_NUMBERS or not k:
        return NO_PROBE
    lots = np.argsort(uniform(references, seed + _LOT), kind="stable")
    rows = np.sort(references[lots[:PROBE_ROWS]])
    asked = ready.asked(read(rows))
    strangers = np.full(len(rows), -1)
    best = np.empty((len(rows), 0), dtype=np.int64)
    apart = np.empty((len(rows), 0), dtype=np.float32)
    for start in range(0, n_total, _BLOCK):
        stop = min(start + _BLOCK, n_total)
        block = ready.beside(read(np.arange(start, stop)))
        found, distances = block.near(asked, strangers, k + 1)  # one may be the row itself
        distances[found + start == rows[:, None]] = np.inf
        found, distances = np.hstack([best, found + start]), np.hstack([apart, distances])
        best, apart = first_by_distance(found, distances, k)
    return Probe(rows=rows, neighbours=best, distances=apart)


def recall_of(
    probe: Probe,
    neighbours: RowNumbers,
    distances: npt.NDArray[np.float32],
    labels: npt.NDArray[np.int32],
) -> Recall:
    """Return the recall of `neighbours` int64[p, k] and `distances`, found for the probed rows.

    What is as near as the true k-th is as good. `labels` int32[N] are those of all rows.
    """
    k = neighbours.shape[1]
    found = disagreement(labels, neighbours, probe.rows)
    true = disagreement(labels, probe.neighbours[:, :k], probe.rows)
    return Recall(
        value=float((distances <= probe.distances[:, k - 1 : k]).mean()),
        n_probed=len(probe.rows),
        disagreement_shift=float(np.abs(found - true).mean()),
    )
