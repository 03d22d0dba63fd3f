"""Embeddings of the rows that are audited, from a file of their own or from a table's column."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from labelaudit.core.errors import NothingJudged
from labelaudit.core.text import printable
from labelaudit.ingest.audited import join_within
from labelaudit.ingest.folder import Choices, Plan
from labelaudit.ingest.labelled import Labels
from labelaudit.ingest.matching import MISSING
from labelaudit.ingest.models import how_joined
from labelaudit.ingest.predictions import Numbers, from_columns, list_columns, read_numbers


def read_embeddings(
    parts: Plan,
    labels: Labels,
    predictions: Sequence[Numbers],
    choices: Choices,
    within: npt.NDArray[np.bool_] | None,
    kept: npt.NDArray[np.bool_],
    notices: list[str],
    scratch: Path | None,
) -> tuple[Numbers | None, npt.NDArray[np.int64] | None]:
    """Read embeddings, if every audited row has one: half a space measures nothing."""
    if parts.embeddings is not None:
        file, how = printable(parts.shown(parts.embeddings)), parts.embeddings.how
        numbers = read_numbers(
            parts.embeddings, file, "embeddings", choices.id_column, labels, scratch
        )
    else:
        beside = _beside(parts, labels, predictions, scratch)
        if beside is None:
            return None, None
        numbers, how = beside, "a column of lists"
    labels_file = printable(parts.shown(parts.labels))
    try:
        rows, _ = join_within(labels, within, numbers, labels_file, scratch)
    except NothingJudged:
        rows = np.full(len(labels.texts), MISSING, dtype=np.int64)
    lost = 0 if rows is None else int((rows[kept] == MISSING).sum())
    if lost:
        notices.append(f"embeddings: {numbers.file} left out, {lost:,} rows have none")
        return None, None
    notices.append(f"embeddings: {numbers.file} ({how}), {how_joined(rows, labels.ids, numbers)}")
    return numbers, rows


def _beside(
    parts: Plan, labels: Labels, predictions: Sequence[Numbers], scratch: Path | None
) -> Numbers | None:
    """Return embeddings that stand as lists in the table of the labels or of the predictions."""
    tables = [(labels.table, printable(parts.shown(parts.labels)), labels.ids)]
    tables += [(numbers.table, numbers.file, numbers.ids) for numbers in predictions]
    for table, file, ids in tables:
        if table is not None and (columns := list_columns(table, table.names, "embeddings")):
            return from_columns(table, columns, file, "embeddings", ids, [], scratch)
    return None
