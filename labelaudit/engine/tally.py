"""What a fold fills."""

from typing import Any, Protocol, Self

from labelaudit.core.dataset import Batch


class Tally(Protocol):
    """A small result that grows batch by batch.

    One law binds every tally: however the rows are cut into batches and shards, and in
    whatever order shards are merged, `result()` is the same to the last bit.
    """

    def update(self, batch: Batch) -> None: ...

    def merge(self, other: Self) -> None: ...

    def result(self) -> Any: ...
