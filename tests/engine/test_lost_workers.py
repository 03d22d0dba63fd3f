"""Workers that are killed, that lack what they need, and schedulers that go away."""

import gc
import os
import re
import signal
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from stand_ins import Full, Killing, Waiting

import labelaudit
from labelaudit.auditing import run
from labelaudit.core.errors import ConfigError, InputError, LabelauditError
from labelaudit.core.folder import staged
from labelaudit.core.rows import as_mapped
from labelaudit.core.schema import to_json
from labelaudit.core.settings import Options
from labelaudit.engine.cluster import Cluster
from labelaudit.engine.job import begin
from labelaudit.engine.processes import Processes
from tests.made import dataset, noisy

N_ROWS = 2_000
# Run by a worker before all else.
OTHER_VERSION = """
from importlib import metadata
true = metadata.version
metadata.version = lambda name: "0.0.1" if name == "labelaudit" else true(name)"""
SHARD_ROWS = 250


@pytest.fixture
def made(tmp_path):
    """A dataset whose probabilities lie in a file, in a folder of their own."""
    labels, probabilities = noisy(N_ROWS, 5, seed=2, dtype=np.float32)
    folder = tmp_path / "data"
    folder.mkdir()
    np.save(folder / "pred_probs.npy", probabilities)
    return holding(
        dataset(labels, probabilities),
        as_mapped(np.load(folder / "pred_probs.npy", mmap_mode="r")),
    )


@pytest.fixture(autouse=True)
def _swept():
    """A client that found no scheduler is swept up now, and not while the next one starts.

    Its end takes a lock of Dask, which the one who starts holds.
    """
    yield
    gc.collect()


def holding(made, values):
    return replace(made, probabilities=replace(made.probabilities, values=values))


def audited(made, folder, engine):
    folder.mkdir(exist_ok=True)
    return to_json(run(begin(made, folder, engine, shard_rows=SHARD_ROWS), Options()))


def kill_the_waiting(folder):
    """Kill whoever waits in there, as soon as somebody does; return who it was."""
    killed = []

    def kill():
        for _ in range(600):
            time.sleep(0.05)
            if (folder / "waiting").exists() and (folder / "waiting").read_text().endswith("\n"):
                killed.append(int((folder / "waiting").read_text()))
                os.kill(killed[0], signal.SIGKILL)
                return

    threading.Thread(target=kill, daemon=True).start()
    return killed


def expected(made, tmp_path):
    (tmp_path / "here").mkdir()
    job = begin(made, tmp_path / "here", shard_rows=SHARD_ROWS)
    return to_json(run(job, Options()))


def test_a_process_killed_at_work_costs_nothing_but_time(made, tmp_path):
    slow = holding(made, Waiting(made.probabilities.values, tmp_path, fatal=900))
    killed = kill_the_waiting(tmp_path)
    engine = Processes(2)
    try:
        text = audited(slow, tmp_path / "it", engine)
    finally:
        engine.close()
    assert killed
    assert text == expected(made, tmp_path)


def test_a_worker_killed_at_work_costs_nothing_but_time(made, tmp_path, mortal_dask):
    workers = {mortal_dask.worker().pid for _ in range(2)}
    mortal_dask.await_workers(2)
    slow = holding(made, Waiting(made.probabilities.values, tmp_path, fatal=900))
    killed = kill_the_waiting(tmp_path)
    engine = Cluster(mortal_dask.address)
    try:
        text = audited(slow, tmp_path / "it", engine)
        left = engine.workers
    finally:
        engine.close()
    assert set(killed) <= workers
    assert left == 1
    assert text == expected(made, tmp_path)


def test_rows_that_kill_every_process_are_one_line(made, tmp_path):
    engine = Processes(2)
    deadly = holding(made, Killing(made.probabilities.values, tmp_path, fatal=900))
    with pytest.raises(InputError, match=r"killed 3 times \(out of memory"):
        audited(deadly, tmp_path / "it", engine)
    assert engine._pool is None


def test_rows_that_kill_every_worker_are_one_line(made, tmp_path, mortal_dask):
    for _ in range(2):
        mortal_dask.worker(nanny=True)
    engine = Cluster(mortal_dask.address)
    deadly = holding(made, Killing(made.probabilities.values, tmp_path, fatal=900))
    try:
        with pytest.raises(InputError, match=r"^worker tcp://\S+: died, as 3 others before it"):
            audited(deadly, tmp_path / "it", engine)
    finally:
        engine.close()


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr("labelaudit.engine.cluster._SILENCE_S", 0.5)
    monkeypatch.setattr("labelaudit.engine.cluster._PATIENCE_S", 2.0)


def test_no_worker_left_is_one_line(made, tmp_path, mortal_dask, impatient):
    mortal_dask.worker()
    engine = Cluster(mortal_dask.address)
    deadly = holding(made, Killing(made.probabilities.values, tmp_path, fatal=900))
    try:
        with pytest.raises(InputError, match="has no workers left"):
            audited(deadly, tmp_path / "it", engine)
    finally:
        engine.close()


def test_a_lost_scheduler_is_one_line(made, tmp_path, mortal_dask, impatient):
    mortal_dask.worker()
    engine = Cluster(mortal_dask.address)
    slow = holding(made, Waiting(made.probabilities.values, tmp_path, fatal=900))

    def kill():
        while not (tmp_path / "waiting").exists():
            time.sleep(0.05)
        mortal_dask.scheduler.kill()

    threading.Thread(target=kill, daemon=True).start()
    started = time.monotonic()
    try:
        with pytest.raises(InputError, match="scheduler"):
            audited(slow, tmp_path / "it", engine)
    finally:
        engine.close()
    assert time.monotonic() - started < 30


@pytest.mark.parametrize(
    ("before", "said"),
    [
        (OTHER_VERSION, "has labelaudit 0.0.1, not "),
        ("import sys; sys.modules['labelaudit'] = None", "cannot run labelaudit "),
    ],
    ids=["another", "none"],
)
def test_a_worker_of_another_version_is_named(made, tmp_path, mortal_dask, before, said):
    mortal_dask.worker()
    mortal_dask.worker(before)
    mortal_dask.await_workers(2)
    engine = Cluster(mortal_dask.address)
    try:
        with pytest.raises(LabelauditError, match=rf"^worker tcp://\S+: {said}"):
            audited(made, tmp_path / "it", engine)
    finally:
        engine.close()


def test_a_worker_that_does_not_share_the_audit_folder_is_named(
    made, tmp_path, mortal_dask, can_hide
):
    mortal_dask.worker()
    (tmp_path / "it").mkdir()
    mortal_dask.worker(hidden=tmp_path / "it")
    mortal_dask.await_workers(2)
    engine = Cluster(mortal_dask.address)
    try:
        with pytest.raises(InputError, match="-o") as refused:
            audited(made, tmp_path / "it", engine)
    finally:
        engine.close()
    said = str(refused.value)
    assert said.startswith("worker tcp://")
    assert f"does not share the folder {tmp_path / 'it' / 'working'} (No such file" in said


def test_a_worker_without_the_data_is_named(made, tmp_path, mortal_dask, can_hide):
    mortal_dask.worker(hidden=tmp_path / "data")
    engine = Cluster(mortal_dask.address)
    try:
        with pytest.raises(InputError, match=r"at this path, for everyone") as refused:
            audited(made, tmp_path / "it", engine)
    finally:
        engine.close()
    said = str(refused.value)
    assert said.startswith("worker tcp://")
    assert f"{tmp_path / 'data' / 'pred_probs.npy'}: cannot be read any more: No such file" in said


@pytest.mark.parametrize("kind", ["processes", "dask"])
def test_a_full_disk_where_a_worker_is_leaves_nothing(made, tmp_path, kind, request):
    full = holding(made, Full(made.probabilities.values, tmp_path, fatal=900))
    if kind == "processes":
        engine = Processes(2)
    else:
        engine = Cluster(request.getfixturevalue("dask").address)
    try:
        with (
            pytest.raises(InputError, match=r"/somewhere: No space left on device; nothing was"),
            staged(tmp_path / "it") as folder,
        ):
            audited(full, folder, engine)
    finally:
        engine.close()
    assert {"it"} & set(os.listdir(tmp_path)) == set()
    assert not [name for name in os.listdir(tmp_path) if "partial" in name]


def test_no_scheduler_is_one_line_soon(monkeypatch):
    pytest.importorskip("distributed")
    monkeypatch.setattr("labelaudit.engine.cluster._REACH_S", 1.0)
    started = time.monotonic()
    with pytest.raises(ConfigError, match=r"^--scheduler tcp://127.0.0.1:1: no answer; name a"):
        Cluster("tcp://127.0.0.1:1")
    assert time.monotonic() - started < 10


@pytest.mark.parametrize(
    "address", ["nonsense", "tcp://", "http://x:1", "127.0.0.1:1", "tcp://a:b", ""]
)
def test_what_is_no_address_is_one_line(address):
    pytest.importorskip("distributed")
    with pytest.raises(ConfigError, match="tcp://HOST:PORT"):
        Cluster(address)


def test_a_scheduler_without_workers_is_one_line(mortal_dask, monkeypatch):
    monkeypatch.setattr("labelaudit.engine.cluster._REACH_S", 0.5)
    with pytest.raises(ConfigError, match="has no workers; start some with `dask worker tcp://"):
        Cluster(mortal_dask.address)


def test_a_missing_certificate_is_one_line():
    pytest.importorskip("distributed")
    with pytest.raises(ConfigError, match=r"^--scheduler tls://127.0.0.1:1: TLS"):
        Cluster("tls://127.0.0.1:1")


def test_an_interruption_leaves_nothing_where_others_are_still_at_work(made, tmp_path, dask):
    """The scheduler is somebody's, its workers go on for a while: they find no place to write."""
    waiting = holding(made, Waiting(made.probabilities.values, tmp_path, fatal=900))

    def interrupt():
        while not (tmp_path / "waiting").exists():
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGINT)
        threading.Event().wait(0.5)
        (tmp_path / "go").touch()

    # Where tests run in the background, Ctrl-C is ignored from the start.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    threading.Thread(target=interrupt, daemon=True).start()
    started = time.monotonic()
    engine = Cluster(dask.address)
    try:
        with pytest.raises(KeyboardInterrupt), staged(tmp_path / "it") as folder:
            audited(waiting, folder, engine)
    finally:
        signal.signal(signal.SIGINT, before)
        engine.close()
    assert time.monotonic() - started < 20
    time.sleep(1.5)  # the worker reads on, and would write
    assert not [name for name in os.listdir(tmp_path) if "it" in name and name != "waiting"]


def test_only_the_engine_knows_dask():
    package = Path(labelaudit.__file__).parent
    knowing = {
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        if re.search(r"^\s*(import|from) (dask|distributed)\b", path.read_text(), re.MULTILINE)
    }
    assert knowing == {"engine/cluster.py", "engine/workers.py"}


def test_without_dask_the_install_line_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ConfigError, match=r"pip install 'labelaudit\[dask\]'"):
        Cluster()
