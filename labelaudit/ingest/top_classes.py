"""Predictions that list only the most probable classes of each row: top-k columns, sparse npz."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from labelaudit.core.errors import InputError
from labelaudit.core.listed import ListedRows, SparseRows, TopClasses
from labelaudit.core.rows import Array, Rows
from labelaudit.core.text import printable
from labelaudit.ingest.classes import Named, are_indices
from labelaudit.ingest.readers import TableFile

# The two columns of lists: class numbers from 0, and their probabilities.
CLASSES_COLUMNS = ("top_classes", "top_labels", "top_indices")
PROBABILITIES_COLUMNS = ("top_probs", "top_probabilities", "top_scores")
_SPARSE = {"indices", "indptr", "data", "shape", "format"}
_BLOCK = 1 << 16
_MOST_CLASSES = 10_000_000


def top_columns(names: Iterable[str]) -> list[str]:
    """Return the columns of listed classes and of their probabilities, if there are both."""
    by_name = {name.strip().lower(): name for name in names}
    found = [
        next((by_name[name] for name in known if name in by_name), None)
        for known in (CLASSES_COLUMNS, PROBABILITIES_COLUMNS)
    ]
    return [name for name in found if name is not None] if None not in found else []


def listed_in_table(
    table: TableFile, columns: Sequence[str], file: str, scratch: Path | None
) -> ListedRows:
    """Return the rows that two columns of lists describe; as wide as the largest class seen."""
    widths = [table.list_width(column) for column in columns]
    for column, width in zip(columns, widths, strict=True):
        if width is None:
            raise InputError(
                f"{file}: column {printable(column, 60)!r} must hold a list of numbers in each "
                "row; classes are numbered from 0 in the order of classes.txt"
            )
    if widths[0] != widths[1]:
        raise InputError(
            f"{file}: column {printable(columns[0], 60)!r} lists {widths[0]} classes, column "
            f"{printable(columns[1], 60)!r} {widths[1]} probabilities; give one for each class"
        )
    classes, probabilities = (table.rows([column], scratch) for column in columns)
    entries = TopClasses(classes, probabilities)
    largest = 0
    for start in range(0, len(entries), _BLOCK):
        seen, _ = entries.read(slice(start, start + _BLOCK))
        largest = max(largest, int(seen.max(initial=0)))
        if largest >= _MOST_CLASSES:
            row = start + int((seen == largest).any(axis=1).argmax())
            raise InputError(
                f"{file}, row {row} (from 0): class {largest:,} is no class number that can be "
                f"(at most {_MOST_CLASSES:,} classes); correct it"
            )
    return ListedRows(entries, largest + 1, file=file)


def is_sparse(arrays: Mapping[str, Rows]) -> bool:
    """Say whether a `.npz` holds a matrix that `scipy.sparse.save_npz` has written."""
    return {"data", "shape", "format"} <= set(arrays)


def listed_in_arrays(arrays: Mapping[str, Rows], file: str) -> ListedRows:
    """Return the rows of a sparse matrix by rows (CSR); what has no entry is unlisted."""
    kind = bytes(np.asarray(arrays["format"])).rstrip(b"\0").decode("latin-1")
    if kind != "csr" or set(arrays) < _SPARSE:
        raise InputError(
            f"{file}: holds a sparse matrix as {printable(kind, 20)}; save it by rows: "
            "scipy.sparse.save_npz(path, matrix.tocsr())"
        )
    shape = tuple(int(size) for size in np.asarray(arrays["shape"]).ravel())
    pointers, columns, values = np.asarray(arrays["indptr"]), arrays["indices"], arrays["data"]
    wrong = _damage(shape, pointers, columns, values)
    if wrong is not None:
        raise InputError(f"{file}: is a damaged sparse matrix (CSR): {wrong}; write it again")
    return ListedRows(SparseRows(pointers, columns, values), shape[1], file=file)


def _damage(shape: tuple[int, ...], pointers: Array, columns: Rows, values: Rows) -> str | None:
    """Say what of a sparse matrix does not fit together, or None."""
    if len(shape) != 2:
        return f"its `shape` has {len(shape)} numbers, not 2"
    for name, array, kinds in (
        ("indptr", pointers, "iu"),
        ("indices", columns, "iu"),
        ("data", values, "f"),
    ):
        if array.dtype.kind not in kinds:
            return f"its `{name}` is of type {array.dtype}"
        if len(array.shape) != 1:
            return f"its `{name}` has {len(array.shape)} dimensions, not 1"
    if len(pointers) != shape[0] + 1:
        return f"its `indptr` has {len(pointers):,} numbers for {shape[0]:,} rows, not one more"
    if pointers[0] != 0:
        return f"its `indptr` begins with {pointers[0]:,}, not 0"
    descends = np.flatnonzero(pointers[1:] < pointers[:-1])
    if len(descends):
        return f"its `indptr` descends at row {descends[0]:,} (from 0)"
    if len(columns) != len(values):
        return f"its `indices` has {len(columns):,} numbers, `data` {len(values):,}"
    if len(values) != pointers[-1]:
        return f"its `data` has {len(values):,} numbers, its `indptr` tells of {pointers[-1]:,}"
    return None


def numbered(
    rows: ListedRows, named: Named | None, labels: Mapping[str, int], file: str
) -> tuple[ListedRows, Named | None]:
    """Return listed predictions as wide as there are classes, and the names of these.

    Names decide, else a sparse matrix's own width, else the largest number that is listed or is
    a label.
    """
    if named is None and are_indices(labels, _MOST_CLASSES):
        size = rows.n_columns
        if isinstance(rows.entries, TopClasses):
            size = max([size, *(int(label) + 1 for label in labels)])
        named = Named(names=tuple(map(str, range(size))), source="class numbers from 0")
    if named is None or isinstance(rows.entries, SparseRows):
        return rows, named  # their numbers must agree: that is checked with the names
    if len(named.names) < rows.n_columns:
        raise InputError(
            f"{file}: lists class {rows.n_columns - 1:,}, but {named.source} names "
            f"{len(named.names):,} classes, numbered from 0; correct the number or name the class"
        )
    if len(named.names) < 2:
        raise InputError(f"{file}: knows one class only; name all classes in classes.txt")
    return ListedRows(rows.entries, len(named.names), rows.few, rows.file), named
