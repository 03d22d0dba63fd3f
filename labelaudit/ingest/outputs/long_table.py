"""Long tables: one row for each example and class."""

import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from labelaudit.core.coded import Coded
from labelaudit.core.errors import InputError
from labelaudit.core.rows import Array, Rows, as_mapped
from labelaudit.core.text import listed, printable
from labelaudit.ingest.ids import place_of, unique_ids
from labelaudit.ingest.numbers import Numbers
from labelaudit.ingest.readers import TableFile

CLASS_COLUMNS = ("class", "class_name", "label", "category", "predicted_label")
SCORE_COLUMNS = (
    "prob", "probability", "proba", "pred_prob", "score", "confidence", "logit", "value", "p",
)  # fmt: skip
_BLOCK = 1 << 16
_TOLERANCE = 0.02
# A table that says less than this share of all pairs would make a matrix of little but zeros.
_LEAST_SAID = 0.02


def long_columns(names: list[str]) -> tuple[str, str] | None:
    """Return the columns of classes and of their scores, where there is one of each."""
    lower = {name.strip().lower(): name for name in reversed(names)}
    classes = next((lower[name] for name in CLASS_COLUMNS if name in lower), None)
    scores = [lower[name] for name in SCORE_COLUMNS if name in lower]
    return (classes, scores[0]) if classes is not None and len(scores) == 1 else None


def repeats(ids: Coded) -> bool:
    """Say whether rows of a table speak of the same example, as in a long one."""
    return len(ids.distinct) < len(ids)


def from_long(
    table: TableFile,
    id_column: str,
    ids: Coded,
    columns: tuple[str, str],
    file: str,
    scratch: Path | None,
) -> Numbers:
    """Return the probabilities of a long table, a row for each id and a column for each class."""
    class_column, score_column = columns
    classes = table.coded(class_column)
    scores = table.rows([score_column], scratch)
    for name, column in ((id_column, ids), (class_column, classes)):
        if not column.present.all():
            blank = place_of(table, file, int((~column.present).argmax()))
            raise InputError(
                f"{blank}: column {printable(name, 60)!r} is blank; give every row one"
            )
    shape = (len(ids.distinct), len(classes.distinct))
    if shape[1] < 2:
        raise InputError(
            f"{file}: names but one class, {listed(classes.distinct)}; give a row for each class"
        )
    if len(ids) < shape[0] * shape[1] * _LEAST_SAID:
        raise InputError(
            f"{file}: has {len(ids):,} rows for {shape[0]:,} ids of {shape[1]:,} classes; "
            "write the most probable classes of each as lists: columns top_classes and top_probs"
        )
    matrix = _empty(shape, scratch)
    for start in range(0, len(ids), _BLOCK):
        some = slice(start, start + _BLOCK)
        found = np.asarray(scores[some], dtype=np.float64)[:, 0]
        own, columns_of = ids.codes[some], classes.codes[some]
        place_in = own.astype(np.int64) * shape[1] + columns_of
        first = np.zeros(len(own), dtype=np.bool_)
        first[np.unique(place_in, return_index=True)[1]] = True
        twice = ~first | ~np.isnan(matrix[own, columns_of])
        if twice.any():
            row = int(twice.argmax())
            raise InputError(
                f"{place_of(table, file, start + row)}: id {_shown(ids, own[row])} has class "
                f"{_shown(classes, columns_of[row])} a second time; keep one row for each"
            )
        if np.isnan(found).any():
            row = int(np.isnan(found).argmax())
            raise InputError(
                f"{place_of(table, file, start + row)}: column {printable(score_column, 60)!r} "
                "has no number; give every row one"
            )
        matrix[own, columns_of] = found

    def place(row: int) -> str:
        line = int((ids.codes == row).argmax())
        return f"{place_of(table, file, line)} (id {_shown(ids, row)})"

    n_filled = fill_missing(matrix, classes.distinct, place)
    notices = [
        f"predictions: {file} is a long table: {len(ids):,} rows of `{printable(id_column, 60)}`, "
        f"`{printable(class_column, 60)}`, `{printable(score_column, 60)}` make {shape[0]:,} rows "
        f"of {shape[1]:,} classes"
    ]
    if n_filled:
        notices.append(
            f"predictions: {n_filled:,} pairs of row and class are not in {file}; "
            "the others sum to 1, so their probability is 0"
        )
    values: Rows = matrix
    if isinstance(matrix, np.memmap):
        matrix.flush()
        values = as_mapped(np.load(str(matrix.filename), mmap_mode="r", allow_pickle=False))
    return Numbers(
        values=values,
        file=file,
        locate=place,
        ids=unique_ids(list(ids.distinct), file, scratch),
        classes=classes.distinct,
        named_by_table=True,
        column_names=tuple(f"class {printable(name, 60)!r}" for name in classes.distinct),
        notices=tuple(notices),
    )


def fill_missing(
    matrix: Array, classes: tuple[str, ...], place: Callable[[int], str], first: int = 0
) -> int:
    """Give missing classes probability 0 where the others sum to 1, else refuse; count them.

    `place` names a row, of which `first` is the first of the matrix.
    """
    count = 0
    for start in range(0, len(matrix), _BLOCK):
        block = matrix[start : start + _BLOCK]
        missing = np.isnan(block)
        short = missing.any(axis=1)
        if not short.any():
            continue
        sums = np.where(missing, 0, block).sum(axis=1)
        wrong = short & ~(np.abs(sums - 1) <= _TOLERANCE)
        if wrong.any():
            row = int(wrong.argmax())
            names = [classes[column] for column in np.flatnonzero(missing[row])]
            raise InputError(
                f"{place(first + start + row)}: there is no value of class {listed(names, 3)}, and "
                f"the others sum to {sums[row]:.6g}, not 1; give a value of every class"
            )
        matrix[start : start + _BLOCK] = np.where(missing, 0, block)
        count += int(missing.sum())
    return count


def _empty(shape: tuple[int, int], scratch: Path | None) -> Array:
    if scratch is None:
        return np.full(shape, np.nan)
    with tempfile.NamedTemporaryFile(
        dir=scratch, prefix="long-", suffix=".npy", delete=False
    ) as file:
        name = file.name
    matrix = np.lib.format.open_memmap(name, mode="w+", dtype=np.float64, shape=shape)
    for start in range(0, shape[0], _BLOCK):
        matrix[start : start + _BLOCK] = np.nan
    return matrix


def _shown(column: Coded, code: int) -> str:
    return repr(printable(column.distinct[code], 80))
