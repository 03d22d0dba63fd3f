"""What is done with a shard, and who does it: one look, many engines."""

import copy
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from labelaudit.core.dataset import Batch, Shard
from labelaudit.engine.tally import Tally

Read = Callable[[Shard], Iterable[Batch]]
Watch = Callable[[int], None]
Columns = Mapping[str, npt.NDArray[Any]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """What is done with a shard: tallies are filled, columns are made of each batch and kept.

    A shard fills tallies of its own. So shards may be looked at by anyone, anywhere, in any
    order: a look that is to be sent away must be made of parts that can be pickled.
    """

    read: Read
    tallies: Sequence[Tally] = ()
    columns_of: Callable[[Batch], Columns] | None = None
    keep: Callable[[Shard, Columns], None] | None = None

    def __call__(self, shard: Shard, watch: Watch | None = None) -> list[Tally]:
        own = [copy.deepcopy(tally) for tally in self.tallies]
        pieces: list[Columns] = []
        for batch in self.read(shard):
            for tally in own:
                tally.update(batch)
            if self.columns_of is not None:
                pieces.append(self.columns_of(batch))
            if watch is not None:
                watch(len(batch.labels))
        if self.keep is not None:
            self.keep(shard, joined(pieces))
        return own

    def within(self, shard: Shard) -> "Look":
        """Return the look with only what this shard needs, where its maker can narrow itself."""
        narrow = getattr(self.columns_of, "within", None)
        return self if narrow is None else replace(self, columns_of=narrow(shard))


class Engine(Protocol):
    """Who looks at the shards. Every engine gives the same answer.

    `shares_memory` says whether what a look keeps in memory can be seen by the one who asked;
    else everything passes through files.
    """

    name: str
    shares_memory: bool

    def run(self, look: Look, shards: Sequence[Shard], watch: Watch | None = None) -> list[Tally]:
        """Return the tallies of all shards, merged; `watch` counts rows as they are done."""
        ...


class Here:
    """One shard after the other, in this process and thread."""

    name = "here"
    shares_memory = True

    def run(self, look: Look, shards: Sequence[Shard], watch: Watch | None = None) -> list[Tally]:
        filled: list[Tally] = []
        for shard in shards:
            filled = merged(filled, look(shard, watch))
        return filled


HERE = Here()


def merged(total: list[Tally], part: list[Tally]) -> list[Tally]:
    """Return `total` with the tallies of a further shard; at first that shard's."""
    if not total:
        return part
    for tally, other in zip(total, part, strict=True):
        tally.merge(other)
    return total


def joined(pieces: Sequence[Columns]) -> dict[str, npt.NDArray[Any]]:
    """Put consecutive pieces of columns end to end."""
    names = pieces[0].keys() if pieces else ()
    return {name: np.concatenate([piece[name] for piece in pieces]) for name in names}
