"""Open a dataset: find the files, read them, join them, name the classes."""

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from labelaudit.core.coded import Coded
from labelaudit.core.dataset import Check, Dataset, InputFile, Shown
from labelaudit.core.errors import InputError
from labelaudit.core.place import Place
from labelaudit.core.text import printable
from labelaudit.core.texts import Texts
from labelaudit.ingest.alignment import aligned, taken
from labelaudit.ingest.contents import contents_of
from labelaudit.ingest.contract.classes import unlabelled
from labelaudit.ingest.embedded import read_embeddings
from labelaudit.ingest.ensemble import expect_different
from labelaudit.ingest.examples import find_examples
from labelaudit.ingest.fingerprint import fingerprint
from labelaudit.ingest.folder import Choices, Plan, plan
from labelaudit.ingest.hierarchy import read_hierarchy
from labelaudit.ingest.labels import Labels, read_labels
from labelaudit.ingest.matching import MISSING
from labelaudit.ingest.models import (
    align_models,
    join_models,
    model_files,
    name_columns,
    read_models,
    rows_covered,
)
from labelaudit.ingest.numbers import Numbers
from labelaudit.ingest.remote.fetching import Here, fetched
from labelaudit.ingest.shown import features, shown_of, text_column_of
from labelaudit.ingest.slicing import SPLIT, slices_of
from labelaudit.ingest.variables import variables_of
from labelaudit.ingest.votes import settled


def open_dataset(
    path: str | Place,
    choices: Choices | None = None,
    scratch: Path | None = None,
    **options: Any,
) -> Dataset:
    """Read a dataset folder or file and join its parts; values are checked by the survey.

    Parameters
    ----------
    path : a folder, or one file of labels that may hold the predictions too. It and the files
        named beside it may be URLs (s3://, https://, http://, file://): these are fetched first,
        into `scratch`, or without it into a temporary folder that goes when the process ends.
    choices, options : which file plays which part, as the command line's options of that name
        (`labels`, `label_column`, `id_column`, `predictions`, `embeddings`, `images`,
        `classes`, `hierarchy`, `split`, `by`, `logits`); what is not named is found by
        convention. Several `predictions` are models of an ensemble: the mean of their
        probabilities is audited. `by` names a column, or several, to cut the rows by.
    scratch : a folder for what does not stay in memory; it must live as long as the dataset.

    Raises
    ------
    InputError : one line that names file, row or column, and what to do.
    """
    here = fetched(path, choices or Choices(**options), scratch)
    with here.by_its_name():
        return open_here(here, scratch)


def open_here(here: Here, scratch: Path | None = None) -> Dataset:
    """Open a dataset that lies on this machine, as `open_dataset` does once it is fetched."""
    root, choices = here.dataset, here.choices
    if scratch is not None:
        scratch.mkdir(parents=True, exist_ok=True)
    parts = replace(plan(root, choices), places=here.places)
    labels = read_labels(parts, choices, scratch)
    if not len(labels.texts):
        raise InputError(f"{printable(parts.shown(parts.labels))}: holds no rows")
    labels_file = printable(parts.shown(parts.labels))
    kept = labels.texts.present
    if not kept.any():
        raise InputError(f"{labels_file}: every label is blank")
    checks: list[Check] = []
    notices = [*here.notices, f"labels: {labels.how}", *labels.notices]

    models = read_models(parts, labels, choices, scratch)
    within, said = rows_covered(labels, models, choices.split, scratch)
    if said is not None:
        notices.append(said)
    if within is not None:
        kept &= within
    rows_of, found, told = join_models(parts, labels, models, within, choices.logits, scratch)
    checks.extend(found)
    notices.extend(told)
    for rows in rows_of:
        if rows is not None:
            kept &= rows != MISSING
    if not kept.any():
        raise InputError(f"{labels_file}: no row has both a label and predictions")
    points, point_rows = read_embeddings(
        parts, labels, models, choices, within, kept, notices, scratch
    )

    texts = labels.texts if within is None else labels.texts[np.flatnonzero(within)]
    counts = texts.counts()
    n_labelled = int(texts.present.sum())
    understood = name_columns(parts, choices, labels, models, counts)
    notices.extend(understood.notices)
    classes = understood.classes[0]
    if len(counts) == n_labelled > 20:
        raise InputError(
            f"{labels_file}: every one of {n_labelled:,} labels is different; "
            "is this the label column? choose it with --label-column"
        )
    checks.extend(understood.checks)
    notices.append(f"classes: {classes.check.evidence['how']}")
    if parts.images is not None:
        notices.append(f"images: {printable(parts.shown(parts.images))} ({parts.images.how})")
    hierarchy = None
    if parts.hierarchy is not None:
        tree_file = printable(parts.shown(parts.hierarchy))
        hierarchy = read_hierarchy(parts.hierarchy.path, classes.names, tree_file)
        notices.append(f"hierarchy: {tree_file} ({len(hierarchy.groups):,} groups of classes)")
    n_unlabelled = len(texts) - n_labelled
    if n_unlabelled:
        checks.append(unlabelled(n_unlabelled, labels_file))
    own = None if kept.all() else np.flatnonzero(kept)
    codes = labels.texts.recoded(classes.by_label)
    predicted = align_models(understood, rows_of, own, labels, choices.logits, scratch)
    paths = _examples(parts, labels, own, scratch)
    text_column = text_column_of(labels, choices, labels_file)
    why_none = "has several votes for a row" if labels.votes is not None else "has no columns"
    slices, told = slices_of(
        labels.columns, labels.splits, choices.slices, own, len(codes), labels_file, why_none
    )
    notices.extend(told)
    return Dataset(
        name=_name(root),
        class_names=classes.names,
        labels=codes if own is None else codes[own],
        probabilities=predicted.probabilities,
        embeddings=aligned(points, point_rows, own, scratch=scratch) if points else None,
        ids=taken(labels.ids.texts, own, scratch) if labels.ids is not None else None,
        source_rows=own,
        format=labels.format,
        inputs=_inputs(parts, points),
        contract=tuple(checks),
        n_unlabelled=n_unlabelled,
        notices=tuple(notices),
        part_ends=predicted.part_ends,
        models=predicted.models,
        examples=paths,
        splits=_kept(labels.splits, slices, own),
        contents=contents_of(parts, labels, own, text_column),
        shown=_shown(parts, paths, labels, text_column, own, choices),
        slices=slices,
        hierarchy=hierarchy,
        votes=settled(labels.votes, classes.by_label, len(labels.texts), own)
        if labels.votes is not None
        else None,
    )


def _shown(
    parts: Plan,
    paths: Texts | None,
    labels: Labels,
    text_column: str | None,
    own: npt.NDArray[np.int64] | None,
    choices: Choices,
) -> Shown | None:
    """Return how rows are shown and, where they are of a table, what its columns hold."""
    chosen = choices.text_column is not None
    shown = shown_of(parts.root, paths, labels, text_column, own, chosen)
    if shown is None or labels.table is None:
        return shown
    names = [name for name in features(labels.table, labels) if name != text_column]
    return replace(shown, variables=partial(variables_of, labels.table, names, own))


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


def _kept(
    splits: Coded | None, slices: dict[str, Coded], own: npt.NDArray[np.int64] | None
) -> Coded | None:
    """Return the splits of the audited rows: as they are slices, where there are several."""
    if splits is None:
        return None
    if SPLIT in slices:
        return slices[SPLIT]
    return splits if own is None else splits[own]


def _inputs(parts: Plan, embeddings: Numbers | None) -> tuple[InputFile, ...]:
    used = [("labels", printable(parts.shown(parts.labels)), parts.labels)]
    used += [
        ("predictions", file, part)
        for file, part in zip(model_files(parts), parts.predictions, strict=True)
    ]
    if parts.embeddings is not None and embeddings is not None:
        used.append(("embeddings", printable(parts.shown(parts.embeddings)), parts.embeddings))
    if parts.classes is not None:
        used.append(("classes", printable(parts.shown(parts.classes)), parts.classes))
    if parts.hierarchy is not None:
        used.append(("hierarchy", printable(parts.shown(parts.hierarchy)), parts.hierarchy))
    files = []
    for role, path, part in used:
        whole = bool(parts.places)  # what is fetched has no time by which a change is known
        n_bytes, sha256, mark = fingerprint(part.path, part.files, whole)
        files.append(
            InputFile(
                role=role, path=path, how=part.how, n_bytes=n_bytes, sha256=sha256, fingerprint=mark
            )
        )
    expect_different(files)
    return tuple(files)


def _name(root: Path) -> str:
    resolved = root.resolve()
    name = resolved.name.split(".")[0] if resolved.is_file() else resolved.name
    return printable(name or "dataset", 80)
