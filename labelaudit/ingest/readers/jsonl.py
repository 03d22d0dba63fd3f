"""JSON Lines, also gzipped: one object a line, its keys the columns."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.json as arrow_json

from labelaudit.core.coded import Coded
from labelaudit.core.errors import InputError
from labelaudit.core.rows import Array, Rows, Stamp
from labelaudit.core.text import printable
from labelaudit.ingest.readers.arrow import floats, lists
from labelaudit.ingest.readers.cells import CellError, cell_number, cell_numbers, cell_text
from labelaudit.ingest.readers.coding import Coding
from labelaudit.ingest.readers.files import (
    fault,
    numbered_lines,
    open_bytes,
    reading,
    require_columns,
    require_file,
)
from labelaudit.ingest.readers.scratch import keep

_BOM = b"\xef\xbb\xbf"
_BLOCK_CELLS = 1 << 16
_TEXT_ROWS = 1 << 12
_HELD_BYTES = 1 << 23  # of a file up to this size the objects are held: ten times as much
_READ_BYTES = 1 << 20


class _Refused(Exception):
    """Arrow cannot read the cells: they are not all of the type that was expected."""


class JsonLinesTable:
    """A table whose lines are read again for each question; a key that a line lacks is missing.

    The first time Python reads each line, and finds what is wrong with any. After that Arrow
    reads the wanted columns, where all cells are numbers, or all texts; else Python does again.
    """

    class_columns: tuple[str, ...] = ()

    def __init__(self, path: Path) -> None:
        require_file(path)
        self.path = path
        self._stamp = Stamp.of(path)
        self._n_rows = 0
        self._held: list[tuple[int, dict[str, object]]] | None = None
        held: list[tuple[int, dict[str, object]]] | None = []
        names: dict[str, None] = {}
        if self._stamp.size > _HELD_BYTES // (10 if path.suffix.lower() == ".gz" else 1):
            held = None
        for number, row in self._objects():
            self._n_rows += 1
            if held is not None:
                held.append((number, row))
            if not row.keys() <= names.keys():
                names |= dict.fromkeys(row)
        if not self._n_rows:
            raise fault(path, "holds no row; write one JSON object a line")
        self.names = tuple(names)
        self._held = held

    def text(self, column: str) -> list[str | None]:
        return [cell for block in self.texts(column) for cell in block]

    def texts(self, column: str) -> Iterator[list[str | None]]:
        require_columns(self.path, self.names, [column])
        done = 0
        try:
            for batch in self._batches({column: pa.string()}):
                block: list[str | None] = batch.column(0).to_pylist()
                done += len(block)
                yield block
        except _Refused:
            cells = islice(self._cells(column), done, None)
            while block := list(islice(cells, _TEXT_ROWS)):
                yield block

    def values(self, column: str) -> Iterator[list[Any]]:
        """Yield the cells as they are, lists and objects too, in blocks of bounded size."""
        require_columns(self.path, self.names, [column])
        cells = (row.get(column) for _, row in self._objects())
        while block := list(islice(cells, _TEXT_ROWS)):
            yield block

    def cells(self, columns: Sequence[str], rows: npt.NDArray[np.int64]) -> list[list[Any]]:
        require_columns(self.path, self.names, columns)
        if not len(rows):
            return []
        wanted = set(rows.tolist())
        lines = islice(self._objects(), int(rows[-1]) + 1)
        return [
            [line.get(column) for column in columns]
            for row, (_, line) in enumerate(lines)
            if row in wanted
        ]

    def coded(self, column: str) -> Coded:
        coding = Coding()
        for block in self.texts(column):
            coding.add(block)
        return coding.result()

    def numbers(self, columns: Sequence[str]) -> Array:
        require_columns(self.path, self.names, columns)
        return np.asarray(self._kept(columns, [None] * len(columns), None))

    def rows(self, columns: Sequence[str], scratch: Path | None = None) -> Rows:
        """Return the matrix, read once and kept in `scratch`, or in memory where that is None."""
        widths = [self.list_width(column) for column in columns]
        return self._kept(columns, widths, scratch)

    def list_width(self, column: str) -> int | None:
        require_columns(self.path, self.names, [column])
        cells = (row.get(column) for _, row in self._objects())
        first = next((cell for cell in cells if cell is not None), None)
        if not isinstance(first, list) or not set(map(type, first)) <= {int, float, type(None)}:
            return None
        return len(first)

    def class_names(self, column: str) -> tuple[str, ...] | None:
        require_columns(self.path, self.names, [column])
        return None

    def n_rows(self) -> int:
        return self._n_rows

    def lines(self) -> Iterator[int]:
        """Yield the line, from 1, at which each row begins."""
        return (line for line, _ in self._lines())

    def where(self, row: int) -> str:
        number = next((number for number, _ in islice(self._lines(), row, None)), None)
        return f"line {number}" if number is not None else f"row {row} (from 0)"

    def _kept(
        self, columns: Sequence[str], widths: Sequence[int | None], scratch: Path | None
    ) -> Rows:
        if not columns:
            return np.empty((self.n_rows(), 0))
        width = sum(1 if each is None else each for each in widths)
        try:
            blocks = self._blocks_by_arrow(columns, widths)
            return keep(blocks, width, scratch, self.path)
        except _Refused:
            return keep(self._blocks(columns, widths), width, scratch, self.path)

    def _blocks_by_arrow(
        self, columns: Sequence[str], widths: Sequence[int | None]
    ) -> Iterator[Array]:
        number, numbers = pa.float64(), pa.list_(pa.float64())
        kinds = [number if width is None else numbers for width in widths]
        for batch in self._batches(dict(zip(columns, kinds, strict=True))):
            found = []
            for column, width in zip(columns, widths, strict=True):
                array = batch.column(column)
                try:
                    block = floats(array)[:, None] if width is None else lists(array, width)
                except CellError:
                    raise _Refused from None  # Python names the line
                if np.isinf(block).any():  # of a number that is too large Arrow makes one
                    raise _Refused
                found.append(block)
            yield np.concatenate(found, axis=1)

    def _batches(self, kinds: dict[str, Any]) -> Iterator[Any]:
        """Yield columns as Arrow reads them, or raise _Refused."""
        if self._held is not None or not hasattr(arrow_json, "open_json"):
            raise _Refused
        self._stamp.check()
        n_rows = 0
        with reading(self.path, "JSON Lines file"), open_bytes(self.path) as stream:
            if stream.read(len(_BOM)) != _BOM:
                stream.seek(0)
            try:
                with arrow_json.open_json(
                    stream,
                    read_options=arrow_json.ReadOptions(block_size=_READ_BYTES),
                    parse_options=arrow_json.ParseOptions(
                        explicit_schema=pa.schema(list(kinds.items())),
                        unexpected_field_behavior="ignore",
                    ),
                ) as batches:
                    for batch in batches:
                        yield batch
                        n_rows += batch.num_rows
            except pa.ArrowException:
                raise _Refused from None
        self._stamp.check()
        if n_rows != self._n_rows:
            raise _Refused

    def _cells(self, column: str) -> Iterator[str | None]:
        for number, row in self._objects():
            try:
                yield cell_text(row.get(column))
            except CellError as error:
                raise self._fault_at(number, column, error) from None

    def _blocks(self, columns: Sequence[str], widths: Sequence[int | None]) -> Iterator[Array]:
        """Yield the numbers of the columns, some rows at a time; `widths` are those of lists."""
        width = sum(1 if each is None else each for each in widths)
        size = max(1, _BLOCK_CELLS // max(width, 1))
        wanted = list(zip(columns, widths, strict=True))
        rows = self._objects()
        while some := list(islice(rows, size)):
            found = (self._numbers_of(number, row, wanted) for number, row in some)
            flat = np.fromiter(chain.from_iterable(found), np.float64, len(some) * width)
            yield flat.reshape(len(some), width)

    def _numbers_of(
        self, number: int, row: dict[str, object], wanted: list[tuple[str, int | None]]
    ) -> list[float]:
        found: list[float] = []
        for column, width in wanted:
            cell = row.get(column)
            if type(cell) is float and width is None:
                found.append(cell)
                continue
            if width is not None and _is_plain(cell, width):
                found += cell
                continue
            try:
                found += [cell_number(cell)] if width is None else cell_numbers(cell, width)
            except CellError as error:
                raise self._fault_at(number, column, error) from None
        return found

    def _fault_at(self, number: int, column: str, error: CellError) -> InputError:
        return fault(self.path, str(error), where=self._place(number), column=column)

    def _place(self, number: int) -> str:
        return f"line {number}"

    def _objects(self) -> Iterator[tuple[int, dict[str, object]]]:
        """Yield the number and the object of each line."""
        if self._held is not None:
            self._stamp.check()
            yield from self._held
            return
        for number, bare in self._lines():
            yield number, _parse(self.path, bare, number)

    def _lines(self) -> Iterator[tuple[int, bytes]]:
        """Yield the number and the bytes of each line that is not blank."""
        self._stamp.check()
        with reading(self.path, "JSON Lines file"), open_bytes(self.path) as stream:
            for number, line in numbered_lines(self.path, stream):
                bare = (line.removeprefix(_BOM) if number == 1 else line).strip()
                if bare:
                    yield number, bare
        self._stamp.check()


def _is_plain(cell: object, width: int) -> TypeGuard[list[float]]:
    """Say whether a cell is a list of `width` floats and nothing else: the usual case, fast."""
    return isinstance(cell, list) and len(cell) == width and set(map(type, cell)) == {float}


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
