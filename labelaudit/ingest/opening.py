"""Open a dataset: find the files, read them, join them, name the classes."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from labelaudit.core.coded import Coded
from labelaudit.core.dataset import Check, Dataset, InputFile
from labelaudit.core.errors import InputError, NothingJudged
from labelaudit.core.listed import ListedRows
from labelaudit.core.text import printable
from labelaudit.core.texts import Texts
from labelaudit.ingest.alignment import aligned, part_ends, taken
from labelaudit.ingest.audited import chosen_rows, join_within
from labelaudit.ingest.classes import Named, chosen_classes, name_classes, read_class_file
from labelaudit.ingest.contents import contents_of
from labelaudit.ingest.contract.classes import unlabelled
from labelaudit.ingest.examples import find_examples
from labelaudit.ingest.fingerprint import fingerprint
from labelaudit.ingest.folder import Choices, Part, Plan, plan
from labelaudit.ingest.labels import Labels, read_labels
from labelaudit.ingest.logits import expect_logits
from labelaudit.ingest.matching import MISSING, Ids
from labelaudit.ingest.outputs.columns import structured
from labelaudit.ingest.outputs.entries import by_name
from labelaudit.ingest.predictions import (
    LIST_NAMES,
    Numbers,
    from_columns,
    list_columns,
    probability_columns,
    read_numbers,
)
from labelaudit.ingest.top_classes import numbered
from labelaudit.ingest.votes import settled, with_votes


def open_dataset(
    path: str | Path,
    choices: Choices | None = None,
    scratch: Path | None = None,
    **options: Any,
) -> Dataset:
    """Read a dataset folder or file and join its parts; values are checked by the survey.

    Parameters
    ----------
    path : a folder, or one file of labels that may hold the predictions too.
    choices, options : which file plays which part, as the command line's options of that name
        (`labels`, `label_column`, `id_column`, `predictions`, `embeddings`, `images`,
        `classes`, `split`, `logits`); what is not named is found by convention.
    scratch : a folder for what does not stay in memory; it must live as long as the dataset.

    Raises
    ------
    InputError : one line that names file, row or column, and what to do.
    """
    root = Path(path)
    choices = choices or Choices(**options)
    if scratch is not None:
        scratch.mkdir(parents=True, exist_ok=True)
    parts = plan(root, choices)
    labels = read_labels(parts, choices, scratch)
    if not len(labels.texts):
        raise InputError(f"{printable(parts.shown(parts.labels))}: holds no rows")
    labels_file = printable(parts.shown(parts.labels))
    kept = labels.texts.present
    if not kept.any():
        raise InputError(f"{labels_file}: every label is blank")
    checks: list[Check] = []
    notices = [f"labels: {labels.how}", *labels.notices]

    predictions = _predictions(parts, labels, choices, scratch)
    within, said = chosen_rows(labels, predictions, choices.split, scratch)
    if said is not None:
        notices.append(said)
    if within is not None:
        kept &= within
    rows = None
    if predictions is not None:
        rows, check = join_within(labels, within, predictions, labels_file, scratch)
        checks.append(check)
        how = parts.predictions.how if parts.predictions else "in the labels file"
        notices.append(
            f"predictions: {predictions.file} ({how}), {_joined(rows, labels.ids, predictions)}"
        )
        notices.extend(predictions.notices)
        if choices.logits:
            expect_logits(predictions.values, predictions.file)
            notices.append(
                f"predictions: {predictions.file} read as logits (--logits): the "
                "softmax of each row is audited"
            )
        if rows is not None:
            kept &= rows != MISSING
    if not kept.any():
        raise InputError(f"{labels_file}: no row has both a label and predictions")
    points, point_rows = _embeddings(
        parts, labels, predictions, choices, within, kept, notices, scratch
    )

    texts = labels.texts if within is None else labels.texts[np.flatnonzero(within)]
    counts = texts.counts()
    n_labelled = int(texts.present.sum())
    named = _named(parts, choices, labels, predictions)
    if predictions is not None and isinstance(predictions.values, ListedRows):
        listing, names = predictions.values, predictions.classes
        if names is not None and predictions.named_by_table:
            listing, named = by_name(listing, names, named, counts, predictions.file)
            predictions = replace(predictions, classes=None, named_by_table=False)
        else:
            listing, named = numbered(listing, named, counts, predictions.file)
        predictions = replace(predictions, values=listing)
        notices.append(
            f"classes that a row of {predictions.file} does not list share the rest of its "
            "probability equally"
        )
    classes = name_classes(
        with_votes(counts, labels.votes),
        n_columns=None if predictions is None else predictions.values.shape[1],
        column_classes=_column_classes(predictions),
        named=named,
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
    n_unlabelled = len(texts) - n_labelled
    if n_unlabelled:
        checks.append(unlabelled(n_unlabelled, labels_file))
    own = None if kept.all() else np.flatnonzero(kept)
    codes = labels.texts.recoded(classes.by_label)
    probabilities = (
        aligned(
            predictions,
            rows,
            own,
            classes.columns,
            # float16 cannot hold probabilities that sum to 1: such rows are always divided.
            normalise=predictions.values.dtype == np.float16 and not choices.logits,
            scratch=scratch,
            softmax=choices.logits,
        )
        if predictions is not None
        else None
    )
    return Dataset(
        name=_name(root),
        class_names=classes.names,
        labels=codes if own is None else codes[own],
        probabilities=probabilities,
        embeddings=aligned(points, point_rows, own, scratch=scratch) if points else None,
        ids=taken(labels.ids.texts, own, scratch) if labels.ids is not None else None,
        source_rows=own,
        format=labels.format,
        inputs=_inputs(parts, predictions, points),
        contract=tuple(checks),
        n_unlabelled=n_unlabelled,
        notices=tuple(notices),
        part_ends=part_ends(labels, predictions, probabilities, own),
        examples=_examples(parts, labels, own, scratch),
        splits=_kept(labels.splits, own),
        contents=contents_of(parts, labels, own),
        votes=settled(labels.votes, classes.by_label, len(labels.texts), own)
        if labels.votes is not None
        else None,
    )


def _examples(
    parts: Plan, labels: Labels, own: npt.NDArray[np.int64] | None, scratch: Path | None
) -> Texts | None:
    """Return the paths of what shows each row that is audited, where there is such."""
    paths = labels.examples
    if paths is None and labels.ids is not None:
        if parts.labels.is_images:
            paths = labels.ids.texts
        elif parts.root.is_dir():
            folder = parts.images.path if parts.images is not None else None
            paths = find_examples(parts.root, folder, labels.ids.texts, scratch)
    return taken(paths, own, scratch) if paths is not None else None


def _kept(splits: Coded | None, own: npt.NDArray[np.int64] | None) -> Coded | None:
    return splits if splits is None or own is None else splits[own]


def _predictions(
    parts: Plan, labels: Labels, choices: Choices, scratch: Path | None
) -> Numbers | None:
    role, chosen = "predictions", choices.id_column
    if parts.predictions is not None:
        file = printable(parts.shown(parts.predictions))
        return read_numbers(parts.predictions, file, role, chosen, labels, scratch)
    file = printable(parts.shown(parts.labels))
    if labels.holds_predictions:
        return read_numbers(parts.labels, file, role, chosen, labels, scratch)
    if labels.table is None:
        return None
    rest = [name for name in labels.table.names if name not in labels.used_columns]
    present = set(labels.texts.distinct)
    columns, names = probability_columns(rest, present, prefixed_only=True)
    if len(columns) < 2 or not set(names) & present:
        columns, names = list_columns(labels.table, rest, role), []
        if not columns:
            known = LIST_NAMES[role]
            return structured(
                labels.table, rest, known, present, True, file, lambda: labels.ids, scratch
            )
    return from_columns(labels.table, columns, file, role, labels.ids, names, scratch)


def _embeddings(
    parts: Plan,
    labels: Labels,
    predictions: Numbers | None,
    choices: Choices,
    within: npt.NDArray[np.bool_] | None,
    kept: npt.NDArray[np.bool_],
    notices: list[str],
    scratch: Path | None,
) -> tuple[Numbers | None, npt.NDArray[np.int64] | None]:
    """Read embeddings, if every audited row has one: half a space measures nothing."""
    if parts.embeddings is not None:
        file, how = printable(parts.shown(parts.embeddings)), parts.embeddings.how
        numbers = read_numbers(
            parts.embeddings, file, "embeddings", choices.id_column, labels, scratch
        )
    else:
        beside = _beside(parts, labels, predictions, scratch)
        if beside is None:
            return None, None
        numbers, how = beside, "a column of lists"
    labels_file = printable(parts.shown(parts.labels))
    try:
        rows, _ = join_within(labels, within, numbers, labels_file, scratch)
    except NothingJudged:
        rows = np.full(len(labels.texts), MISSING, dtype=np.int64)
    lost = 0 if rows is None else int((rows[kept] == MISSING).sum())
    if lost:
        notices.append(f"embeddings: {numbers.file} left out, {lost:,} rows have none")
        return None, None
    notices.append(f"embeddings: {numbers.file} ({how}), {_joined(rows, labels.ids, numbers)}")
    return numbers, rows


def _beside(
    parts: Plan, labels: Labels, predictions: Numbers | None, scratch: Path | None
) -> Numbers | None:
    """Return embeddings that stand as lists in the table of the labels or of the predictions."""
    tables = [(labels.table, printable(parts.shown(parts.labels)), labels.ids)]
    if predictions is not None:
        tables.append((predictions.table, predictions.file, predictions.ids))
    for table, file, ids in tables:
        if table is not None and (columns := list_columns(table, table.names, "embeddings")):
            return from_columns(table, columns, file, "embeddings", ids, [], scratch)
    return None


def _column_classes(predictions: Numbers | None) -> tuple[str, ...] | None:
    return predictions.classes if predictions is not None and predictions.named_by_table else None


def _named(
    parts: Plan, choices: Choices, labels: Labels, predictions: Numbers | None
) -> Named | None:
    """Class names in order of authority: option, npz, classes.txt, metadata."""
    if choices.classes is not None:
        file = parts.classes.path if parts.classes is not None else None
        return Named(names=chosen_classes(choices.classes, file), source="--classes")
    if predictions is not None and predictions.classes and not predictions.named_by_table:
        return Named(names=predictions.classes, source=f"`classes` in {predictions.file}")
    if parts.classes is not None:
        return Named(names=read_class_file(parts.classes.path), source=parts.classes.path.name)
    if labels.metadata_names:
        return Named(names=labels.metadata_names, source="metadata of the labels file")
    return None


def _joined(rows: npt.NDArray[np.int64] | None, ids: Ids | None, numbers: Numbers) -> str:
    if rows is None or numbers.ids is None:
        return "matched by row order"
    return "joined by id" if ids is not None else "joined by row number"


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
            n_bytes, sha256, mark = fingerprint(part.path, part.files)
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
