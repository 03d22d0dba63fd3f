"""A JSON document that holds a table: a list of objects, or what pandas makes of a frame."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from labelaudit.core.rows import Stamp
from labelaudit.core.text import printable
from labelaudit.ingest.readers.document import read_document
from labelaudit.ingest.readers.files import fault, require_file
from labelaudit.ingest.readers.jsonl import JsonLinesTable

# What a list of lists is called: the classes and scores of each row, as pipelines return them.
SCORES = "scores"


class JsonTable(JsonLinesTable):
    """A table in one document, held as objects; messages count its items from 0."""

    def __init__(self, path: Path) -> None:
        require_file(path)
        self.path = path
        self._stamp = Stamp.of(path)
        rows = _rows(read_document(path), path)
        if not rows:
            raise fault(path, "holds no row; write a list of one object for each row")
        names: dict[str, None] = {}
        for row in rows:
            if not row.keys() <= names.keys():
                names |= dict.fromkeys(row)
        self.names = tuple(names)
        self._held = list(enumerate(rows))
        self._n_rows = len(rows)

    def where(self, row: int) -> str:
        return self._place(row)

    def _place(self, number: int) -> str:
        return f"row {number} (from 0)"


def _rows(document: Any, path: Path) -> list[dict[str, Any]]:
    if isinstance(document, dict):
        columns, data = document.get("columns"), document.get("data")
        if isinstance(columns, list) and isinstance(data, list):  # pandas, orient="split"
            return [_named(columns, row, number, path) for number, row in enumerate(data)]
        by_row = document and all(isinstance(row, dict) for row in document.values())
        if by_row and any(_tells_rows(key) for row in document.values() for key in row):
            return [{"id": key, **row} for key, row in document.items()]  # orient="index"
        raise fault(
            path,
            "is an object of which it is not clear what its rows are; write a list with an object "
            'for each row (pandas: to_json(orient="records"))',
        )
    if not isinstance(document, list):
        raise fault(path, "is no list; write a list with an object for each row")
    rows = [{SCORES: row} if isinstance(row, list) else row for row in document]
    for number, row in enumerate(rows):
        if not isinstance(row, dict):
            raise fault(
                path,
                f"not an object but {printable(row, 40)}; write one for each row",
                where=f"row {number} (from 0)",
            )
    return rows


def _tells_rows(key: str) -> bool:
    """Say whether a key is what tools call the scores of a row, and no row or class itself."""
    stem = key.lower().partition("_")[0]
    return stem in ("prob", "probs", "logit", "score", "scores", "label", "index", "proba")


def _named(columns: list[Any], row: Any, number: int, path: Path) -> dict[str, Any]:
    if not isinstance(row, list) or len(row) != len(columns):
        raise fault(
            path,
            f"not a list of {len(columns)} values; give one for each column",
            where=f"row {number} (from 0)",
        )
    return {str(name): cell for name, cell in zip(columns, row, strict=True)}
