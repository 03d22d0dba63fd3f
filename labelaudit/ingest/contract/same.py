"""The contract on what the rows are of: the same input twice, under two labels or in two splits.

What is the same is told by equal bytes of an image file, a text or an embedding, through a hash of
64 bits. The cost is bounded; where it would be larger the check says that it was not made.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from labelaudit.core.coded import Coded
from labelaudit.core.dataset import Check, Dataset
from labelaudit.core.errors import InputError
from labelaudit.core.matrix import Matrix
from labelaudit.core.text import printable
from labelaudit.ingest.contract.across import across_splits
from labelaudit.ingest.contract.rules import outcome, rule

MOST_BYTES = 1 << 30
MOST_ROWS = 2_000_000
_NAMED = 10
_BLOCK_BYTES = 1 << 23
_PRIME = np.uint64(0x9E3779B97F4A7C15)

Numbers = npt.NDArray[np.uint64]
Codes = npt.NDArray[np.int32]


def checks_of_contents(dataset: Dataset) -> list[Check]:
    """Return the checks that compare inputs."""
    kind, marks = marks_of_inputs(dataset)
    checks = [duplicates(dataset, kind, marks)]
    if dataset.splits is not None:
        checks.append(leakage(dataset, kind, marks, dataset.splits))
    return checks


def marks_of_inputs(dataset: Dataset) -> tuple[str, Numbers | None]:
    """Return what rows are compared by, and a number for each row: equal inputs, equal numbers.

    Where they cannot be compared, why not, and None.
    """
    contents = dataset.contents
    points = dataset.embeddings
    if contents is None and points is None:
        return "there are no embeddings, image files or texts to compare", None
    if len(dataset) > MOST_ROWS:
        return f"more than {MOST_ROWS:,} rows are not compared", None
    why = "more than 1 GiB of embeddings is not compared"
    if contents is not None:
        try:
            return contents.kind, contents.marks()
        except InputError as error:  # what is only looked at for this is no reason to fail
            why = str(error)
    if points is None or points.width * points.values.dtype.itemsize * len(dataset) > MOST_BYTES:
        return why, None
    return "embeddings", marks_of_rows(points, len(dataset))


def marks_of_rows(matrix: Matrix, n_rows: int) -> Numbers:
    """Return a 64-bit hash of the bytes of every row."""
    marks = np.zeros(n_rows, dtype=np.uint64)
    step = max(_BLOCK_BYTES // max(matrix.width * 8, 1), 1)
    for start in range(0, n_rows, step):
        block = np.asarray(matrix.read(start, min(start + step, n_rows)))
        words = block.view(np.uint32 if block.dtype.itemsize == 4 else np.uint64)
        found = marks[start : start + len(words)]
        with np.errstate(over="ignore"):
            for column in range(words.shape[1]):  # a polynomial in the words, then stirred
                found ^= words[:, column].astype(np.uint64)
                found *= _PRIME
                found ^= found >> np.uint64(29)
        matrix.release(start, start + len(words))
    return marks


def _groups(marks: Numbers, codes: Codes) -> tuple[int, list[npt.NDArray[np.int64]]]:
    """Return how many inputs occur more than once, and the rows of those with unequal codes."""
    order = np.argsort(marks, kind="stable")
    ordered = marks[order]
    ends = np.flatnonzero(np.append(ordered[1:] != ordered[:-1], True)) + 1
    starts = np.append(0, ends[:-1])
    several = np.flatnonzero(ends - starts > 1)
    groups = [order[starts[at] : ends[at]] for at in several.tolist()]
    unequal = [rows for rows in groups if (codes[rows] != codes[rows[0]]).any()]
    return len(groups), sorted(unequal, key=lambda rows: int(rows[0]))


@rule("caution")
def duplicates(dataset: Dataset, kind: str, marks: Numbers | None) -> Check:
    """Whether the same input occurs twice under different labels: one of them must be wrong.

    Compared by equal bytes of image files, of texts or of embeddings, whichever there is.
    """
    if marks is None:
        return outcome("duplicates", "not_testable", kind)
    n_groups, unequal = _groups(marks, dataset.labels)
    evidence: dict[str, Any] = {"compared": kind, "repeated_inputs": n_groups}
    if not unequal:
        again = f"{n_groups:,} occur more than once" if n_groups else "none occurs twice"
        return outcome(
            "duplicates",
            "passed",
            f"no input has two labels (equal {kind}: {again})",
            evidence | {"groups": 0},
        )
    groups = [_described(dataset, rows) for rows in unequal[:_NAMED]]
    first = ", ".join(
        f"{printable(row['id'], 40)} {printable(row['label'], 40)!r}" for row in groups[0][:3]
    )
    n_unequal = f"{len(unequal):,} {'input has' if len(unequal) == 1 else 'inputs have'}"
    return outcome(
        "duplicates",
        "alerted",
        f"{n_unequal} two labels or more (equal {kind}): {first}",
        evidence | {"groups": len(unequal), "rows": sum(map(len, unequal)), "first_groups": groups},
        mitigation="One of its labels is wrong, or the inputs lost what tells them apart: look.",
    )


@rule("caution")
def leakage(dataset: Dataset, kind: str, marks: Numbers | None, splits: Coded) -> Check:
    """Whether the same input occurs in two splits: then a test on one knows the other.

    Compared as duplicates are; made only where the dataset has splits. A row that is in none is
    not compared. The measure `split_leakage` tells how much of each split it is.
    """
    if marks is None:
        return outcome("leakage", "not_testable", kind)
    known = np.flatnonzero(splits.codes >= 0)
    _, shared = _groups(marks[known], splits.codes[known])
    shared = [known[rows] for rows in shared]
    evidence: dict[str, Any] = {"compared": kind, "groups": len(shared)}
    evidence |= across_splits(shared, splits.codes, splits.distinct, dataset.labels)
    if not shared:
        return outcome("leakage", "passed", f"no input is in two splits (equal {kind})", evidence)
    groups = [_described(dataset, rows, splits) for rows in shared[:_NAMED]]
    named = ", ".join(printable(row["id"], 40) for row in groups[0][:3])
    return outcome(
        "leakage",
        "alerted",
        f"{len(shared):,} {'input is' if len(shared) == 1 else 'inputs are'} in more than one "
        f"split (equal {kind}): {named}",
        evidence | {"first_groups": groups},
        mitigation="Keep each input in one split only.",
    )


def _described(
    dataset: Dataset, rows: npt.NDArray[np.int64], splits: Coded | None = None
) -> list[dict[str, Any]]:
    return [
        {
            "row": dataset.source_row(row),
            "id": dataset.id_of(row),
            "label": dataset.class_names[int(dataset.labels[row])],
        }
        | ({} if splits is None else {"split": splits.distinct[int(splits.codes[row])]})
        for row in rows[:_NAMED].tolist()
    ]
