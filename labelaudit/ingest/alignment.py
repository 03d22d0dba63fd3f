"""Numbers as they lie in their files, to rows in the order of the dataset."""

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from labelaudit.core.listed import ListedRows, TopClasses
from labelaudit.core.matrix import Matrix
from labelaudit.core.rows import Array, Rows, as_mapped, reads_forward
from labelaudit.core.texts import Texts, TextsWriter
from labelaudit.ingest.labels import Labels
from labelaudit.ingest.predictions import Numbers

_BLOCK_BYTES = 1 << 24
_BLOCK_ROWS = 1 << 18

RowNumbers = npt.NDArray[np.int64]


def aligned(
    numbers: Numbers,
    rows: RowNumbers | None,
    kept: RowNumbers | None,
    columns: tuple[int, ...] | None = None,
    normalise: bool = False,
    scratch: Path | None = None,
    softmax: bool = False,
) -> Matrix:
    """Return the rows of numbers that belong to the rows of the dataset.

    `rows` are those that belong to each row of the labels, `kept` the rows of the labels that
    are in the dataset (None: all of them, in order), `columns` those of each class.
    """
    if columns == tuple(range(numbers.values.shape[1])):
        columns = None
    own = rows if kept is None else kept if rows is None else rows[kept]
    if own is not None and _counts_up(own, len(numbers.values)):
        own = None
    matrix = Matrix(
        values=numbers.values,
        rows=own,
        columns=columns,
        normalise=normalise,
        softmax=softmax,
        locate=numbers.locate,
        column_names=numbers.column_names,
    )
    if own is None or not reads_forward(numbers.values) or _ascends(own):
        return matrix
    written = _in_order(numbers.values, own, scratch)
    locate = _through(_kept_in(scratch, own), numbers.locate)
    return replace(matrix, values=written, rows=None, locate=locate)


def part_ends(
    labels: Labels,
    predictions: Numbers | None,
    matrix: Matrix | None,
    kept: RowNumbers | None,
) -> tuple[int, ...]:
    """Return the rows of the dataset at which its files end: a shard shall be read from one.

    Those of the predictions, where their rows are the dataset's, else those of the labels.
    """
    ends = np.array(labels.ends, dtype=np.int64)
    if kept is not None:
        ends = np.searchsorted(kept, ends)
    as_they_lie = (
        predictions is not None
        and matrix is not None
        and matrix.rows is None
        and matrix.values is predictions.values
    )
    if predictions is not None and predictions.ends and as_they_lie:
        ends = np.array(predictions.ends, dtype=np.int64)
    return tuple(np.unique(ends[ends > 0]).tolist())


def taken(texts: Texts, kept: RowNumbers | None, scratch: Path | None) -> Texts:
    """Return the texts of the rows that are kept (None: all of them)."""
    if kept is None:
        return texts
    written = TextsWriter(scratch)
    for start in range(0, len(kept), _BLOCK_ROWS):
        written.add(texts.take(kept[start : start + _BLOCK_ROWS]))
    return written.texts()


def _counts_up(rows: RowNumbers, count: int) -> bool:
    """Say whether rows are 0, 1, 2, ... to the last: then they are read where they lie."""
    ends_well = len(rows) == count and (not count or (rows[0] == 0 and rows[-1] == count - 1))
    return bool(ends_well) and _ascends(rows)


def _ascends(rows: RowNumbers) -> bool:
    blocks = range(0, len(rows), _BLOCK_ROWS)
    return all((np.diff(rows[start : start + _BLOCK_ROWS + 1]) > 0).all() for start in blocks)


def _in_order(values: Rows, rows: RowNumbers, scratch: Path | None) -> Rows:
    """Write rows that can only be read going on once, in the order wanted, to a file.

    The source is read forward, each of its rows goes to its place. Without a folder for the
    file it is done in memory.
    """
    if isinstance(values, ListedRows) and isinstance(values.entries, TopClasses):
        entries = values.entries
        columns = _in_order(entries.columns, rows, scratch)
        probabilities = _in_order(entries.probabilities, rows, scratch)
        listed = TopClasses(columns, probabilities)
        return ListedRows(listed, values.n_columns, values.few, values.file)
    shape = (len(rows), *values.shape[1:])
    if scratch is None:
        return _filled(np.empty(shape, dtype=values.dtype), values, rows)
    path = _new_file(scratch)
    target = np.lib.format.open_memmap(path, mode="w+", dtype=values.dtype, shape=shape)
    _filled(target, values, rows)
    target.flush()
    return as_mapped(np.load(path, mmap_mode="r", allow_pickle=False))


def _kept_in(scratch: Path | None, rows: RowNumbers) -> Rows:
    """Keep what only a message needs in a file, where there is a folder for it."""
    if scratch is None:
        return rows
    path = _new_file(scratch)
    np.save(path, rows, allow_pickle=False)
    return as_mapped(np.load(path, mmap_mode="r", allow_pickle=False))


def _new_file(scratch: Path) -> Path:
    with tempfile.NamedTemporaryFile(
        dir=scratch, prefix="in-order-", suffix=".npy", delete=False
    ) as file:
        return Path(file.name)


def _filled(target: Array, values: Rows, rows: RowNumbers) -> Array:
    order = np.argsort(rows, kind="stable")
    row_bytes = max(int(np.prod(values.shape[1:])) * values.dtype.itemsize, 1)
    step = max(_BLOCK_BYTES // row_bytes, 1)
    for start in range(0, len(order), step):
        block = order[start : start + step]
        wanted = rows[block]
        target[block] = values[wanted]
        if (release := getattr(values, "release", None)) is not None:
            release(int(wanted[0]), int(wanted[-1]) + 1)
    return target


def _through(rows: Rows, locate: Callable[[int], str]) -> Callable[[int], str]:
    return lambda row: locate(int(rows[row : row + 1][0]))
