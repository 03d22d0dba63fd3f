"""The two verbs, fold and each, over a dataset cut into shards of batches."""

import copy
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from labelaudit.core.dataset import Batch, Shard
from labelaudit.engine.tally import Tally

Read = Callable[[Shard], Iterable[Batch]]
Watch = Callable[[int], None]
Columns = Mapping[str, npt.NDArray[Any]]
T = TypeVar("T", bound=Tally)


def fold(
    shards: Sequence[Shard], read: Read, tallies: Sequence[T], watch: Watch | None = None
) -> list[T]:
    """Show every batch to every tally and return the tallies, filled.

    Each shard fills tallies of its own, which are then merged: so shards may be read by
    anyone, anywhere, in any order.
    """
    return each(shards, read, None, None, tallies, watch)


def each(
    shards: Sequence[Shard],
    read: Read,
    columns_of: Callable[[Batch], Columns] | None,
    keep: Callable[[Shard, Columns], None] | None,
    tallies: Sequence[T] = (),
    watch: Watch | None = None,
) -> list[T]:
    """Make columns of every batch and keep them, shard by shard; fold in the same pass."""
    filled: list[T] = []
    for shard in shards:
        own = [copy.deepcopy(tally) for tally in tallies]
        pieces: list[Columns] = []
        for batch in read(shard):
            for tally in own:
                tally.update(batch)
            if columns_of is not None:
                pieces.append(columns_of(batch))
            if watch is not None:
                watch(len(batch.labels))
        if not filled:
            filled = own
        else:
            for total, part in zip(filled, own, strict=True):
                total.merge(part)
        if keep is not None:
            keep(shard, joined(pieces))
    return filled


def joined(pieces: Sequence[Columns]) -> dict[str, npt.NDArray[Any]]:
    """Put consecutive pieces of columns end to end."""
    names = pieces[0].keys() if pieces else ()
    return {name: np.concatenate([piece[name] for piece in pieces]) for name in names}
