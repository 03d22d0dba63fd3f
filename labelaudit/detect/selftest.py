"""The self-test: labels flipped on purpose, and how many of them detection finds again."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from labelaudit.core.intervals import wilson
from labelaudit.core.results import Detection
from labelaudit.engine.sample import uniform

# No more than half of the labels of a class are flipped: beyond, its name would mean another.
MOST_OF_A_CLASS = 0.5
_BLOCK = 1 << 18
BOUND = (
    "an optimistic bound: flips made on purpose are easier to find than real errors, which people "
    "make where examples are hard"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Flips:
    """Rows int64[m], ascending, the labels int32[m] they had and those they were given."""

    rows: npt.NDArray[np.int64]
    before: npt.NDArray[np.int32]
    after: npt.NDArray[np.int32]
    pattern: str  # noise_matrix | even


@dataclass(frozen=True, kw_only=True, slots=True)
class ClassRecall:
    """How many flipped labels of a class were found: `interval` is Wilson's, 95 %."""

    name: str
    n_flipped: int
    n_found: int

    @property
    def recall(self) -> float | None:
        return self.n_found / self.n_flipped if self.n_flipped else None

    @property
    def interval(self) -> tuple[float, float]:
        return wilson(self.n_found, self.n_flipped)


@dataclass(frozen=True, kw_only=True, slots=True)
class SelfTest:
    """What became of the flips: in all, and by the class the labels had before."""

    total: ClassRecall
    classes: tuple[ClassRecall, ...]
    share: float
    seed: int
    pattern: str
    n_suspected_before: int
    bound: str = BOUND


def flips(
    labels: npt.NDArray[np.int32],
    spared: npt.NDArray[np.int64],
    joint: Any,
    share: float,
    seed: int,
) -> Flips:
    """Choose about `share` of all labels and give each another, as the noise matrix has it.

    A label of class k becomes j with a probability in proportion to P(given = j | true = k) of
    the calibrated `joint` [given, true]; classes that the joint finds clean keep their labels.
    Where it finds all clean, flips are spread evenly. Rows `spared` int64[m], ascending, keep
    their labels: those suspected already. Each row decides by a hash of its number and the seed,
    so that the same rows are flipped however the data is read.
    """
    n_classes = joint.shape[0]
    starts, others, weights = _wrong_ways(joint)
    pattern = "noise_matrix"
    by_class = np.add.reduceat(np.append(weights, 0), starts[:-1]) * (np.diff(starts) > 0)
    if not weights.sum():
        pattern, by_class = "even", np.bincount(labels, minlength=n_classes).astype(np.float64)
    kept = np.ones(len(labels), dtype=np.bool_)
    kept[spared] = False
    able = np.bincount(labels[kept], minlength=n_classes)
    wanted = share * len(labels) * by_class / by_class.sum()
    rates = np.minimum(wanted / np.maximum(able, 1), MOST_OF_A_CLASS)
    rows, after = [], []
    for start in range(0, len(labels), _BLOCK):
        block = slice(start, min(start + _BLOCK, len(labels)))
        numbers = np.arange(block.start, block.stop)
        chosen = numbers[kept[block] & (uniform(numbers, 2 * seed) < rates[labels[block]])]
        rows.append(chosen)
        where = uniform(chosen, 2 * seed + 1)
        own = labels[chosen]
        if pattern == "even":
            step = 1 + np.floor(where * (n_classes - 1)).astype(np.int64)
            after.append((own + step) % n_classes)
        else:
            after.append(_drawn(own, where, starts, others, weights))
    found = np.concatenate(rows) if rows else np.empty(0, dtype=np.int64)
    return Flips(
        rows=found,
        before=labels[found],
        after=np.concatenate(after).astype(np.int32) if after else labels[found],
        pattern=pattern,
    )


def _wrong_ways(joint: Any) -> tuple[Any, Any, Any]:
    """Return by true class where its entries start, the given classes of these, their counts."""
    if isinstance(joint, np.ndarray):
        true, given = np.nonzero(joint.T * (1 - np.eye(len(joint), dtype=joint.dtype)))
        counts = joint[given, true]
    else:
        entries = joint.tocoo()
        off = entries.row != entries.col
        order = np.lexsort((entries.row[off], entries.col[off]))
        true, given = entries.col[off][order], entries.row[off][order]
        counts = entries.data[off][order]
    starts = np.searchsorted(true, np.arange(joint.shape[0] + 1))
    return starts, given, counts.astype(np.float64)


def _drawn(own: Any, where: Any, starts: Any, others: Any, weights: Any) -> npt.NDArray[np.int32]:
    """Draw for each row of class `own` another class; `where` float[n] in [0, 1) says which."""
    ends = np.append(0, np.cumsum(weights))
    first, last = ends[starts[own]], ends[starts[own + 1]]
    place = np.searchsorted(ends, first + where * (last - first), side="right") - 1
    return np.asarray(others[np.clip(place, starts[own], starts[own + 1] - 1)], dtype=np.int32)


def found_again(
    flipped: Flips,
    suspected: npt.NDArray[np.int64],
    names: tuple[str, ...],
    share: float,
    seed: int,
    before: Detection,
) -> SelfTest:
    """Count which flips are among the rows `suspected` int64[m], by the class they had."""
    found = np.isin(flipped.rows, suspected)
    n_flipped = np.bincount(flipped.before, minlength=len(names))
    n_found = np.bincount(flipped.before[found], minlength=len(names))
    classes = tuple(
        ClassRecall(name=name, n_flipped=int(all_), n_found=int(few))
        for name, all_, few in zip(names, n_flipped, n_found, strict=True)
    )
    return SelfTest(
        total=ClassRecall(name="all", n_flipped=len(found), n_found=int(found.sum())),
        classes=classes,
        share=share,
        seed=seed,
        pattern=flipped.pattern,
        n_suspected_before=before.n_flagged,
    )
