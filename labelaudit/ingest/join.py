"""Rows of one file to rows of another, by id or by order."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from labelaudit.core.dataset import Check
from labelaudit.core.errors import InputError, NothingJudged
from labelaudit.core.texts import Texts
from labelaudit.ingest.contract.ids import first_of, ids_matched, row_alignment, row_counts
from labelaudit.ingest.contract.nearly import MOST, nearly_matched
from labelaudit.ingest.contract.rules import outcome
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
            raise row_counts(numbers.file, len(numbers.values), labels_file, n_rows)
        return None, row_alignment(numbers.file, labels_file)
    if not len(numbers.ids):
        raise InputError(f"{numbers.file}: holds no rows")
    own = ids if ids is not None else _row_numbers(n_rows, scratch)
    rows, has_no_label = match(own, numbers.ids, scratch)
    n_lost, lost = _named(own.texts, rows == MISSING)
    n_extra, extra = _named(numbers.ids.texts, has_no_label)
    near = None
    if n_lost and n_extra:
        near = nearly_matched(
            own.texts.take(np.flatnonzero(rows == MISSING)[:MOST]),
            numbers.ids.texts.take(np.flatnonzero(has_no_label)[:MOST]),
        )
    if n_lost == n_rows:
        message = (
            f"{numbers.file}: no id matches an id of {labels_file}: there "
            f"{first_of(own.texts, n_rows)}; here {first_of(numbers.ids.texts, len(numbers.ids))}; "
            + (f"{near.offer}; " if near is not None else "")
            + "both must name the rows alike (see --id-column)"
        )
        raise NothingJudged(message, [outcome("ids_matched", "refused", message)])
    return rows, ids_matched(n_rows, numbers.file, (n_lost, lost), (n_extra, extra), near)


def _named(texts: Texts, wanted: npt.NDArray[np.bool_]) -> tuple[int, list[str]]:
    """Return how many texts are wanted, and the first of them."""
    rows = np.flatnonzero(wanted)
    return len(rows), list(texts.take(rows[:_NAMED]))


def _row_numbers(count: int, scratch: Path | None) -> Ids:
    blocks = (
        list(map(str, range(start, min(start + _BLOCK, count))))
        for start in range(0, count, _BLOCK)
    )
    return ids_of(texts_in(blocks, "row numbers", scratch), scratch)
