"""CSV and TSV, also gzipped: Arrow reads them; where it cannot, Python does or says why."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv as arrow_csv

from labelaudit.core.text import listed
from labelaudit.ingest.readers.arrow import fill, floats
from labelaudit.ingest.readers.cells import MISSING_NUMBERS, CellError, cell_number
from labelaudit.ingest.readers.files import (
    fault,
    open_bytes,
    reading,
    require_columns,
    require_file,
)

_DELIMITERS = ",;\t|"
_QUOTED = re.compile(r'"[^"]*(?:"|$)')
_BLOCK_BYTES = 1 << 24  # a record must fit into one
_END = "\0"  # follows the last line; no line holds one
_GUARDED = re.compile(r"'+[=+\-@\t\r]")

csv.field_size_limit(2**31 - 1)  # the text of a document is longer than the module's 128 KiB


class CsvTable:
    """A table of which Arrow reads only the wanted columns.

    Arrow reads fast, but counts no lines and forgives an open quote. So where it fails, or the
    quotes do not pair, the same is read by the csv module, which is slow and names the fault.
    """

    def __init__(self, path: Path) -> None:
        require_file(path)
        self.path = path
        self._delimiter = _sniff(path)
        self.names, self._start = _read_header(path, self._delimiter)
        self._n_rows: int | None = None

    def text(self, column: str) -> list[str | None]:
        require_columns(self.path, self.names, [column])
        table = self._read([column], pa.string())
        if table is not None:
            cells: list[str] = table.column(0).to_pylist()
        else:
            index = self.names.index(column)
            cells = [self._utf8(row[index], line, column) for line, row in self._rows()]
        self._n_rows = len(cells)
        return [cell[1:] if _GUARDED.match(cell) else cell for cell in cells]

    def numbers(self, columns: Sequence[str]) -> npt.NDArray[Any]:
        require_columns(self.path, self.names, columns)
        if not columns:
            return np.empty((self.n_rows(), 0))
        table = self._read(columns, pa.float64())
        if table is None:
            matrix = self._numbers_slowly(columns)
        else:
            matrix = np.empty((table.num_rows, len(columns)))
            fill(matrix, ([floats(each) for each in batch] for batch in table.to_batches()))
        self._n_rows = len(matrix)
        return matrix

    def class_names(self, column: str) -> tuple[str, ...] | None:
        require_columns(self.path, self.names, [column])
        return None

    def n_rows(self) -> int:
        if self._n_rows is None:
            table = self._read(self.names[:1], pa.string())
            self._n_rows = table.num_rows if table is not None else sum(1 for _ in self._rows())
        return self._n_rows

    def where(self, row: int) -> str:
        line = next((line for line, _ in islice(self._rows(), row, None)), None)
        return f"line {line}" if line is not None else f"row {row} (from 0)"

    def _read(self, columns: Sequence[str], kind: Any) -> Any | None:
        """Return the columns as Arrow reads them, or None if it cannot or is not to be trusted."""
        with reading(self.path, "CSV file"), open_bytes(self.path) as stream:
            stream.seek(self._start)
            watched = _Watched(stream)
            try:
                table = arrow_csv.read_csv(
                    watched,
                    read_options=arrow_csv.ReadOptions(
                        column_names=self.names, block_size=_BLOCK_BYTES
                    ),
                    parse_options=arrow_csv.ParseOptions(
                        delimiter=self._delimiter,
                        newlines_in_values=True,
                        ignore_empty_lines=len(self.names) > 1,
                    ),
                    convert_options=arrow_csv.ConvertOptions(
                        include_columns=list(columns),
                        column_types=dict.fromkeys(columns, kind),
                        strings_can_be_null=False,
                        null_values=list(MISSING_NUMBERS),
                    ),
                )
            except pa.ArrowException:
                return None
        return None if watched.doubtful else table

    def _rows(self) -> Iterator[tuple[int, list[str]]]:
        """Yield the first line and the cells of each row below the header."""
        width = len(self.names)
        records = _records(self.path, self._delimiter)
        next(cells for _, cells in records if cells)  # the header
        for line, cells in records:
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

    def _numbers_slowly(self, columns: Sequence[str]) -> npt.NDArray[np.float64]:
        wanted = [(self.names.index(column), column) for column in columns]
        values = [np.array(self._row_of_numbers(row, line, wanted)) for line, row in self._rows()]
        return np.array(values, dtype=np.float64).reshape(len(values), len(columns))

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
        if not _is_utf8(cell):
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
        self._has_nul = False

    @property
    def doubtful(self) -> bool:
        """Whether a quote may be open at the end, or NUL bytes were read."""
        return self._has_nul or self._quotes % 2 == 1

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        block = self._stream.read(size)
        self._quotes += block.count(b'"')
        self._has_nul = self._has_nul or b"\0" in block
        return block


def _sniff(path: Path) -> str:
    """Return the delimiter that occurs in the header, outside of quotes.

    Of several, the one that cuts the next line into as many cells, then the one that cuts most.
    """
    order = sorted(_DELIMITERS, key="\t".__ne__) if ".tsv" in path.name.lower() else _DELIMITERS
    header = next((line for line in _lines(path) if line.strip("\r\n\0")), "")
    bare = _QUOTED.sub("", header)
    found = [delimiter for delimiter in order if delimiter in bare] or [order[0]]

    def fitness(delimiter: str) -> tuple[bool, int]:
        records = (cells for _, cells in _records(path, delimiter) if cells)
        widths = [len(cells) for cells in islice(records, 2)]
        return len(set(widths)) == 1, widths[0]

    return found[0] if len(found) == 1 else max(found, key=fitness)


def _read_header(path: Path, delimiter: str) -> tuple[tuple[str, ...], int]:
    """Return the names of the columns and at which byte the rows begin."""
    records = _records(path, delimiter)
    first, names = next((record for record in records if record[1]), (0, []))
    if not names:
        raise fault(path, "has no header; name the columns in its first line")
    if not all(map(_is_utf8, names)):
        raise fault(path, "not UTF-8; save the file as UTF-8", where=f"line {first}")
    repeated = [name for name in dict.fromkeys(names) if names.count(name) > 1]
    if repeated:
        shown = listed([f"'{name}'" for name in repeated])
        raise fault(path, f"has several columns named {shown}; give each its own name")
    below = next(records, None)
    with reading(path, "CSV file"), _open_text(path, "utf-8") as text:
        header = islice(text, below[0] - 1 if below else None)
        return tuple(names), sum(len(line.encode("utf-8", "surrogateescape")) for line in header)


def _records(path: Path, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the first line and the cells of each record, header and empty lines included."""
    reader = csv.reader(_lines(path), delimiter=delimiter)
    first = 1
    for cells in reader:
        if cells == [_END]:
            return
        if cells and cells[-1].endswith(_END):
            problem = 'a quote (") opens here and is never closed; close it, or double it'
            raise fault(path, problem, where=f"line {first}")
        yield first, cells
        first = reader.line_num + 1


def _lines(path: Path) -> Iterator[str]:
    """Yield the lines of a file as they are, and then _END; bytes not UTF-8 are surrogates."""
    with reading(path, "CSV file"), _open_text(path, "utf-8-sig") as text:
        for number, line in enumerate(text, 1):
            if "\0" in line:
                problem = "a NUL byte, which no text holds; save the file as UTF-8 text"
                raise fault(path, problem, where=f"line {number}")
            yield line
    yield _END


def _open_text(path: Path, encoding: str) -> io.TextIOWrapper:
    return io.TextIOWrapper(
        open_bytes(path), encoding=encoding, errors="surrogateescape", newline=""
    )


def _is_utf8(text: str) -> bool:
    return text.isascii() or not any("\udc80" <= character <= "\udcff" for character in text)


def _cells(number: int) -> str:
    return f"{number} cell" if number == 1 else f"{number} cells"
