"""Rows that name their classes themselves: laid out in full, or listed where they are cut off."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from labelaudit.core.errors import InputError
from labelaudit.core.listed import ListedRows, TopClasses
from labelaudit.core.rows import Array, Rows, Wanted
from labelaudit.core.text import listed, printable
from labelaudit.ingest.classes import Named, are_indices, natural_order
from labelaudit.ingest.outputs.long_table import fill_missing
from labelaudit.ingest.readers.cells import CellError
from labelaudit.ingest.readers.scratch import keep

# What Hugging Face calls classes whose names its configuration lacks.
_NUMBERED = re.compile(r"LABEL_(0|[1-9][0-9]{0,8})")
_BLOCK = 1 << 12

Entry = tuple[Sequence[str], Sequence[float]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Side:
    """Columns `start` to `stop` of a matrix; numbers of classes are exchanged by `codes`."""

    values: Rows
    start: int
    stop: int
    codes: npt.NDArray[np.int64] | None = None

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.values), self.stop - self.start

    @property
    def dtype(self) -> np.dtype[Any]:
        return np.dtype(self.values.dtype)

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, rows: Wanted, /) -> Array:
        block = np.asarray(self.values[rows])[:, self.start : self.stop]
        if self.codes is None:
            return block
        known = block >= 0
        found = np.full(block.shape, -1, dtype=np.int64)
        found[known] = self.codes[block[known].astype(np.int64)]
        return found


def gather(
    read: Callable[[], Iterator[Entry]],
    place: Callable[[int], str],
    path: Path,
    scratch: Path | None,
    complete: bool,
) -> tuple[Rows, tuple[str, ...], str]:
    """Return the rows that entries describe, their classes, and what was done, in words.

    `read` yields the classes and scores of each row, the same at each call; `place` names a row.
    Where `complete`, a class that a row lacks has probability 0 if the others sum to 1, else the
    row is refused; otherwise rows that lack classes are listed.
    """
    codes: dict[str, int] = {}
    least, most, n_rows = 1 << 30, 0, 0
    entries = read()
    while True:
        try:
            names, scores = next(entries)
        except StopIteration:
            break
        except CellError as error:
            raise InputError(f"{place(n_rows)}: {error}") from None
        if len(names) != len(scores):
            raise InputError(
                f"{place(n_rows)}: {len(names):,} classes, but {len(scores):,} scores; "
                "give one for each class"
            )
        if len(set(names)) < len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise InputError(
                f"{place(n_rows)}: class {printable(twice, 60)!r} is there twice; list each once"
            )
        if not names:
            raise InputError(f"{place(n_rows)}: there is no class in it; give every row its scores")
        for name in names:
            codes.setdefault(name, len(codes))
        least, most, n_rows = min(least, len(names)), max(most, len(names)), n_rows + 1
    classes = _numbered(tuple(codes))
    if (complete or least == most == len(codes)) and len(codes) > 1:
        counted: list[int] = []
        blocks = _filled(_full(read(), codes), classes, place, counted)
        matrix = keep(blocks, len(codes), scratch, path)
        what = f"{sum(counted):,} classes that a row lacks have probability 0 there"
        return matrix, classes, what if least < len(codes) else ""
    both = keep(_side_by_side(read(), codes, most), 2 * most, scratch, path)
    entries_of_rows = TopClasses(
        Side(values=both, start=0, stop=most, codes=np.arange(len(codes))),
        Side(values=both, start=most, stop=2 * most),
    )
    what = f"each row lists up to {most:,} of {len(codes):,} classes"
    return ListedRows(entries_of_rows, len(codes)), classes, what


def by_name(
    rows: ListedRows,
    classes: tuple[str, ...],
    named: Named | None,
    labels: Mapping[str, int],
    file: str,
) -> tuple[ListedRows, Named]:
    """Return rows that list classes by name as wide as there are classes, and their names."""
    order = list(named.names) if named is not None else []
    if not set(classes) & ({*labels, *order}) and are_indices(classes, len(order)):
        classes = tuple(order[int(name)] for name in classes)
    if not set(classes) <= set(order):
        if named is not None and named.source == "--classes":
            strange = natural_order(set(classes) - set(order))
            raise InputError(f"{file}: lists {listed(strange)}, which --classes does not name")
        if named is not None and not set(labels) <= set(order):
            labels = {}  # the labels are numbers of the names
        lost = sum(count for label, count in labels.items() if label not in classes)
        if lost * 2 > sum(labels.values()):
            raise InputError(
                f"{file}: its classes ({listed(natural_order(classes))}) are not those of the "
                f"labels ({listed(natural_order(labels))}); name them with --classes"
            )
        order = natural_order({*classes, *labels, *order})
    where = {name: code for code, name in enumerate(order)}
    entries = rows.entries
    assert isinstance(entries, TopClasses)
    assert isinstance(entries.columns, Side)
    side = entries.columns
    codes = np.array([where[name] for name in classes], dtype=np.int64)
    columns = Side(values=side.values, start=side.start, stop=side.stop, codes=codes)
    listing = ListedRows(TopClasses(columns, entries.probabilities), len(order), rows.few, file)
    return listing, Named(names=tuple(order), source="the names in it")


def _numbered(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return `LABEL_3` as 3, where all names are of this kind."""
    found = [_NUMBERED.fullmatch(name) for name in names]
    numbers = [each[1] for each in found if each is not None]
    return tuple(numbers) if len(numbers) == len(names) else names


def _full(entries: Iterator[Entry], codes: dict[str, int]) -> Iterator[Array]:
    for block in _blocks(entries):
        rows = np.full((len(block), len(codes)), np.nan)
        for row, (names, scores) in enumerate(block):
            rows[row, [codes[name] for name in names]] = scores
        yield rows


def _filled(
    blocks: Iterator[Array],
    classes: tuple[str, ...],
    place: Callable[[int], str],
    counted: list[int],
) -> Iterator[Array]:
    """Yield blocks without what is missing, and note how much that was."""
    done = 0
    for block in blocks:
        counted.append(fill_missing(block, classes, place, done))
        done += len(block)
        yield block


def _side_by_side(entries: Iterator[Entry], codes: dict[str, int], k: int) -> Iterator[Array]:
    for block in _blocks(entries):
        rows = np.zeros((len(block), 2 * k))
        rows[:, :k] = -1
        for row, (names, scores) in enumerate(block):
            rows[row, : len(names)] = [codes[name] for name in names]
            rows[row, k : k + len(scores)] = scores
        yield rows


def _blocks(entries: Iterator[Entry]) -> Iterator[list[Entry]]:
    block: list[Entry] = []
    for entry in entries:
        block.append(entry)
        if len(block) == _BLOCK:
            yield block
            block = []
    if block:
        yield block
