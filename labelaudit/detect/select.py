"""Five ways to flag rows, each the same set as cleanlab's, ties by row number.

A filter is made from small results and then answers batch by batch: which rows of this one?
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from labelaudit.core.dataset import Batch, Shard
from labelaudit.core.listed import Block, Listed
from labelaudit.core.rows import Array
from labelaudit.detect import many_classes
from labelaudit.detect.many_classes import Joint
from labelaudit.detect.pairs import Pairs
from labelaudit.detect.quality import Quality
from labelaudit.engine.tally import Tally
from labelaudit.engine.top import NthLargest, TopPerKey

# What cleanlab adds to the given label before it asks whether another class beats it.
_HEAD_START = 1e-6
# No class is pruned to fewer examples than this (cleanlab's min_examples_per_class).
_KEPT_PER_CLASS = 1

Mask = npt.NDArray[np.bool_]
Choose = Callable[[Batch], Mask]
Fold = Callable[[Tally], Any]


def label_is_beaten(batch: Batch) -> Mask:
    """Say where another class beats the given label by more than 1e-6 (ties by class index).

    No filter flags a row whose label the model itself would choose.
    """
    assert batch.digest is not None
    confidence = batch.digest.self_confidence
    given = confidence + confidence.dtype.type(_HEAD_START)
    other = batch.digest.other_probability
    keeps = (given > other) | ((given == other) & (batch.labels < batch.digest.other))
    return np.asarray(~keeps, dtype=np.bool_)


def predicted_neq_given() -> Choose:
    """Flag every row whose most probable class is not its label.

    Mixes label errors with the model's own mistakes. Source: C_confusion of Northcutt, Jiang
    and Chuang, JAIR 2021, section 3.3; cleanlab.filter.find_predicted_neq_given.
    """
    return label_is_beaten


def confident_learning(confident: Callable[[Batch], npt.NDArray[np.int32]]) -> Choose:
    """Flag the rows that the confident joint counts off its diagonal.

    Source: C_{y,y*} of Northcutt, Jiang and Chuang, JAIR 2021, section 3.3.
    """

    return partial(_counted_elsewhere, confident=confident)


def _counted_elsewhere(batch: Batch, confident: Callable[[Batch], npt.NDArray[np.int32]]) -> Mask:
    guess = confident(batch)
    off_diagonal: Mask = (guess >= 0) & (guess != batch.labels)
    return off_diagonal & label_is_beaten(batch)


def prune_by_class(joint: Joint, fold: Fold) -> Choose:
    """Flag in each class k the n_k - C_kk rows with the lowest self-confidence.

    Source: PBC of Northcutt, Jiang and Chuang, JAIR 2021, section 3.3.
    """
    class_counts = np.asarray(joint.sum(axis=1))
    limits = class_counts - prune_counts(joint).diagonal()
    limits = np.where(class_counts > _KEPT_PER_CLASS, np.maximum(limits, 0), 0)
    return Among(fold(_LowestSelfConfidence(limits)))


def prune_by_noise_rate(joint: Joint, fold: Fold) -> Choose:
    """Flag for each pair given k, other j the C_kj rows with the largest P[i, j] - P[i, k].

    Source: PBNR of Northcutt, Jiang and Chuang, JAIR 2021, section 3.3.
    """
    pairs = asked_pairs(joint)
    bars = fold(_BestMargins(pairs))
    # Rows whose label is beaten fill nearly all places. What they leave, or hold with less than
    # some other row may have, is looked for among the rest: few rows come near.
    beaten = fold(_Margins(pairs, bars, beaten=True))
    rest = fold(_Margins(pairs, beaten.least(), beaten=False))
    beaten.merge(rest)
    return Among(np.sort(beaten.result()[2]))


def both(first: Choose, second: Choose) -> Choose:
    """Flag what prune_by_class and prune_by_noise_rate both flag.

    Source: C+NR of Northcutt, Jiang and Chuang, JAIR 2021, section 3.3.
    """
    return Both(first, second)


def chosen_rows(choose: Choose, fold: Fold) -> npt.NDArray[np.int64]:
    """Return the rows int64[n], ascending, that a filter flags."""
    rows: npt.NDArray[np.int64] = fold(_Chosen(choose))
    return rows


def most_doubtful(most: int, choose: Choose, quality: Quality, fold: Fold) -> Choose:
    """Flag at most so many: of what a filter flags, the rows of the lowest label quality."""
    return Among(fold(_MostDoubtful(most, choose, quality)))


@dataclass(frozen=True, slots=True)
class Among:
    """Flag the beaten labels among the `selected` rows int64[n], ascending."""

    selected: npt.NDArray[np.int64]

    def __call__(self, batch: Batch) -> Mask:
        first, last = np.searchsorted(self.selected, (batch.start, batch.start + len(batch.labels)))
        mask = np.zeros(len(batch.labels), dtype=np.bool_)
        mask[self.selected[first:last] - batch.start] = True
        return mask & label_is_beaten(batch)

    def within(self, shard: Shard) -> "Among":
        """Return what is needed of it to choose among the rows of a shard."""
        first, last = np.searchsorted(self.selected, (shard.start, shard.stop))
        return Among(self.selected[first:last])


@dataclass(frozen=True, slots=True)
class Both:
    """Flag what two filters flag."""

    first: Choose
    second: Choose

    def __call__(self, batch: Batch) -> Mask:
        return self.first(batch) & self.second(batch)

    def within(self, shard: Shard) -> "Both":
        """Return what is needed of it to choose among the rows of a shard."""
        return Both(within(self.first, shard), within(self.second, shard))


def within(choose: Choose, shard: Shard) -> Choose:
    """Return a filter with only what it needs to choose among the rows of a shard."""
    narrow = getattr(choose, "within", None)
    return choose if narrow is None else narrow(shard)


def asked_pairs(joint: Joint) -> Pairs:
    """Return how many rows of each pair (given, other) are to be pruned, none of a small class."""
    counts = prune_counts(joint)
    small = np.asarray(joint.sum(axis=1)) <= _KEPT_PER_CLASS
    if isinstance(counts, np.ndarray):
        np.fill_diagonal(counts, 0)
        counts[small] = 0
        return Pairs.of(counts)
    entries = counts.tocoo()
    pruned = (entries.row != entries.col) & ~small[entries.row]
    return Pairs.of(many_classes.matrix(entries.row, entries.col, entries.data * pruned, counts))


def prune_counts(joint: Joint) -> Joint:
    """Return how many rows to prune by given [k] and other class [j] from the calibrated joint.

    As cleanlab's _keep_at_least_n_per_class: where the diagonal is below one example, what it
    lacks is taken evenly from the other entries that count for the same given class.
    """
    if not isinstance(joint, np.ndarray):
        return many_classes.prune_counts(joint, _KEPT_PER_CLASS)
    by_other = joint.T  # [other, given], the orientation in which cleanlab rounds
    diagonal = np.diagonal(by_other)
    raised = np.maximum(diagonal, _KEPT_PER_CLASS)
    shared_by = np.maximum(np.count_nonzero(by_other, axis=0) - 1.0, 1.0)
    counts = by_other - (raised - diagonal) / shared_by
    counts[counts < 0] = 0
    np.fill_diagonal(counts, raised)
    # cleanlab rounds here, too, but whole numbers are all that is left.
    return counts.T.astype(np.int64, order="C")


class _LowestSelfConfidence:
    """The rows of each class with the lowest self-confidence, `limits[k]` of them."""

    def __init__(self, limits: npt.NDArray[np.int64]) -> None:
        self.top = TopPerKey(limits)

    def update(self, batch: Batch) -> None:
        assert batch.digest is not None
        asked = self.top.limits[batch.labels] > 0
        self.top.add(batch.labels[asked], -batch.digest.self_confidence[asked], batch.rows[asked])

    def merge(self, other: "_LowestSelfConfidence") -> None:
        self.top.merge(other.top)

    def result(self) -> npt.NDArray[np.int64]:
        return np.sort(self.top.result()[2]).astype(np.int64)


class _Chosen:
    """The rows that a filter flags."""

    def __init__(self, choose: Choose) -> None:
        self.choose = choose
        self.pieces: list[npt.NDArray[np.int64]] = []

    def update(self, batch: Batch) -> None:
        self.pieces.append(batch.rows[self.choose(batch)])

    def merge(self, other: "_Chosen") -> None:
        self.pieces.extend(other.pieces)

    def result(self) -> npt.NDArray[np.int64]:
        return np.sort(np.concatenate([np.empty(0, dtype=np.int64), *self.pieces]))


class _MostDoubtful:
    """The `most` rows of the lowest label quality among those a filter flags."""

    def __init__(self, most: int, choose: Choose, quality: Quality) -> None:
        self.choose = choose
        self.quality = quality
        self.top = TopPerKey(np.array([most]))

    def update(self, batch: Batch) -> None:
        chosen = np.flatnonzero(self.choose(batch))
        quality = self.quality(batch, chosen)
        self.top.add(np.zeros(len(chosen), dtype=np.int64), -quality, batch.rows[chosen])

    def merge(self, other: "_MostDoubtful") -> None:
        self.top.merge(other.top)

    def result(self) -> npt.NDArray[np.int64]:
        return np.sort(self.top.result()[2]).astype(np.int64)


class _BestMargins:
    """For each pair a lower bound on its n-th largest margin, from the digest alone.

    The digest knows the margin to the best other class only, so a pair's bound is the n-th
    largest among the rows that this class beats; -inf where they are fewer than n.
    """

    def __init__(self, pairs: Pairs) -> None:
        self.pairs = pairs
        self.largest = NthLargest(pairs.limits)

    def update(self, batch: Batch) -> None:
        assert batch.digest is not None
        margins = batch.digest.other_probability - batch.digest.self_confidence
        beaten = np.flatnonzero(margins > 0)
        places = self.pairs.place(batch.labels[beaten], batch.digest.other[beaten])
        asked = places >= 0
        self.largest.add(places[asked], margins[beaten[asked]])

    def merge(self, other: "_BestMargins") -> None:
        self.largest.merge(other.largest)

    def result(self) -> npt.NDArray[np.float64]:
        return self.largest.result()


class _Margins:
    """The rows with the n largest margins of each pair, among the beaten or among the rest.

    Full rows are read only where the margin to the best other class, which no margin of the
    row exceeds, reaches the lowest bar of any pair of its given class. `bars` float64[pairs]
    are lower bounds on what can stay.
    """

    def __init__(self, pairs: Pairs, bars: npt.NDArray[np.float64], beaten: bool) -> None:
        self.pairs = pairs
        self.beaten = beaten
        self.top = TopPerKey(pairs.limits, bars)
        self.lowest = pairs.lowest(bars)

    def update(self, batch: Batch) -> None:
        assert batch.digest is not None
        best = batch.digest.other_probability - batch.digest.self_confidence
        again = np.flatnonzero((best >= self.lowest[batch.labels]) & ((best > 0) == self.beaten))
        for block, full in batch.full_rows(again):
            labels = batch.labels[block]
            rows, places, margins = self._reaching(labels, full)
            self.top.add(places, margins, batch.start + block[rows])

    def _reaching(self, labels: npt.NDArray[np.int32], full: Block) -> tuple[Array, Array, Array]:
        """Return which rows reach the bar of which pairs, and with which margin."""
        own = full[np.arange(len(labels)), labels]
        if self.pairs.crowded and not isinstance(full, Listed):
            table = self.pairs.spread(self.top.bars)
            every: Array = full - own[:, None]
            found = np.flatnonzero(every >= table[labels])
            rows, others = np.divmod(found, self.pairs.n_classes)
            return rows, self.pairs.place(labels[rows], others), every.reshape(-1)[found]
        rows, places = self.pairs.of_rows(labels)
        margins: Array = full[rows, self.pairs.other[places]] - own[rows]
        stays = margins >= self.top.bars[places]
        return rows[stays], places[stays], margins[stays]

    def merge(self, other: "_Margins") -> None:
        self.top.merge(other.top)

    def result(self) -> TopPerKey:
        return self.top
