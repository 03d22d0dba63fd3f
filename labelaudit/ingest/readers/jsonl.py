"""JSON Lines, also gzipped: one object a line, its keys the columns."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from labelaudit.core.errors import InputError
from labelaudit.core.text import printable
from labelaudit.ingest.readers.cells import CellError, cell_number, cell_text
from labelaudit.ingest.readers.files import (
    fault,
    open_bytes,
    reading,
    require_columns,
    require_file,
)

_BOM = b"\xef\xbb\xbf"
_Cell = TypeVar("_Cell")


class JsonLinesTable:
    """A table held as the objects that its lines are; a key that a line lacks is missing."""

    def __init__(self, path: Path) -> None:
        require_file(path)
        self.path = path
        self._rows: list[dict[str, object]] = []
        self._lines: list[int] = []
        with reading(path, "JSON Lines file"), open_bytes(path) as stream:
            for number, line in enumerate(stream, 1):
                bare = (line.removeprefix(_BOM) if number == 1 else line).strip()
                if bare:
                    self._rows.append(_parse(path, bare, number))
                    self._lines.append(number)
        if not self._rows:
            raise fault(path, "holds no row; write one JSON object a line")
        self.names = tuple(dict.fromkeys(name for row in self._rows for name in row))

    def text(self, column: str) -> list[str | None]:
        return self._cells(column, cell_text)

    def numbers(self, columns: Sequence[str]) -> npt.NDArray[Any]:
        matrix = np.empty((self.n_rows(), len(columns)))
        for index, column in enumerate(columns):
            matrix[:, index] = self._cells(column, cell_number)
        return matrix

    def class_names(self, column: str) -> tuple[str, ...] | None:
        require_columns(self.path, self.names, [column])
        return None

    def n_rows(self) -> int:
        return len(self._rows)

    def where(self, row: int) -> str:
        return f"line {self._lines[row]}" if row < len(self._lines) else f"row {row} (from 0)"

    def _cells(self, column: str, convert: Callable[[object], _Cell]) -> list[_Cell]:
        require_columns(self.path, self.names, [column])
        cells: list[_Cell] = []
        try:
            for row in self._rows:
                cells.append(convert(row.get(column)))
        except CellError as error:
            where = self.where(len(cells))
            raise fault(self.path, str(error), where=where, column=column) from None
        return cells


def _parse(path: Path, line: bytes, number: int) -> dict[str, object]:
    """Return the object on a line."""

    def refuse(problem: str) -> InputError:
        return fault(path, problem, where=f"line {number}")

    try:
        row = json.loads(line.decode())
        if b"\\u" in line:  # half of an escaped surrogate pair is no text
            json.dumps(row, ensure_ascii=False).encode()
    except UnicodeDecodeError:
        raise refuse("not UTF-8; save the file as UTF-8") from None
    except UnicodeEncodeError:
        raise refuse(r"half of a surrogate pair (\ud800 to \udfff); escape both halves") from None
    except RecursionError:
        raise refuse("nested too deeply; write one flat object a line") from None
    except ValueError as error:
        reason = printable(error, 100)
        raise refuse(f"not JSON ({reason}); write one object a line") from None
    if not isinstance(row, dict):
        raise refuse(f"not an object but {printable(row, 40)}; write one object a line")
    return row
