"""Flagged rows or all scores, as CSV or Parquet."""

import csv
import io
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from labelaudit.core.errors import NothingJudged
from labelaudit.core.folder import SCORES_FOLDER, read_scores, whole, write_parquet, write_text
from labelaudit.core.results import FINDING_COLUMNS, SCORE_COLUMNS, Audit

FORMATS = ("csv", "parquet")
ROWS = ("flagged", "all")
# A spreadsheet takes a cell that begins like this for a formula.
_GUARDED_STARTS = "'=+-@\t\r"
_FORMULA = re.compile(r"^'*[=+\-@\t\r]")


def guarded(text: str) -> str:
    """Return a CSV cell that no spreadsheet runs: a quote is put before `= + - @ TAB CR`.

    Readers of labelaudit take the quote away again.
    """
    return "'" + text if _FORMULA.match(text) else text


def flagged_csv(audit: Audit) -> str:
    """Return `flagged.csv`: every flagged row, most suspicious first."""
    if audit.findings is None:
        raise NothingJudged("no label has been checked, so there is nothing to export")
    columns = audit.findings.columns
    return _csv({name: columns[name] for name in FINDING_COLUMNS})


def _csv(columns: Mapping[str, Any]) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(columns)
    cells = [
        _texts(values.tolist()) if values.dtype == object else _numbers(values)
        for values in columns.values()
    ]
    writer.writerows(zip(*cells, strict=True))
    return buffer.getvalue()


def _texts(texts: list[str]) -> list[str]:
    return [guarded(text) if text[:1] in _GUARDED_STARTS else text for text in texts]


def _numbers(values: Any) -> list[Any]:
    # The shortest text that reads back as the same number, in its own precision.
    if values.dtype == np.float32:
        values = values.astype(str)
    elif values.dtype == np.bool_:
        values = np.where(values, "true", "false")
    return list(values.tolist())


def write_table(audit: Audit, path: Path, table_format: str, rows: str) -> None:
    """Write flagged or all rows to a file, whole or not at all."""
    if table_format == "csv":
        write_text(path, flagged_csv(audit) if rows == "flagged" else scores_csv(audit))
        return
    columns = _columns(audit, rows)
    with whole(path) as partial:
        write_parquet(columns, partial)


def scores_csv(audit: Audit) -> str:
    """Return every row's scores, in row order."""
    return _csv(_columns(audit, "all"))


def _columns(audit: Audit, rows: str) -> dict[str, Any]:
    if audit.findings is None:
        raise NothingJudged("no label has been checked, so there is nothing to export")
    if rows == "flagged":
        return {name: audit.findings.columns[name] for name in FINDING_COLUMNS}
    if audit.scores is not None:
        return {name: audit.scores[name] for name in SCORE_COLUMNS}
    assert audit.folder is not None
    return read_scores(audit.folder / SCORES_FOLDER)
