"""What several annotators said of one item, and the label that most of them gave."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from labelaudit.core.coded import Coded
from labelaudit.core.dataset import Votes
from labelaudit.core.errors import InputError, Refusal
from labelaudit.core.text import printable
from labelaudit.core.texts import TextsWriter
from labelaudit.ingest.classes import natural_order
from labelaudit.ingest.contract.ids import ids_missing
from labelaudit.ingest.contract.rules import outcome
from labelaudit.ingest.ids import place_of
from labelaudit.ingest.matching import Ids, first_repeat, ids_of
from labelaudit.ingest.readers import TableFile

ANNOTATOR_COLUMNS = (
    "annotator", "annotator_id", "annotators", "worker", "worker_id", "workerid", "user",
    "user_id", "rater", "rater_id", "labeler", "labeler_id", "labeller", "coder", "completed_by",
)  # fmt: skip
_IDS_AT_ONCE = 1 << 14
_HALF_A_PAIR = r"half of a surrogate pair (\ud800 to \udfff), which is no text; escape both halves"


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Ballots:
    """Votes as read: on which item, by whom (-1: not said), and for which label."""

    rows: npt.NDArray[np.int64]
    annotators: Coded
    labels: Coded


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Election:
    """The label of each item, and in words how it came about; `ballots` if any has several."""

    texts: Coded
    ids: Ids | None
    ballots: Ballots | None
    how: str


class BallotBox:
    """Takes items in order and votes on them in any order, and counts once all are in.

    `noun` is what the file calls an item; without ids the items are known by their number.
    """

    def __init__(self, file: str, noun: str, scratch: Path | None = None) -> None:
        self.n_items = 0
        self._file, self._noun, self._scratch = file, noun, scratch
        self._written = TextsWriter(scratch)
        self._ids: list[str] = []
        self._rows, self._labels, self._annotators = array("q"), array("i"), array("i")
        self._label_codes: dict[str, int] = {}
        self._annotator_codes: dict[str, int] = {}

    def item(self, name: str | None = None) -> int:
        """Add an item, and return its row."""
        if name is not None:
            self._ids.append(name)
            if len(self._ids) >= _IDS_AT_ONCE:
                self._write_ids()
        self.n_items += 1
        return self.n_items - 1

    def vote(self, row: int, label: str, annotator: str | None = None) -> None:
        """Add a vote on an item; a blank label is none."""
        if not label.strip():
            return
        self._rows.append(row)
        self._labels.append(self._label_codes.setdefault(label, len(self._label_codes)))
        named = annotator is not None and bool(annotator.strip())
        codes = self._annotator_codes
        self._annotators.append(codes.setdefault(str(annotator), len(codes)) if named else -1)

    def count(self) -> Election:
        """Return the label with most votes for each item, or say what is wrong with the ids."""
        self._write_ids()
        for text in (*self._label_codes, *self._annotator_codes):
            _require_text(text, self._file)
        ballots = Ballots(
            rows=np.array(self._rows, dtype=np.int64),
            annotators=_coded(self._annotator_codes, self._annotators),
            labels=_coded(self._label_codes, self._labels),
        )
        codes, n_ties = majority(ballots, self.n_items)
        several = len(ballots.rows) > len(np.unique(ballots.rows))
        return Election(
            texts=Coded(distinct=ballots.labels.distinct, codes=codes),
            ids=self._named() if len(self._written) else None,
            ballots=ballots if several else None,
            how=_in_words(ballots, self.n_items, n_ties) if several else "",
        )

    def _write_ids(self) -> None:
        try:
            self._written.add(self._ids)
        except UnicodeEncodeError:
            raise InputError(f"{self._file}: an id holds {_HALF_A_PAIR}") from None
        self._ids = []

    def _named(self) -> Ids:
        ids = ids_of(self._written.texts(), self._scratch)
        found = first_repeat(ids)
        if found is not None:
            message = (
                f"{self._file}: {self._noun} '{printable(ids.texts[found[0]], 80)}' occurs twice "
                f"(number {found[1] + 1:,} and {found[0] + 1:,}); every id must be unique"
            )
            raise Refusal(message, [outcome("ids_repeated", "refused", message)])
        return ids


def majority(ballots: Ballots, n_items: int) -> tuple[npt.NDArray[np.int32], int]:
    """Return the label code of each item (-1: no vote), and for how many it was a tie.

    A tie goes to the class that comes first in sorted order.
    """
    codes = np.full(n_items, -1, dtype=np.int32)
    names = ballots.labels.distinct
    if not len(ballots.rows):
        return codes, 0
    code_of = {name: code for code, name in enumerate(names)}
    by_rank = np.array([code_of[name] for name in natural_order(names)], dtype=np.int64)
    rank = np.empty(len(names), dtype=np.int64)
    rank[by_rank] = np.arange(len(names))
    keys, counts = np.unique(
        ballots.rows * len(names) + rank[ballots.labels.codes], return_counts=True
    )
    rows, ranks = np.divmod(keys, len(names))
    starts = np.flatnonzero(np.diff(rows, prepend=-1))
    most = np.repeat(np.maximum.reduceat(counts, starts), np.diff(np.append(starts, len(rows))))
    winners = np.flatnonzero(counts == most)
    first = np.diff(rows[winners], prepend=-1) != 0
    codes[rows[winners[first]]] = by_rank[ranks[winners[first]]]
    n_ties = int((np.add.reduceat(counts == most, starts, dtype=np.int64) > 1).sum())
    return codes, n_ties


def settled(
    ballots: Ballots, by_label: dict[str, int], n_items: int, own: npt.NDArray[np.int64] | None
) -> Votes:
    """Return votes on the rows of a dataset: those left out have none, labels are class codes."""
    rows, annotators, labels = ballots.rows, ballots.annotators, ballots.labels
    if own is not None:
        where = np.full(n_items, -1, dtype=np.int64)
        where[own] = np.arange(len(own))
        kept = np.flatnonzero(where[rows] >= 0)
        rows, annotators, labels = where[rows[kept]], annotators[kept], labels[kept]
    return Votes(rows=rows, annotators=annotators, labels=labels.recoded(by_label))


def with_votes(counts: dict[str, int], ballots: Ballots | None) -> dict[str, int]:
    """Return the counts of labels with a 0 for each class that is voted for, but never wins."""
    return counts if ballots is None else dict.fromkeys(ballots.labels.distinct, 0) | counts


def annotator_column(names: Iterable[str]) -> str | None:
    """Return the column of a table that says who gave the label, or None."""
    lower = {name.strip().lower(): name for name in names}
    return next((lower[name] for name in ANNOTATOR_COLUMNS if name in lower), None)


def votes_in_table(
    table: TableFile, label: str, name: str, file: str, scratch: Path | None = None
) -> Election | None:
    """Count a long table, a row for each vote; None where no id stands in two rows.

    `label` and `name` are its columns of labels and ids. Without a column of annotators an id
    that repeats is a fault, not a vote.
    """
    who = annotator_column(column for column in table.names if column not in (label, name))
    if who is None:
        return None
    box = BallotBox(file, "item", scratch)
    known: dict[str, int] = {}
    row = 0
    columns = (table.texts(name), table.texts(label), table.texts(who))
    cells = zip(*(_flat(column) for column in columns), strict=True)
    for row, (item, voted, by) in enumerate(cells):
        if item is None or not item.strip():
            raise ids_missing(place_of(table, file, row), name)
        at = known.get(item)
        if at is None:
            at = known[item] = box.item(item)
        box.vote(at, voted or "", by)
    return box.count() if len(known) <= row else None


def _flat(blocks: Iterable[list[str | None]]) -> Iterable[str | None]:
    return (cell for block in blocks for cell in block)


def _coded(known: dict[str, int], codes: array[int]) -> Coded:
    return Coded(distinct=tuple(known), codes=np.array(codes, dtype=np.int32))


def _require_text(text: str, file: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InputError(f"{file}: {printable(text, 60)!r} holds {_HALF_A_PAIR}") from None


def _in_words(ballots: Ballots, n_items: int, n_ties: int) -> str:
    people = len(ballots.annotators.distinct)
    by = f" of {people:,} annotator{'s' * (people != 1)}" if people else ", annotators not named"
    ties = f"{n_ties:,} tie{'s' * (n_ties != 1)}"
    first = ", each to the first of its classes in sorted order" if n_ties else ""
    return (
        f"{n_items:,} items, {len(ballots.rows):,} votes{by}; majority label; {ties}{first}"
        + _twice(ballots)
    )


def _twice(ballots: Ballots) -> str:
    """Say how many votes are a second one of the same annotator on the same item."""
    named = ballots.annotators.codes >= 0
    n_people = max(len(ballots.annotators.distinct), 1)
    pairs = ballots.rows[named] * n_people + ballots.annotators.codes[named]
    again = len(pairs) - len(np.unique(pairs))
    return f"; {again:,} of them by one who had voted on the item before" if again else ""
