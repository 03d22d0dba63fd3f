"""Flagged rows or all scores, as CSV or Parquet; a sheet for the people who review them."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from labelaudit.core.coded import Column, Flat, Grouped, as_array
from labelaudit.core.errors import NothingJudged
from labelaudit.core.examples import Example
from labelaudit.core.folder import SCORES_FOLDER, read_scores, whole, write_parquet
from labelaudit.core.results import FINDING_COLUMNS, SCORE_COLUMNS, SLICE_PREFIX, Audit
from labelaudit.export.cells import BLOCK_ROWS, csv_blocks

FORMATS = ("csv", "parquet")
REVIEW = "review"
_REVIEWED = ("rank", "id", "row", "given_label", "suggested_label")
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


def review_csv(audit: Audit, sample: int | None = None, seed: int = 0) -> str:
    """Return the sheet of annotators: every suspect, most suspicious first, to be filled in.

    With `sample` so many of them drawn at random, each as likely as any other: what share of them
    is wrong tells of all suspects.

    `correct_label` and `note` are empty. The suggestion stands last, so that it is read after one's
    own verdict; there is no score. `text` is there where the audit keeps texts or rows of a table,
    those of its first suspects.
    """
    own = _columns(audit, "flagged")
    if sample is not None and sample < len(own["rank"]):
        drawn = np.random.default_rng(seed).choice(len(own["rank"]), sample, replace=False)
        rows = np.sort(drawn)
        own = {name: as_array(own[name])[rows] for name in _REVIEWED}
    blank = np.full(len(own["rank"]), "", dtype=object)
    shown = {"text": _texts(audit, own)} if texts_kept(audit) else {}
    first = {name: own[name] for name in ("rank", "id")}
    given = {"given_label": own["given_label"], "correct_label": blank, "note": blank}
    columns = first | shown | given | {"suggested_label": own["suggested_label"]}
    return "".join(csv_blocks({n: c for n, c in columns.items() if not isinstance(c, Grouped)}))


def texts_kept(audit: Audit) -> int:
    """Return of how many suspects the audit keeps a text, or the columns of a table."""
    return sum(bool(_words(one)) for one in audit.examples.values())


def _texts(audit: Audit, own: Mapping[str, Column]) -> npt.NDArray[Any]:
    texts = np.full(len(own["row"]), "", dtype=object)
    for place, row in enumerate(own["row"].tolist()):
        if row in audit.examples:
            texts[place] = _words(audit.examples[row])
    return texts


def _words(one: Example) -> str:
    return one.text or "; ".join(f"{name}: {value}" for name, value in one.features)


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
