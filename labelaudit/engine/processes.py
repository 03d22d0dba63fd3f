"""Worker processes on this machine: shards are looked at by whoever is free."""

import multiprocessing
import os
import signal
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool

from labelaudit.core.dataset import Shard
from labelaudit.core.errors import InputError
from labelaudit.engine.passes import Look, Watch, merged
from labelaudit.engine.tally import Tally

# A shard that costs a worker its life so often is not tried again.
_TRIES = 3


class Processes:
    """As many processes as asked for; each shard is looked at by one of them.

    What they find comes back as small tallies; columns pass through files. A worker that is
    lost (out of memory, killed) costs only the shards it had at hand: they are looked at again.
    """

    name = "processes"
    shares_memory = False

    def __init__(self, workers: int | None = None) -> None:
        self.workers = workers or os.cpu_count() or 1
        self._pool: ProcessPoolExecutor | None = None

    def run(self, look: Look, shards: Sequence[Shard], watch: Watch | None = None) -> list[Tally]:
        """Return the tallies of all shards, merged as they come."""
        filled: list[Tally] = []
        left = {shard.index: shard for shard in shards}
        for _ in range(_TRIES):
            waiting: dict[Future[list[Tally]], Shard] = {}
            try:
                pool = self._started()
                for shard in left.values():
                    waiting[pool.submit(look.within(shard), shard)] = shard
                while waiting:
                    for future in wait(waiting, return_when=FIRST_COMPLETED).done:
                        shard = waiting.pop(future)
                        filled = merged(filled, future.result())
                        del left[shard.index]
                        if watch is not None:
                            watch(shard.stop - shard.start)
            except BrokenProcessPool:
                self.close()
                continue
            except BaseException:
                self.close()
                raise
            return filled
        raise InputError(
            f"worker processes were killed {_TRIES} times (out of memory?); ask for fewer with "
            "--workers, or leave --engine out"
        )

    def _started(self) -> ProcessPoolExecutor:
        if self._pool is None:
            # A fresh interpreter each: a copy of a process that has threads may wait for ever.
            self._pool = ProcessPoolExecutor(
                self.workers,
                mp_context=multiprocessing.get_context("spawn"),
                initializer=signal.signal,
                initargs=(signal.SIGINT, signal.SIG_IGN),  # Ctrl-C is for the one who asked
            )
        return self._pool

    def close(self) -> None:
        """Stop the workers, at once."""
        pool, self._pool = self._pool, None
        if pool is None:
            return
        workers = list((pool._processes or {}).values())
        pool.shutdown(wait=False, cancel_futures=True)
        for worker in workers:
            worker.terminate()
        for worker in workers:
            worker.join()
