"""Splits: which files or rows are train, validation or test."""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from labelaudit.core.coded import Coded
from labelaudit.core.errors import ConfigError, InputError
from labelaudit.core.text import did_you_mean, listed, printable
from labelaudit.ingest.convention import LABEL_COLUMNS, Choices, Part
from labelaudit.ingest.readers import TableFile, is_array, open_table
from labelaudit.ingest.readers.images import SPLITS
from labelaudit.ingest.sharding import Candidate

SPLIT_COLUMNS = ("split", "subset", "partition", "fold")
# A column with more values than these is something else that is called so.
MOST_SPLITS = 20


def is_split(name: str) -> bool:
    """Say whether a file or folder is called like a split."""
    return name.lower() in SPLITS


def in_order(names: Sequence[str]) -> list[str]:
    """Return the names of splits, train first, what has another name last."""
    return sorted(names, key=lambda name: (split_rank(name), name))


def split_rank(name: str) -> int:
    """Return where a split stands among the others: train is 0."""
    return SPLITS.index(name.lower()) if is_split(name) else len(SPLITS)


def split_part(found: Sequence[Candidate], choices: Choices) -> Part:
    """Make one part of the files of several splits; those that hold no labels are left out."""
    by_name = {candidate.stem: candidate for candidate in found}
    wanted = wanted_splits(choices.split, in_order(tuple(by_name)))
    kept: list[str] = []
    files: dict[str, tuple[Path, ...]] = {}
    notices = []
    for name in wanted:
        own = by_name[name].files() or (by_name[name].path,)
        first = files[kept[0]][0] if kept else None
        why = None if choices.split else _lacking(own[0], first, choices.label_column)
        if why is None:
            kept.append(name)
            files[name] = own
        else:
            notices.append(f"split `{name}` is not read: {why}")
    if not kept:  # the first is then refused, with what it holds instead of labels
        kept, files = (
            wanted[:1],
            {wanted[0]: by_name[wanted[0]].files() or (by_name[wanted[0]].path,)},
        )
    paths = [by_name[name].path for name in kept]
    everything = tuple(file for name in kept for file in files[name])
    same_folder = len({path.parent for path in paths}) == 1
    together = paths[0].parent / ", ".join(path.name for path in paths)
    others = [name for name in in_order(tuple(by_name)) if name not in kept]
    said = f"found by name, splits {listed(kept)}" if len(kept) > 1 else "found by name"
    said += f", {len(everything):,} parts" if len(everything) > len(kept) else ""
    said += f", split `{kept[0]}` by --split" if choices.split and others and len(kept) == 1 else ""
    return Part(
        path=together if same_folder else Path(os.path.commonpath(paths)),
        how=said,
        files=everything if len(everything) > 1 or by_name[kept[0]].parts else (),
        splits=tuple((name, len(files[name])) for name in kept),
        notices=tuple(notices),
    )


def wanted_splits(chosen: str | None, names: Sequence[str]) -> list[str]:
    """Return the splits that the user wants, or say which there are."""
    if chosen is None:
        return list(names)
    if not names:
        raise ConfigError(
            f"--split {printable(chosen, 60)}: no splits were found here: neither files nor "
            f"folders named train, validation or test, nor a column named {SPLIT_COLUMNS[0]}"
        )
    wanted = [name.strip() for name in chosen.split(",")]
    for name in wanted:
        if name not in names:
            raise ConfigError(
                f"--split {printable(name, 60)}: there is no such split"
                f"{did_you_mean(name, names)}; there are {listed(names)}"
            )
    return [name for name in names if name in wanted]


def of_wanted(part: Part, chosen: str | None) -> Part:
    """Return the files of the splits that the user wants."""
    if chosen is None or not part.splits:
        return part
    wanted = wanted_splits(chosen, [name for name, _ in part.splits])
    files: list[Path] = []
    start = 0
    for name, count in part.splits:
        files += part.files[start : start + count] if name in wanted else ()
        start += count
    splits = tuple((name, count) for name, count in part.splits if name in wanted)
    return replace(part, files=tuple(files), splits=splits)


def _lacking(path: Path, first: Path | None, label_column: str | None) -> str | None:
    """Say why a split cannot be read with the others, or None."""
    if is_array(path):
        return None
    try:
        table = open_table(path)
        names = table.names
        expected = None if first is None else open_table(first).names
    except InputError as error:
        return str(error) if first is not None else None
    known = {label_column} if label_column is not None else set(LABEL_COLUMNS)
    named = {name if label_column is not None else name.strip().lower() for name in names}
    shown = printable(path.name, 80)
    if not named & known and not table.class_columns:
        return f"{shown} has no column of labels"
    if expected is not None and set(names) != set(expected):
        return f"the columns of {shown} are others than those of {printable(first and first.name)}"
    return None


def of_files(splits: Sequence[tuple[str, int]], ends: tuple[int, ...], n_rows: int) -> Coded | None:
    """Return the split of each row, where the files of the splits end at these rows."""
    if not splits:
        return None
    counts = [count for _, count in splits]
    owners = np.repeat(np.arange(len(splits), dtype=np.int32), counts)
    stops = ends or (n_rows,)
    rows_of = [stop - start for start, stop in zip((0, *stops[:-1]), stops, strict=True)]
    return Coded(distinct=tuple(name for name, _ in splits), codes=np.repeat(owners, rows_of))


def in_column(table: TableFile, labels: str) -> tuple[Coded | None, str | None]:
    """Return the split of each row by a column that says so, and its name; else None, None."""
    lower = {name.strip().lower(): name for name in reversed(table.names) if name != labels}
    column = next((lower[name] for name in SPLIT_COLUMNS if name in lower), None)
    if column is None:
        return None, None
    try:
        found = table.coded(column)
    except InputError:  # lists, say: not splits, and no fault of the dataset
        return None, None
    return (found, column) if 0 < len(found.distinct) <= MOST_SPLITS else (None, None)
