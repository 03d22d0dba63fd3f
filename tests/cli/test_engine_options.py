"""The options that choose an engine, and how a command that has one ends."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from labelaudit.engine.passes import Here
from tests.cli.test_endings import LABELAUDIT, heeding, made_up, unmeasured

ENGINES = [["--engine", "processes", "--workers", "2"], ["--engine", "dask", "--workers", "2"]]


@pytest.fixture(autouse=True)
def _dask_where_asked(request):
    if "dask" in str(request.node.callspec.params if hasattr(request.node, "callspec") else ""):
        try:
            import distributed  # noqa: F401
        except ImportError:
            if "dask" in os.environ.get("LABELAUDIT_REQUIRE", "").split(","):
                pytest.fail("dask is required: distributed is not installed")
            pytest.skip("distributed is not installed")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--engine", "proceses"], "not one of here, processes, dask; did you mean 'processes'?"),
        (["--engine", ""], "not one of here, processes, dask"),
        (["--workers", "2"], "--engine processes or --engine dask"),
        (["--engine", "processes", "--workers", "0"], "'--workers'"),
        (["--engine", "processes", "--workers", "two"], "'--workers'"),
        (["--engine", "processes", "--scheduler", "tcp://a:1"], "goes with --engine dask"),
        (["--scheduler", "tcp://a:1", "--workers", "2"], "workers of its own"),
    ],
)
@pytest.mark.parametrize("command", ["audit", "ingest", "detect", "measure"])
def test_a_wrong_engine_is_refused_before_anything_is_read(cli, command, arguments, said):
    done = cli(command, "no-such-dataset", *arguments)
    assert done.code == 2
    assert said in done.complaint


def run_of(folder):
    return json.loads((folder / "run.json").read_text())


@pytest.mark.parametrize("engine", ENGINES, ids=lambda words: words[1])
def test_every_command_gives_the_same_bytes_on_every_engine(tmp_path, sample_data, engine):
    def run(*words):
        done = subprocess.run(
            [*LABELAUDIT, *map(str, words), "-q"], cwd=tmp_path, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        assert done.stderr == ""

    digits = sample_data / "digits"
    run("audit", digits, "-o", "here")
    run("audit", digits, "-o", "there", *engine)
    # A cluster takes its time to start: one step on it shall do.
    others = ENGINES[0] if engine == ENGINES[1] else engine
    run("ingest", digits, "-o", "steps", *others)
    run("detect", "steps", *others)
    run("measure", "steps", *engine)
    for name in ("audit.json", "findings.parquet", "flagged.csv", "scores/part-00000.parquet"):
        expected = (tmp_path / "here" / name).read_bytes()
        assert (tmp_path / "there" / name).read_bytes() == expected, name
        assert (tmp_path / "steps" / name).read_bytes() == expected, name
    assert (run_of(tmp_path / "here")["engine"], run_of(tmp_path / "here")["workers"]) == (
        "here",
        1,
    )
    for folder in ("there", "steps"):
        noted = run_of(tmp_path / folder)
        assert (noted["engine"], noted["workers"]) == (engine[1], 2)
    assert sorted(os.listdir(tmp_path)) == ["here", "steps", "there"]


def processes_of(marker):
    """Return the processes that have a text in their environment."""
    found = []
    for entry in os.listdir("/proc"):
        try:
            with open(f"/proc/{entry}/environ", "rb") as file:
                if marker.encode() in file.read():
                    found.append(int(entry))
        except OSError:
            continue
    return found


@pytest.mark.skipif(not os.path.isdir("/proc"), reason="who is left is read from /proc")
@pytest.mark.parametrize(
    ("number", "code", "delay"),
    [(signal.SIGINT, 130, 0.2), (signal.SIGINT, 130, 0.9), (signal.SIGTERM, 143, 0.8)],
)
@pytest.mark.parametrize("engine", ENGINES, ids=lambda words: words[1])
def test_an_interruption_ends_all_at_once_and_leaves_nothing(tmp_path, engine, number, code, delay):
    large = made_up(tmp_path / "large", 60_000, 150)
    (tmp_path / "tmp").mkdir()
    marker = f"LABELAUDIT_TEST={tmp_path}"
    process = subprocess.Popen(
        [*LABELAUDIT, "audit", large, "-o", tmp_path / "out", *engine],
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=unmeasured() | dict([marker.split("=", 1)]) | {"TMPDIR": str(tmp_path / "tmp")},
        preexec_fn=heeding,
        process_group=0,
    )
    while not list(tmp_path.glob(".out.partial-*")) and process.poll() is None:
        time.sleep(0.01)
    time.sleep(delay)
    # A terminal sends Ctrl-C to all processes of a command, `kill` is for one.
    (os.killpg if number == signal.SIGINT else os.kill)(process.pid, number)
    started = time.monotonic()
    _, err = process.communicate(timeout=60)
    if not (tmp_path / "out" / "audit.json").exists():  # else it struck when all was done
        assert process.returncode == code, err
        assert time.monotonic() - started < 5
        assert err == ("labelaudit: interrupted\n" if number == signal.SIGINT else "")
        assert sorted(os.listdir(tmp_path)) == ["large", "tmp"]
    time.sleep(0.2)
    assert processes_of(marker) == []


@pytest.mark.skipif(not os.path.isdir("/proc"), reason="who is left is read from /proc")
@pytest.mark.parametrize("engine", ENGINES, ids=lambda words: words[1])
def test_workers_do_not_outlive_the_one_who_asked(tmp_path, engine):
    large = made_up(tmp_path / "large", 60_000, 150)
    process = subprocess.Popen(
        [*LABELAUDIT, "audit", large, "-o", tmp_path / "out", *engine],
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        env=unmeasured() | {"LABELAUDIT_TEST": str(tmp_path), "TMPDIR": str(tmp_path)},
    )
    while len(processes_of(f"LABELAUDIT_TEST={tmp_path}")) < 3 and process.poll() is None:
        time.sleep(0.05)
    process.kill()
    process.wait()
    deadline = time.monotonic() + 15
    while processes_of(f"LABELAUDIT_TEST={tmp_path}") and time.monotonic() < deadline:
        time.sleep(0.1)
    assert processes_of(f"LABELAUDIT_TEST={tmp_path}") == []


def test_a_bug_closes_the_engine(cli, tiny, monkeypatch):
    closed = []
    monkeypatch.setattr(Here, "close", lambda self: closed.append(self))
    monkeypatch.setattr("labelaudit.cli.auditfolder.run", lambda *_: 1 / 0)
    assert cli("audit", tiny).code == 3
    assert len(closed) == 1


def test_without_dask_there_is_one_line(cli, tiny, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    done = cli("audit", tiny, "--engine", "dask")
    assert done.code == 2
    assert "pip install 'labelaudit[dask]'" in done.complaint


# The digest of unchanged predictions.

REUSED = "predictions unchanged: their digest is reused (--fresh reads them again)"


@pytest.fixture
def settled(tmp_path):
    """A dataset of arrays, with embeddings beside."""
    folder = made_up(tmp_path / "data", 2_000, 5)
    np.save(folder / "embeddings.npy", np.random.default_rng(0).normal(size=(2_000, 3)))
    return folder


def test_unchanged_predictions_are_not_read_again(cli, settled, tmp_path, monkeypatch):
    assert REUSED not in cli("audit", settled, "-o", "out").err
    first = (tmp_path / "out" / "audit.json").read_bytes()
    with monkeypatch.context() as patched:
        patched.setattr("labelaudit.surveying.read_through", None)
        done = cli("audit", settled, "-o", "out")
        assert done.code == 0, done.err
        assert REUSED in done.err
        assert REUSED not in cli("audit", settled, "-o", "out", "-q").err
        assert cli("ingest", settled, "-o", "out").code == 0
    assert cli("detect", "out").code == 0
    assert cli("measure", "out").code == 0
    assert (tmp_path / "out" / "audit.json").read_bytes() == first
    for command in ("ingest", "audit"):
        assert REUSED not in cli(command, settled, "-o", "out", "--fresh").err
    assert (tmp_path / "out" / "audit.json").read_bytes() == first


def changed_value(folder):
    values = np.load(folder / "pred_probs.npy")
    values[:2] = values[[1, 0]]
    before = os.stat(folder / "pred_probs.npy")
    np.save(folder / "pred_probs.npy", values)
    os.utime(folder / "pred_probs.npy", ns=(before.st_atime_ns, before.st_mtime_ns))


def changed_label(folder):
    labels = np.load(folder / "labels.npy")
    labels[0] = labels[0] % 5 + 1 if labels[0] < 4 else 0
    np.save(folder / "labels.npy", labels)


def changed_time(folder):
    os.utime(folder / "pred_probs.npy", (1, 1))


@pytest.mark.parametrize("change", [changed_value, changed_label, changed_time])
def test_what_has_changed_is_read_again(cli, settled, tmp_path, change):
    cli("audit", settled, "-o", "out")
    change(settled)
    assert REUSED not in cli("audit", settled, "-o", "out").err
    cli("audit", settled, "-o", "anew")
    one, other = (tmp_path / name / "audit.json" for name in ("out", "anew"))
    assert one.read_bytes() == other.read_bytes()
    assert REUSED in cli("audit", settled, "-o", "out").err


def test_other_embeddings_leave_the_digest_as_it_is(cli, settled):
    cli("audit", settled, "-o", "out")
    np.save(settled / "embeddings.npy", np.random.default_rng(1).normal(size=(2_000, 3)))
    assert REUSED in cli("audit", settled, "-o", "out").err


def shorter(part):
    part.write_bytes(part.read_bytes()[:-100])


def one_bit(part):
    held = bytearray(part.read_bytes())
    held[len(held) // 2] ^= 1  # within the numbers
    part.write_bytes(bytes(held))


@pytest.mark.parametrize(
    "damage",
    [
        shorter,
        one_bit,
        lambda part: part.unlink(),
        lambda part: (part.parent / "key.json").unlink(),
        lambda part: (part.parent / "key.json").write_text("{"),
        lambda part: (part.parent / "key.json").write_text("[]"),
    ],
)
def test_a_damaged_digest_is_made_anew_without_a_word(cli, settled, tmp_path, damage):
    cli("audit", settled, "-o", "out")
    first = (tmp_path / "out" / "audit.json").read_bytes()
    damage(tmp_path / "out" / "digest" / "part-00000.arrow")
    done = cli("audit", settled, "-o", "out")
    assert done.code == 0
    assert REUSED not in done.err
    assert (tmp_path / "out" / "audit.json").read_bytes() == first
    assert REUSED in cli("audit", settled, "-o", "out").err


def test_repaired_rounding_is_remembered(cli, tmp_path):
    folder = made_up(tmp_path / "data", 500, 5)
    values = np.load(folder / "pred_probs.npy")
    np.save(folder / "pred_probs.npy", values.round(3))
    assert cli("audit", folder, "-o", "out").code == 0
    first = (tmp_path / "out" / "audit.json").read_bytes()
    assert b'"repaired"' in first
    assert REUSED in cli("audit", folder, "-o", "out").err
    assert (tmp_path / "out" / "audit.json").read_bytes() == first
