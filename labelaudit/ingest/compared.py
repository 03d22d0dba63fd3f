"""Several files of embeddings of the same rows, and the labels of these rows where there are."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from labelaudit.core.coded import Coded
from labelaudit.core.errors import InputError
from labelaudit.core.matrix import Matrix
from labelaudit.core.text import listed, printable
from labelaudit.ingest.alignment import aligned
from labelaudit.ingest.audited import chosen_rows, join_within
from labelaudit.ingest.classes import natural_order
from labelaudit.ingest.folder import Choices, numbers_part, plan
from labelaudit.ingest.labels import Labels, read_labels
from labelaudit.ingest.matching import MISSING, match
from labelaudit.ingest.predictions import Numbers, read_numbers

LEAST_ROWS = 3

RowNumbers = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Embeddings:
    """Embeddings float[n_rows, d] in one order of rows, each with what it is called.

    `labels` int32[n_rows] are codes of `class_names`, None where no labels were given.
    """

    named: tuple[tuple[str, Matrix], ...]
    n_rows: int
    labels: npt.NDArray[np.int32] | None = None
    class_names: tuple[str, ...] = ()
    labels_file: str | None = None
    notices: tuple[str, ...] = ()


def read_compared(
    files: Sequence[tuple[str, Path]],
    labels: Path | None = None,
    label_column: str | None = None,
    split: str | None = None,
    scratch: Path | None = None,
) -> Embeddings:
    """Read embeddings, `files` as the user calls them and where they lie, and labels.

    `labels` is a file or a dataset folder; of its splits those are compared that the embeddings
    cover, or those of `split`. Rows are matched by id where both sides have ids, else by order.

    Raises
    ------
    InputError : one line that names the file and what to do; where numbers of rows differ, too.
    """
    if labels is None:
        own, labels_file = _without_labels(), ""
    else:
        own, labels_file = _labels(labels, label_column, split, files[0][1], scratch)
    called = apart([name for name, _ in files])
    numbers = [
        _numbers(name, path, own, scratch) for name, (_, path) in zip(called, files, strict=True)
    ]
    _expect_same_rows(numbers)
    if labels is None:
        return Embeddings(
            named=tuple((each.file, _as_first(numbers[0], each, scratch)) for each in numbers),
            n_rows=len(numbers[0].values),
        )
    return _labelled(numbers, own, labels_file, split, scratch)


def apart(names: Sequence[str]) -> list[str]:
    """Return the last parts of paths, so many that they differ, where they do.

    >>> apart(["runs/1/epoch.npy", "runs/2/epoch.npy"])
    ['1/epoch.npy', '2/epoch.npy']
    """
    parts = [name.replace("\\", "/").rstrip("/").split("/") for name in names]
    depth, deepest = 1, max(map(len, parts))
    while depth < deepest and len({tuple(own[-depth:]) for own in parts}) < len(set(names)):
        depth += 1
    return ["/".join(own[-depth:]) for own in parts]


def _numbers(name: str, path: Path, labels: Labels, scratch: Path | None) -> Numbers:
    part = numbers_part(Path(), str(path), "embeddings", "EMBEDDINGS")
    return read_numbers(part, printable(name), "embeddings", None, labels, scratch)


def _expect_same_rows(numbers: Sequence[Numbers]) -> None:
    first, n_rows = numbers[0], len(numbers[0].values)
    for other in numbers[1:]:
        if len(other.values) != n_rows:
            raise InputError(
                f"{other.file}: has {len(other.values):,} rows, but {first.file} has {n_rows:,}; "
                "compare embeddings of the same rows"
            )
    if n_rows < LEAST_ROWS:
        raise InputError(f"{first.file}: has {n_rows:,} rows; there is nothing to compare")


def _without_labels() -> Labels:
    return Labels(texts=Coded.of([]), ids=None, how="none", format="")


def _as_first(first: Numbers, other: Numbers, scratch: Path | None) -> Matrix:
    """Return embeddings in the order of the first, by id where both name their rows."""
    rows = None
    if other is not first and first.ids is not None and other.ids is not None:
        rows, _ = match(first.ids, other.ids, scratch)
        lost = int((rows == MISSING).sum())
        if lost:
            raise InputError(
                f"{other.file}: {lost:,} ids of {first.file} are not in it; "
                "compare embeddings of the same rows"
            )
    return aligned(other, rows, None, scratch=scratch)


def _labels(
    place: Path,
    label_column: str | None,
    split: str | None,
    embeddings: Path,
    scratch: Path | None,
) -> tuple[Labels, str]:
    # What else lies in a dataset folder is not read: so it may hold predictions of several
    # models and several embeddings, of which an audit would want one chosen.
    named = str(embeddings.absolute())
    choices = Choices(label_column=label_column, split=split, embeddings=named, predictions=named)
    parts = plan(place, choices)
    found = read_labels(parts, choices, scratch)
    return found, printable(parts.shown(parts.labels))


def _labelled(
    numbers: Sequence[Numbers],
    labels: Labels,
    labels_file: str,
    split: str | None,
    scratch: Path | None,
) -> Embeddings:
    """Return the embeddings of the rows that have a label, and these labels."""
    within, _ = chosen_rows(labels, numbers[0], split, scratch)
    kept = labels.texts.present.copy()
    if within is not None:
        kept &= within
    rows_of = []
    for each in numbers:
        rows, _ = join_within(labels, within, each, labels_file, scratch)
        rows_of.append(rows)
        if rows is not None:
            kept &= rows != MISSING
    wanted = len(kept) if within is None else int(within.sum())
    n_left_out = wanted - int(kept.sum())
    if kept.sum() < LEAST_ROWS:
        raise InputError(
            f"{labels_file}: fewer than {LEAST_ROWS} rows have a label and embeddings in every file"
        )
    own: RowNumbers | None = None if kept.all() else np.flatnonzero(kept)
    texts = labels.texts if own is None else labels.texts[own]
    names = natural_order(texts.counts())
    if len(names) == len(texts) > 20:
        raise InputError(
            f"{labels_file}: every one of {len(texts):,} labels is different; "
            "is this the label column? choose it with --label-column"
        )
    notices = []
    if within is not None and labels.splits is not None:
        found = labels.splits[np.flatnonzero(within)].counts()
        notices.append(f"splits: only {listed(found)} is compared")
    if n_left_out:
        notices.append(f"{n_left_out:,} rows are left out: no label, or embeddings not in all")
    return Embeddings(
        named=tuple(
            (each.file, aligned(each, rows, own, scratch=scratch))
            for each, rows in zip(numbers, rows_of, strict=True)
        ),
        n_rows=len(texts),
        labels=texts.recoded({name: code for code, name in enumerate(names)}),
        class_names=tuple(names),
        labels_file=labels_file,
        notices=tuple(notices),
    )
