"""CSV and TSV, also gzipped: Arrow reads them; where it cannot, Python does or says why."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv as arrow_csv

from labelaudit.core.coded import Coded
from labelaudit.core.rows import Array, Rows, Stamp
from labelaudit.ingest.readers.arrow import first_seen, floats, positions
from labelaudit.ingest.readers.cells import MISSING_NUMBERS, CellError, cell_number
from labelaudit.ingest.readers.coding import Coding
from labelaudit.ingest.readers.csvlines import (
    ESCAPED,
    escapes_quotes,
    find_delimiter,
    is_utf8,
    read_header,
    records,
)
from labelaudit.ingest.readers.document import BOM
from labelaudit.ingest.readers.files import (
    fault,
    open_bytes,
    reading,
    require_columns,
    require_file,
)
from labelaudit.ingest.readers.scratch import keep

_BLOCK_BYTES = 1 << 20  # a record must fit into one, or Python reads it
_TEXT_ROWS = 1 << 16
_SLOW_ROWS = 1 << 12
_GUARDED = re.compile(r"'+[=+\-@\t\r]")


class _Refused(Exception):
    """Arrow cannot read the file, or is not to be trusted with it."""


class CsvTable:
    """A table of which Arrow reads only the wanted columns, a block of lines at a time.

    Arrow reads fast, but counts no lines and forgives an open quote. So where it fails, or the
    quotes do not pair, the same is read by the csv module, which is slow and names the fault.
    """

    class_columns: tuple[str, ...] = ()

    def __init__(self, path: Path) -> None:
        require_file(path)
        self.path = path
        self._stamp = Stamp.of(path)
        self._delimiter = find_delimiter(path)
        # Whether quotes stand behind a backslash; None as long as there was none.
        self._escapes: bool | None = None
        self.names, self._start = read_header(path, self._delimiter)
        if any("\\" in name for name in self.names):
            self._escapes = escapes_quotes(path, self._delimiter)
        if self._escapes:
            self.names, self._start = read_header(path, self._delimiter, escapes=True)
        self._n_rows: int | None = None
        self._is_doubtful: bool | None = None

    def text(self, column: str) -> list[str | None]:
        return [cell for block in self.texts(column) for cell in block]

    def texts(self, column: str) -> Iterator[list[str | None]]:
        require_columns(self.path, self.names, [column])
        done = 0
        if not self._doubtful():  # known before the first cell is handed out
            try:
                for batch in self._batches([column], pa.string()):
                    for start in range(0, batch.num_rows, _TEXT_ROWS):
                        cells = batch.column(0).slice(start, _TEXT_ROWS).to_pylist()
                        done += len(cells)
                        yield _unguarded(cells)
            except _Refused:
                pass  # the rest is read slowly
            else:
                return
        yield from self._texts_slowly(column, done)

    def cells(self, columns: Sequence[str], rows: npt.NDArray[np.int64]) -> list[list[Any]]:
        require_columns(self.path, self.names, columns)
        found: list[list[Any]] = []
        start = 0
        try:
            if not self._doubtful():
                for batch in self._batches(columns, pa.string()):
                    stop = start + batch.num_rows
                    first, last = np.searchsorted(rows, (start, stop))
                    taken = batch.take(positions(rows[first:last] - start))
                    cells = [_unguarded(column.to_pylist()) for column in taken.columns]
                    found += map(list, zip(*cells, strict=True))
                    start = stop
                return found
        except _Refused:
            pass
        places = [self.names.index(column) for column in columns]
        wanted = set(rows.tolist())
        return [
            _unguarded(cells[place] for place in places)
            for row, (_, cells) in enumerate(self._rows())
            if row in wanted
        ]

    def coded(self, column: str) -> Coded:
        require_columns(self.path, self.names, [column])
        coding = Coding()
        try:
            for batch in self._batches([column], pa.string()):
                found = first_seen(batch.column(0))
                assert found is not None  # Arrow tells texts apart
                distinct, _, positions = found
                coding.add_coded(_unguarded(distinct.to_pylist()), positions)
        except _Refused:
            coding = Coding()
            for block in self._texts_slowly(column, 0):
                coding.add(block)
        return coding.result()

    def numbers(self, columns: Sequence[str]) -> Array:
        return np.asarray(self.rows(columns))

    def rows(self, columns: Sequence[str], scratch: Path | None = None) -> Rows:
        """Return the matrix, read once and kept in `scratch`, or in memory where that is None."""
        require_columns(self.path, self.names, columns)
        if not columns:
            return np.empty((self.n_rows(), 0))
        try:
            blocks = map(_side_by_side, self._batches(columns, pa.float64()))
            matrix = keep(blocks, len(columns), scratch, self.path)
        except _Refused:
            matrix = keep(self._numbers_slowly(columns), len(columns), scratch, self.path)
        self._n_rows = len(matrix)
        return matrix

    def list_width(self, column: str) -> int | None:
        require_columns(self.path, self.names, [column])
        return None

    def class_names(self, column: str) -> tuple[str, ...] | None:
        require_columns(self.path, self.names, [column])
        return None

    def n_rows(self) -> int:
        if self._n_rows is None:
            try:
                batches = self._batches(self.names[:1], pa.string())
                self._n_rows = sum(batch.num_rows for batch in batches)
            except _Refused:
                self._n_rows = sum(1 for _ in self._rows())
        return self._n_rows

    def lines(self) -> Iterator[int]:
        """Yield the line, from 1, at which each row begins."""
        return (line for line, _ in self._rows())

    def where(self, row: int) -> str:
        line = next((line for line, _ in islice(self._rows(), row, None)), None)
        return f"line {line}" if line is not None else f"row {row} (from 0)"

    def _batches(self, columns: Sequence[str], kind: Any) -> Iterator[Any]:
        """Yield the columns as Arrow reads them; _Refused, at the end too, says: read slowly."""
        if self._is_doubtful or self._escapes:
            raise _Refused
        self._stamp.check()
        with reading(self.path, "CSV file"), open_bytes(self.path) as stream:
            stream.seek(self._start)
            watched = _Watched(stream)
            try:
                yield from self._opened(watched, columns, kind)
            except pa.ArrowException:
                raise _Refused from None
        self._note(watched)
        self._stamp.check()
        if self._is_doubtful:
            raise _Refused

    def _opened(self, watched: _Watched, columns: Sequence[str], kind: Any) -> Iterator[Any]:
        options: dict[str, Any] = {
            "read_options": arrow_csv.ReadOptions(column_names=self.names, block_size=_BLOCK_BYTES),
            "parse_options": arrow_csv.ParseOptions(
                delimiter=self._delimiter,
                newlines_in_values=True,
                ignore_empty_lines=len(self.names) > 1,
            ),
            "convert_options": arrow_csv.ConvertOptions(
                include_columns=list(columns),
                column_types=dict.fromkeys(columns, kind),
                strings_can_be_null=False,
                null_values=list(MISSING_NUMBERS),
            ),
        }
        with arrow_csv.open_csv(watched, **options) as batches:
            yield from batches

    def _doubtful(self) -> bool:
        """Say whether a quote may be open at the end, or NUL bytes are in the file."""
        if self._is_doubtful is None:
            self._stamp.check()
            with reading(self.path, "CSV file"), open_bytes(self.path) as stream:
                stream.seek(self._start)
                watched = _Watched(stream)
                while watched.read(_BLOCK_BYTES):
                    pass
            self._note(watched)
        return bool(self._is_doubtful)

    def _note(self, watched: _Watched) -> None:
        """Keep what is known of the file now that it was read to its end."""
        if watched.has_escaped and self._escapes is None:
            self._escapes = escapes_quotes(self.path, self._delimiter)
        self._is_doubtful = watched.doubtful or bool(self._escapes)

    def _rows(self) -> Iterator[tuple[int, list[str]]]:
        """Yield the first line and the cells of each row below the header."""
        self._stamp.check()
        width = len(self.names)
        if self._escapes is None:
            self._doubtful()  # tells it
        found = records(self.path, self._delimiter, bool(self._escapes))
        next(cells for _, cells in found if cells)  # the header
        for line, cells in found:
            if not cells and width > 1:
                continue
            row = cells or [""]
            if len(row) != width:
                raise fault(
                    self.path,
                    f"the line has {_cells(len(row))}, the header has {width}; "
                    "give each line as many, and quote a cell that holds the delimiter",
                    where=f"line {line}",
                )
            yield line, row
        self._stamp.check()

    def _texts_slowly(self, column: str, done: int) -> Iterator[list[str | None]]:
        """Yield the texts from row `done` on."""
        index = self.names.index(column)
        rows = islice(self._rows(), done, None)
        while some := list(islice(rows, _SLOW_ROWS)):
            yield _unguarded(self._utf8(row[index], line, column) for line, row in some)

    def _numbers_slowly(self, columns: Sequence[str]) -> Iterator[Array]:
        wanted = [(self.names.index(column), column) for column in columns]
        rows = self._rows()
        while some := list(islice(rows, _SLOW_ROWS)):
            yield np.array([self._row_of_numbers(row, line, wanted) for line, row in some])

    def _row_of_numbers(
        self, row: list[str], line: int, wanted: list[tuple[int, str]]
    ) -> list[float]:
        together = "".join(row)
        if together.isascii() and "_" not in together:
            try:
                return [float(row[index]) for index, _ in wanted]
            except ValueError:
                pass  # a missing number, or none: one cell after the other
        return [self._number(row[index], line, column) for index, column in wanted]

    def _number(self, cell: str, line: int, column: str) -> float:
        try:
            return cell_number(self._utf8(cell, line, column))
        except CellError as error:
            raise fault(self.path, str(error), where=f"line {line}", column=column) from None

    def _utf8(self, cell: str, line: int, column: str) -> str:
        if not is_utf8(cell):
            raise fault(
                self.path,
                "not UTF-8; save the file as UTF-8",
                where=f"line {line}",
                column=column,
            )
        return cell


class _Watched(io.RawIOBase):
    """A stream that notes on the way what Arrow would pass over in silence."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._quotes = 0
        self._is_marked = False
        self._has_nul = False
        self._last = b""
        self.has_escaped = False

    @property
    def doubtful(self) -> bool:
        """Whether a quote may be open at the end, or NUL bytes or a mark were read."""
        return self._has_nul or self._is_marked or self._quotes % 2 == 1

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        block = self._stream.read(size)
        self._quotes += block.count(b'"')
        self._has_nul = self._has_nul or b"\0" in block
        if not self._last:  # Arrow takes it off, though it stands in the first cell
            self._is_marked = block.startswith(BOM)
        self.has_escaped = (
            self.has_escaped or ESCAPED in block or (self._last == b"\\" and block[:1] == b'"')
        )
        self._last = block[-1:]
        return block


def _side_by_side(batch: Any) -> Array:
    """Return the columns of a batch as a matrix."""
    matrix = np.empty((batch.num_rows, batch.num_columns))
    for index, column in enumerate(batch.columns):
        matrix[:, index] = floats(column)
    return matrix


def _unguarded(cells: Iterable[str]) -> list[str | None]:
    """Undo the guard that keeps a spreadsheet from running a cell as a formula."""
    return [cell[1:] if _GUARDED.match(cell) else cell for cell in cells]


def _cells(number: int) -> str:
    return f"{number} cell" if number == 1 else f"{number} cells"
