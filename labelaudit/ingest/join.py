"""Rows of one file to rows of another, by id or by order."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from labelaudit.core.dataset import Check
from labelaudit.core.errors import InputError, NothingJudged
from labelaudit.core.text import listed
from labelaudit.ingest.predictions import Numbers

MISSING = -1


def join(
    ids: Sequence[str] | None, n_rows: int, numbers: Numbers, labels_file: str
) -> tuple[npt.NDArray[np.int64] | None, Check]:
    """Return for each of `n_rows` labelled rows its row in `numbers` (-1: none), and a check.

    None stands for the same order. Where only one side has ids, row order is the id, and the
    numbers of rows must agree.
    """
    if numbers.ids is None:
        if len(numbers.values) != n_rows:
            raise InputError(
                f"{numbers.file}: has {len(numbers.values):,} rows, but {labels_file} has "
                f"{n_rows:,}; without ids they are matched by row order, so the counts must agree"
            )
        return None, Check(
            name="row_alignment",
            status="not_testable",
            message=f"{numbers.file} has no ids: its rows are taken to be in the order of "
            f"{labels_file}",
        )
    own = list(ids) if ids is not None else [str(row) for row in range(n_rows)]
    where = {name: row for row, name in enumerate(numbers.ids)}
    rows = np.fromiter((where.get(name, MISSING) for name in own), dtype=np.int64, count=n_rows)
    lost = [name for name, row in zip(own, rows, strict=True) if row == MISSING]
    if len(lost) == n_rows:
        raise NothingJudged(
            f"{numbers.file}: no id matches an id of {labels_file}: there {listed(own, 3)}; "
            f"here {listed(numbers.ids, 3)}; both must name the rows alike (see --id-column)"
        )
    known = set(own)
    extra = [name for name in numbers.ids if name not in known]
    evidence = {
        "labels_unmatched": len(lost),
        "first_labels_unmatched": lost[:10],
        "rows_unmatched": len(extra),
        "first_rows_unmatched": extra[:10],
    }
    if lost or extra:
        return rows, Check(
            name="ids_matched",
            status="alerted",
            message=f"{len(lost):,} labelled rows have no row in {numbers.file} and are left out"
            + (f" ({listed(lost, 3)})" if lost else "")
            + f"; {len(extra):,} rows of {numbers.file} have no label"
            + (f" ({listed(extra, 3)})" if extra else ""),
            evidence=evidence | {"mitigation": "Check that both files speak of the same rows."},
        )
    return rows, Check(
        name="ids_matched",
        status="passed",
        message=f"all {n_rows:,} ids found in {numbers.file}",
        evidence=evidence,
    )
