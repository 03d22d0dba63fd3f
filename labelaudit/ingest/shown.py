"""How rows are shown to people: a small picture, the head of a text, or the columns of a table."""

import os
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from labelaudit.core.dataset import Shown
from labelaudit.core.errors import ConfigError
from labelaudit.core.examples import Example
from labelaudit.core.text import printable
from labelaudit.ingest.convention import TEXT_COLUMNS, Choices, pick_column
from labelaudit.ingest.labels import Labels
from labelaudit.ingest.pictures import picture_at, picture_of
from labelaudit.ingest.predictions import predicted_columns
from labelaudit.ingest.readers import TableFile
from labelaudit.ingest.readers.cells import CellError, cell_text

MOST_TEXT = 400  # characters
MOST_FEATURES = 12
_NAME, _VALUE = 30, 40
_AT_ONCE = 4  # pictures: decoding lets other threads run

Rows = npt.NDArray[np.int64]
Done = Callable[[], None]


def shown_of(
    root: Path,
    paths: Sequence[str] | None,
    labels: Labels,
    text_column: str | None,
    own: Rows | None,
    is_chosen: bool = False,
) -> Shown | None:
    """Return what shows the rows that are audited, or None where there is nothing to show.

    `paths` are those of pictures, relative to `root`; `own` are the rows of the labels that are
    audited (None: all). Pictures go before texts, unless a column of these `is_chosen`; texts
    before the other columns.
    """
    if paths is not None and not is_chosen:
        return Shown(examples=lambda rows, done, side: _pictures(root, paths, rows, done, side))
    table = labels.table
    if table is None:
        return _of_columns(labels, text_column, own)
    read = _reader(table, own)
    held = getattr(table, "picture_columns", ())
    if held and not is_chosen:
        return Shown(
            examples=lambda rows, done, side: _held(root, read(held[:1], rows), done, side)
        )
    if text_column:
        return Shown(examples=lambda rows, done, _: _texts(read([text_column], rows), done))
    names = features(table, labels)
    if not names:
        return None
    return Shown(examples=lambda rows, done, _: _tables(names, read(names, rows), done))


def snippet(text: str) -> str:
    """Return the head of a text on one line, cut at a word; what would reorder or hide it shows."""
    folded = " ".join(text[: 8 * MOST_TEXT].split())
    short = printable(folded, 8 * MOST_TEXT)
    if len(short) <= MOST_TEXT and len(text) <= 8 * MOST_TEXT:
        return short
    head = short[: MOST_TEXT - 1]
    at_word = head.rpartition(" ")[0]
    return (at_word if len(at_word) > MOST_TEXT // 2 else head) + "…"


def _reader(table: TableFile, own: Rows | None) -> Callable[[Sequence[str], Rows], list[list[Any]]]:
    return lambda columns, rows: table.cells(columns, rows if own is None else own[rows])


def _of_columns(labels: Labels, text_column: str | None, own: Rows | None) -> Shown | None:
    """Return what shows the rows of an export: its texts, where it has a column of such."""
    columns = labels.columns
    if columns is None or text_column is None or text_column not in columns.names:
        return None

    def examples(rows: Rows, done: Done, _: int) -> list[Example]:
        coded = columns.coded(text_column)
        codes = coded.codes[rows if own is None else own[rows]].tolist()
        return _texts([[coded.distinct[code] if code >= 0 else None] for code in codes], done)

    return Shown(examples=examples)


def features(table: TableFile, labels: Labels) -> list[str]:
    """Return the columns that describe a row: not labels, ids, paths or what models said."""
    free = [name for name in table.names if name not in labels.used_columns]
    predicted = predicted_columns(free, set(labels.texts.distinct))
    return [name for name in free if name not in predicted][:MOST_FEATURES]


def _pictures(root: Path, paths: Sequence[str], rows: Rows, done: Done, side: int) -> list[Example]:
    return _each([partial(picture_at, root, paths[row], side) for row in rows.tolist()], done)


def _held(root: Path, cells: list[list[Any]], done: Done, side: int) -> list[Example]:
    """Return pictures of cells that hold the bytes of a file, or where it lies."""

    def picture(cell: Any) -> Example:
        content = cell.get("bytes") if isinstance(cell, dict) else None
        if content:
            return picture_of(content, side)
        path = cell.get("path") if isinstance(cell, dict) else None
        return picture_at(root, str(path or ""), side)

    return _each([partial(picture, cell) for (cell,) in cells], done)


def _each(jobs: Sequence[Callable[[], Example]], done: Done) -> list[Example]:
    """Make pictures, some at a time, in order."""
    made = []
    # What decoders warn of is no news to the user: that a picture could not be read is shown.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with ThreadPoolExecutor(min(_AT_ONCE, os.cpu_count() or 1)) as pool:
            for example in pool.map(lambda job: job(), jobs):
                made.append(example)
                done()
    return made


def _texts(cells: list[list[Any]], done: Done) -> list[Example]:
    made = []
    for (cell,) in cells:
        text = snippet(_text(cell))
        made.append(Example(kind="text", text=text, problem="" if text else "has no text"))
        done()
    return made


def _tables(names: Sequence[str], rows: list[list[Any]], done: Done) -> list[Example]:
    shown = [printable(name, _NAME) for name in names]
    made = []
    for cells in rows:
        values = [printable(_text(cell)[: 8 * _VALUE], _VALUE) for cell in cells]
        made.append(Example(kind="table", features=tuple(zip(shown, values, strict=True))))
        done()
    return made


def _text(cell: Any) -> str:
    """Return a cell as text; of one that holds several values, what kind it is."""
    try:
        return cell_text(cell) or ""
    except CellError:
        return f"({len(cell)} {'bytes' if isinstance(cell, bytes) else 'values'})"


def text_column_of(labels: Labels, choices: Choices, file: str) -> str | None:
    """Return the column of texts: the one that was chosen, else one that is called like such.

    Raises
    ------
    ConfigError : the one that was chosen is not there, or holds labels or ids.
    """
    names = labels.columns.names if labels.columns is not None else ()
    if labels.table is not None:
        names = labels.table.names
    chosen = choices.text_column
    if chosen is not None and not names:
        raise ConfigError(f"--text-column {printable(chosen, 60)}: {file} has no columns")
    column = pick_column(names, chosen, TEXT_COLUMNS, file, "--text-column")
    roles = {} if labels.columns is None else labels.columns.roles
    if column in labels.used_columns or column in roles:
        if chosen is not None:
            raise ConfigError(
                f"--text-column {printable(chosen, 60)}: is the column of labels, ids or splits; "
                "choose another"
            )
        return None
    return column
