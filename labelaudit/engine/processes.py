"""Worker processes on this machine: shards are looked at by whoever is free."""

import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import resource_tracker
from multiprocessing.connection import wait as wait_for_any
from pathlib import Path

from labelaudit.core.dataset import Shard
from labelaudit.core.errors import InputError
from labelaudit.engine.passes import Look, Watch, merged
from labelaudit.engine.tally import Tally
from labelaudit.engine.threads import usable_cores

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
        self.workers = workers or usable_cores()
        self._pool: ProcessPoolExecutor | None = None

    def settle(self, folder: Path) -> None:
        """Nothing to do: every process of this machine sees what this one sees."""

    def run(self, look: Look, shards: Sequence[Shard], watch: Watch | None = None) -> list[Tally]:
        """Return the tallies of all shards, merged as they come."""
        filled: list[Tally] = []
        left = {shard.index: shard for shard in shards}
        for _ in range(_TRIES):
            waiting: dict[Future[list[Tally]], Shard] = {}
            try:
                pool = self._started()
                for shard in left.values():
                    own = look.within(shard)
                    with deaf_to_interruption():  # a task may start a worker
                        waiting[pool.submit(own, shard)] = shard
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
                initializer=_end_with_parent,
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


@contextlib.contextmanager
def deaf_to_interruption() -> Iterator[None]:
    """Processes and threads started in here never hear Ctrl-C: it is for the one who asked.

    A terminal sends it to all of them, and each would say its traceback. What arrives here
    meanwhile is heard afterwards.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    # It is started with the first process, and would unblock what is blocked here.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _end_with_parent() -> None:
    """See to it that a worker whose parent was killed does not wait for ever."""
    parent = multiprocessing.parent_process()
    assert parent is not None

    def watch() -> None:
        wait_for_any([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
