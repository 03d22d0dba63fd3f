"""Flagged rows or all scores, as CSV or Parquet."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from labelaudit.core.coded import Column, Flat, Grouped
from labelaudit.core.errors import NothingJudged
from labelaudit.core.folder import SCORES_FOLDER, read_scores, whole, write_parquet
from labelaudit.core.results import FINDING_COLUMNS, SCORE_COLUMNS, SLICE_PREFIX, Audit
from labelaudit.export.cells import BLOCK_ROWS, csv_blocks

FORMATS = ("csv", "parquet")
ROWS = ("flagged", "all")
# Of the evidence, what a person who relabels reads; Parquet has all of it.
EVIDENCE_IN_CSV = ("next_label", "next_probability", "agree", "dissent", "evidence")


def flagged_csv(audit: Audit) -> str:
    """Return `flagged.csv`: every flagged row, most suspicious first."""
    return "".join(_blocks(audit, "flagged"))


def scores_csv(audit: Audit) -> str:
    """Return every row's scores, in row order."""
    return "".join(_blocks(audit, "all"))


def write_flagged_csv(audit: Audit, path: Path, block_rows: int = BLOCK_ROWS) -> None:
    """Write `flagged.csv` a block at a time, so that millions of rows are never one text."""
    _write(csv_blocks(_of_csv(_columns(audit, "flagged")), block_rows), path)


def write_table(audit: Audit, path: Path, table_format: str, rows: str) -> None:
    """Write flagged or all rows to a file, whole or not at all."""
    columns = _columns(audit, rows)
    with whole(path) as partial:
        if table_format == "csv":
            _write(csv_blocks(_of_csv(columns)), partial)
        else:
            write_parquet(columns, partial)


def _write(blocks: Iterator[str], path: Path) -> None:
    with path.open("wb") as file:
        for block in blocks:
            file.write(block.encode("utf-8", "backslashreplace"))


def _blocks(audit: Audit, rows: str) -> Iterator[str]:
    return csv_blocks(_of_csv(_columns(audit, rows)))


def _of_csv(columns: Mapping[str, Column]) -> dict[str, Flat]:
    """Return the columns of a CSV: of the evidence who agrees, the sentence, and the slices."""
    names = (*FINDING_COLUMNS, *SCORE_COLUMNS, *EVIDENCE_IN_CSV)
    return {
        name: column
        for name, column in columns.items()
        if (name in names or name.startswith(SLICE_PREFIX)) and not isinstance(column, Grouped)
    }


def _columns(audit: Audit, rows: str) -> Mapping[str, Column]:
    if audit.findings is None:
        raise NothingJudged("no label has been checked, so there is nothing to export")
    if rows == "flagged":
        names = (*FINDING_COLUMNS, *audit.findings.further)
        return {name: audit.findings.columns[name] for name in names}
    if audit.scores is not None:
        return {name: audit.scores[name] for name in SCORE_COLUMNS}
    assert audit.folder is not None
    return read_scores(audit.folder / SCORES_FOLDER)
