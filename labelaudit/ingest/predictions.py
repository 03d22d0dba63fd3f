"""Predictions and embeddings as they lie in a file: numbers, ids, and names of columns."""

from collections.abc import Callable, Iterable
from pathlib import Path

from labelaudit.core.errors import InputError
from labelaudit.core.listed import ListedRows
from labelaudit.core.rows import Rows
from labelaudit.core.text import listed, printable
from labelaudit.ingest.folder import ID_COLUMNS, Part, pick_column
from labelaudit.ingest.ids import place_of, read_ids
from labelaudit.ingest.labels import Labels, ids_in, texts_of
from labelaudit.ingest.matching import Ids
from labelaudit.ingest.numbers import Numbers as Numbers
from labelaudit.ingest.outputs.columns import refuse_ranked, structured
from labelaudit.ingest.outputs.long_table import from_long, long_columns, repeats
from labelaudit.ingest.outputs.repeats import collapsed, index_column, index_ids
from labelaudit.ingest.parts import array_place, arrays_of, ends_of, table_of
from labelaudit.ingest.readers import TableFile, is_json, is_table
from labelaudit.ingest.top_classes import (
    is_sparse,
    listed_in_arrays,
    listed_in_table,
    top_columns,
)

PROBABILITY_PREFIXES = (
    "prob_", "proba_", "pred_prob_", "probability_", "prob:", "prob.", "logit_", "p_",
    "class_", "p",
)  # fmt: skip
# Columns of a predictions file that are never a class unless they carry a prefix.
_OTHER_COLUMNS = {
    "label", "labels", "target", "given_label", "true_label", "prediction", "predicted", "pred",
    "predicted_label", "split", "fold", "model", "confidence", "score", "row", "index",
}  # fmt: skip
_ARRAY_NAMES = {
    "predictions": ("", "pred_probs", "predictions", "probs", "probabilities", "proba"),
    "embeddings": ("", "embeddings", "embedding", "features", "x"),
}
# Columns that hold a list of numbers in each row.
LIST_NAMES = {
    "predictions": (
        "pred_probs", "probs", "probabilities", "proba", "predict_proba", "predictions", "preds",
        "prob", "scores",
    ),
    "embeddings": ("embeddings", "embedding", "features", "feature", "vector"),
}  # fmt: skip


def read_numbers(
    part: Part,
    file: str,
    role: str,
    id_column: str | None,
    labels: Labels,
    scratch: Path | None = None,
) -> Numbers:
    """Read a part that holds predictions or embeddings."""
    if is_table(part.first) or is_json(part.first):
        return from_table(table_of(part, file), file, role, id_column, labels, scratch)
    arrays = arrays_of(part, file, scratch)
    if role == "predictions" and is_sparse(arrays):
        listing = listed_in_arrays(arrays, file)
        return Numbers(values=listing, file=file, locate=array_place(part, file, listing))
    key = pick_column(tuple(arrays), None, _ARRAY_NAMES[role], file, "")
    if key is None:
        matrices = [name for name, array in arrays.items() if len(array.shape) == 2]
        if len(matrices) != 1:
            raise InputError(
                f"{file}: holds the arrays {listed(arrays)}; name that of the {role} "
                f"`{_ARRAY_NAMES[role][1]}`"
            )
        key = matrices[0]
    values = arrays[key]
    _expect_matrix(values, file, role)
    ids = ids_in(arrays, file, scratch)
    if ids is not None and len(ids) != len(values):
        raise InputError(f"{file}: has {len(values):,} rows, but {len(ids):,} ids")
    return Numbers(
        values=values,
        file=file,
        locate=array_place(part, file, values),
        ids=ids,
        classes=tuple(texts_of(arrays["classes"], file, "classes"))
        if "classes" in arrays
        else None,
        ends=ends_of(values),
    )


def _expect_matrix(values: Rows, file: str, role: str) -> None:
    shape = " x ".join(str(size) for size in values.shape) or "() (one number)"
    if values.dtype.kind not in "fiub":
        raise InputError(f"{file}: holds values of type {values.dtype}; {role} must be numbers")
    if len(values.shape) != 2:
        raise InputError(
            f"{file}: has shape {shape}; {role} must have a row for each example, "
            "of several numbers"
        )
    if values.shape[1] == 0:
        raise InputError(f"{file}: has shape {shape}: there are no numbers in it")
    if role == "predictions" and values.shape[1] < 2:
        raise InputError(
            f"{file}: has shape {shape}; give one column of probabilities for each class "
            "(for two classes: 1 - p and p)"
        )


def from_table(
    table: TableFile,
    file: str,
    role: str,
    id_column: str | None,
    labels: Labels,
    scratch: Path | None = None,
) -> Numbers:
    """Read the numbers of a table; for predictions the columns are named after the classes."""
    chosen = id_column if id_column in table.names else None
    present = set(labels.texts.distinct)
    # Classes may be called `image` and `file`: then these columns hold their probabilities.
    named = present.intersection(table.names)
    if (len(named) == 1 and len(present) > 1) or _has_prefix(table.names, present):
        named = set()
    free = tuple(name for name in table.names if name == chosen or name not in named)
    ids_from = pick_column(free, chosen, ID_COLUMNS, file, "--id-column")
    other_ids = {name for name in free if name.strip().lower() in ID_COLUMNS}
    rest = [name for name in table.names if name != ids_from and name not in other_ids]

    def read_own_ids() -> Ids | None:
        return read_ids(table, ids_from, file, scratch) if ids_from is not None else None

    if role == "predictions":
        found = _as_tools_write(table, rest, present, ids_from, file, read_own_ids, scratch)
        if found is not None:
            return found
    lists = list_columns(table, rest, role)
    index = index_column(table, rest)  # neither a class nor a dimension
    classes: list[str] = []
    if lists:
        columns = lists
    elif role == "predictions":
        points = list_columns(table, rest, "embeddings")
        own = [name for name in rest if name not in points and (name != index or name in present)]
        columns, classes = probability_columns(own, present)
        if len(columns) < 2:
            raise InputError(
                f"{file}: no column for each class was found among {listed(table.names)}; "
                "name them prob_<class> or after the classes"
            )
    else:
        columns = [name for name in rest if name != index]
        if not columns:
            raise InputError(f"{file}: holds no column of numbers")
    if role != "predictions":
        own_ids = read_own_ids()
        if ids_from is None and index is not None:
            found_ids = index_ids(table, index, labels.ids, file, scratch)
            own_ids = read_ids(table, index, file, scratch) if found_ids is not None else None
        return from_columns(table, columns, file, role, own_ids, classes, scratch)
    ids = None
    if ids_from is not None:
        ids = read_ids(table, ids_from, file, scratch, repeats=True)
    elif index is not None and index not in columns:
        ids = index_ids(table, index, labels.ids, file, scratch)
    numbers = from_columns(table, columns, file, role, ids, classes, scratch)
    refuse_ranked(numbers.values, file, f"what `{printable(columns[0], 60)}` begins", table.names)
    return collapsed(numbers, table.where, scratch)


def predicted_columns(names: list[str], present: set[str]) -> set[str]:
    """Return the columns beside labels that hold what models said, or the vectors they saw."""
    known = {name for listing in LIST_NAMES.values() for name in listing} | _OTHER_COLUMNS
    columns = {*probability_columns(names, present, prefixed_only=True)[0], *top_columns(names)}
    return columns | {name for name in names if name in present or name.strip().lower() in known}


def _has_prefix(names: Iterable[str], present: set[str]) -> bool:
    return bool(probability_columns(list(names), present, prefixed_only=True)[0])


def _as_tools_write(
    table: TableFile,
    names: list[str],
    present: set[str],
    id_column: str | None,
    file: str,
    read_own_ids: Callable[[], Ids | None],
    scratch: Path | None,
) -> Numbers | None:
    """Return predictions that are neither a column for each class nor one list of numbers."""
    top = top_columns(names)
    if top and all(table.list_width(name) is not None for name in top):
        return None  # numbers of classes: read where they lie
    _, prefixed = probability_columns(names, present, prefixed_only=True)
    by_class = bool(prefixed) or len(present.intersection(names)) > 1
    pair = long_columns(names)
    if pair is not None and id_column is not None and not by_class and not top:
        ids = table.coded(id_column)
        if repeats(ids):
            return from_long(table, id_column, ids, pair, file, scratch)
    known = LIST_NAMES["predictions"]
    return structured(table, names, known, present, by_class, file, read_own_ids, scratch)


def from_columns(
    table: TableFile,
    columns: list[str],
    file: str,
    role: str,
    ids: Ids | None,
    classes: list[str],
    scratch: Path | None = None,
) -> Numbers:
    """Return columns of a table as numbers: one for each class, or one that holds lists."""
    if role == "predictions" and columns == top_columns(table.names):
        values: Rows = listed_in_table(table, columns, file, scratch)
    else:
        values = table.rows(columns, scratch)
        _expect_matrix(values, file, role)
    names = [f"column {printable(name, 60)!r}" for name in columns]
    if isinstance(values, ListedRows):
        names = []
    elif len(names) != values.shape[1]:
        names = [f"{names[0]}, number {index} (from 0)" for index in range(values.shape[1])]
    return Numbers(
        values=values,
        file=file,
        locate=lambda row: place_of(table, file, row),
        ids=ids,
        classes=tuple(classes) or None,
        named_by_table=bool(classes),
        column_names=tuple(names) or None,
        ends=ends_of(table),
        table=table,
    )


def list_columns(table: TableFile, names: Iterable[str], role: str) -> list[str]:
    """Return the columns whose rows hold lists, by their names: one of numbers, or for
    predictions two, of the most probable classes and of their probabilities; else none.
    """
    by_name = {name.strip().lower(): name for name in names}
    if role == "predictions" and (found := top_columns(by_name.values())):
        return found
    for known in LIST_NAMES[role]:
        if known in by_name and table.list_width(by_name[known]) is not None:
            return [by_name[known]]
    return []


def probability_columns(
    names: list[str], present: set[str], prefixed_only: bool = False
) -> tuple[list[str], list[str]]:
    """Return the columns that hold probabilities, and the class each is named after.

    Columns that share a prefix such as `prob_` come first; else, unless `prefixed_only`, every
    column that is not known to be something else is named after its class.
    """
    for prefix in PROBABILITY_PREFIXES:
        columns = [name for name in names if name.startswith(prefix) and len(name) > len(prefix)]
        if prefix == "p":
            columns = [name for name in columns if name[1:].isdigit()]
        if len(columns) >= 2 and not set(columns) <= present:
            return columns, [name[len(prefix) :] for name in columns]
    if prefixed_only:
        return [], []
    columns = [
        name for name in names if name in present or name.strip().lower() not in _OTHER_COLUMNS
    ]
    return columns, list(columns)
