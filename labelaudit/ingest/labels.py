"""The labels: one text for each row, with an id where there is one."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from labelaudit.core.coded import Coded
from labelaudit.core.errors import ConfigError, InputError
from labelaudit.core.rows import Array
from labelaudit.core.text import listed, printable
from labelaudit.ingest.folder import (
    ID_COLUMNS,
    IMAGE_FOLDERS,
    LABEL_COLUMNS,
    Choices,
    Plan,
    pick_column,
)
from labelaudit.ingest.readers import (
    TableFile,
    find_images,
    is_array,
    is_table,
    open_arrays,
    open_table,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Labels:
    """Labels as read: `texts` without one where a row has no label, `ids` where rows have names.

    `metadata_names` are the class names in code order where the file says them; `table` is the
    file, if it is a table (it may hold predictions too); `holds_predictions` says that an npz
    does; `how` says what was read and why.
    """

    texts: Coded
    ids: list[str] | None
    how: str
    format: str
    metadata_names: tuple[str, ...] | None = None
    table: TableFile | None = None
    used_columns: tuple[str, ...] = ()
    holds_predictions: bool = False


def read_labels(plan: Plan, choices: Choices) -> Labels:
    """Read the labels of a plan; a blank label is None, `NA` and `nan` are names like others."""
    path = plan.labels.path
    if choices.label_column is not None and (path.is_dir() or path.suffix.lower() == ".npy"):
        raise ConfigError("--label-column: goes with a table or .npz; here there are no columns")
    if path.is_dir():
        return _from_images(path, plan)
    if is_array(path):
        return _from_array(path, plan, choices)
    if is_table(path):
        return _from_table(path, plan, choices)
    raise InputError(
        f"{printable(path.name)}: not a format that can be read as labels; "
        "use .csv, .tsv, .jsonl, .parquet, .feather, .npy, .npz or a folder of images by class"
    )


def _from_table(path: Path, plan: Plan, choices: Choices) -> Labels:
    table = open_table(path)
    file = printable(plan.shown(plan.labels))
    column = pick_column(table.names, choices.label_column, LABEL_COLUMNS, file, "--label-column")
    if column is None:
        raise InputError(
            f"{file}: no column is named like labels ({', '.join(LABEL_COLUMNS[:5])}, ...); "
            f"choose one of its columns with --label-column: {listed(table.names)}"
        )
    id_column = pick_column(table.names, choices.id_column, ID_COLUMNS, file, "--id-column")
    if id_column == column:
        if choices.id_column is not None:
            raise ConfigError(
                f"--id-column {printable(column, 60)}: is the column of labels; choose another"
            )
        id_column = None
    texts = Coded.of(table.text(column))
    ids = read_ids(table, id_column, file) if id_column is not None else None
    chosen = "by --label-column" if choices.label_column else "found by name"
    named = f", ids: column `{printable(id_column, 60)}`" if id_column else ", ids: row numbers"
    return Labels(
        texts=texts,
        ids=ids,
        how=f"{file} ({plan.labels.how}), column `{printable(column, 60)}` ({chosen}){named}",
        format=path.name.split(".", 1)[1].lower(),
        metadata_names=table.class_names(column),
        table=table,
        used_columns=tuple(name for name in (column, id_column) if name is not None),
    )


def read_ids(table: TableFile, column: str, file: str) -> list[str]:
    """Return the ids of a table: none missing, none twice."""
    ids = table.text(column)
    seen: dict[str, int] = {}
    for row, name in enumerate(ids):
        if name is None or not name.strip():
            raise InputError(
                f"{file}, {table.where(row)}: column {printable(column, 60)!r} has no id; "
                "give every row one"
            )
        first = seen.setdefault(name, row)
        if first != row:
            raise InputError(
                f"{file}, {table.where(row)}: id {printable(name, 80)!r} was already used in "
                f"{table.where(first)}; every id must be unique"
            )
    return list(seen)


def unique_ids(ids: Sequence[str], file: str) -> list[str]:
    """Return ids of an array: none twice."""
    seen: dict[str, int] = {}
    for row, name in enumerate(ids):
        first = seen.setdefault(name, row)
        if first != row:
            raise InputError(
                f"{file}, row {row} (from 0): id {printable(name, 80)!r} was already used in "
                f"row {first}; every id must be unique"
            )
    return list(seen)


def _from_array(path: Path, plan: Plan, choices: Choices) -> Labels:
    file = printable(plan.shown(plan.labels))
    arrays = open_arrays(path)
    key = pick_column(
        tuple(arrays), choices.label_column, ("", *LABEL_COLUMNS), file, "--label-column"
    )
    if key is None and len(arrays) == 1:
        key = next(iter(arrays))
    if key is None:
        raise InputError(
            f"{file}: holds the arrays {listed(arrays)}; name the labels with --label-column"
        )
    texts = coded_labels(arrays[key], file)
    ids = texts_of(arrays["ids"], file, "ids") if "ids" in arrays and key != "ids" else None
    if ids is not None and len(ids) != len(texts):
        raise InputError(f"{file}: has {len(texts):,} labels, but {len(ids):,} ids")
    classes = tuple(texts_of(arrays["classes"], file, "classes")) if "classes" in arrays else None
    return Labels(
        texts=texts,
        ids=unique_ids(ids, file) if ids is not None else None,
        how=f"{file} ({plan.labels.how}), "
        + (f"array `{printable(key, 60)}`, " if key else "")
        + f"ids: {'array `ids`' if ids is not None else 'row numbers'}",
        format=path.suffix[1:].lower(),
        metadata_names=classes,
        holds_predictions=key != "pred_probs" and "pred_probs" in arrays,
    )


def coded_labels(values: Array, file: str) -> Coded:
    """Return the labels of an array, coded; numbers never become a text for each row."""
    array: npt.NDArray[np.generic] = np.asarray(values)
    if array.ndim != 1 or array.dtype.kind not in "iu":
        return Coded.of(texts_of(array, file))
    distinct, codes = np.unique(array, return_inverse=True)
    texts = tuple(str(value) for value in distinct.tolist())
    return Coded(distinct=texts, codes=codes.astype(np.int32))


def texts_of(values: Array, file: str, what: str = "labels") -> list[str]:
    """Return labels, ids or classes of an array as texts: 3 and 3.0 as '3', nan as a blank."""
    array: npt.NDArray[np.generic] = np.asarray(values)
    if array.ndim != 1:
        raise InputError(f"{file}: {what} of shape {array.shape}; give one per row, shape (N,)")
    if array.dtype.kind in "iub":
        return [str(value) for value in array.tolist()]
    if array.dtype.kind == "f":
        whole = array[np.isfinite(array)]
        if (whole != np.round(whole)).any():
            raise InputError(
                f"{file}: the {what} are fractions such as {whole[whole != np.round(whole)][0]}; "
                f"{what} of a classification are names or whole numbers"
            )
        return ["" if not np.isfinite(value) else str(int(value)) for value in array.tolist()]
    if array.dtype.kind == "U":
        return [str(value) for value in array.tolist()]
    if array.dtype.kind == "S":
        try:
            return [value.decode("utf-8") for value in array.tolist()]
        except UnicodeDecodeError:
            raise InputError(f"{file}: its texts are not UTF-8; save them as unicode") from None
    raise InputError(f"{file}: cannot read values of type {array.dtype}; save text or numbers")


def _from_images(root: Path, plan: Plan) -> Labels:
    images = find_images(root)
    if {image.label.lower() for image in images} <= set(IMAGE_FOLDERS):  # `images` is no class
        raise InputError(
            f"{printable(root)}: no labels found: no labels.csv, labels.npy, train.csv or the "
            "like, and no folders of images by class; name the labels with --labels"
        )
    return Labels(
        texts=Coded.of(image.label for image in images),
        ids=[image.id for image in images],
        how=f"folder names of {len(images):,} images, ids: their paths",
        format="image folder",
    )
