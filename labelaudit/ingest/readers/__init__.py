"""Files as they occur, one reader per format; what is in them is decided elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from labelaudit.core.text import did_you_mean, listed
from labelaudit.ingest.readers.files import fault
from labelaudit.ingest.readers.images import ImageFile, find_images

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from labelaudit.core.coded import Coded
    from labelaudit.core.rows import Rows

__all__ = [
    "ImageFile",
    "TableFile",
    "find_images",
    "is_array",
    "is_json",
    "is_table",
    "open_arrays",
    "open_table",
]

_TEXT = (".csv", ".tsv")
_JSON = (".jsonl", ".ndjson")
_DOCUMENT = ".json"
_COLUMNAR = (".parquet", ".feather", ".arrow")
_ARRAYS = (".npy", ".npz")


class TableFile(Protocol):
    """A table in a file, whose columns are read when they are asked for.

    `names` are the columns in the order of the file. Whatever is wrong with the file or a
    cell is an InputError of one line; so is a file that changes between two questions.
    """

    path: Path
    names: tuple[str, ...]

    @property
    def class_columns(self) -> tuple[str, ...]:
        """The columns that the file itself says hold classes."""
        ...

    def text(self, column: str) -> list[str | None]:
        """Return the cells of a column as text, a missing one as None."""
        ...

    def texts(self, column: str) -> Iterator[list[str | None]]:
        """Yield the cells of `text` in blocks of bounded size."""
        ...

    def coded(self, column: str) -> Coded:
        """Return `Coded.of` the cells of `text`, without holding a text for each row."""
        ...

    def cells(self, columns: Sequence[str], rows: npt.NDArray[np.int64]) -> list[list[Any]]:
        """Return the cells of some rows, ascending, as they are: a list for each row.

        Lists, objects and bytes are among them, where the format has such.
        """
        ...

    def numbers(self, columns: Sequence[str]) -> npt.NDArray[Any]:
        """Return columns of numbers, shape (rows, columns), a missing one as nan.

        float32 where every column of the file is float32, otherwise float64; C order.
        """
        ...

    def rows(self, columns: Sequence[str], scratch: Path | None = None) -> Rows:
        """Return the values of `numbers`, shape (rows, columns), to be read some rows at a time.

        A column of lists of numbers counts as `list_width` columns; a missing list is nan, one
        of another length is an InputError when it is read. float32 and float16 where all that
        is read is that, otherwise float64. Columnar files are read where they lie; text is
        converted once, into a file of its own in `scratch`, or without one into memory.
        """
        ...

    def list_width(self, column: str) -> int | None:
        """Return how many numbers each list of a column holds; None: it holds no lists of them.

        Where lists may differ it is the length of the first that is not missing, or 0.
        """
        ...

    def class_names(self, column: str) -> tuple[str, ...] | None:
        """Return the class names that the file itself gives, by code, or None."""
        ...

    def n_rows(self) -> int: ...

    def where(self, row: int) -> str:
        """Say where a row stands: `line 17` in a text file, else `row 15 (from 0)`."""
        ...


def is_table(path: Path) -> bool:
    """Say whether a file is a table, by the end of its name."""
    return _ending(path) in (*_TEXT, *_JSON, *_COLUMNAR)


def is_json(path: Path) -> bool:
    """Say whether a file is one JSON document, by the end of its name."""
    return _ending(path) == _DOCUMENT


def open_table(path: Path) -> TableFile:
    """Open a table of any known format, by the end of its name."""
    ending = _ending(path)
    if ending == _DOCUMENT:
        from labelaudit.ingest.readers.records import JsonTable

        return JsonTable(path)
    if ending in _TEXT:
        from labelaudit.ingest.readers.csv import CsvTable

        return CsvTable(path)
    if ending in _JSON:
        from labelaudit.ingest.readers.jsonl import JsonLinesTable

        return JsonLinesTable(path)
    if ending in _COLUMNAR:
        from labelaudit.ingest.readers.columnar import ColumnarTable

        return ColumnarTable(path)
    known = (*_TEXT, *_JSON, *_COLUMNAR)
    hint = did_you_mean(ending, known)
    raise fault(path, f"is no table that can be read{hint}; give one of {listed(known)}")


def is_array(path: Path) -> bool:
    """Say whether a file holds numpy arrays, by the end of its name."""
    return path.suffix.lower() in _ARRAYS


def open_arrays(path: Path, scratch: Path | None = None) -> dict[str, npt.NDArray[Any]]:
    """Return the arrays of a file by their key, read-only; that of a `.npy` has the key ''.

    A large array of a `.npz` is unpacked into a file in `scratch`, where one is given, and
    mapped; without it, into memory.
    """
    from labelaudit.ingest.readers.arrays import read_npy, read_npz

    if not is_array(path):
        raise fault(path, f"is no file of arrays; give one of {listed(_ARRAYS)}")
    return read_npz(path, scratch) if path.suffix.lower() == ".npz" else {"": read_npy(path)}


def _ending(path: Path) -> str:
    """Return the suffix that tells the format, without `.gz` where that is only a wrapping."""
    outer = path.suffix.lower()
    inner = path.with_suffix("").suffix.lower()
    return inner if outer == ".gz" and inner in (*_TEXT, *_JSON, _DOCUMENT) else outer
