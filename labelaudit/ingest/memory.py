"""Arrays and DataFrames to a dataset, for the Python API."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from labelaudit.core.coded import Coded
from labelaudit.core.dataset import Dataset
from labelaudit.core.errors import ConfigError, InputError
from labelaudit.core.matrix import Matrix
from labelaudit.core.rows import Array, as_mapped
from labelaudit.ingest.classes import Named, name_classes
from labelaudit.ingest.folder import LABEL_COLUMNS, pick_column
from labelaudit.ingest.ids import unique_ids
from labelaudit.ingest.labels import coded_labels
from labelaudit.ingest.predictions import probability_columns
from labelaudit.ingest.readers.cells import CellError, cell_text


def dataset_from_memory(
    labels: Any,
    pred_probs: Any = None,
    *,
    embeddings: Any = None,
    class_names: Sequence[str] | None = None,
    ids: Sequence[Any] | None = None,
    label_column: str | None = None,
) -> Dataset:
    """Return a dataset of labels (N,), probabilities (N, K) and embeddings (N, d).

    `labels` may be a DataFrame with a column of labels and, where `pred_probs` is not given,
    columns `prob_<class>`. A Series or DataFrame is matched by its index.
    """
    if hasattr(labels, "columns"):
        labels, pred_probs = _from_frame(labels, pred_probs, label_column)
    elif label_column is not None:
        raise ConfigError("label_column: goes with a DataFrame or a path")
    columns: tuple[str, ...] | None = None
    if hasattr(pred_probs, "columns"):
        pred_probs = _aligned(labels, pred_probs, "pred_probs")
        columns = tuple(str(name) for name in pred_probs.columns)
        pred_probs = pred_probs.to_numpy()
    if hasattr(embeddings, "columns"):
        embeddings = _aligned(labels, embeddings, "embeddings")
    texts = _coded(labels)
    kept = texts.present
    if not kept.any():
        raise InputError("labels: there are none")
    matrix = None if pred_probs is None else _numbers(pred_probs, "pred_probs", len(texts))
    points = None if embeddings is None else _numbers(embeddings, "embeddings", len(texts))
    named = (
        Named(names=tuple(str(n) for n in class_names), source="class_names")
        if class_names is not None
        else None
    )
    classes = name_classes(
        texts.counts(),
        n_columns=None if matrix is None else matrix.shape[1],
        column_classes=columns,
        named=named,
        predictions="pred_probs",
    )
    rows = None if kept.all() else np.flatnonzero(kept)
    own_ids = None
    if ids is not None:
        own_ids = unique_ids([str(name) for name in ids], "ids").texts
        if len(own_ids) != len(texts):
            raise InputError(f"ids: {len(own_ids):,} of them for {len(texts):,} labels")
        if rows is not None:
            own_ids = own_ids.take(rows)
    return Dataset(
        name="dataset",
        class_names=classes.names,
        labels=texts.recoded(classes.by_label)[kept],
        probabilities=None
        if matrix is None
        else Matrix(
            values=as_mapped(matrix),
            rows=rows,
            columns=classes.columns,
            normalise=matrix.dtype == np.float16,
            locate=lambda row: f"pred_probs, row {row} (from 0)",
        ),
        embeddings=None if points is None else Matrix(values=points, rows=rows),
        ids=own_ids,
        source_rows=rows,
        format="memory",
        contract=(classes.check,),
        n_unlabelled=int((~kept).sum()),
        notices=(f"classes: {classes.check.evidence['how']}",),
    )


def _coded(labels: Any) -> Coded:
    array = _array(labels, "labels")
    if array.dtype.kind == "U" and not hasattr(labels, "dtype"):
        array = np.array(labels, dtype=object)  # numpy has made a text of every nan
    if array.dtype != object or array.ndim != 1:
        return coded_labels(array, "labels")
    try:
        return Coded.of(_text(value) for value in array.tolist())
    except CellError as error:
        raise InputError(f"labels: {error}") from None


def _text(value: Any) -> str | None:
    missing = type(value).__name__ in ("NAType", "NaTType")  # pandas.NA refuses to be compared
    return None if missing else cell_text(value)


def _array(values: Any, name: str) -> Array:
    try:
        return np.asarray(values)
    except ValueError:
        raise InputError(f"{name}: rows of unequal length; give an array") from None


def _numbers(values: Any, name: str, n_rows: int) -> Array:
    array = _array(values, name)
    if (
        array.dtype.kind not in "fiub"
        or array.ndim != 2
        or (name == "pred_probs" and array.shape[1] < 2)
    ):
        raise InputError(
            f"{name}: shape {array.shape} of {array.dtype}; give numbers of shape "
            f"(N, {'K' if name == 'pred_probs' else 'd'})"
        )
    if len(array) != n_rows:
        raise InputError(f"{name}: has {len(array):,} rows for {n_rows:,} labels")
    return array


def _from_frame(frame: Any, pred_probs: Any, label_column: str | None) -> tuple[Any, Any]:
    names = tuple(str(name) for name in frame.columns)
    column = pick_column(names, label_column, LABEL_COLUMNS, "the DataFrame", "label_column")
    if column is None:
        raise InputError("the DataFrame: no column is named like labels; name it with label_column")
    frame = frame.set_axis(names, axis="columns")
    labels = frame[column]
    if pred_probs is None:
        present = {str(value) for value in labels.dropna().unique()}
        rest = [name for name in names if name != column]
        columns, classes = probability_columns(rest, present, prefixed_only=True)
        if len(columns) >= 2:
            pred_probs = frame[columns].set_axis(classes, axis="columns")
    return labels, pred_probs


def _aligned(labels: Any, frame: Any, name: str) -> Any:
    """Put the rows of a DataFrame in the order of the labels' index, where they have one."""
    index = getattr(labels, "index", None)
    if index is None or callable(index) or index.equals(frame.index):
        return frame
    if not (index.is_unique and frame.index.is_unique) or len(index.difference(frame.index)):
        raise InputError(
            f"{name}: its index is not that of the labels; give both the same index, or arrays"
        )
    return frame.loc[index]
