"""The contract on what the model says, told from the digest: no pass over the probabilities."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from labelaudit.core.dataset import Batch, Check, Dataset
from labelaudit.core.text import listed
from labelaudit.engine.counts import CodeCounts
from labelaudit.ingest.contract.rules import outcome, rule

_NAMED = 10
# So near to 1, or to 1/K, is the same number rounded.
_ROUNDED = 1e-6
# A class of fewer labels may well be never predicted by a good model.
_FEW_LABELS = 10
# Up to this share of rows about which the model says nothing is no cause for worry.
_FEW_ROWS = 0.01


class Predicted:
    """Which classes are predicted how often; rows that are certain, and rows that say nothing.

    `n_classes` are those with a column of probabilities, `size` all classes.
    """

    def __init__(self, size: int, n_classes: int) -> None:
        self.uniform = 1 / max(n_classes, 1)
        self.predicted = CodeCounts(size)
        self.n_rows = 0
        self.counts = {"certain": 0, "constant": 0}
        self.first: dict[str, list[int]] = {"certain": [], "constant": []}

    def update(self, batch: Batch) -> None:
        assert batch.digest is not None
        top = batch.digest.confidence
        self.n_rows += len(top)
        self.predicted.add(batch.digest.predicted(batch.labels))
        self._note("certain", top >= 1 - _ROUNDED, batch.start)
        self._note("constant", top <= self.uniform * (1 + _ROUNDED), batch.start)

    def _note(self, kind: str, rows: npt.NDArray[np.bool_], start: int) -> None:
        count = int(np.count_nonzero(rows))
        if count:
            self.counts[kind] += count
            found = np.flatnonzero(rows)[:_NAMED] + start
            self.first[kind] = sorted([*self.first[kind], *found.tolist()])[:_NAMED]

    def merge(self, other: "Predicted") -> None:
        self.predicted.merge(other.predicted)
        self.n_rows += other.n_rows
        for kind in self.counts:
            self.counts[kind] += other.counts[kind]
            self.first[kind] = sorted([*self.first[kind], *other.first[kind]])[:_NAMED]

    def result(self) -> dict[str, Any]:
        codes, _ = self.predicted.result()
        return {
            "predicted": codes.tolist(),
            "n_rows": self.n_rows,
            "counts": dict(self.counts),
            "first": dict(self.first),
        }


def predicted_tally(dataset: Dataset) -> Predicted:
    """Return the tally to fold over the digest of a dataset."""
    return Predicted(dataset.n_classes, _n_columns(dataset))


def _n_columns(dataset: Dataset) -> int:
    matrix = dataset.probabilities
    if matrix is None or matrix.columns is None:
        return dataset.n_classes
    return sum(column >= 0 for column in matrix.columns)


def checks_of_predicted(
    dataset: Dataset, class_counts: Sequence[int], seen: dict[str, Any]
) -> list[Check]:
    """Return the checks on what the tally has seen."""
    return [
        hard_predictions(dataset, seen),
        constant_rows(dataset, seen),
        never_predicted(dataset, class_counts, seen),
    ]


@rule("caution")
def hard_predictions(dataset: Dataset, seen: dict[str, Any]) -> Check:
    """Whether the predictions are probabilities, or only the predicted class as 1 and all else 0.

    From such rows no self-confidence, margin or calibration can be told: every disagreement
    looks alike.
    """
    count, n_rows = seen["counts"]["certain"], seen["n_rows"]
    evidence = {"certain_rows": count, "first": _rows(dataset, seen["first"]["certain"])}
    if not n_rows or count < n_rows:
        share = f"{count:,} of {n_rows:,} rows give one class all" if count else "no row is certain"
        return outcome("hard_predictions", "passed", share, evidence)
    return outcome(
        "hard_predictions",
        "alerted",
        f"all {n_rows:,} rows give one class 1 and the others 0: these look like hard "
        "predictions, not probabilities",
        evidence,
        mitigation="Give the probabilities of the model (predict_proba), out of sample.",
    )


@rule("caution")
def constant_rows(dataset: Dataset, seen: dict[str, Any]) -> Check:
    """Whether there are rows that give every class the same probability, 1/K.

    On these the model says nothing. A few may be ties; many are a model that did not run.
    """
    count, n_rows = seen["counts"]["constant"], seen["n_rows"]
    if not count:
        return outcome("constant_rows", "passed", "every row prefers some class")
    first = _rows(dataset, seen["first"]["constant"])
    named = listed(row["id"] for row in first[:3])
    more = f" and {count - 3:,} more" if count > 3 else ""
    return outcome(
        "constant_rows",
        "alerted",
        f"{count:,} of {n_rows:,} rows give every class the same probability ({named}{more}): "
        "the model says nothing on them",
        {"count": count, "first": first},
        severity="info" if count <= _FEW_ROWS * n_rows else None,
        mitigation="Check that the model saw these examples.",
    )


@rule("caution")
def never_predicted(dataset: Dataset, class_counts: Sequence[int], seen: dict[str, Any]) -> Check:
    """Whether every class with examples is the most probable one of some row.

    The labels of a class that is never predicted can only be doubted, never confirmed.
    """
    predicted = set(seen["predicted"])
    columns = dataset.probabilities.columns if dataset.probabilities is not None else None
    absent = [
        code
        for code, count in enumerate(class_counts)
        if count and code not in predicted and (columns is None or columns[code] >= 0)
    ]
    if not absent:
        return outcome("never_predicted", "passed", "every class with examples is predicted")
    names = [dataset.class_names[code] for code in absent]
    grave = any(class_counts[code] >= _FEW_LABELS for code in absent)
    return outcome(
        "never_predicted",
        "alerted",
        f"{len(names):,} {'class is' if len(names) == 1 else 'classes are'} never predicted: "
        f"{listed(names)}; the model can only doubt these labels",
        {"count": len(names), "classes": names[:_NAMED]},
        severity=None if grave else "info",
        mitigation="Check the names of the columns; read the flags of these classes with care.",
    )


def _rows(dataset: Dataset, rows: Sequence[int]) -> list[dict[str, Any]]:
    return [{"row": dataset.source_row(row), "id": dataset.id_of(row)} for row in rows]
