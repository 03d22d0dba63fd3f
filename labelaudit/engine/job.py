"""One audit in the making: what is read, in which pieces, and where columns of it are kept."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labelaudit.core.dataset import Batch, Dataset, Digest, Shard
from labelaudit.core.folder import DIGEST_FOLDER
from labelaudit.engine.parts import Parts
from labelaudit.engine.passes import Watch, fold
from labelaudit.engine.tally import Tally

_DIGEST_ROWS = 1 << 16

# Tells how far a stage is: (stage, rows done, rows in all).
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """A dataset, its digest, and how both are cut. With a folder, columns are written there.

    `batch_rows`, `shard_rows` and `progress` change no result.
    """

    dataset: Dataset
    digest: Parts
    folder: Path | None = None
    batch_rows: int | None = None
    shard_rows: int = 1 << 20
    progress: Progress | None = None

    @property
    def shards(self) -> list[Shard]:
        return self.dataset.shards(self.shard_rows)

    def watch(self, stage: str) -> Watch | None:
        """Return a counter of rows that tells the progress of a stage."""
        report = self.progress
        if report is None:
            return None
        done = 0

        def count(rows: int) -> None:
            nonlocal done
            done += rows
            report(stage, done, len(self.dataset))

        return count

    def fold(self, tally: Tally, stage: str) -> Any:
        """Fold one tally over the digest and return its result."""
        return fold(self.shards, self.digested, [tally], self.watch(stage))[0].result()

    def digested(self, shard: Shard) -> Iterator[Batch]:
        """Yield the batches of a shard with their digests; full rows only where asked for."""
        columns = self.digest.get(shard) if self.dataset.probabilities is not None else None
        step = self.batch_rows or _DIGEST_ROWS
        for start in range(shard.start, shard.stop, step):
            stop = min(start + step, shard.stop)
            own = slice(start - shard.start, stop - shard.start)
            yield Batch(
                start=start,
                labels=self.dataset.labels[start:stop],
                digest=Digest(**columns)[own] if columns is not None else None,
                matrix=self.dataset.probabilities,
            )


def begin(dataset: Dataset, folder: Path | None = None, **how: Any) -> Job:
    """Make ready: with a folder, the digest and the scores are written there."""
    parts = Parts(folder / DIGEST_FOLDER if folder is not None else None)
    return Job(dataset=dataset, digest=parts, folder=folder, **how)
