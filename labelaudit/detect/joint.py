"""The confident joint, its calibration, and the noise matrices that follow from it."""

import numpy as np
import numpy.typing as npt

from labelaudit.core.dataset import Batch
from labelaudit.core.listed import FEW_CLASSES, Block, Listed
from labelaudit.core.rows import Array
from labelaudit.detect import many_classes
from labelaudit.detect.many_classes import Joint
from labelaudit.detect.thresholds import TOLERANCE
from labelaudit.engine.counts import CodeCounts

_TINY = 1e-100
NOT_CONFIDENT = -1


def confident_class(batch: Batch, thresholds: npt.NDArray[np.float64]) -> npt.NDArray[np.int32]:
    """Return for each row the class it is confidently counted in, or -1 for none.

    A class is confident where its probability reaches its threshold (less 1e-6). Where
    several are, the row counts for its most probable class, be that one confident or not:
    cleanlab's rule. Full rows are read only where the most probable class misses its
    threshold and another might not.
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
        count, only = _reached(full, bars)
        several = np.where(count > 1, missed[block], NOT_CONFIDENT)
        guess[block] = np.where(count == 1, only, several)
    return guess.astype(np.int32)


def _reached(
    full: Block, bars: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Return how many classes of each row reach their bar, and which it is where it is one."""
    if isinstance(full, Listed):
        return many_classes.reached(full, bars)
    confident = full >= bars
    return confident.sum(axis=1), confident.argmax(axis=1)


class ConfidentJoint:
    """Counts int64[K, K] of rows by given label and by the class they are confidently in."""

    def __init__(self, thresholds: npt.NDArray[np.float64]) -> None:
        self.thresholds = thresholds
        self.pairs = CodeCounts(len(thresholds) ** 2)

    def update(self, batch: Batch) -> None:
        confident = confident_class(batch, self.thresholds)
        counted = confident != NOT_CONFIDENT
        self.pairs.add(
            batch.labels[counted].astype(np.int64) * len(self.thresholds) + confident[counted]
        )

    def merge(self, other: "ConfidentJoint") -> None:
        self.pairs.merge(other.pairs)

    def result(self) -> Joint:
        """Return the counts; every class counts at least one correctly labelled example.

        A matrix int64[K, K], sparse where the classes are many.
        """
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
    .284 where .199 is true (class flips). Range [0, 1]. Say that it is the model's estimate
    wherever it is printed; only people can say how many labels are wrong.
    """
    total = int(joint.sum())
    return (total - int(joint.diagonal().sum())) / total if total else 0.0
