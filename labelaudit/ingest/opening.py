"""Open a dataset: find the files, read them, join them, name the classes."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from labelaudit.core.dataset import Check, Dataset, InputFile, Matrix
from labelaudit.core.errors import ConfigError, InputError, NothingJudged
from labelaudit.core.text import printable
from labelaudit.ingest.classes import Classes, Named, name_classes
from labelaudit.ingest.fingerprint import fingerprint
from labelaudit.ingest.folder import Choices, Part, Plan, plan
from labelaudit.ingest.join import MISSING, join
from labelaudit.ingest.labels import Labels, read_labels
from labelaudit.ingest.predictions import Numbers, probability_columns, read_numbers


def open_dataset(path: str | Path, choices: Choices | None = None, **options: Any) -> Dataset:
    """Read a dataset folder or file and join its parts; values are checked by the survey.

    Parameters
    ----------
    path : a folder, or one file of labels that may hold the predictions too.
    choices, options : which file plays which part, as the command line's options of that name
        (`labels`, `label_column`, `id_column`, `predictions`, `embeddings`, `images`,
        `classes`); what is not named is found by convention.

    Raises
    ------
    InputError : one line that names file, row or column, and what to do.
    """
    root = Path(path)
    choices = choices or Choices(**options)
    parts = plan(root, choices)
    labels = read_labels(parts, choices)
    if not len(labels.texts):
        raise InputError(f"{printable(parts.shown(parts.labels))}: holds no rows")
    labels_file = printable(parts.shown(parts.labels))
    kept = labels.texts.present
    if not kept.any():
        raise InputError(f"{labels_file}: every label is blank")
    checks: list[Check] = []
    notices = [f"labels: {labels.how}"]

    predictions = _predictions(parts, labels, choices)
    rows = None
    if predictions is not None:
        rows, check = join(labels.ids, len(labels.texts), predictions, labels_file)
        checks.append(check)
        how = parts.predictions.how if parts.predictions else "in the labels file"
        notices.append(f"predictions: {predictions.file} ({how}), {_joined(rows, labels.ids)}")
        if rows is not None:
            kept &= rows != MISSING
    if not kept.any():
        raise InputError(f"{labels_file}: no row has both a label and predictions")
    embeddings, embedding_rows = _embeddings(parts, labels, choices, kept, notices)

    counts = labels.texts.counts()
    n_labelled = int(labels.texts.present.sum())
    classes = name_classes(
        counts,
        n_columns=None if predictions is None else predictions.values.shape[1],
        column_classes=_column_classes(predictions),
        named=_named(parts, choices, labels, predictions),
        predictions=predictions.file if predictions else "the predictions",
    )
    if len(counts) == n_labelled > 20:
        raise InputError(
            f"{labels_file}: every one of {n_labelled:,} labels is different; "
            "is this the label column? choose it with --label-column"
        )
    checks.append(classes.check)
    notices.append(f"classes: {classes.check.evidence['how']}")
    if parts.images is not None:
        notices.append(f"images: {printable(parts.shown(parts.images))} ({parts.images.how})")
    n_unlabelled = len(labels.texts) - n_labelled
    if n_unlabelled:
        checks.append(_unlabelled(n_unlabelled, labels_file))
    aligned = np.flatnonzero(kept)
    whole = len(aligned) == len(kept)
    return Dataset(
        name=_name(root),
        class_names=classes.names,
        labels=labels.texts.recoded(classes.by_label)[aligned],
        probabilities=_probabilities(predictions, rows, aligned, whole, classes),
        embeddings=_matrix(embeddings, embedding_rows, aligned, whole),
        ids=None if labels.ids is None else [labels.ids[row] for row in aligned],
        source_rows=None if whole else aligned,
        format=labels.format,
        inputs=_inputs(parts, predictions, embeddings),
        contract=tuple(checks),
        n_unlabelled=n_unlabelled,
        notices=tuple(notices),
    )


def _predictions(parts: Plan, labels: Labels, choices: Choices) -> Numbers | None:
    if parts.predictions is not None:
        file = printable(parts.shown(parts.predictions))
        return read_numbers(parts.predictions.path, file, "predictions", choices.id_column, labels)
    if labels.holds_predictions:
        file = printable(parts.shown(parts.labels))
        return read_numbers(parts.labels.path, file, "predictions", choices.id_column, labels)
    if labels.table is None:
        return None
    rest = [name for name in labels.table.names if name not in labels.used_columns]
    present = set(labels.texts.distinct)
    columns, names = probability_columns(rest, present, prefixed_only=True)
    if len(columns) < 2 or not set(names) & present:
        return None
    return Numbers(
        values=labels.table.numbers(columns),
        file=printable(parts.shown(parts.labels)),
        ids=labels.ids,
        classes=tuple(names),
        named_by_table=True,
        column_names=tuple(f"column {printable(name, 60)!r}" for name in columns),
        table=labels.table,
    )


def _embeddings(
    parts: Plan,
    labels: Labels,
    choices: Choices,
    kept: npt.NDArray[np.bool_],
    notices: list[str],
) -> tuple[Numbers | None, npt.NDArray[np.int64] | None]:
    """Read embeddings, if every audited row has one: half a space measures nothing."""
    if parts.embeddings is None:
        return None, None
    file = printable(parts.shown(parts.embeddings))
    numbers = read_numbers(parts.embeddings.path, file, "embeddings", choices.id_column, labels)
    try:
        rows, _ = join(labels.ids, len(labels.texts), numbers, printable(parts.shown(parts.labels)))
    except NothingJudged:
        rows = np.full(len(labels.texts), MISSING, dtype=np.int64)
    lost = 0 if rows is None else int((rows[kept] == MISSING).sum())
    if lost:
        notices.append(f"embeddings: {file} left out, {lost:,} rows have none")
        return None, None
    notices.append(f"embeddings: {file} ({parts.embeddings.how}), {_joined(rows, labels.ids)}")
    return numbers, rows


def _column_classes(predictions: Numbers | None) -> tuple[str, ...] | None:
    return predictions.classes if predictions is not None and predictions.named_by_table else None


def _named(
    parts: Plan, choices: Choices, labels: Labels, predictions: Numbers | None
) -> Named | None:
    """Class names in order of authority: option, npz, classes.txt, metadata."""
    if choices.classes is not None:
        return Named(names=_classes_option(choices.classes, parts.classes), source="--classes")
    if predictions is not None and predictions.classes and not predictions.named_by_table:
        return Named(names=predictions.classes, source=f"`classes` in {predictions.file}")
    if parts.classes is not None:
        return Named(names=read_class_file(parts.classes.path), source=parts.classes.path.name)
    if labels.metadata_names:
        return Named(names=labels.metadata_names, source="metadata of the labels file")
    return None


def _classes_option(value: str, file: Part | None) -> tuple[str, ...]:
    """`--classes` is a file with one name a line, or names between commas."""
    if file is not None:
        return read_class_file(file.path)
    names = tuple(name.strip() for name in value.split(","))
    if len(names) < 2 or not all(names):
        raise ConfigError(
            f"--classes {printable(value, 60)}: neither a file with one name a line nor names "
            "between commas"
        )
    return names


def read_class_file(path: Path) -> tuple[str, ...]:
    """Read class names, one a line, in column order."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"{printable(path.name)}: is not UTF-8 text") from None
    except OSError as error:
        raise InputError(f"{printable(path.name)}: cannot be read: {error.strerror}") from None
    names = tuple(line.strip() for line in text.splitlines() if line.strip())
    if not names:
        raise InputError(f"{printable(path.name)}: names no class; give one name a line")
    return names


def _joined(rows: npt.NDArray[np.int64] | None, ids: list[str] | None) -> str:
    if rows is None:
        return "matched by row order"
    return "joined by id" if ids is not None else "joined by row number"


def _unlabelled(count: int, file: str) -> Check:
    return Check(
        name="unlabelled",
        status="alerted",
        message=f"{count:,} rows of {file} have no label and are left out",
        evidence={"severity": "info", "count": count, "mitigation": "Label them, or ignore this."},
    )


def _probabilities(
    numbers: Numbers | None,
    rows: npt.NDArray[np.int64] | None,
    aligned: npt.NDArray[np.int64],
    whole: bool,
    classes: Classes,
) -> Matrix | None:
    if numbers is None:
        return None
    assert classes.columns is not None
    in_order = classes.columns == tuple(range(numbers.values.shape[1]))
    return Matrix(
        values=numbers.values,
        rows=_rows(rows, aligned, whole),
        columns=None if in_order else classes.columns,
        # float16 cannot hold probabilities that sum to 1: such rows are always divided.
        normalise=numbers.values.dtype == np.float16,
        locate=numbers.locate,
        column_names=numbers.column_names,
    )


def _matrix(
    numbers: Numbers | None,
    rows: npt.NDArray[np.int64] | None,
    aligned: npt.NDArray[np.int64],
    whole: bool,
) -> Matrix | None:
    if numbers is None:
        return None
    return Matrix(
        values=numbers.values,
        rows=_rows(rows, aligned, whole),
        locate=numbers.locate,
        column_names=numbers.column_names,
    )


def _rows(
    rows: npt.NDArray[np.int64] | None, aligned: npt.NDArray[np.int64], whole: bool
) -> npt.NDArray[np.int64] | None:
    if rows is None:
        return None if whole else aligned
    return rows[aligned]


def _inputs(
    parts: Plan, predictions: Numbers | None, embeddings: Numbers | None
) -> tuple[InputFile, ...]:
    used: dict[str, Part | None] = {
        "labels": parts.labels,
        "predictions": parts.predictions if predictions is not None else None,
        "embeddings": parts.embeddings if embeddings is not None else None,
        "classes": parts.classes,
    }
    files = []
    for role, part in used.items():
        if part is not None:
            n_bytes, sha256, mark = fingerprint(part.path)
            files.append(
                InputFile(
                    role=role,
                    path=printable(parts.shown(part)),
                    how=part.how,
                    n_bytes=n_bytes,
                    sha256=sha256,
                    fingerprint=mark,
                )
            )
    return tuple(files)


def _name(root: Path) -> str:
    resolved = root.resolve()
    name = resolved.name.split(".")[0] if resolved.is_file() else resolved.name
    return printable(name or "dataset", 80)
