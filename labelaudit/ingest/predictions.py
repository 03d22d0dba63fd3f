"""Predictions and embeddings as they lie in a file: numbers, ids, and names of columns."""

from dataclasses import dataclass
from pathlib import Path

from labelaudit.core.errors import InputError
from labelaudit.core.rows import Array, Rows, as_mapped
from labelaudit.core.text import listed, printable
from labelaudit.ingest.folder import ID_COLUMNS, pick_column
from labelaudit.ingest.labels import Labels, read_ids, texts_of, unique_ids
from labelaudit.ingest.readers import TableFile, is_table, open_arrays, open_table

PROBABILITY_PREFIXES = (
    "prob_", "proba_", "pred_prob_", "probability_", "prob:", "prob.", "p_", "class_", "p",
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


@dataclass(frozen=True, kw_only=True, slots=True)
class Numbers:
    """A matrix float[rows, columns] as read.

    `ids` name its rows (None: row order), `classes` its columns (None: unnamed), `table` is the
    file where it is a table, `file` what messages call it.
    """

    values: Rows
    file: str
    ids: list[str] | None = None
    classes: tuple[str, ...] | None = None
    named_by_table: bool = False
    column_names: tuple[str, ...] | None = None
    table: TableFile | None = None

    def locate(self, row: int) -> str:
        place = self.table.where(row) if self.table is not None else f"row {row} (from 0)"
        return f"{self.file}, {place}"


def read_numbers(
    path: Path, file: str, role: str, id_column: str | None, labels: Labels
) -> Numbers:
    """Read a file of predictions or embeddings."""
    if is_table(path):
        table = open_table(path)
        return from_table(table, file, role, id_column, labels)
    arrays = open_arrays(path)
    key = pick_column(tuple(arrays), None, _ARRAY_NAMES[role], file, "")
    if key is None:
        matrices = [name for name, array in arrays.items() if array.ndim == 2]
        if len(matrices) != 1:
            raise InputError(
                f"{file}: holds the arrays {listed(arrays)}; name that of the {role} "
                f"`{_ARRAY_NAMES[role][1]}`"
            )
        key = matrices[0]
    values = arrays[key]
    _expect_matrix(values, file, role)
    ids = texts_of(arrays["ids"], file, "ids") if "ids" in arrays else None
    if ids is not None and len(ids) != len(values):
        raise InputError(f"{file}: has {len(values):,} rows, but {len(ids):,} ids")
    return Numbers(
        values=as_mapped(values),
        file=file,
        ids=unique_ids(ids, file) if ids is not None else None,
        classes=tuple(texts_of(arrays["classes"], file, "classes"))
        if "classes" in arrays
        else None,
    )


def _expect_matrix(values: Array, file: str, role: str) -> None:
    shape = " x ".join(str(size) for size in values.shape) or "() (one number)"
    if values.dtype.kind not in "fiub":
        raise InputError(f"{file}: holds values of type {values.dtype}; {role} must be numbers")
    if values.ndim != 2:
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
    table: TableFile, file: str, role: str, id_column: str | None, labels: Labels
) -> Numbers:
    """Read the numbers of a table; for predictions the columns are named after the classes."""
    chosen = id_column if id_column in table.names else None
    present = set(labels.texts.distinct)
    # A class may be called `image` or `file`: then that column holds its probabilities.
    free = tuple(name for name in table.names if name == chosen or name not in present)
    ids_from = pick_column(free, chosen, ID_COLUMNS, file, "--id-column")
    other_ids = {name for name in free if name.strip().lower() in ID_COLUMNS}
    rest = [name for name in table.names if name != ids_from and name not in other_ids]
    if role == "predictions":
        columns, classes = probability_columns(rest, present)
        if len(columns) < 2:
            raise InputError(
                f"{file}: no column for each class was found among {listed(table.names)}; "
                "name them prob_<class> or after the classes"
            )
    else:
        columns, classes = rest, []
        if not columns:
            raise InputError(f"{file}: holds no column of numbers")
    return Numbers(
        values=table.numbers(columns),
        file=file,
        ids=read_ids(table, ids_from, file) if ids_from is not None else None,
        classes=tuple(classes) if role == "predictions" else None,
        named_by_table=role == "predictions",
        column_names=tuple(f"column {printable(name, 60)!r}" for name in columns),
        table=table,
    )


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
