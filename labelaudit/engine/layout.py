"""What is in memory laid out in files, so that others read it where it lies."""

import errno
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from labelaudit.core.dataset import Dataset
from labelaudit.core.ensemble import mean_of
from labelaudit.core.listed import ListedRows
from labelaudit.core.matrix import Matrix
from labelaudit.core.rows import Rows, as_mapped
from labelaudit.core.texts import Texts


def laid_out(dataset: Dataset, folder: Path) -> Dataset:
    """Return the dataset with its columns in files: what is sent to others are their names."""
    models = tuple(
        replace(model, matrix=_laid_matrix(model.matrix, folder, f"model-{number}"))
        for number, model in enumerate(dataset.models)
    )
    probabilities = dataset.probabilities
    if models:
        probabilities = mean_of(models)
    elif probabilities is not None:
        probabilities = _laid_matrix(probabilities, folder, "probabilities")
    embeddings = dataset.embeddings
    if embeddings is not None:
        embeddings = _laid_matrix(embeddings, folder, "embeddings")
    return replace(
        dataset,
        labels=_laid(dataset.labels, folder / "labels.npy"),
        source_rows=_laid(dataset.source_rows, folder / "source_rows.npy"),
        ids=_laid_texts(dataset.ids, folder / "ids"),
        examples=_laid_texts(dataset.examples, folder / "examples"),
        models=models,
        probabilities=probabilities,
        embeddings=embeddings,
        slices={
            name: replace(column, codes=_laid(column.codes, folder / f"slice-{number}.npy"))
            for number, (name, column) in enumerate(dataset.slices.items())
        },
    )


def _laid_matrix(matrix: Matrix, folder: Path, name: str) -> Matrix:
    return replace(
        matrix,
        rows=_laid(matrix.rows, folder / f"{name}-rows.npy"),
        values=_laid_values(matrix.values, folder / f"{name}.npy"),
    )


def _laid_values(values: Rows, path: Path) -> Any:
    if not isinstance(values, ListedRows):
        return _laid(values, path)
    entries = values.entries
    laid = {
        name: _laid(getattr(entries, name), path.with_suffix(f".{name}.npy"))
        for name in entries.arrays
    }
    return ListedRows(type(entries)(**laid), values.n_columns, values.few, values.file)


def _laid_texts(texts: Sequence[str] | None, path: Path) -> Sequence[str] | None:
    if texts is None:
        return None
    if not isinstance(texts, Texts):
        try:
            texts = Texts.of(texts)
        except UnicodeEncodeError:  # has no bytes: it travels as it is
            return texts
    return Texts(
        _laid(texts.offsets, path.with_suffix(".offsets.npy")),
        _laid(texts.data, path.with_suffix(".utf8.npy")),
    )


def _laid(values: Any, path: Path) -> Any:
    """Return an array as one that is mapped from a file; what is none already stays as it is."""
    if not isinstance(values, np.ndarray):
        return values
    try:
        np.save(path, values, allow_pickle=False)
    except OSError as error:
        if error.errno is not None:
            raise
        # numpy knows only that less was written than it wanted: there is no other reason.
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path)) from error
    return as_mapped(np.load(path, mmap_mode="r"))
