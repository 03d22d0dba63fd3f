"""A cluster: shards are looked at by the workers of Dask, wherever these run."""

import contextlib
import logging
import multiprocessing
import re
import shutil
import tempfile
import time
import warnings
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import CancelledError
from pathlib import Path
from typing import Any
from uuid import uuid4

from labelaudit.core.dataset import Shard
from labelaudit.core.errors import ConfigError, InputError
from labelaudit.core.text import printable
from labelaudit.engine.passes import Look, Watch
from labelaudit.engine.processes import deaf_to_interruption
from labelaudit.engine.tally import Tally
from labelaudit.engine.threads import usable_cores
from labelaudit.engine.workers import answer, look_at, merge, own_version

# So many tallies are merged by one task: few enough to lie on one worker, many enough that a
# thousand shards are merged in four steps.
_FAN_IN = 8
# What is larger than this is put on the workers once and not sent along with every shard.
_LARGE = 1 << 16
_START_S = 20.0
_REACH_S = 5.0
_ARRIVE_S = 5.0
# Nothing heard for so long: look whether there is anyone left.
_SILENCE_S = 10.0
_PATIENCE_S = 60.0
_TRIES = 3
_LOST = "the Dask scheduler was lost"
_LOGGERS = ("distributed", "distributed.client", "distributed.gc", "tornado", "asyncio")


class Cluster:
    """Workers of Dask distributed: a scheduler's, or processes on this machine.

    Tallies are merged on the workers, as a tree, and one small result comes back; columns pass
    through files on a path that all share. The shards of a lost worker are looked at again by
    others, and give the same bytes. Dask pickles between its processes: whoever reaches the
    scheduler can run code, so trusted networks or TLS only.
    """

    name = "dask"
    shares_memory = False

    def __init__(self, address: str | None = None, workers: int | None = None) -> None:
        self.address = address
        self._asked = workers
        self._client: Any = None
        self._local: Any = None
        self._scratch: str | None = None
        self._spared: Collection[Any] = ()
        _imported()  # what is not installed is said before anything is read
        if address is not None:
            self._client = _reached(address)

    @property
    def workers(self) -> int:
        """How many workers there are; how many there will be, where none was needed yet."""
        if self._client is None:
            return self._asked or usable_cores()
        return len(self._client.nthreads())

    def settle(self, folder: Path) -> None:
        """Make sure that every worker is of this version, and shares `folder` with this process.

        A file is written here that every worker must read, and answer with one that must arrive.
        """
        client = self._started()
        token = uuid4().hex
        (folder / token).write_text(token, encoding="utf-8")
        # A worker without labelaudit does not even know the function: an error is an answer.
        answers = client.run(answer, str(folder), token, own_version(), on_error="return")
        for worker, said in sorted(answers.items()):
            if isinstance(said, Exception):
                raise ConfigError(
                    f"worker {worker}: cannot run labelaudit ({printable(said, 200)}); install "
                    f"labelaudit {own_version()} on every worker"
                )
            problem, name = said
            if problem is None and not _arrives(folder / name, token):
                problem = (
                    f"does not share the folder {printable(folder)} (what it writes there does not "
                    "arrive); write the audit to a path that all share (-o)"
                )
            if problem is not None:
                raise InputError(f"worker {worker}: {problem}")
        for path in folder.glob(f"{token}*"):
            path.unlink(missing_ok=True)

    def run(self, look: Look, shards: Sequence[Shard], watch: Watch | None = None) -> list[Tally]:
        """Return the tallies of all shards, merged; the rows of a shard count when it is done."""
        distributed = _imported()
        unseen = {shard.index for shard in shards}

        def done(shard: Shard) -> None:
            if shard.index in unseen and watch is not None:
                unseen.discard(shard.index)
                watch(shard.stop - shard.start)

        client = self._started()
        try:
            for _ in range(_TRIES):
                # What was put on a worker is lost with it: then all is looked at again.
                with contextlib.suppress(CancelledError):
                    return self._looked(client, look, shards, done)
        except distributed.KilledWorker as error:
            address = getattr(error.last_worker, "address", "unknown")
            raise InputError(
                f"worker {address}: died, as {error.allowed_failures} others before it at the "
                "same rows (out of memory?); give the workers more memory or fewer threads"
            ) from None
        except ImportError as error:
            raise InputError(
                f"a worker lacks what this process has: {printable(error, 200)}; install the same "
                "packages on every worker"
            ) from None
        raise InputError(f"{_LOST}, or too many workers; start them again, then run again")

    def _looked(
        self, client: Any, look: Look, shards: Sequence[Shard], done: Callable[[Shard], None]
    ) -> list[Tally]:
        """Submit every shard and the tree of merges above them, and wait for its root."""
        read, keep = _placed(client, look.read), _placed(client, look.keep)
        tallies = _placed(client, look.tallies)
        shared, version = None, own_version()
        waiting: dict[Any, Shard] = {}
        tree = _Tree(lambda parts: client.submit(merge, parts, pure=False))
        for shard in shards:
            columns_of = look.within(shard).columns_of
            if columns_of is not look.columns_of:
                own = _placed(client, columns_of, everywhere=False)
            else:
                own = shared = _placed(client, columns_of) if shared is None else shared
            future = client.submit(look_at, read, tallies, own, keep, shard, version, pure=False)
            waiting[future] = shard
            # Merges are asked for as soon as may be: Dask runs first what was asked for first.
            tree.add(future)
            del future  # who holds a future has its result kept
        root = tree.root()
        for shard in _finished(client, waiting):
            done(shard)
        result: list[Tally] = root.result()
        return result

    def _started(self) -> Any:
        if self._client is None:
            distributed = _imported()
            import dask

            number = self.workers
            self._spared = multiprocessing.active_children()
            self._scratch = tempfile.mkdtemp(prefix="labelaudit-workers-")
            with (
                deaf_to_interruption(),
                warnings.catch_warnings(action="ignore"),
                dask.config.set({"temporary-directory": self._scratch}),
            ):
                self._local = distributed.LocalCluster(
                    n_workers=0,  # they are started below, where Ctrl-C is heard
                    threads_per_worker=1,
                    host="127.0.0.1",
                    dashboard_address="127.0.0.1:0",
                    scheduler_kwargs={"dashboard": False},
                    # Mapped files count as a worker's memory, and are none of it.
                    memory_limit=None,
                    local_directory=self._scratch,
                    silence_logs="CRITICAL",
                )
                self._client = distributed.Client(self._local, set_as_default=False)
            self._local.scale(number)
            try:
                self._client.wait_for_workers(number, timeout=_START_S)
            except TimeoutError:  # one that is killed while it starts never arrives
                if not self._client.nthreads():
                    raise ConfigError(
                        f"no worker process of Dask started within {_START_S:.0f} s; run without "
                        "--engine dask"
                    ) from None
        return self._client

    def close(self) -> None:
        """Let go of the scheduler; end what was started here, at once."""
        client, self._client = self._client, None
        local, self._local = self._local, None
        with contextlib.suppress(Exception):
            if local is not None:
                _end_workers(local, self._spared)
            if client is not None:
                client.close(timeout=2)
            if local is not None:
                local.close(timeout=5)
        if self._scratch is not None:
            shutil.rmtree(self._scratch, ignore_errors=True)


class _Tree:
    """Merges what is added to it, some at a time, and what comes of that likewise."""

    def __init__(self, submit: Callable[[list[Any]], Any]) -> None:
        self.submit = submit
        self.levels: list[list[Any]] = []

    def add(self, future: Any, level: int = 0) -> None:
        if level == len(self.levels):
            self.levels.append([])
        self.levels[level].append(future)
        if len(self.levels[level]) == _FAN_IN:
            parts, self.levels[level] = self.levels[level], []
            self.add(self.submit(parts), level + 1)

    def root(self) -> Any:
        """Return what everything comes to; nothing is held any longer."""
        levels, self.levels = self.levels, []
        rest: list[Any] = []
        for level in levels:
            rest = [*level, *rest]
            if len(rest) > 1:
                rest = [self.submit(rest)]
        return rest[0]


def _imported() -> Any:
    """Return the module `distributed`, which says nothing on its own."""
    try:
        import distributed
    except ImportError:
        raise ConfigError(
            "--engine dask needs Dask, which is not installed: pip install 'labelaudit[dask]'"
        ) from None
    for name in _LOGGERS:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    return distributed


def _reached(address: str) -> Any:
    """Return a client of the scheduler at an address, or say in one line that there is none."""
    distributed = _imported()
    reason = "is no address"
    if re.fullmatch(r"(tcp|tls|ucx|wss?)://\S+:\d{1,5}", address) is not None:
        try:
            with warnings.catch_warnings(action="ignore"):
                client = distributed.Client(address, timeout=_REACH_S, set_as_default=False)
        except (OSError, ValueError, TypeError, RuntimeError) as error:
            # A certificate that is missing is said; of what else went wrong only that it did.
            reason = printable(error, 150) if isinstance(error, TypeError) else "no answer"
        else:
            return _with_workers(client, address)
    raise ConfigError(
        f"--scheduler {_shown(address)}: {reason}; name a running scheduler as "
        "tcp://HOST:PORT or tls://HOST:PORT"
    )


def _shown(address: str) -> str:
    """Return an address as it may be printed: without a user and password."""
    return printable(re.sub(r"//[^/@]*@", "//", address), 80)


def _with_workers(client: Any, address: str) -> Any:
    deadline = time.monotonic() + _REACH_S
    while not client.nthreads():
        if time.monotonic() > deadline:
            client.close(timeout=2)
            raise ConfigError(
                f"--scheduler {_shown(address)}: has no workers; start some with "
                f"`dask worker {_shown(address)}`"
            )
        time.sleep(0.1)
    return client


def _arrives(path: Path, text: str) -> bool:
    """Say whether a file is here, with that text; a network's disk may take a moment."""
    deadline = time.monotonic() + _ARRIVE_S
    while True:
        with contextlib.suppress(OSError):
            if path.read_text(encoding="utf-8") == text:
                return True
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)


def _placed(client: Any, part: Any, everywhere: bool = True) -> Any:
    """Return a part of a look to send along, or where it lies on the workers if it is large."""
    from distributed.protocol.pickle import dumps

    if len(dumps(part)) <= _LARGE:  # type: ignore[no-untyped-call]
        return part
    return client.scatter([part], broadcast=everywhere, hash=False)[0]


def _finished(client: Any, waiting: dict[Any, Shard]) -> Iterator[Shard]:
    """Yield shards as they are done, and let go of each; raise what a worker met."""
    distributed = _imported()
    alone_since = None
    while waiting:
        try:
            for future in distributed.as_completed(
                list(waiting), loop=client.loop, timeout=_SILENCE_S
            ):
                shard = waiting.pop(future)
                if future.status != "finished":
                    future.result()
                yield shard
        except TimeoutError:
            if client.status != "running":
                raise InputError(f"{_LOST}; start it again, then run again") from None
            if client.nthreads():
                alone_since = None
                continue
            alone_since = alone_since or time.monotonic()  # they may come back
            if time.monotonic() - alone_since > _PATIENCE_S:
                raise InputError(
                    "the scheduler has no workers left (out of memory?); start some, then run again"
                ) from None


def _end_workers(local: Any, spared: Collection[Any]) -> None:
    """End the workers that were started here: what they have at hand is of no use any more."""
    for nanny in local.workers.values():
        nanny.auto_restart = False
    for process in multiprocessing.active_children():  # some may only just have been started
        if process.name.startswith("Dask Worker") and process not in spared:
            process.kill()
