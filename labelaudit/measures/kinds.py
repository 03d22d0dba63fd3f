"""The three kinds of measure: a tally, a function of a fair sample, a function of results."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol, Self

import numpy as np
import numpy.typing as npt

from labelaudit.core.dataset import Batch, Digest
from labelaudit.core.results import DatasetFacts, Detection, Measurement, Skipped
from labelaudit.core.rows import Array
from labelaudit.engine.neighbours import Neighbours
from labelaudit.engine.tally import Tally


class Named(ABC):
    """What every measure says of itself; its class docstring is its documentation.

    `needs` are asked for by name: `labels`, `digest`, `probabilities`, `embeddings`,
    `neighbours`, `flags`, `slices` (any column) or `slices.domain` (the one so called). Where one
    is absent the measure is skipped, with a reason.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    needs: ClassVar[frozenset[str]] = frozenset()


class Measure(Named):
    """A tally over all rows: the same result for any batches, shards and order of merging.

    One whose interval is a bootstrap names in `sample_needs` what it asks of the fair sample,
    and adds the interval to its result in `with_interval`. One that sets `asks_suspects` is shown,
    before any row, what the model says of the rows that detection flagged: in `know_suspects`.
    """

    sample_needs: ClassVar[frozenset[str]] = frozenset()
    asks_suspects: ClassVar[bool] = False

    def __init__(self, facts: DatasetFacts) -> None:
        self.facts = facts

    @abstractmethod
    def update(self, batch: Batch) -> None: ...

    @abstractmethod
    def merge(self, other: Self) -> None: ...

    @abstractmethod
    def result(self) -> Measurement: ...

    def with_interval(self, measured: Measurement, sample: "Sample") -> Measurement:
        """Return the result with the interval that the sample gives it."""
        return measured

    def know_suspects(self, suspects: Digest) -> None:
        """Take in the digests of all flagged rows; not called where no detection has run.

        What is kept of them travels with every shard, so it should be small.
        """


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """A fair, seeded sample of rows, ascending, and of each what a measure asked for.

    `labels` int32[n]; `probabilities` float[n, K]; `embeddings` float[n, d]; `neighbours`
    among the rows of the sample; `slices` int32[n] by name: where a row stands in each column that
    the dataset is cut by (-1: nowhere), whose values `DatasetFacts.slices` names. `flagged` bool[n]
    says which rows detection suspects, None where none has run. `near` is how near two examples
    are nearly one, in median distances of nearest neighbours.
    """

    rows: npt.NDArray[np.int64]
    n_total: int
    seed: int
    labels: npt.NDArray[np.int32]
    digest: Digest | None = None
    probabilities: Array | None = None
    embeddings: Array | None = None
    neighbours: Neighbours | None = None
    slices: Mapping[str, npt.NDArray[np.int32]] = field(default_factory=dict)
    flagged: npt.NDArray[np.bool_] | None = None
    near: float = 0.13

    @property
    def described(self) -> dict[str, int]:
        return {"size": len(self.rows), "of": self.n_total, "seed": self.seed}


class Counted(Protocol):
    """Makes a tally over all rows, whose result is a `Measurement`."""

    def __call__(self, facts: DatasetFacts, /) -> Tally: ...


class SampledMeasure(Named):
    """A plain function of a fair sample of at most `largest_sample` rows.

    `beyond`, where there is one, makes the tally that takes its place on a larger dataset. `uses`
    are `embeddings` and `probabilities` in the order in which it would rather have them: it gets
    the first that there is, beside all that it `needs`, and may find that there is none.
    """

    largest_sample: ClassVar[int] = 50_000
    n_neighbours: ClassVar[int] = 0
    beyond: ClassVar[Counted | None] = None
    uses: ClassVar[tuple[str, ...]] = ()

    @staticmethod
    @abstractmethod
    def measure(sample: Sample, facts: DatasetFacts) -> Measurement | Skipped: ...


class DerivedMeasure(Named):
    """A pure function of the finished detection and of earlier measurements: no pass.

    `earlier` holds these by name, and the checks of the input contract as `contract.<name>`.
    `reads` names the measurements it looks at; these are made even where nobody chose them, and
    one that is skipped is in `earlier` as `Skipped`.
    """

    reads: ClassVar[frozenset[str]] = frozenset()

    @staticmethod
    @abstractmethod
    def measure(
        facts: DatasetFacts, detection: Detection | None, earlier: Mapping[str, Any]
    ) -> Measurement | Skipped: ...
