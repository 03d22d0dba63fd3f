"""What is audited: rows of labels and probabilities, cut into shards and read in batches."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from labelaudit.core.coded import Coded
from labelaudit.core.ensemble import Model
from labelaudit.core.examples import Example
from labelaudit.core.hierarchy import Hierarchy
from labelaudit.core.listed import Block
from labelaudit.core.matrix import Matrix, cache_rows, in_columns
from labelaudit.core.rows import Array
from labelaudit.core.variables import Variable

# A shard holds about this many probabilities, but neither few rows nor very many.
_SHARD_CELLS = 1 << 24
_LEAST_SHARD, _MOST_SHARD = 1 << 12, 1 << 20


def shard_rows(row_cells: int) -> int:
    """Return how many rows a shard has: enough to be worth a worker's while."""
    return max(1 << 14, min(_MOST_SHARD, _SHARD_CELLS // max(row_cells, 1)))


@dataclass(frozen=True, kw_only=True, slots=True)
class Digest:
    """What the survey keeps of each row's probabilities: enough for most of an audit.

    `self_confidence` is P[i, y_i]; `other` the most probable class but the given one (the
    lowest index among equals) and `other_probability` its probability.
    """

    self_confidence: Array
    other: npt.NDArray[np.int32]
    other_probability: Array

    def __getitem__(self, rows: Any) -> "Digest":
        return Digest(
            self_confidence=self.self_confidence[rows],
            other=self.other[rows],
            other_probability=self.other_probability[rows],
        )

    def predicted(self, labels: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
        """Return the most probable class of each row, the lowest index among equals."""
        given_wins = (self.self_confidence > self.other_probability) | (
            (self.self_confidence == self.other_probability) & (labels < self.other)
        )
        return np.where(given_wins, labels, self.other).astype(np.int32)

    @property
    def confidence(self) -> Array:
        """The largest probability of each row."""
        return np.maximum(self.self_confidence, self.other_probability)


@dataclass(frozen=True, kw_only=True, slots=True)
class Batch:
    """Consecutive rows `start` to `start + len(labels)` of a dataset.

    `columns` are the probabilities transposed, where the classes are few. `quality` is that of the
    labels, where it has been worked out before. `slices` are the codes int32[n] of each column that
    the dataset is cut by (-1: blank), by its name.
    """

    start: int
    labels: npt.NDArray[np.int32]
    probabilities: Block | None = None
    columns: Array | None = None
    digest: Digest | None = None
    quality: npt.NDArray[np.float64] | None = None
    matrix: Matrix | None = None
    slices: Mapping[str, npt.NDArray[np.int32]] = field(default_factory=dict)

    @property
    def rows(self) -> npt.NDArray[np.int64]:
        return np.arange(self.start, self.start + len(self.labels), dtype=np.int64)

    def full_rows(
        self, wanted: npt.NDArray[np.int64]
    ) -> Iterator[tuple[npt.NDArray[np.int64], Block]]:
        """Read all probabilities of the wanted rows of this batch again, and only of these.

        Yields them in blocks of about a megabyte: which rows (as counted in the batch,
        ascending), and their probabilities.
        """
        held, source = self.probabilities, self.matrix
        cells = held.shape[1] if held is not None else source.row_cells if source else 1
        step = cache_rows(cells)
        for start in range(0, len(wanted), step):
            rows = wanted[start : start + step]
            if held is not None:
                yield rows, held[rows]
            elif source is not None:
                yield rows, source.take(self.start + rows)
                source.release(self.start + int(rows[0]), self.start + int(rows[-1]) + 1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Shard:
    """Rows `start` to `stop`: what one worker reads, and one part file holds."""

    index: int
    start: int
    stop: int


@dataclass(frozen=True, kw_only=True, slots=True)
class InputFile:
    """A file that was read, and as what; `content` is its sha256, or a hash of some blocks."""

    role: str
    path: str
    how: str
    n_bytes: int
    sha256: str | None
    fingerprint: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """One check of the input contract and what it came to."""

    name: str
    status: str  # passed | repaired | alerted | refused | not_testable
    message: str
    evidence: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Contents:
    """What the rows are of, for the check that compares them.

    `marks` returns a number uint64[N] for each row, equal where the inputs are equal; `kind`
    says what is compared ("image files").
    """

    kind: str
    marks: Callable[[], npt.NDArray[np.uint64]]

    def __reduce__(self) -> Any:
        """Stay behind: a worker compares nothing."""
        return _nothing, ()


def _nothing() -> None:
    return None


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Shown:
    """How rows and columns are shown to people.

    `examples` makes what is shown of some rows, ascending. Its second argument is called after
    each, its third is the longer side of a picture in pixels. `variables` reads what the columns
    of the rows hold.
    """

    examples: Callable[[npt.NDArray[np.int64], Callable[[], None], int], list[Example]]
    variables: Callable[[], tuple[Variable, ...]] = tuple

    def __reduce__(self) -> Any:
        """Stay behind: a worker shows nothing."""
        return _nothing, ()


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Votes:
    """What several annotators said: vote j is on row `rows[j]`, for class `labels[j]`.

    `annotators` are coded by name (-1: not said). Votes on one row need not stand together.
    """

    rows: npt.NDArray[np.int64]
    annotators: Coded
    labels: npt.NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True, kw_only=True, slots=True)
class Dataset:
    """A labelled dataset, aligned: row i of everything speaks of the same example.

    `labels` are class codes int32[N] into `class_names`. `source_rows` are the data rows of
    the labels file, from 0 (None: the same; they differ where rows without a label were left
    out). `part_ends` are the rows at which the files of a sharded input end. `ids` name the
    rows (None: the source row is the id). `examples` are paths of images or other files to
    show, relative to the dataset (None where there are none). `votes` are there where rows
    have several; then `labels` are those of the majority. `contents` compares the inputs
    themselves, where they are files or texts; `shown` makes small examples of them for people.
    `models` are there where several models make an
    ensemble: then `probabilities` are the mean of theirs. `slices` are the columns by which the
    rows are cut (split, source, annotator, ...), by their names. `hierarchy` is the tree of the
    classes, where one was given.
    """

    name: str
    class_names: tuple[str, ...]
    labels: npt.NDArray[np.int32]
    probabilities: Matrix | None = None
    embeddings: Matrix | None = None
    ids: Sequence[str] | None = None
    source_rows: npt.NDArray[np.int64] | None = None
    examples: Sequence[str] | None = None
    format: str = "arrays"
    inputs: tuple[InputFile, ...] = ()
    contract: tuple[Check, ...] = ()
    n_unlabelled: int = 0
    notices: tuple[str, ...] = ()
    part_ends: tuple[int, ...] = ()
    votes: Votes | None = None
    splits: Coded | None = None
    contents: Contents | None = None
    shown: Shown | None = None
    models: tuple[Model, ...] = ()
    hierarchy: Hierarchy | None = None
    slices: Mapping[str, Coded] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def n_classes(self) -> int:
        return len(self.class_names)

    @property
    def row_cells(self) -> int:
        """About how many probabilities are read for a row."""
        return self.probabilities.row_cells if self.probabilities else self.n_classes

    @property
    def has(self) -> frozenset[str]:
        """What measures and signals may ask for by name."""
        parts = {"labels"}
        if self.probabilities is not None:
            parts |= {"probabilities", "digest"}
        if self.embeddings is not None:
            parts |= {"embeddings", "neighbours"} if len(self) > 1 else {"embeddings"}
        if self.votes is not None:
            parts |= {"votes"}
        if self.slices:
            parts |= {"slices", *(f"slices.{name}" for name in self.slices)}
        if self.hierarchy is not None:
            parts |= {"hierarchy"}
        return frozenset(parts)

    def sliced(self, rows: Any) -> dict[str, npt.NDArray[np.int32]]:
        """Return the codes of some rows in each column that the rows are cut by."""
        return {name: column.codes[rows] for name, column in self.slices.items()}

    def id_of(self, row: int) -> str:
        return self.ids[row] if self.ids is not None else str(self.source_row(row))

    def source_row(self, row: int) -> int:
        return int(self.source_rows[row]) if self.source_rows is not None else row

    def shards(self, rows_per_shard: int | None = None) -> list[Shard]:
        """Cut the rows into shards; an empty dataset has one, empty shard.

        Where the input is cut into files, a shard ends where a file does, if it is not too
        small. Nothing but the dataset decides: not who reads it, nor how many.
        """
        most = rows_per_shard or shard_rows(self.row_cells)
        least = 0 if rows_per_shard else _LEAST_SHARD
        stops: list[int] = []
        start = 0
        for end in [*(end for end in self.part_ends if end < len(self)), len(self)]:
            if end - start < least and end < len(self):
                continue
            stops.extend(range(start + most, end, most))
            stops.append(end)
            start = end
        starts = [0, *stops[:-1]]
        return [
            Shard(index=index, start=start, stop=stop)
            for index, (start, stop) in enumerate(zip(starts, stops, strict=True))
        ]

    def batches(self, shard: Shard, batch_rows: int | None = None) -> Iterator[Batch]:
        """Yield the batches of a shard, probabilities and all.

        By default a batch is about a megabyte: it stays in the processor's cache while
        everything that wants to see it looks at it.
        """
        step = batch_rows or cache_rows(self.row_cells)
        for start in range(shard.start, shard.stop, step):
            stop = min(start + step, shard.stop)
            block = self.probabilities.read(start, stop) if self.probabilities else None
            yield Batch(
                start=start,
                labels=self.labels[start:stop],
                probabilities=block,
                columns=in_columns(block) if block is not None else None,
                matrix=self.probabilities,
                slices=self.sliced(slice(start, stop)),
            )
            if self.probabilities is not None:
                self.probabilities.release(start, stop)
