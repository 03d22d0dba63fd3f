"""Several embeddings of the same rows, and what measures say of each."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """One figure that embeddings are compared by: its key, short and long title, better way."""

    key: str
    short: str
    title: str
    better: str  # higher | lower


S = Column(key="s", short="S", title="Unsupervised separability S", better="higher")
G = Column(key="g", short="G", title="Robust unsupervised separability G", better="higher")
H = Column(key="one_minus_h", short="1-H", title="Unevenness of joins 1 - H", better="higher")
UNSUPERVISED = (S, G, H)


@dataclass(frozen=True, kw_only=True, slots=True)
class Compared:
    """One of the embeddings: its name, how many columns it has, and its figures by key."""

    name: str
    width: int
    values: Mapping[str, float | None]
    sd: float | None  # of S, over the draws of rows


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """Embeddings of the same `n_rows` rows in the order given, and what they are compared by.

    `columns` are the unsupervised ones, then, where there are labels, the supervised ones.
    `agreement` says of each unsupervised one, by key, how alike it and each supervised measure rank
    the embeddings: Spearman's rank correlation, 1 for the same order, -1 for the reverse; None
    where it is undefined.
    `size` rows, drawn with `seed`, were measured. `labels` names the file of labels.
    """

    embeddings: tuple[Compared, ...]
    columns: tuple[Column, ...]
    agreement: Mapping[str, Mapping[str, float | None]]
    n_rows: int
    size: int
    seed: int
    n_classes: int = 0
    labels: str | None = None
    notices: tuple[str, ...] = ()

    def ranked(self, column: Column) -> list[int]:
        """Return the embeddings by a figure, best first, ties and unknown ones as given."""
        return sorted(range(len(self.embeddings)), key=self._worse(column))

    def series(self, column: Column) -> list[float | None]:
        """Return a figure of all embeddings in the order given."""
        return [one.values.get(column.key) for one in self.embeddings]

    @property
    def supervised(self) -> tuple[Column, ...]:
        return tuple(column for column in self.columns if column not in UNSUPERVISED)

    @property
    def by_chance(self) -> float:
        """How large a rank correlation may well be between orders that have nothing in common."""
        return min(1.0, 1.96 / math.sqrt(max(len(self.embeddings) - 1, 1)))

    def _worse(self, column: Column) -> Callable[[int], tuple[bool, float]]:
        values = self.series(column)
        sign = 1 if column.better == "lower" else -1

        def key(index: int) -> tuple[bool, float]:
            value = values[index]
            return value is None, 0.0 if value is None else sign * value

        return key
