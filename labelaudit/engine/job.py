"""One audit in the making: what is read, in which pieces, by whom, and where columns are kept."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from labelaudit.core.dataset import Batch, Dataset, Digest, Shard
from labelaudit.core.folder import DIGEST_FOLDER, WORKING_FOLDER
from labelaudit.engine.layout import laid_out
from labelaudit.engine.parts import Parts
from labelaudit.engine.passes import HERE, Columns, Engine, Look, Read, Watch
from labelaudit.engine.tally import Tally
from labelaudit.engine.threads import fitting

_DIGEST_ROWS = 1 << 16

# Tells how far a stage is: (stage, rows done, rows in all).
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Digested:
    """Reads the batches of a shard with their digests; full rows only where asked for."""

    dataset: Dataset
    parts: Parts
    batch_rows: int | None = None
    quality: Parts | None = None

    def __call__(self, shard: Shard) -> Iterator[Batch]:
        quality = self.quality.get(shard)["quality"] if self.quality is not None else None
        columns = self.parts.get(shard) if self.dataset.probabilities is not None else None
        step = self.batch_rows or _DIGEST_ROWS
        for start in range(shard.start, shard.stop, step):
            stop = min(start + step, shard.stop)
            own = slice(start - shard.start, stop - shard.start)
            yield Batch(
                start=start,
                labels=self.dataset.labels[start:stop],
                digest=Digest(**columns)[own] if columns is not None else None,
                quality=quality[own] if quality is not None else None,
                matrix=self.dataset.probabilities,
                slices=self.dataset.sliced(slice(start, stop)),
            )


@dataclass(frozen=True, kw_only=True, slots=True)
class Raw:
    """Reads the batches of a shard with all their probabilities."""

    dataset: Dataset
    batch_rows: int | None = None

    def __call__(self, shard: Shard) -> Iterator[Batch]:
        return self.dataset.batches(shard, self.batch_rows)


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """A dataset, its digest, and how both are cut. With a folder, columns are written there.

    `engine`, `batch_rows` and `progress` change no result; `shard_rows` only how the parts of
    scores are cut. `model_digests` are those of the single models of an ensemble;
    `quality` is that of the labels, where it is worked out before the rest.
    `memory` holds what a later step of the same audit need not work out again.
    """

    dataset: Dataset
    digest: Parts
    model_digests: tuple[Parts, ...] = ()
    quality: Parts | None = None
    folder: Path | None = None
    engine: Engine = HERE
    batch_rows: int | None = None
    shard_rows: int | None = None
    progress: Progress | None = None
    memory: dict[str, Any] = field(default_factory=dict)

    @property
    def shards(self) -> list[Shard]:
        return self.dataset.shards(self.shard_rows)

    @property
    def digested(self) -> Digested:
        return Digested(
            dataset=self.dataset,
            parts=self.digest,
            batch_rows=self.batch_rows,
            quality=self.quality,
        )

    def of_model(self, number: int) -> "Job":
        """Return the job of one model of an ensemble by itself, with its own digest."""
        model = self.dataset.models[number]
        alone = replace(self.dataset, probabilities=model.matrix, models=())
        return replace(self, dataset=alone, digest=self.model_digests[number], model_digests=())

    def working_parts(self, name: str) -> Parts:
        """Return a place for columns that are needed only until the audit is finished."""
        folder = self.folder / WORKING_FOLDER / name if self.folder is not None else None
        return Parts(folder, of_every_row=False)

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
        (filled,) = self.each(self.digested, stage, tallies=[tally])
        return filled.result()

    def each(
        self,
        read: Read,
        stage: str,
        columns_of: Callable[[Batch], Columns] | None = None,
        keep: Callable[[Shard, Columns], None] | None = None,
        tallies: Sequence[Tally] = (),
    ) -> list[Tally]:
        """Look at every shard: fill tallies, keep columns of each batch. Returns the tallies."""
        look = Look(read=read, tallies=tallies, columns_of=columns_of, keep=keep)
        return self.engine.run(look, self.shards, self.watch(stage))


def begin(
    dataset: Dataset,
    folder: Path | None = None,
    engine: Engine = HERE,
    digest: Parts | None = None,
    **how: Any,
) -> Job:
    """Make ready: with a folder, scores are written there, and the digest if there is none yet.

    An engine of other processes needs one: what each row has (its label, its place in the
    predictions) is laid there once, where all can read it.
    """
    if folder is not None:
        folder = folder.absolute()  # another process may have another working folder
        working = folder / WORKING_FOLDER
        working.mkdir(exist_ok=True)
        if not engine.shares_memory:
            engine.settle(working)
            dataset = laid_out(dataset, working)
    elif not engine.shares_memory:
        raise ValueError(f"the engine {engine.name!r} needs a folder")
    if digest is None:
        digest = Parts(folder / DIGEST_FOLDER if folder is not None else None)
        if digest.folder is not None and dataset.models:
            digest.folder.mkdir(exist_ok=True)
    engine = fitting(engine, dataset)
    return Job(
        dataset=dataset,
        digest=digest,
        model_digests=tuple(
            digest.beneath(f"model-{number:02d}") for number in range(len(dataset.models))
        ),
        folder=folder,
        engine=engine,
        **how,
    )
