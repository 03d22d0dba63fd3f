"""A few threads of this process: numpy lets others work while it does."""

import os
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from labelaudit.core.dataset import Dataset, Shard
from labelaudit.engine.passes import HERE, Engine, Look, Watch, merged
from labelaudit.engine.tally import Tally

# With fewer probabilities than this, threads cost more than they save.
_WORTH_IT = 1 << 26
_MOST = 4


class Threads:
    """Each thread looks at a run of neighbouring shards; what they have found is merged."""

    name = "here"
    shares_memory = True

    def __init__(self, workers: int) -> None:
        self.workers = workers

    def settle(self, folder: Path) -> None:
        """Nothing to do: nobody else takes part."""

    def close(self) -> None:
        """Nothing to do: threads end with each run."""

    def run(self, look: Look, shards: Sequence[Shard], watch: Watch | None = None) -> list[Tally]:
        lock, stop = threading.Lock(), threading.Event()

        def count(rows: int) -> None:
            if stop.is_set():
                raise InterruptedError
            if watch is not None:
                with lock:
                    watch(rows)

        def own_part(part: int) -> list[Tally]:
            tallies = look.empty()
            first, last = (len(shards) * edge // self.workers for edge in (part, part + 1))
            for shard in shards[first:last]:
                look(shard, count, tallies)
            return tallies

        filled: list[Tally] = []
        with ThreadPoolExecutor(self.workers) as pool:
            try:
                for tallies in pool.map(own_part, range(self.workers)):
                    filled = merged(filled, tallies)
            except BaseException:
                stop.set()  # Ctrl-C, or what one of them met: the others need not go on
                raise
        return filled


def fitting(engine: Engine, dataset: Dataset) -> Engine:
    """Return the engine, or threads in its place where it is this process and they pay."""
    workers = min(usable_cores(), _MOST, len(dataset.shards()))
    if engine is not HERE or workers < 2 or len(dataset) * dataset.row_cells < _WORTH_IT:
        return engine
    return Threads(workers)


def usable_cores() -> int:
    """Return how many cores this process may use: in a container fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
