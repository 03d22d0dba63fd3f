"""The labels: one text for each row, with an id where there is one."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from labelaudit.core.coded import Coded
from labelaudit.core.errors import ConfigError, InputError
from labelaudit.core.rows import Rows
from labelaudit.core.text import listed, printable
from labelaudit.ingest.folder import (
    ID_COLUMNS,
    IMAGE_FOLDERS,
    LABEL_COLUMNS,
    Choices,
    Part,
    Plan,
    pick_column,
)
from labelaudit.ingest.ids import read_ids, texts_in, unique_ids
from labelaudit.ingest.matching import Ids, ids_of
from labelaudit.ingest.parts import arrays_of, ends_of, table_of
from labelaudit.ingest.readers import TableFile, find_images, is_array, is_table
from labelaudit.ingest.readers.coding import Coding

_BLOCK = 1 << 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Labels:
    """Labels as read: `texts` without one where a row has no label, `ids` where rows have names.

    `metadata_names` are the class names in code order where the file says them; `table` is the
    file, if it is a table (it may hold predictions too); `holds_predictions` says that an npz
    does; `how` says what was read and why; `ends` are the rows at which the parts of labels
    that are cut into files end.
    """

    texts: Coded
    ids: Ids | None
    how: str
    format: str
    metadata_names: tuple[str, ...] | None = None
    table: TableFile | None = None
    used_columns: tuple[str, ...] = ()
    holds_predictions: bool = False
    ends: tuple[int, ...] = ()


def read_labels(plan: Plan, choices: Choices, scratch: Path | None = None) -> Labels:
    """Read the labels of a plan; a blank label is None, `NA` and `nan` are names like others."""
    part = plan.labels
    path = part.first
    if choices.label_column is not None and (path.is_dir() or path.suffix.lower() == ".npy"):
        raise ConfigError("--label-column: goes with a table or .npz; here there are no columns")
    if part.is_images:
        return _from_images(path, scratch)
    if is_array(path):
        return _from_array(part, plan, choices, scratch)
    if is_table(path):
        return _from_table(part, plan, choices, scratch)
    raise InputError(
        f"{printable(path.name)}: not a format that can be read as labels; "
        "use .csv, .tsv, .jsonl, .parquet, .feather, .npy, .npz or a folder of images by class"
    )


def _from_table(part: Part, plan: Plan, choices: Choices, scratch: Path | None) -> Labels:
    file = printable(plan.shown(part))
    table = table_of(part, file)
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
    texts = table.coded(column)
    ids = read_ids(table, id_column, file, scratch) if id_column is not None else None
    chosen = "by --label-column" if choices.label_column else "found by name"
    named = f", ids: column `{printable(id_column, 60)}`" if id_column else ", ids: row numbers"
    return Labels(
        texts=texts,
        ids=ids,
        how=f"{file} ({plan.labels.how}), column `{printable(column, 60)}` ({chosen}){named}",
        format=_format(part),
        metadata_names=table.class_names(column),
        table=table,
        used_columns=tuple(name for name in (column, id_column) if name is not None),
        ends=ends_of(table),
    )


def _format(part: Part) -> str:
    name = part.first.name.split(".", 1)[1] if not part.files else part.first.suffix[1:]
    return name.lower()


def _from_array(part: Part, plan: Plan, choices: Choices, scratch: Path | None) -> Labels:
    file = printable(plan.shown(part))
    arrays = arrays_of(part, file, scratch)
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
    ids = ids_in(arrays, file, scratch) if key != "ids" else None
    if ids is not None and len(ids) != len(texts):
        raise InputError(f"{file}: has {len(texts):,} labels, but {len(ids):,} ids")
    classes = tuple(texts_of(arrays["classes"], file, "classes")) if "classes" in arrays else None
    return Labels(
        texts=texts,
        ids=ids,
        how=f"{file} ({plan.labels.how}), "
        + (f"array `{printable(key, 60)}`, " if key else "")
        + f"ids: {'array `ids`' if ids is not None else 'row numbers'}",
        format=part.first.suffix[1:].lower(),
        metadata_names=classes,
        holds_predictions=key != "pred_probs" and "pred_probs" in arrays,
        ends=ends_of(arrays[key]),
    )


def ids_in(arrays: Mapping[str, Rows], file: str, scratch: Path | None) -> Ids | None:
    """Return the ids that stand beside an array, each once, or None."""
    if "ids" not in arrays:
        return None
    return unique_ids(texts_of(arrays["ids"], file, "ids"), file, scratch)


def coded_labels(values: Rows, file: str) -> Coded:
    """Return the labels of an array, coded; numbers never become a text for each row."""
    _expect_one_per_row(values, file, "labels")
    coding = Coding()
    for start in range(0, len(values), _BLOCK):
        block: npt.NDArray[np.generic] = np.asarray(values[start : start + _BLOCK])
        if block.dtype.kind in "iu":
            distinct, positions = _distinct(block)
            coding.add_coded(map(str, distinct), positions)
        else:
            coding.add(texts_of(block, file))
    return coding.result()


def _distinct(block: npt.NDArray[Any]) -> tuple[list[int], npt.NDArray[np.int64]]:
    """Return the distinct whole numbers of a block, ascending, and which of them each is."""
    lowest, highest = (int(block.min()), int(block.max())) if len(block) else (0, 0)
    if highest - lowest > 4 * len(block) + 1_000 or highest >= 1 << 62:
        distinct, positions = np.unique(block, return_inverse=True)
        return distinct.tolist(), positions.astype(np.int64)
    # Close together, as labels are: counting is ten times faster than sorting.
    places = block.astype(np.int64) - lowest
    found = np.flatnonzero(np.bincount(places))
    codes = np.empty(highest - lowest + 1, dtype=np.int64)
    codes[found] = np.arange(len(found))
    return [place + lowest for place in found.tolist()], codes[places]


def _expect_one_per_row(values: Rows, file: str, what: str) -> None:
    if len(values.shape) != 1:
        raise InputError(f"{file}: {what} of shape {values.shape}; give one per row, shape (N,)")


def texts_of(values: Rows, file: str, what: str = "labels") -> list[str]:
    """Return labels, ids or classes of an array as texts: 3 and 3.0 as '3', nan as a blank."""
    _expect_one_per_row(values, file, what)
    array: npt.NDArray[np.generic] = np.asarray(values)
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


def _from_images(root: Path, scratch: Path | None) -> Labels:
    images = find_images(root)
    if {image.label.lower() for image in images} <= set(IMAGE_FOLDERS):  # `images` is no class
        raise InputError(
            f"{printable(root)}: no labels found: no labels.csv, labels.npy, train.csv or the "
            "like, and no folders of images by class; name the labels with --labels"
        )
    return Labels(
        texts=Coded.of(image.label for image in images),
        # Paths are unique as they are.
        ids=ids_of(texts_in([[image.id for image in images]], "images", scratch), scratch),
        how=f"folder names of {len(images):,} images, ids: their paths",
        format="image folder",
    )
