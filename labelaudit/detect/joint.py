"""The confident joint, its calibration, and the noise matrices that follow from it."""

import numpy as np
import numpy.typing as npt

from labelaudit.core.dataset import Batch
from labelaudit.core.listed import FEW_CLASSES, Block, Listed
from labelaudit.core.rows import Array
from labelaudit.core.settings import JOINTS
from labelaudit.detect import many_classes
from labelaudit.detect.many_classes import Joint
from labelaudit.detect.ranking import counted_class
from labelaudit.detect.thresholds import TOLERANCE
from labelaudit.engine.counts import CodeCounts

_TINY = 1e-100
NOT_CONFIDENT = -1


def confident_class(
    batch: Batch, thresholds: npt.NDArray[np.float64], rule: str = JOINTS[0]
) -> npt.NDArray[np.int32]:
    """Return for each row the class it is confidently counted in, or -1 for none.

    A class is confident where its probability reaches its threshold (less 1e-6). Where several
    are, the row counts for its most probable class, be that one confident or not: cleanlab's
    rule. The paper's counts it for the most probable of the confident ones. The two differ on
    the rows whose most probable class misses its threshold while two others or more reach
    theirs. Full rows are read only where the most probable class misses its threshold and
    another might not.
    Source: Northcutt, Jiang and Chuang, JAIR 2021, equation 1; collisions as cleanlab 2.9.
    """
    own = batch.digest
    assert own is not None
    bars = thresholds - TOLERANCE
    guess = np.where(own.self_confidence >= bars[batch.labels], batch.labels, NOT_CONFIDENT)
    beaten = own.other_probability >= own.self_confidence
    # Where the label is the top class all others are at most the second; else at most the top.
    again = own.other_probability >= bars.min()
    again &= beaten | (guess == NOT_CONFIDENT)
    rows = np.flatnonzero(again)
    labels, own = batch.labels[rows], own[rows]
    top = own.predicted(labels)
    passes = own.confidence >= bars[top]
    guess[rows] = np.where(passes, top, NOT_CONFIDENT)
    missed = np.zeros(len(batch.labels), dtype=np.int32)
    missed[rows] = top
    for block, full in batch.full_rows(rows[~passes]):
        count, best = _reached(full, bars, rule)
        several = best if rule == "paper" else missed[block]
        guess[block] = np.select([count == 1, count > 1], [best, several], NOT_CONFIDENT)
    return guess.astype(np.int32)


def _reached(
    full: Block, bars: npt.NDArray[np.float64], rule: str
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Return how many classes of each row reach their bar, and the most probable of these."""
    if isinstance(full, Listed):
        return many_classes.reached(full, bars, among_several=rule == "paper")
    confident = full >= bars
    return confident.sum(axis=1), np.where(confident, full, -1).argmax(axis=1)


class ConfidentJoint:
    """Counts int64[K, K] of rows by given label and by the class they are confidently in."""

    def __init__(self, thresholds: npt.NDArray[np.float64], rule: str = JOINTS[0]) -> None:
        self.thresholds = thresholds
        self.rule = rule
        self.pairs = CodeCounts(len(thresholds) ** 2)
        self.flow = CodeCounts(len(thresholds) ** 2)

    def update(self, batch: Batch) -> None:
        assert batch.digest is not None
        confident = confident_class(batch, self.thresholds, self.rule)
        counted = counted_class(confident, batch.labels, batch.digest)
        for pairs, classes in ((self.pairs, confident), (self.flow, counted)):
            rows = classes != NOT_CONFIDENT
            codes = batch.labels[rows].astype(np.int64) * len(self.thresholds)
            pairs.add(codes + classes[rows])

    def merge(self, other: "ConfidentJoint") -> None:
        self.pairs.merge(other.pairs)
        self.flow.merge(other.flow)

    def result(self) -> tuple[Joint, tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
        """Return the counts, and the pairs that `ranking.one_way` asks for, with their counts.

        The counts are a matrix int64[K, K], sparse where the classes are many; every class
        counts at least one correctly labelled example.
        """
        return self._counts(), self.flow.result()

    def _counts(self) -> Joint:
        size = len(self.thresholds)
        codes, found = self.pairs.result()
        if size > FEW_CLASSES:
            return many_classes.counted(codes, found, size)
        counts = np.zeros((size, size), dtype=np.int64)
        counts.reshape(-1)[codes] = found
        np.fill_diagonal(counts, counts.diagonal().clip(min=1))
        return counts


def calibrated(counts: Joint, class_counts: npt.NDArray[np.int64]) -> Joint:
    """Counts of rows by given label and by the class that the model is confident they are in.

    Calibrated: scaled so that the rows sum to the class counts int[K] `class_counts`.

    Source: Northcutt, Jiang and Chuang, JAIR 2021, equation 3; rounding as cleanlab 2.9.
    """
    if not isinstance(counts, np.ndarray):
        return many_classes.calibrated(counts, class_counts)
    # cleanlab's joint is Fortran-ordered, and the sum below adds in the order of memory: in
    # another order the last bit of the sum differs, and single counts by one.
    by_true = np.asfortranarray(counts).T / np.clip(counts.sum(axis=1), _TINY, None)
    by_true *= class_counts
    scaled = by_true.T
    scaled /= np.clip(np.sum(scaled), _TINY, None)
    scaled *= int(class_counts.sum())
    return rounded_rows(scaled)


def rounded_rows(matrix: Array) -> npt.NDArray[np.int64]:
    """Round each row to integers that keep the row's sum."""
    rounded = matrix.round()
    off = np.abs(rounded.sum(axis=1).round() - matrix.sum(axis=1).round()) > 1e-6
    for row in np.flatnonzero(off):
        rounded[row] = _rounded_row(np.ascontiguousarray(matrix[row]))
    return rounded.astype(np.int64)


def _rounded_row(floats: Array) -> Array:
    """Move the entries that rounding moved most until the sum is kept.

    Which of equals goes first is numpy's default sort's choice, as it is in cleanlab, so that
    both agree on any one machine. It is the one place where processors may differ: by 1 in two
    cells of the joint.
    """
    whole = floats.round()
    target = np.sum(floats).round()
    missing = int(target - np.sum(whole).round())
    while missing:
        step = 1 if missing > 0 else -1
        whole[np.argsort(floats - whole)[::-step][: abs(missing)]] += step
        missing = int(target - np.sum(whole).round())
    return np.asarray(whole)


def model_noise_estimate(joint: Joint) -> float:
    """The share of labels that the model takes for wrong: 1 - trace of the calibrated joint.

    An estimate with a bias of unknown size and sign: .056 where .090 is true (CIFAR-10N),
    .284 where .199 is true (class flips). Its interval is of sampling alone and does not cover
    the bias: on such data it held the truth in one case of five. Not given where the model is
    hardly better than the most frequent class. Range [0, 1]. Say that it is the model's estimate
    wherever it is printed; only people can say how many labels are wrong.
    """
    total = int(joint.sum())
    return (total - int(joint.diagonal().sum())) / total if total else 0.0


def sampling_interval(
    estimate: float, counts: Joint, class_counts: npt.NDArray[np.int64]
) -> tuple[float, float]:
    """Return the 95 % interval that sampling alone gives the noise estimate.

    `counts` are those of the joint before it is calibrated: class k is a sample of m_k rows that
    are counted, of which a share p_k lies off the diagonal. The estimate is the mean of the p_k
    by class size, its variance the sum of (n_k / N)^2 p_k (1 - p_k) / m_k. The share is drawn
    towards one half by two rows each way (Agresti and Coull 1998), or a class without an error
    would have none to come.
    """
    counted = np.asarray(counts.sum(axis=1), dtype=np.float64) + 4
    off = counted - 2 - np.asarray(counts.diagonal())
    shares = off / counted
    weights = class_counts / max(int(class_counts.sum()), 1)
    half = 1.96 * float(np.sqrt((weights**2 * shares * (1 - shares) / counted).sum()))
    return max(estimate - half, 0.0), min(estimate + half, 1.0)
