"""Columns as CSV, a block of rows at a time: Arrow writes the cells, Python the odd ones."""

import csv
import io
import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from labelaudit.core.arrow import array_of
from labelaudit.core.coded import Coded, Flat, Numbered
from labelaudit.core.texts import Texts

BLOCK_ROWS = 1 << 16
# A spreadsheet takes a cell that begins like this for a formula.
_FORMULA = re.compile(r"^'*[=+\-@\t\r]")
# Texts that may have to be guarded or quoted: all others are cells as they are.
_ODD = r"^[='+\-@\t\r]|[,\"\r\n]"
_ODD_HERE = re.compile(_ODD)
# Between these Arrow and Python write the same digits; elsewhere an exponent or `.0` differs, and
# where exactly depends on the precision.
_ALIKE_FROM, _ALIKE_TO = 2e-4, 1e3


def guarded(text: str) -> str:
    """Return a CSV cell that no spreadsheet runs: a quote is put before `= + - @ TAB CR`.

    Readers of labelaudit take the quote away again.
    """
    return "'" + text if _FORMULA.match(text) else text


def csv_blocks(columns: Mapping[str, Flat], block_rows: int = BLOCK_ROWS) -> Iterator[str]:
    """Yield a table as CSV, some rows at a time: any size of block gives the same text."""
    yield ",".join(map(_cell, columns)) + "\n"
    writers = [_Cells(column) for column in columns.values()]
    n_rows = len(next(iter(columns.values())))
    for start in range(0, n_rows, block_rows):
        yield _block(writers, slice(start, min(start + block_rows, n_rows)))


def _block(writers: "list[_Cells]", rows: slice) -> str:
    import pyarrow.compute as pc

    known: list[tuple[npt.NDArray[Any], Any]] = []
    cells = [writer.of(rows, known) for writer in writers]
    separator, end, nothing = _encoded([",", "\n", ""])  # `pa.scalar` would import pandas
    cells[-1] = pc.binary_join_element_wise(cells[-1], end, nothing)
    lines = pc.binary_join_element_wise(*cells, separator)
    # Lines that lie one after the other are the block.
    _, offsets, data = lines.buffers()
    n_bytes = int(np.frombuffer(offsets, dtype=np.int64, count=len(lines) + 1)[-1])
    return str(memoryview(data)[:n_bytes], "utf-8", "surrogatepass")


class _Cells:
    """Makes the cells of a column, as Arrow binary; of coded texts each distinct one once."""

    def __init__(self, column: Flat) -> None:
        self.column = column
        self.distinct = None
        if isinstance(column, Coded):
            self.distinct = _encoded([_cell(text) for text in column.distinct])

    def of(self, rows: slice, known: list[tuple[npt.NDArray[Any], Any]]) -> Any:
        """Return the cells of some rows; `known` are the numbers that this block already has."""
        if isinstance(self.column, Texts):
            return _texts(_binary(self.column.arrow(rows.start, rows.stop)))
        column = self.column[rows]
        if isinstance(column, Coded):
            assert self.distinct is not None
            return self.distinct.take(array_of(column.codes))
        if isinstance(column, Numbered):
            return _as_written(column.numbers)
        if column.dtype == object:
            return _texts(_encoded(column.tolist()))
        if column.dtype.kind != "f":
            return _as_written(column)
        for values, cells in known:
            # The self-confidence stands in three columns: its digits are found once.
            if values.dtype == column.dtype and values.tobytes() == column.tobytes():
                return cells
        known.append((column, _floats(column)))
        return known[-1][1]


def _floats(values: npt.NDArray[Any]) -> Any:
    """Return the shortest texts that read back as the same numbers, in their own precision."""
    import pyarrow.compute as pc

    size = np.abs(values)
    alike = (size >= _ALIKE_FROM) & (size < _ALIKE_TO) & (values != np.trunc(values))
    cells = _as_written(values)
    if alike.all():
        return cells
    own = values[~alike]
    texts = list(map(repr, own.tolist())) if own.dtype == np.float64 else own.astype(str).tolist()
    return pc.replace_with_mask(cells, array_of(~alike), _encoded(texts))


def _texts(cells: Any) -> Any:
    import pyarrow.compute as pc

    odd = pc.match_substring_regex(cells, _ODD)
    if not pc.any(odd).as_py():
        return cells
    texts = [str(text, "utf-8", "surrogatepass") for text in cells.filter(odd).to_pylist()]
    return pc.replace_with_mask(cells, odd, _encoded(list(map(_cell, texts))))


def _cell(text: str) -> str:
    if not _ODD_HERE.search(text):
        return text
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerow([guarded(text), ""])
    return buffer.getvalue()[: -len(",\n")]


def _as_written(values: npt.NDArray[Any]) -> Any:
    import pyarrow as pa

    return _binary(array_of(values).cast(pa.large_string()))


def _encoded(texts: list[str]) -> Any:
    """Return texts as bytes; what UTF-8 cannot hold is kept, for whoever writes them down."""
    import pyarrow as pa

    encoded = [text.encode("utf-8", "surrogatepass") for text in texts]
    offsets = np.zeros(len(encoded) + 1, dtype=np.int64)
    np.cumsum([len(text) for text in encoded], out=offsets[1:])
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(b"".join(encoded))]
    return pa.Array.from_buffers(pa.large_binary(), len(encoded), buffers)


def _binary(texts: Any) -> Any:
    import pyarrow as pa

    return texts.view(pa.large_binary())
