"""The predictions of one model or of several: read, joined, and each column given its class."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from labelaudit.core.dataset import Check
from labelaudit.core.ensemble import Model, mean_of
from labelaudit.core.errors import InputError
from labelaudit.core.listed import FEW_CLASSES, ListedRows
from labelaudit.core.matrix import Matrix
from labelaudit.core.text import printable
from labelaudit.ingest.alignment import aligned, part_ends
from labelaudit.ingest.audited import Mask, chosen_rows, join_within
from labelaudit.ingest.classes import Classes, Named, chosen_classes, name_classes, read_class_file
from labelaudit.ingest.contract.ensemble import merged
from labelaudit.ingest.ensemble import expect_same_width, in_one_order, names_for
from labelaudit.ingest.folder import Choices, Plan
from labelaudit.ingest.labels import Labels
from labelaudit.ingest.logits import expect_logits
from labelaudit.ingest.matching import Ids
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
from labelaudit.ingest.votes import with_votes

RowNumbers = npt.NDArray[np.int64]


def read_models(
    parts: Plan, labels: Labels, choices: Choices, scratch: Path | None
) -> tuple[Numbers, ...]:
    """Read the predictions of every model; none where there are none."""
    role, chosen = "predictions", choices.id_column
    if parts.predictions:
        return tuple(
            read_numbers(part, file, role, chosen, labels, scratch)
            for part, file in zip(parts.predictions, model_files(parts), strict=True)
        )
    found = _in_labels(parts, labels, choices, scratch)
    return () if found is None else (found,)


def model_files(parts: Plan) -> list[str]:
    """Return what messages call each file of predictions, with so many folders that they differ."""
    shown = [printable(parts.shown(part)) for part in parts.predictions]
    paths = [part.path.absolute() for part in parts.predictions]
    depth = 1
    while len(set(shown)) < len(shown) and depth < max(len(path.parts) for path in paths):
        depth += 1
        shown = [printable("/".join(path.parts[-depth:])) for path in paths]
    return shown


def _in_labels(
    parts: Plan, labels: Labels, choices: Choices, scratch: Path | None
) -> Numbers | None:
    file = printable(parts.shown(parts.labels))
    if labels.holds_predictions:
        return read_numbers(parts.labels, file, "predictions", choices.id_column, labels, scratch)
    if labels.table is None:
        return None
    rest = [name for name in labels.table.names if name not in labels.used_columns]
    present = set(labels.texts.distinct)
    columns, names = probability_columns(rest, present, prefixed_only=True)
    if len(columns) < 2 or not set(names) & present:
        columns, names = list_columns(labels.table, rest, "predictions"), []
        if not columns:
            known = LIST_NAMES["predictions"]
            return structured(
                labels.table, rest, known, present, True, file, lambda: labels.ids, scratch
            )
    return from_columns(labels.table, columns, file, "predictions", labels.ids, names, scratch)


def rows_covered(
    labels: Labels, models: Sequence[Numbers], split: str | None, scratch: Path | None
) -> tuple[Mask | None, str | None]:
    """Return which rows are audited (None: all), and what to say about it: all models agree."""
    if not models:
        return chosen_rows(labels, None, split, scratch)
    within, said = chosen_rows(labels, models[0], split, scratch)
    for other in models[1:]:
        also, _ = chosen_rows(labels, other, split, scratch)
        if not np.array_equal(_as_mask(within, labels), _as_mask(also, labels)):
            raise InputError(
                f"{models[0].file} and {other.file}: are predictions of different splits; choose "
                "what is audited with --split"
            )
    return within, said


def _as_mask(within: Mask | None, labels: Labels) -> Mask:
    return np.ones(len(labels.texts), dtype=np.bool_) if within is None else within


def join_models(
    parts: Plan,
    labels: Labels,
    models: Sequence[Numbers],
    within: Mask | None,
    logits: bool,
    scratch: Path | None,
) -> tuple[list[RowNumbers | None], list[Check], list[str]]:
    """Return for each model which of its rows belongs to each row of the labels.

    With it come the checks of ids or of order, and what to say about it.
    """
    labels_file = printable(parts.shown(parts.labels))
    rows_of, checks, notices = [], [], []
    if len(models) > 1:
        files = ", ".join(model.file for model in models)
        notices.append(f"predictions: mean of {len(models)} models: {files}")
    for number, model in enumerate(models):
        rows, check = join_within(labels, within, model, labels_file, scratch)
        rows_of.append(rows)
        checks.append([check])
        how = parts.predictions[number].how if parts.predictions else "in the labels file"
        notices.append(f"predictions: {model.file} ({how}), {how_joined(rows, labels.ids, model)}")
        notices.extend(model.notices)
        if logits:
            expect_logits(model.values, model.file, several=len(models) > 1)
            notices.append(
                f"predictions: {model.file} read as logits (--logits): the "
                "softmax of each row is audited"
            )
    return rows_of, _of_all(models, checks), notices


def _of_all(models: Sequence[Numbers], checks: Sequence[Sequence[Check]]) -> list[Check]:
    if len(models) > 1:
        return merged([model.file for model in models], checks)
    return [check for own in checks for check in own]


def how_joined(rows: RowNumbers | None, ids: Ids | None, numbers: Numbers) -> str:
    """Say how rows of numbers were matched with those of the labels."""
    if rows is None or numbers.ids is None:
        return "matched by row order"
    return "joined by id" if ids is not None else "joined by row number"


@dataclass(frozen=True, kw_only=True, slots=True)
class Understood:
    """Models whose columns are known: `classes` of each, all of one order, and what to say."""

    models: tuple[Numbers, ...]
    classes: tuple[Classes, ...]
    checks: list[Check]
    notices: list[str]


def name_columns(
    parts: Plan,
    choices: Choices,
    labels: Labels,
    models: Sequence[Numbers],
    counts: dict[str, int],
) -> Understood:
    """Match labels, class names and the columns of every model; without one, labels and names."""
    votes = with_votes(counts, labels.votes)
    if not models:
        classes = name_classes(votes, named=_named(parts, choices, labels, (), 0))
        return Understood(models=(), classes=(classes,), checks=[classes.check], notices=[])
    widened, names, notices = [], [], []
    for number, model in enumerate(models):
        named = _named(parts, choices, labels, models, number)
        if isinstance(model.values, ListedRows):
            model, named = _as_wide_as_classes(model, model.values, named, counts)
            notices.append(
                f"classes that a row of {model.file} does not list share the rest of its "
                "probability equally"
            )
        widened.append(model)
        names.append(named)
    expect_same_width(
        {model.file: model.values.shape[1] for model in widened},
        {model.file: model.classes for model in widened},
    )
    each = [
        name_classes(
            votes,
            n_columns=model.values.shape[1],
            column_classes=model.classes if model.named_by_table else None,
            named=named,
            predictions=model.file,
        )
        for model, named in zip(widened, names, strict=True)
    ]
    each = in_one_order([model.file for model in widened], each)
    checks = _of_all(widened, [[classes.check] for classes in each])
    return Understood(models=tuple(widened), classes=tuple(each), checks=checks, notices=notices)


def _as_wide_as_classes(
    model: Numbers, listing: ListedRows, named: Named | None, counts: dict[str, int]
) -> tuple[Numbers, Named | None]:
    if model.classes is not None and model.named_by_table:
        listing, named = by_name(listing, model.classes, named, counts, model.file)
        return replace(model, values=listing, classes=None, named_by_table=False), named
    listing, named = numbered(listing, named, counts, model.file)
    return replace(model, values=listing), named


def _named(
    parts: Plan, choices: Choices, labels: Labels, models: Sequence[Numbers], number: int
) -> Named | None:
    """Class names in order of authority: option, npz, classes.txt, metadata."""
    if choices.classes is not None:
        file = parts.classes.path if parts.classes is not None else None
        said = Named(names=chosen_classes(choices.classes, file), source="--classes")
        own = names_for(models[number : number + 1], 0) if len(models) > 1 else None
        # One order cannot be that of all files: one that names the same classes has its own.
        return own if own is not None and set(own.names) == set(said.names) else said
    by_models = names_for(models, number) if models else None
    if by_models is not None:
        return by_models
    if parts.classes is not None:
        return Named(names=read_class_file(parts.classes.path), source=parts.classes.path.name)
    if labels.metadata_names:
        return Named(names=labels.metadata_names, source="metadata of the labels file")
    return None


@dataclass(frozen=True, kw_only=True, slots=True)
class Aligned:
    """Probabilities in the order of the dataset; `models` where they are the mean of several."""

    probabilities: Matrix | None = None
    models: tuple[Model, ...] = ()
    part_ends: tuple[int, ...] = ()


def align_models(
    understood: Understood,
    rows_of: Sequence[RowNumbers | None],
    own: RowNumbers | None,
    labels: Labels,
    logits: bool,
    scratch: Path | None,
) -> Aligned:
    """Return the rows of every model that belong to the rows of the dataset, and their mean."""
    if not understood.models:
        return Aligned(part_ends=part_ends(labels, None, None, own))
    matrices = [
        aligned(
            model,
            rows,
            own,
            classes.columns,
            # float16 cannot hold probabilities that sum to 1: such rows are always divided.
            normalise=model.values.dtype == np.float16 and not logits,
            scratch=scratch,
            softmax=logits,
        )
        for model, rows, classes in zip(understood.models, rows_of, understood.classes, strict=True)
    ]
    pairs = list(zip(understood.models, matrices, strict=True))
    ends = {end for model, matrix in pairs for end in part_ends(labels, model, matrix, own)}
    models = tuple(Model(file=model.file, matrix=matrix) for model, matrix in pairs)
    if len(models) == 1:
        return Aligned(probabilities=matrices[0], part_ends=tuple(sorted(ends)))
    for model in models:
        if model.matrix.lists:
            raise InputError(
                f"{model.file}: lists the most probable of {model.matrix.width:,} classes; with "
                f"more than {FEW_CLASSES:,} such predictions are audited by themselves, not in an "
                "ensemble"
            )
    return Aligned(probabilities=mean_of(models), models=models, part_ends=tuple(sorted(ends)))
