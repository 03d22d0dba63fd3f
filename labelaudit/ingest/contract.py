"""The input contract on values: every row of probabilities must be one.

These checks ride on the survey, the one pass over all probabilities.
"""

from dataclasses import replace
from typing import Any

import numpy as np

from labelaudit.core.dataset import Batch, Check
from labelaudit.core.errors import InputError
from labelaudit.core.listed import Listed
from labelaudit.core.matrix import Matrix, row_sums

ROUNDING = 1e-5
REPAIRABLE = 0.02
_EDGE = 1e-6
_NONE = np.iinfo(np.int64).max


class Values:
    """Counts of what is wrong with rows of probabilities, and the first row of each kind.

    `not_finite`; `negative`: below -1e-6; `above_one`: above 1 + 1e-5;
    `sum_off`: rows whose sum misses 1 by more than 0.02; `rounded`: by more than 1e-5.
    """

    kinds = ("not_finite", "negative", "above_one", "sum_off", "rounded")

    def __init__(self) -> None:
        self.counts = dict.fromkeys(self.kinds, 0)
        self.first = dict.fromkeys(self.kinds, _NONE)
        self.largest_gap = 0.0

    def update(self, batch: Batch) -> None:
        block = batch.probabilities
        assert block is not None
        with np.errstate(invalid="ignore", over="ignore"):
            gap = np.abs(row_sums(block, batch.columns) - 1)
        # Of rows that list some classes, these are looked at: the rest is derived from them.
        values = block.probabilities if isinstance(block, Listed) else block
        # Nothing below 0, no sum far from 1, nothing above 1: then all is finite, too.
        if (
            values.size
            and values.min() >= 0
            and (worst := float(gap.max())) <= REPAIRABLE
            and (worst <= ROUNDING or values.max() <= 1 + ROUNDING)
        ):
            self.largest_gap = max(self.largest_gap, worst)
            if worst > ROUNDING:
                self._note("rounded", gap > ROUNDING, batch.start)
            return
        finite = np.isfinite(values).all(axis=1)
        low, high = (values < -_EDGE).any(axis=1), (values > 1 + ROUNDING).any(axis=1)
        gap = np.where(finite, gap, 0)
        found = {
            "not_finite": ~finite,
            "negative": low,
            "above_one": high,
            "sum_off": gap > REPAIRABLE,
            "rounded": gap > ROUNDING,
        }
        for kind, rows in found.items():
            if rows.any():
                self._note(kind, rows, batch.start)
        if len(gap):
            self.largest_gap = max(self.largest_gap, float(gap.max()))

    def _note(self, kind: str, rows: Any, start: int) -> None:
        self.counts[kind] += int(rows.sum())
        self.first[kind] = min(self.first[kind], start + int(rows.argmax()))

    def merge(self, other: "Values") -> None:
        for kind in self.kinds:
            self.counts[kind] += other.counts[kind]
            self.first[kind] = min(self.first[kind], other.first[kind])
        self.largest_gap = max(self.largest_gap, other.largest_gap)

    def result(self) -> dict[str, Any]:
        return {
            "counts": dict(self.counts),
            "first": {kind: row for kind, row in self.first.items() if row != _NONE},
            "largest_gap": self.largest_gap,
        }


def refuse_bad_values(seen: dict[str, Any], matrix: Matrix) -> None:
    """Raise an InputError that names the first row and column of the gravest fault."""
    for kind in ("not_finite", "negative", "above_one", "sum_off"):
        if kind not in seen["first"]:
            continue
        row = seen["first"][kind]
        block = replace(matrix, normalise=False).read(row, row + 1)  # as in the file
        values = block.probabilities[0] if isinstance(block, Listed) else block[0]
        count = seen["counts"][kind]
        more = f" ({count:,} rows like this)" if count > 1 else ""
        if kind == "sum_off":
            total = row_sums(block)[0]
            hint = "; all zero" if not values.any() else ""
            raise InputError(
                f"{matrix.where(row)}: the probabilities sum to {total:.6g}, not 1{hint}{more}; "
                "give each row's probabilities of all classes, summing to 1"
            )
        wrong = {
            "not_finite": ~np.isfinite(values),
            "negative": values < -_EDGE,
            "above_one": values > 1 + ROUNDING,
        }[kind]
        column = int(wrong.argmax())
        place = matrix.column_at(column)
        if isinstance(block, Listed):
            place = f"class {block.classes[0, column]}"
        advice = (
            "every probability must be a number from 0 to 1"
            if kind == "not_finite" or "negative" not in seen["first"]
            else "these look like logits; apply a softmax to each row first"
        )
        raise InputError(
            f"{matrix.where(row)}, {place}: value {values[column]:.6g}{more}; {advice}"
        )


def value_check(seen: dict[str, Any], repaired: bool) -> Check:
    """Say how the values passed: as they are, or with their rounding repaired."""
    gap = seen["largest_gap"]
    if repaired:
        return Check(
            name="row_sums",
            status="repaired",
            message=f"rows miss the sum 1 by up to {gap:.2g}, as after rounding (float16 or a few "
            "decimals): every row was divided by its sum",
            evidence={"largest_gap": gap, "tolerance": ROUNDING, "repairable": REPAIRABLE},
        )
    return Check(
        name="row_sums",
        status="passed",
        message=f"all values in [0, 1]; every row sums to 1 within {max(gap, 1e-12):.1g}",
        evidence={"largest_gap": gap, "tolerance": ROUNDING},
    )
