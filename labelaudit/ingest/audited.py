"""Which splits are audited: by the user's word, else those that the predictions cover."""

from itertools import combinations
from pathlib import Path

import numpy as np
import numpy.typing as npt

from labelaudit.core.coded import Coded
from labelaudit.core.dataset import Check
from labelaudit.core.errors import InputError
from labelaudit.core.text import listed, printable
from labelaudit.ingest.alignment import taken
from labelaudit.ingest.join import join
from labelaudit.ingest.labelled import Labels
from labelaudit.ingest.matching import MISSING, ids_of, match
from labelaudit.ingest.predictions import Numbers
from labelaudit.ingest.splits import in_order, is_split, wanted_splits

Mask = npt.NDArray[np.bool_]


def chosen_rows(
    labels: Labels, predictions: Numbers | None, chosen: str | None, scratch: Path | None = None
) -> tuple[Mask | None, str | None]:
    """Return which rows are audited (None: all of them), and what to say about it.

    The user's word; else what the predictions cover; without predictions all of one table,
    and of several files the first: that is train.
    """
    splits = labels.splits
    if splits is None or not splits.distinct:
        wanted_splits(chosen, ())
        return None, None
    counts = splits.counts()
    names = in_order(tuple(counts))
    if chosen is not None:
        kept, why = wanted_splits(chosen, names), "by --split"
    elif len(names) < 2:
        return None, None
    elif predictions is None:
        everything = not any(is_split(name) for name in names) or not labels.splits_apart
        kept, why = (names, "no predictions") if everything else (names[:1], "no predictions")
    elif predictions.ids is not None and labels.ids is not None:
        kept, why = _with_ids(labels, splits, names, predictions, scratch), "predictions by id"
    elif predictions.ids is not None:  # row numbers: of all rows
        return None, None
    else:
        kept, why = _with_count(counts, len(splits), names, predictions), "predictions by count"
    said = ", ".join(f"{printable(name, 40)} ({counts[name]:,} rows)" for name in names)
    choose = "; choose with --split" if len(kept) < len(names) and chosen is None else ""
    said = f"splits: {said}; audited: {listed(kept)} ({why}{choose})"
    if len(kept) == len(names) and splits.present.all():
        return None, said
    return np.isin(splits.codes, [splits.distinct.index(name) for name in kept]), said


def _with_ids(
    labels: Labels, splits: Coded, names: list[str], predictions: Numbers, scratch: Path | None
) -> list[str]:
    """Return the splits of which at least one row has predictions."""
    assert labels.ids is not None
    assert predictions.ids is not None
    rows, _ = match(labels.ids, predictions.ids, scratch)
    seen = splits[rows != MISSING].counts()
    return [name for name in names if name in seen] or names


def _with_count(
    counts: dict[str, int], n_rows: int, names: list[str], predictions: Numbers
) -> list[str]:
    """Return the splits that together have as many rows as there are predictions."""
    wanted = len(predictions.values)
    if wanted == n_rows:
        return names
    for size in range(1, min(len(names), 6)):
        fitting = [
            list(some) for some in combinations(names, size)
            if sum(counts[name] for name in some) == wanted
        ]  # fmt: skip
        if len(fitting) > 1:
            raise InputError(
                f"{predictions.file}: has {wanted:,} rows, as have the splits "
                f"{listed(' + '.join(some) for some in fitting)}; choose one with --split"
            )
        if fitting:
            return fitting[0]
    sizes = ", ".join(f"{printable(name, 40)} {counts[name]:,}" for name in names[:6])
    raise InputError(
        f"{predictions.file}: has {wanted:,} rows, but the splits have {sizes}, in all {n_rows:,}; "
        "without ids they are matched by row order, so the counts must agree with one or more"
    )


def join_within(
    labels: Labels,
    within: Mask | None,
    numbers: Numbers,
    labels_file: str,
    scratch: Path | None = None,
) -> tuple[npt.NDArray[np.int64] | None, Check]:
    """Join the rows that are audited as `join` does all of them; the others have no row (-1)."""
    n_rows = len(labels.texts)
    by_place = labels.ids is None or numbers.ids is None
    whole = len(numbers.values) == n_rows or numbers.ids is not None
    if within is None or (by_place and whole):
        return join(labels.ids, n_rows, numbers, labels_file, scratch)
    own = np.flatnonzero(within)
    ids = None
    if labels.ids is not None:
        ids = ids_of(taken(labels.ids.texts, own, scratch), scratch)
    found, check = join(ids, len(own), numbers, labels_file, scratch)
    rows = np.full(n_rows, MISSING, dtype=np.int64)
    rows[own] = np.arange(len(own)) if found is None else found
    return rows, check
