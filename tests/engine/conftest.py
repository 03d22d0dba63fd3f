"""A Dask cluster as one is: a scheduler and workers, each a process of its own."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
# Run the worker's command line after something else.
WORKER = "from distributed.cli.dask_worker import main; main()"


def unavailable(what: str, reason: str) -> None:
    """Skip, or fail where it is required."""
    if what in os.environ.get("LABELAUDIT_REQUIRE", "").split(","):
        pytest.fail(f"{what} is required: {reason}")
    pytest.skip(reason)


class Dask:
    """A scheduler on this machine and its workers."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        # What tests send to workers lies beside them.
        places = [str(ROOT), str(ROOT / "tests" / "engine"), os.environ.get("PYTHONPATH", "")]
        self.environment = {
            name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")
        } | {"PYTHONPATH": os.pathsep.join(filter(None, places))}
        self.processes: list[subprocess.Popen[bytes]] = []
        note = folder / "scheduler.json"
        self.scheduler = self._start(
            [
                *(sys.executable, "-m", "distributed.cli.dask_scheduler", "--no-dashboard"),
                *("--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(note)),
            ]
        )
        self.address = ""
        while not self.address:
            time.sleep(0.05)
            assert self.scheduler.poll() is None, self.log()
            with contextlib.suppress(OSError, ValueError):
                self.address = json.loads(note.read_text())["address"]

    def worker(
        self, before: str = "", hidden: Path | None = None, nanny: bool = False, threads: int = 1
    ) -> subprocess.Popen[bytes]:
        """Start a worker; `before` is run first, a `hidden` folder is empty for it."""
        words = [sys.executable, "-c", f"{before}\n{WORKER}", self.address]
        words += [
            "--nthreads",
            str(threads),
            "--no-dashboard",
            "--memory-limit",
            "0",
            "--local-directory",
            str(self.folder),
        ]
        words += [] if nanny else ["--no-nanny"]
        if hidden is not None:
            own = 'mount -t tmpfs none "$1" && shift && exec "$@"'
            words = ["unshare", "--mount", "sh", "-c", own, "sh", str(hidden), *words]
        return self._start(words)

    def await_workers(self, number: int) -> None:
        from distributed import Client

        with Client(self.address, set_as_default=False) as client:
            client.wait_for_workers(number, timeout=30)

    def _start(self, words: list[str]) -> subprocess.Popen[bytes]:
        with (self.folder / "log").open("ab") as log:
            process = subprocess.Popen(
                words, stdout=log, stderr=log, env=self.environment, start_new_session=True
            )
        self.processes.append(process)
        return process

    def log(self) -> str:
        return (self.folder / "log").read_text()

    def close(self) -> None:
        for process in reversed(self.processes):
            process.kill()
            process.wait()


@contextlib.contextmanager
def running_dask(folder: Path, workers: int = 2) -> Iterator[Dask]:
    try:
        import distributed  # noqa: F401
    except ImportError:
        unavailable("dask", "distributed is not installed")
    dask = Dask(folder / "dask")
    try:
        for number in range(workers):
            dask.worker(threads=1 + number)
        if workers:
            dask.await_workers(workers)
        yield dask
    finally:
        dask.close()


@pytest.fixture(scope="module")
def dask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dask]:
    """Two workers, one of two threads, that live as long as nobody kills them."""
    with running_dask(tmp_path_factory.mktemp("cluster")) as started:
        yield started


@pytest.fixture
def mortal_dask(tmp_path: Path) -> Iterator[Dask]:
    """A scheduler and no workers yet, to do with as one likes."""
    with running_dask(tmp_path, workers=0) as started:
        yield started


@pytest.fixture
def can_hide() -> None:
    """A process can have a view of the disk of its own."""
    tried = ["unshare", "--mount", "sh", "-c", "mount -t tmpfs none /mnt"]
    if shutil.which("unshare") is None or subprocess.run(tried, capture_output=True).returncode:
        pytest.skip("a view of the disk of its own needs root and unshare")


@pytest.fixture
def with_faiss(monkeypatch: pytest.MonkeyPatch) -> None:
    """The extra `labelaudit[knn]` is here, and worth it for any number of rows."""
    from labelaudit.engine import neighbours

    if neighbours.faiss() is None:
        unavailable("knn", "faiss is not installed")
    monkeypatch.setattr(neighbours, "_WORTH_FAISS", 1)
