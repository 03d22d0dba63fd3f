"""What is done with a shard, and who does it: one look, many engines."""

import copy
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from labelaudit.core.dataset import Batch, Shard
from labelaudit.engine.tally import Tally

Read = Callable[[Shard], Iterable[Batch]]
Watch = Callable[[int], None]
Columns = Mapping[str, npt.NDArray[Any]]


@cache
def _keep_the_heap() -> None:
    """Keep the C library from returning the memory of every array to the system, and asking again.

    A block makes and frees arrays of a megabyte or two. glibc takes the largest array freed so
    far for the measure of what is worth returning: so free one of four.
    """
    np.empty(4 << 20, dtype=np.uint8)


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

    def __call__(
        self, shard: Shard, watch: Watch | None = None, tallies: list[Tally] | None = None
    ) -> list[Tally]:
        """Return fresh tallies filled with this shard; or `tallies`, filled further."""
        _keep_the_heap()
        own = self.empty() if tallies is None else tallies
        made: dict[str, npt.NDArray[Any]] = {}
        for batch in self.read(shard):
            for tally in own:
                tally.update(batch)
            if self.columns_of is not None:
                at = slice(batch.start - shard.start, batch.start - shard.start + len(batch.labels))
                for name, values in self.columns_of(batch).items():
                    if name not in made:
                        made[name] = np.empty(shard.stop - shard.start, dtype=values.dtype)
                    made[name][at] = values
            if watch is not None:
                watch(len(batch.labels))
        if self.keep is not None:
            self.keep(shard, made)
        return own

    def empty(self) -> list[Tally]:
        """Return tallies that nothing has been shown to yet."""
        return [copy.deepcopy(tally) for tally in self.tallies]

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

    @property
    def workers(self) -> int:
        """How many look at shards at a time."""
        ...

    def settle(self, folder: Path) -> None:
        """Make sure that all who take part can read and write `folder`, or say who cannot."""
        ...

    def run(self, look: Look, shards: Sequence[Shard], watch: Watch | None = None) -> list[Tally]:
        """Return the tallies of all shards, merged; `watch` counts rows as they are done."""
        ...

    def close(self) -> None:
        """End what was started, at once; the engine is not used again."""
        ...


class Here:
    """One shard after the other, in this process and thread."""

    name = "here"
    workers = 1
    shares_memory = True

    def settle(self, folder: Path) -> None:
        """Nothing to do: nobody else takes part."""

    def close(self) -> None:
        """Nothing to do: nothing was started."""

    def run(self, look: Look, shards: Sequence[Shard], watch: Watch | None = None) -> list[Tally]:
        filled = look.empty()
        for shard in shards:
            look(shard, watch, filled)
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
