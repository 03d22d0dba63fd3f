"""What labels and predictions have to do with each other: aligned at all, and honestly made?"""

from typing import Any

import numpy as np
import numpy.typing as npt

from labelaudit.core.dataset import Batch, Check, Dataset
from labelaudit.core.listed import FEW_CLASSES
from labelaudit.engine.counts import CodeCounts
from labelaudit.engine.exact import ExactSums
from labelaudit.engine.job import Job
from labelaudit.ingest.contract import order
from labelaudit.ingest.contract.rules import outcome, rule

# Rows that are compared one by one; of more, the first and the last half of so many.
_COMPARED = 1 << 16
_SURE = 0.99
_PERFECT = 0.998
_WEAK = 0.1
_FEWEST = 50


class Agreement:
    """Rows by label and predicted class, how sure the model was, and how often very sure."""

    def __init__(self, n_classes: int) -> None:
        self.n_classes = n_classes
        self.pairs = CodeCounts(n_classes**2)
        self.confidence = ExactSums(1)
        self.n_sure = 0

    def update(self, batch: Batch) -> None:
        assert batch.digest is not None
        predicted = batch.digest.predicted(batch.labels)
        self.pairs.add(batch.labels.astype(np.int64) * self.n_classes + predicted)
        confidence = batch.digest.confidence
        self.confidence.add(np.zeros(len(confidence), dtype=np.int64), np.clip(confidence, 0, 1))
        self.n_sure += int((confidence > _SURE).sum())

    def merge(self, other: "Agreement") -> None:
        self.pairs.merge(other.pairs)
        self.confidence.merge(other.confidence)
        self.n_sure += other.n_sure

    def result(self) -> dict[str, Any]:
        """Return which pairs occur, as given * K + predicted, how often, and what else was seen."""
        codes, counts = self.pairs.result()
        return {
            "codes": codes,
            "counts": counts,
            "confidence": float(self.confidence.result()[0]),
            "n_sure": self.n_sure,
        }


def agreement_checks(job: Job, file: str) -> list[Check]:
    """Compare the labels with the classes predicted: alignment, a weak model, a remembered one.

    Reads the digest only. `file` is what the predictions are called.
    """
    dataset = job.dataset
    seen = job.fold(Agreement(dataset.n_classes), "checking alignment")
    codes, counts = seen["codes"], seen["counts"]
    given, predicted = np.divmod(codes, dataset.n_classes)
    n_rows = int(counts.sum())
    if n_rows < _FEWEST:
        return [_not_testable(f"with {n_rows} rows it cannot be told whether {file} is aligned")]
    if len(np.unique(given)) < 2 or len(np.unique(predicted)) < 2:
        who = "every label is of" if len(np.unique(given)) < 2 else f"{file} predicts"
        return [_not_testable(f"{who} one class: whether rows are aligned cannot be told")]
    share = int(counts[given == predicted].sum()) / n_rows
    by_label = np.bincount(given, weights=counts)
    majority = float(by_label.max()) / n_rows
    confusion = None
    if dataset.n_classes <= FEW_CLASSES:
        confusion = np.zeros((dataset.n_classes, dataset.n_classes), dtype=np.int64)
        confusion.reshape(-1)[codes] = counts
    joined = any(check.name == "ids_matched" for check in dataset.contract)
    checks = [alignment(file, *compared_rows(job), confusion, dataset.class_names, joined)]
    if checks[0].status != "refused":
        checks.append(weak_model(file, share, majority))
        sure, confidence = seen["n_sure"] / n_rows, seen["confidence"] / n_rows
        checks.append(out_of_sample(file, share, sure, confidence))
    return checks


def _not_testable(message: str) -> Check:
    return outcome("alignment", "not_testable", message)


@rule("critical")
def alignment(
    file: str,
    labels: npt.NDArray[np.int32],
    predicted: npt.NDArray[np.int32],
    confusion: npt.NDArray[np.int64] | None,
    names: tuple[str, ...],
    joined: bool = False,
) -> Check:
    """Rows and columns of the predictions lie as the labels do.

    Other orders are tried: rows shifted, rows reversed, columns assigned to other classes. One
    that fits significantly and much better refuses the audit, as does an agreement that is no
    better than by chance. What cannot be told is not called passed.
    """
    others = [*order.shifts(labels, predicted), order.reversal(labels, predicted)]
    if confusion is not None:
        others += order.column_orders(confusion, names)
    agreement = float((labels == predicted).mean())
    evidence = {"agreement": agreement, "rows_compared": len(labels)}
    better = sorted((other for other in others if other.beats), key=lambda one: -one.agreement)
    if better:
        best = better[0]
        # What is as good as the best cannot be told from it: they are named together.
        as_good = [one for one in better[1:] if one.agreement > best.agreement - 0.01]
        words = ", or ".join(one.words for one in (best, *as_good))
        return outcome(
            "alignment",
            "refused",
            f"{file}: {words}: so read, predictions and labels agree in "
            f"{best.agreement:.1%} of rows, as given in {agreement:.1%}; "
            + (
                "rows are joined by id: one file has ids, or columns, that are not its own"
                if joined
                else "put them into the same order, or give both ids or names"
            ),
            evidence | {"orders": [one.described for one in (best, *as_good)]},
        )
    if confusion is not None and order.shows_nothing(confusion):
        chance = order.chance_agreement(confusion)
        return outcome(
            "alignment",
            "refused",
            f"{file}: its rows look shuffled, or the model knows nothing: predictions and "
            f"labels agree in {agreement:.1%} of rows, by chance it would be {chance:.1%}; give "
            "both files ids, or predictions of a model that was trained",
            evidence | {"by_chance": chance},
        )
    next_row = order.shifted_by(labels, predicted, 1)
    if order.log_chance(next_row.worse, next_row.better) > np.log(order.CHANCE):
        return outcome(
            "alignment",
            "not_testable",
            f"{file} fits the labels as given, but moved by one row it fits about as well (rows "
            "sorted by class, or few of them): "
            + (
                "that each id is on its own row cannot be checked within a class"
                if joined
                else "order within a class cannot be checked without ids"
            ),
            evidence,
        )
    if confusion is None:
        return outcome(
            "alignment",
            "not_testable",
            f"{file} fits the labels better than shifted or reversed; with more than "
            f"{FEW_CLASSES:,} classes the order of its columns is not checked",
            evidence,
        )
    return outcome(
        "alignment",
        "passed",
        f"{file} fits the labels in the order given (agreement {agreement:.1%}); no shift "
        f"by up to {order.reach(len(labels)):,} rows, reversal or other order of columns fits "
        "better",
        evidence,
    )


def compared_rows(job: Job) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """Return labels and predicted classes of all rows; of many the first and the last ones."""
    n_rows = len(job.dataset)
    half = _COMPARED // 2
    spans = [(0, n_rows)] if n_rows <= _COMPARED else [(0, half), (n_rows - half, n_rows)]
    labels, predicted = [], []
    for shard in job.shards:
        if all(stop <= shard.start or start >= shard.stop for start, stop in spans):
            continue
        for batch in job.digested(shard):
            assert batch.digest is not None
            rows = batch.rows
            chosen = np.zeros(len(rows), dtype=np.bool_)
            for start, stop in spans:
                chosen |= (rows >= start) & (rows < stop)
            labels.append(np.asarray(batch.labels)[chosen])
            predicted.append(batch.digest.predicted(batch.labels)[chosen])
    return np.concatenate(labels), np.concatenate(predicted)


@rule("caution")
def weak_model(file: str, share: float, majority: float) -> Check:
    """The model knows clearly more than always naming the most frequent class.

    Where it does not, most flagged labels will be the model's own errors: an alert where the
    agreement is less than a tenth of the way from the most frequent class to 1.
    """
    weak = share < majority + _WEAK * (1 - majority)
    evidence = {"agreement": share, "majority": majority}
    if not weak:
        return outcome(
            "weak_model",
            "passed",
            f"{file} agrees with {share:.1%} of labels; the most frequent class alone "
            f"would with {majority:.1%}",
            evidence,
        )
    return outcome(
        "weak_model",
        "alerted",
        f"{file} agrees with {share:.1%} of labels, and the most frequent class alone "
        f"would with {majority:.1%}: most flags will be the model's errors",
        evidence,
        mitigation="Train a better model before trusting a flag.",
    )


@rule("caution")
def out_of_sample(file: str, share: float, sure: float, confidence: float) -> Check:
    """Predictions come from a model that had not seen the row's own label.

    Cannot be proved. What a model has learnt by heart agrees with nearly every label and is
    either sure of it, or, as forests and bagging are, less sure than it is right.
    """
    evidence = {"agreement": share, "mean_confidence": confidence, "share_above_0.99": sure}
    if share >= _PERFECT and (sure >= _SURE or confidence < share - 0.02):
        return outcome(
            "out_of_sample",
            "alerted",
            f"{file} looks in-sample (agrees with {share:.2%} of labels, mean confidence "
            f"{confidence:.3f}); this cannot be proved",
            evidence,
            mitigation="Use out-of-fold predictions, e.g. cross_val_predict.",
        )
    return outcome(
        "out_of_sample",
        "not_testable",
        f"{file} does not look in-sample; that it is out-of-sample cannot be proved",
        evidence,
    )


def predictions_file(dataset: Dataset) -> str:
    """Return what the predictions of a dataset are called in a message."""
    return next((file.path for file in dataset.inputs if file.role == "predictions"), "pred_probs")
