"""Rows of one file to rows of another, by id or by order."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from labelaudit.core.dataset import Check
from labelaudit.core.errors import InputError, NothingJudged
from labelaudit.core.text import listed
from labelaudit.core.texts import Texts
from labelaudit.ingest.ids import texts_in
from labelaudit.ingest.matching import MISSING, Ids, ids_of, match
from labelaudit.ingest.predictions import Numbers

_NAMED = 10
_BLOCK = 1 << 16


def join(
    ids: Ids | None,
    n_rows: int,
    numbers: Numbers,
    labels_file: str,
    scratch: Path | None = None,
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
    own = ids if ids is not None else _row_numbers(n_rows, scratch)
    rows, has_no_label = match(own, numbers.ids, scratch)
    n_lost, lost = _named(own.texts, rows == MISSING)
    if n_lost == n_rows:
        raise NothingJudged(
            f"{numbers.file}: no id matches an id of {labels_file}: there "
            f"{_first(own.texts, n_rows)}; here {_first(numbers.ids.texts, len(numbers.ids))}; "
            "both must name the rows alike (see --id-column)"
        )
    n_extra, extra = _named(numbers.ids.texts, has_no_label)
    evidence = {
        "labels_unmatched": n_lost,
        "first_labels_unmatched": lost,
        "rows_unmatched": n_extra,
        "first_rows_unmatched": extra,
    }
    if n_lost or n_extra:
        return rows, Check(
            name="ids_matched",
            status="alerted",
            message=f"{n_lost:,} labelled rows have no row in {numbers.file} and are left out"
            + (f" ({_first(lost, n_lost)})" if lost else "")
            + f"; {n_extra:,} rows of {numbers.file} have no label"
            + (f" ({_first(extra, n_extra)})" if extra else ""),
            evidence=evidence | {"mitigation": "Check that both files speak of the same rows."},
        )
    return rows, Check(
        name="ids_matched",
        status="passed",
        message=f"all {n_rows:,} ids found in {numbers.file}",
        evidence=evidence,
    )


def _named(texts: Texts, wanted: npt.NDArray[np.bool_]) -> tuple[int, list[str]]:
    """Return how many texts are wanted, and the first of them."""
    rows = np.flatnonzero(wanted)
    return len(rows), list(texts.take(rows[:_NAMED]))


def _first(names: Sequence[str], count: int) -> str:
    more = f" and {count - 3:,} more" if count > 3 else ""
    return listed(names[:3]) + more


def _row_numbers(count: int, scratch: Path | None) -> Ids:
    blocks = (
        list(map(str, range(start, min(start + _BLOCK, count))))
        for start in range(0, count, _BLOCK)
    )
    return ids_of(texts_in(blocks, "row numbers", scratch), scratch)
