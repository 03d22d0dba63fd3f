"""The input contract on values: every row of probabilities must be one.

These checks ride on the survey, the one pass over all probabilities.
"""

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from labelaudit.core.dataset import Batch, Check
from labelaudit.core.listed import Block, Listed
from labelaudit.core.matrix import Matrix
from labelaudit.core.matrix import row_sums as sums_of
from labelaudit.core.rows import Array
from labelaudit.ingest.contract.rules import outcome, rule
from labelaudit.ingest.logits import advice_on

ROUNDING = 1e-5
REPAIRABLE = 0.02
_EDGE = 1e-6
_PROBABILITY = "probability must be a number from 0 to 1"
_NONE = np.iinfo(np.int64).max


class Values:
    """Counts of what is wrong with rows of probabilities, and the first row of each kind.

    `not_finite`; `negative`: below -1e-6; `above_one`: above 1 + 1e-5;
    `sum_off`: rows whose sum misses 1 by more than 0.02; `all_zero`: those of them that are 0
    throughout; `rounded`: rows whose sum misses 1 by more than 1e-5.
    """

    kinds = ("not_finite", "negative", "above_one", "sum_off", "all_zero", "rounded")

    def __init__(self) -> None:
        self.counts = dict.fromkeys(self.kinds, 0)
        self.first = dict.fromkeys(self.kinds, _NONE)
        self.largest_gap = 0.0

    def update(self, batch: Batch) -> None:
        block = batch.probabilities
        assert block is not None
        with np.errstate(invalid="ignore", over="ignore"):
            gap = np.abs(sums_of(block, batch.columns) - 1)
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
            "all_zero": (gap > REPAIRABLE) & ~values.any(axis=1),
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


def checks_of_values(seen: dict[str, Any], matrix: Matrix, repaired: bool) -> list[Check]:
    """Return the checks on what the tally has seen; the gravest fault alone is refused."""
    first = seen["first"]
    faults = (
        ("not_finite", not_finite),
        ("negative", negative),
        ("above_one", above_one),
        ("sum_off", _off),
    )
    for kind, check in faults:
        if kind in first:
            block = replace(matrix, normalise=False).read(first[kind], first[kind] + 1)
            return [check(seen, matrix, block)]  # the row as it is in the file
    return [
        *(
            outcome(check.__name__, "passed", words)
            for check, words in (
                (not_finite, "every value is a number"),
                (negative, "no value is below 0"),
                (above_one, "no value is above 1"),
                (all_zero_rows, "no row is all zero"),
            )
        ),
        row_sums(seen, repaired),
    ]


@rule("critical", may_be_allowed=False)
def not_finite(seen: dict[str, Any], matrix: Matrix, block: Block) -> Check:
    """Whether every probability is a number.

    NaN and infinities are refused, with the file, the row and the column of the first.
    """
    return _refused("not_finite", seen, matrix, block, ~np.isfinite(_values(block)))


@rule("critical", may_be_allowed=False)
def negative(seen: dict[str, Any], matrix: Matrix, block: Block) -> Check:
    """Whether no probability is below 0, by more than 1e-6.

    Such values are often logits or log-probabilities: refused, with row and column of the first.
    """
    return _refused("negative", seen, matrix, block, _values(block) < -_EDGE)


@rule("critical", may_be_allowed=False)
def above_one(seen: dict[str, Any], matrix: Matrix, block: Block) -> Check:
    """Whether no probability is above 1, by more than 1e-5.

    Such values are often percentages or logits: refused, with row and column of the first.
    """
    return _refused("above_one", seen, matrix, block, _values(block) > 1 + ROUNDING)


def _refused(
    kind: str, seen: dict[str, Any], matrix: Matrix, block: Block, wrong: npt.NDArray[np.bool_]
) -> Check:
    row, values = seen["first"][kind], _values(block)
    column = int(wrong.argmax())
    place = matrix.column_at(column)
    if isinstance(block, Listed):
        place = f"class {block.classes[0, column]}"
    advice = advice_on(values, matrix.softmax)
    if kind == "not_finite" or ("negative" not in seen["first"] and "percent" not in advice):
        what = "value must be a finite number" if matrix.softmax else _PROBABILITY
        advice = f"every {what}"
    return outcome(
        kind,
        "refused",
        f"{matrix.where(row)}, {place}: value {values[column]:.6g}{_more(seen, kind)}; {advice}",
        {"count": seen["counts"][kind], "first_row": row},
    )


def _off(seen: dict[str, Any], matrix: Matrix, block: Block) -> Check:
    counts = seen["counts"]
    all_zero = counts["all_zero"] == counts["sum_off"]
    return (all_zero_rows if all_zero else row_sums_off)(seen, matrix, block)


@rule("critical", may_be_allowed=False)
def all_zero_rows(seen: dict[str, Any], matrix: Matrix, block: Block) -> Check:
    """Whether no row is all zero.

    Such a row was never predicted, and cannot be made to sum to 1: refused, with the first.
    """
    return _sum_refused("all_zero_rows", seen, matrix, block)


def row_sums_off(seen: dict[str, Any], matrix: Matrix, block: Block) -> Check:
    """Return the refusal of rows that do not sum to 1."""
    return _sum_refused("row_sums", seen, matrix, block)


def _sum_refused(name: str, seen: dict[str, Any], matrix: Matrix, block: Block) -> Check:
    row, total = seen["first"]["sum_off"], sums_of(block)[0]
    hint = "; all zero" if not _values(block).any() else ""
    return outcome(
        name,
        "refused",
        f"{matrix.where(row)}: the probabilities sum to {total:.6g}, not 1{hint}"
        f"{_more(seen, 'sum_off')}; give each row's probabilities of all classes, summing to 1",
        {
            "count": seen["counts"]["sum_off"],
            "all_zero": seen["counts"]["all_zero"],
            "first_row": row,
            "tolerance": REPAIRABLE,
        },
    )


def _values(block: Block) -> Array:
    values: Array = block.probabilities[0] if isinstance(block, Listed) else block[0]
    return values


def _more(seen: dict[str, Any], kind: str) -> str:
    count = seen["counts"][kind]
    return f" ({count:,} rows like this)" if count > 1 else ""


@rule("critical", may_be_allowed=False)
def row_sums(seen: dict[str, Any], repaired: bool) -> Check:
    """Whether every row sums to 1.

    A gap of up to 1e-5 is as good as none. Up to 0.02, as after rounding to float16 or a few
    decimals, every row is divided by its sum, and that is told; beyond, it is refused.
    """
    gap = seen["largest_gap"]
    if repaired:
        return outcome(
            "row_sums",
            "repaired",
            f"rows miss the sum 1 by up to {gap:.2g}, as after rounding (float16 or a few "
            "decimals): every row was divided by its sum",
            {"largest_gap": gap, "tolerance": ROUNDING, "repairable": REPAIRABLE},
        )
    return outcome(
        "row_sums",
        "passed",
        f"every row sums to 1 within {max(gap, 1e-12):.1g}",
        {"largest_gap": gap, "tolerance": ROUNDING},
    )
