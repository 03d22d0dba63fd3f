"""The labels: one text for each row, with an id where there is one."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from labelaudit.core.coded import Coded
from labelaudit.core.errors import ConfigError, InputError
from labelaudit.core.rows import Rows
from labelaudit.core.text import listed, printable
from labelaudit.ingest.columns import columns_of_arrays, columns_of_table
from labelaudit.ingest.exports import labels_of_votes
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
from labelaudit.ingest.labelled import Labels
from labelaudit.ingest.layouts import layout
from labelaudit.ingest.matching import Ids, first_repeat, ids_of
from labelaudit.ingest.parts import arrays_of, ends_of, table_of
from labelaudit.ingest.readers import TableFile, find_images, is_array, is_table
from labelaudit.ingest.readers.coding import Coding
from labelaudit.ingest.splits import in_column, of_files, of_wanted
from labelaudit.ingest.votes import votes_in_table

__all__ = ["Labels", "coded_labels", "ids_in", "read_labels", "table_labels", "texts_of"]

_BLOCK = 1 << 20


def read_labels(plan: Plan, choices: Choices, scratch: Path | None = None) -> Labels:
    """Read the labels of a plan; a blank label is None, `NA` and `nan` are names like others."""
    part = plan.labels
    path = part.first
    if choices.label_column is not None and (path.is_dir() or path.suffix.lower() == ".npy"):
        raise ConfigError("--label-column: goes with a table or .npz; here there are no columns")
    if part.layout is not None:
        return layout(part.layout).read(part, plan, choices, scratch)
    if part.is_images:
        return _from_images(path, scratch)
    if is_array(path):
        return _from_array(part, plan, choices, scratch)
    if is_table(path):
        return table_labels(part, plan, choices, scratch)
    raise InputError(
        f"{printable(path.name)}: not a format that can be read as labels; "
        "use .csv, .tsv, .jsonl, .parquet, .feather, .npy, .npz or a folder of images by class"
    )


def table_labels(
    part: Part,
    plan: Plan,
    choices: Choices,
    scratch: Path | None,
    *,
    typed: Mapping[str, tuple[str, ...]] | None = None,
    id_columns: tuple[str, ...] = ID_COLUMNS,
    unique: bool = True,
) -> Labels:
    """Read the labels of a table, which may be cut into files.

    `typed` are the class names of columns that hold classes, where they are not in the table
    itself; `unique` is False where ids become so only with the folder of their file.
    """
    part = of_wanted(part, choices.split)
    file = printable(plan.shown(part))
    table = table_of(part, file)
    column, how = _label_column(table, choices.label_column, file, typed or {})
    if column is None:
        raise InputError(
            f"{file}: no column is named like labels ({', '.join(LABEL_COLUMNS[:5])}, ...); "
            f"choose one of its columns with --label-column: {listed(table.names)}"
        )
    # Hugging Face keeps pictures in a column `image`: files, not their names.
    pictures = () if choices.id_column else getattr(table, "picture_columns", ())
    nameable = tuple(name for name in table.names if name not in pictures)
    id_column = pick_column(nameable, choices.id_column, id_columns, file, "--id-column")
    if id_column == column:
        if choices.id_column is not None:
            raise ConfigError(
                f"--id-column {printable(column, 60)}: is the column of labels; choose another"
            )
        id_column = None
    several = len(part.splits) > 1
    if id_column is not None and not several:
        election = votes_in_table(table, column, id_column, file, scratch)
        if election is not None:
            return labels_of_votes(election, part, file, column, id_column)
    texts, class_names = table.coded(column), table.class_names(column)
    if class_names is None and typed and column in typed:
        texts, class_names = named_codes(texts, typed[column], file), typed[column]
    ids = None
    if id_column is not None:
        ids = read_ids(table, id_column, file, scratch, repeats=several or not unique)
        if several and unique and first_repeat(ids) is not None:
            return _first_split(part, plan, choices, scratch, typed)
    splits, split_column = of_files(part.splits, ends_of(table), len(texts)), None
    if splits is None:
        splits, split_column = in_column(table, column)
    named = f", ids: column `{printable(id_column, 60)}`" if id_column else ", ids: row numbers"
    return Labels(
        texts=texts,
        ids=ids,
        how=f"{file} ({part.how}), column `{printable(column, 60)}` ({how}){named}",
        format=_format(part),
        metadata_names=class_names,
        table=table,
        used_columns=tuple(name for name in (column, id_column, split_column) if name is not None),
        ends=ends_of(table),
        splits=splits,
        splits_apart=bool(part.splits),
        notices=part.notices,
        columns=columns_of_table(
            table, column, id_column, split_column, typed or {}, partial(named_codes, file=file)
        ),
    )


def _first_split(
    part: Part,
    plan: Plan,
    choices: Choices,
    scratch: Path | None,
    typed: Mapping[str, tuple[str, ...]] | None,
) -> Labels:
    """Read one split of several that use the same ids: those of all would not be unique."""
    (name, count), *others = part.splits
    dropped = ", ".join(f"`{printable(other, 40)}`" for other, _ in others)
    notice = f"splits {dropped} are not read: they use ids of others; choose one with --split"
    alone = replace(
        part,
        files=part.files[:count],
        splits=((name, count),),
        notices=(*part.notices, *([notice] if others else [])),
    )
    return table_labels(alone, plan, choices, scratch, typed=typed)


def named_codes(codes: Coded, names: tuple[str, ...], file: str) -> Coded:
    """Return codes, as texts, by their names; -1 is what Hugging Face writes for no label."""
    shown = []
    for code in codes.distinct:
        number = int(code) if code.lstrip("-").isdecimal() and code.isascii() else len(names)
        if number >= len(names) or number < -1:
            raise InputError(
                f"{file}: the code {printable(code, 40)} has no name, its features name "
                f"{len(names):,} classes; correct the code or the names"
            )
        shown.append(names[number] if number >= 0 else None)
    coding = Coding()
    coding.add_coded(shown, codes.codes)
    return coding.result()


def _label_column(
    table: TableFile, chosen: str | None, file: str, features: Mapping[str, tuple[str, ...]]
) -> tuple[str | None, str]:
    """Return the column of labels, and how it was found: what has classes goes before names."""
    known = table.class_columns or tuple(name for name in features if name in table.names)
    typed = known if chosen is None else ()
    column = pick_column(typed or table.names, chosen, LABEL_COLUMNS, file, "--label-column")
    if column is None and len(typed) > 1:
        raise InputError(
            f"{file}: several columns hold classes: {listed(typed)}; choose one with --label-column"
        )
    if column is None and typed:
        return typed[0], "its type is ClassLabel"
    return column, "by --label-column" if chosen is not None else "found by name"


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
        splits=of_files(part.splits, ends_of(arrays[key]), len(texts)),
        splits_apart=bool(part.splits),
        notices=part.notices,
        columns=columns_of_arrays(
            arrays, lambda name: coded_labels(arrays[name], file, "values"), len(texts), key
        )
        if len(arrays) > 1
        else None,
    )


def ids_in(arrays: Mapping[str, Rows], file: str, scratch: Path | None) -> Ids | None:
    """Return the ids that stand beside an array, each once, or None."""
    if "ids" not in arrays:
        return None
    return unique_ids(texts_of(arrays["ids"], file, "ids"), file, scratch)


def coded_labels(values: Rows, file: str, what: str = "labels") -> Coded:
    """Return the labels of an array, coded; numbers never become a text for each row."""
    _expect_one_per_row(values, file, what)
    coding = Coding()
    for start in range(0, len(values), _BLOCK):
        block: npt.NDArray[np.generic] = np.asarray(values[start : start + _BLOCK])
        if block.dtype.kind in "iu":
            distinct, positions = _distinct(block)
            coding.add_coded(map(str, distinct), positions)
        else:
            coding.add(texts_of(block, file, what))
    return coding.result()


def _distinct(block: npt.NDArray[Any]) -> tuple[list[int], npt.NDArray[np.int64]]:
    """Return the distinct whole numbers of a block, ascending, and which of them each is."""
    lowest, highest = (int(block.min()), int(block.max())) if len(block) else (0, 0)
    if highest - lowest > 4 * len(block) + 1_000 or highest >= 1 << 62:
        distinct, positions = np.unique(block, return_inverse=True)
        return distinct.tolist(), positions.astype(np.int64)
    # Close together, as labels are: counting is much faster than sorting.
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
    apart = any(image.split is not None for image in images)
    return Labels(
        texts=Coded.of(image.label for image in images),
        # Paths are unique as they are.
        ids=ids_of(texts_in([[image.id for image in images]], "images", scratch), scratch),
        how=f"folder names of {len(images):,} images, ids: their paths"
        + (", by split and class" if apart else ""),
        format="image folder",
        splits=Coded.of(image.split for image in images) if apart else None,
        splits_apart=apart,
    )
