"""Arrays and DataFrames to a dataset, for the Python API."""

from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from labelaudit.core.coded import Coded
from labelaudit.core.dataset import Dataset
from labelaudit.core.ensemble import MOST_MODELS, Model, mean_of
from labelaudit.core.errors import ConfigError, InputError
from labelaudit.core.matrix import Matrix
from labelaudit.core.rows import Array, as_mapped
from labelaudit.ingest.classes import Named, name_classes
from labelaudit.ingest.contract.ensemble import merged
from labelaudit.ingest.ensemble import expect_same_width, in_one_order
from labelaudit.ingest.folder import LABEL_COLUMNS, pick_column
from labelaudit.ingest.hierarchy import hierarchy_of
from labelaudit.ingest.ids import unique_ids
from labelaudit.ingest.labels import coded_labels
from labelaudit.ingest.logits import expect_logits
from labelaudit.ingest.predictions import probability_columns
from labelaudit.ingest.readers.cells import CellError
from labelaudit.ingest.sliced_memory import columns_in_memory, slices_in_memory, text_of_value


def dataset_from_memory(
    labels: Any,
    pred_probs: Any = None,
    *,
    embeddings: Any = None,
    class_names: Sequence[str] | None = None,
    ids: Sequence[Any] | None = None,
    label_column: str | None = None,
    logits: bool = False,
    hierarchy: Any = None,
    by: str | Sequence[str] | Mapping[str, Any] = (),
) -> Dataset:
    """Return a dataset of labels (N,), probabilities (N, K) and embeddings (N, d).

    `labels` may be a DataFrame with a column of labels and, where `pred_probs` is not given,
    columns `prob_<class>`. A Series or DataFrame is matched by its index. A list of arrays or
    DataFrames are models of an ensemble: `pred_probs[0]` and so on in messages. With `logits`
    the softmax of each row is taken. `hierarchy` is a nested mapping of groups of classes, or the
    path of such a file. `by` names columns of the DataFrame to cut the rows by, or gives them: a
    mapping of names to N values each.
    """
    beside = columns_in_memory(labels, by, label_column)
    if hasattr(labels, "columns"):
        labels, pred_probs = _from_frame(labels, pred_probs, label_column)
    elif label_column is not None:
        raise ConfigError("label_column: goes with a DataFrame or a path")
    given = _models(pred_probs)
    frames = {
        name: _aligned(labels, probs, name) if hasattr(probs, "columns") else probs
        for name, probs in given.items()
    }
    if hasattr(embeddings, "columns"):
        embeddings = _aligned(labels, embeddings, "embeddings")
    texts = _coded(labels)
    kept = texts.present
    if not kept.any():
        raise InputError("labels: there are none")
    matrices = {name: _numbers(probs, name, len(texts)) for name, probs in frames.items()}
    if logits:
        for name, matrix in matrices.items():
            expect_logits(matrix, name, several=len(matrices) > 1)
    points = None if embeddings is None else _numbers(embeddings, "embeddings", len(texts))
    named = (
        Named(names=tuple(str(n) for n in class_names), source="class_names")
        if class_names is not None
        else None
    )
    counts = texts.counts()
    expect_same_width({name: matrix.shape[1] for name, matrix in matrices.items()})
    each = [
        name_classes(
            counts,
            n_columns=matrix.shape[1],
            column_classes=tuple(str(column) for column in frames[name].columns)
            if hasattr(frames[name], "columns")
            else None,
            named=named,
            predictions=name,
        )
        for name, matrix in matrices.items()
    ]
    each = in_one_order(list(matrices), each) or [name_classes(counts, named=named)]
    classes = each[0]
    rows = None if kept.all() else np.flatnonzero(kept)
    splits, slices, sliced = slices_in_memory(beside, by, rows, len(texts))
    own_ids = None
    if ids is not None:
        own_ids = unique_ids([str(name) for name in ids], "ids").texts
        if len(own_ids) != len(texts):
            raise InputError(f"ids: {len(own_ids):,} of them for {len(texts):,} labels")
        if rows is not None:
            own_ids = own_ids.take(rows)
    models = tuple(
        Model(
            file=name,
            matrix=Matrix(
                values=as_mapped(matrix),
                rows=rows,
                columns=own.columns,
                normalise=matrix.dtype == np.float16 and not logits,
                softmax=logits,
                locate=_place(name),
            ),
        )
        for (name, matrix), own in zip(matrices.items(), each, strict=False)
    )
    return Dataset(
        name="dataset",
        class_names=classes.names,
        labels=texts.recoded(classes.by_label)[kept],
        probabilities=mean_of(models) if len(models) > 1 else models[0].matrix if models else None,
        models=models if len(models) > 1 else (),
        embeddings=None if points is None else Matrix(values=points, rows=rows),
        ids=own_ids,
        source_rows=rows,
        format="memory",
        splits=splits,
        slices=slices,
        contract=tuple(
            merged(list(matrices), [[own.check] for own in each])
            if len(models) > 1
            else [classes.check]
        ),
        n_unlabelled=int((~kept).sum()),
        hierarchy=None if hierarchy is None else hierarchy_of(hierarchy, classes.names),
        notices=(
            *([f"predictions: mean of {len(models)} models"] if len(models) > 1 else []),
            f"classes: {classes.check.evidence['how']}",
            *sliced,
        ),
    )


def _models(pred_probs: Any) -> dict[str, Any]:
    """Return the predictions of each model, by what messages call them."""
    if pred_probs is None:
        return {}
    several = isinstance(pred_probs, list | tuple) and len(pred_probs) > 0
    if not several or not all(getattr(one, "ndim", None) == 2 for one in pred_probs):
        return {"pred_probs": pred_probs}
    if len(pred_probs) == 1:
        return {"pred_probs": pred_probs[0]}
    if len(pred_probs) > MOST_MODELS:
        raise ConfigError(
            f"pred_probs: {len(pred_probs)} arrays; an ensemble has at most {MOST_MODELS} models"
        )
    for one, other in combinations(range(len(pred_probs)), 2):
        if pred_probs[one] is pred_probs[other]:
            raise ConfigError(
                f"pred_probs: numbers {one} and {other} are the same array; a model counts once"
            )
    return {f"pred_probs[{number}]": one for number, one in enumerate(pred_probs)}


def _place(name: str) -> Callable[[int], str]:
    return lambda row: f"{name}, row {row} (from 0)"


def _coded(labels: Any) -> Coded:
    array = _array(labels, "labels")
    if array.dtype.kind == "U" and not hasattr(labels, "dtype"):
        array = np.array(labels, dtype=object)  # numpy has made a text of every nan
    if array.dtype != object or array.ndim != 1:
        return coded_labels(array, "labels")
    try:
        return Coded.of(text_of_value(value) for value in array.tolist())
    except CellError as error:
        raise InputError(f"labels: {error}") from None


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
