"""How a command ends: exit codes, interruptions, pipes, terminals."""

import errno
import os
import pty
import re
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from labelaudit import load_audit

ESCAPE = "\x1b["
LABELAUDIT = [sys.executable, "-m", "labelaudit"]


def raising(error):
    def step(*_, **__):
        raise error

    return step


@pytest.mark.parametrize(
    "arguments",
    [
        ["audit"],
        ["audti", "x"],
        ["audit", "x", "--nonsense"],
        ["audit", "x", "--seed", "one"],
        ["audit", "x", "--seed", "-1"],
        ["audit", "x", "y"],
        ["audit", "no-such-folder"],
        ["audit", "tiny", "--filter", "prune_by_clas"],
        ["audit", "tiny", "--label-column", "lable"],
        ["audit", "tiny", "--id-column", "idd"],
        ["audit", "tiny", "--id-column", "label"],
        ["audit", "tiny", "--predictions", "nothing.npy"],
        ["audit", "tiny", "--images", "nothing"],
        ["audit", "tiny", "--classes", ""],
        ["audit", "tiny", "-o", "no/such/folder"],
        ["explain", "nonsense"],
        ["report", "no-such-audit"],
        ["show", "tiny"],
        ["--nonsense"],
    ],
)
def test_wrong_use_is_one_line_and_exit_2(cli, tiny, tmp_path, arguments):
    done = cli(*arguments)
    assert done.code == 2
    assert done.complaint
    assert done.out == ""
    assert os.listdir(tmp_path) == ["tiny"]


def test_a_bug_is_exit_3_with_a_traceback(cli, tiny, tmp_path, monkeypatch):
    monkeypatch.setattr("labelaudit.cli.auditfolder.run", raising(RuntimeError("boom")))
    done = cli("audit", tiny)
    assert done.code == 3
    assert "Traceback" in done.err
    assert "this is a bug" in done.err.splitlines()[-1]
    assert os.listdir(tmp_path) == ["tiny"]


def test_ctrl_c_is_exit_130(cli, tiny, tmp_path, monkeypatch):
    cli("audit", tiny)
    before = (tmp_path / "tiny-audit" / "audit.json").read_bytes()
    monkeypatch.setattr("labelaudit.cli.auditfolder.run", raising(KeyboardInterrupt()))
    done = cli("audit", tiny)
    assert done.code == 130
    assert done.err.splitlines()[-1] == "labelaudit: interrupted"
    assert (tmp_path / "tiny-audit" / "audit.json").read_bytes() == before
    assert sorted(os.listdir(tmp_path)) == ["tiny", "tiny-audit"]


def test_a_full_disk_is_one_line(cli, tiny, tmp_path, monkeypatch):
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    monkeypatch.setattr("labelaudit.cli.auditfolder._finish", raising(full))
    done = cli("audit", tiny)
    assert done.code == 2
    assert "No space left on device" in done.complaint
    assert os.listdir(tmp_path) == ["tiny"]


def test_main_exits_with_the_code_of_run(monkeypatch, capsys):
    from labelaudit.cli import main

    monkeypatch.setattr(sys, "argv", ["labelaudit", "explain", "nonsense"])
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2


@pytest.fixture
def large(tmp_path):
    """A dataset that takes a second or two."""
    return made_up(tmp_path / "large", 150_000, 150)


def made_up(folder, n_rows, n_classes):
    folder.mkdir()
    generator = np.random.default_rng(0)
    probabilities = generator.random((n_rows, n_classes), dtype=np.float32)
    labels = np.arange(n_rows) % n_classes
    known = np.flatnonzero(generator.random(n_rows) < 0.4)
    probabilities[known, labels[known]] += 2
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    np.save(folder / "pred_probs.npy", probabilities)
    np.save(folder / "labels.npy", labels)
    return folder


def unmeasured():
    """The environment without coverage: a signal that strikes inside its tracer may hang it."""
    return {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}


def heeding():
    """A shell that puts the tests into the background has them ignore Ctrl-C from the start."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_real_interruption(large, tmp_path, number, code):
    previous = tmp_path / "out"
    subprocess.run([*LABELAUDIT, "ingest", large, "-o", previous, "-q"], check=True)
    before = {path.name: path.read_bytes() for path in previous.glob("*.*")}
    process = subprocess.Popen(
        [*LABELAUDIT, "audit", large, "-o", previous],
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=unmeasured(),
        preexec_fn=heeding,
    )
    while not list(tmp_path.glob(".out.partial-*")) and process.poll() is None:
        time.sleep(0.01)
    time.sleep(0.1)
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert process.returncode == code
    assert "Traceback" not in err
    assert {path.name: path.read_bytes() for path in previous.glob("*.*")} == before
    assert sorted(os.listdir(tmp_path)) == ["large", "out"]
    assert load_audit(previous).detection is None


@pytest.mark.parametrize("command", ["report X --format html", "export X --rows all", "report X"])
def test_a_broken_pipe_is_quiet(digits_audit, command):
    words = [digits_audit if word == "X" else word for word in command.split()]
    process = subprocess.Popen(
        [*LABELAUDIT, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    process.stdout.read(1)
    process.stdout.close()
    err = process.stderr.read()
    process.stderr.close()
    assert process.wait() == 0
    assert err == b""


def test_colour_follows_the_environment(cli, digits_audit, monkeypatch):
    assert ESCAPE not in cli("report", digits_audit).out
    monkeypatch.setenv("FORCE_COLOR", "1")
    coloured = cli("report", digits_audit).out
    assert ESCAPE in coloured
    monkeypatch.setenv("NO_COLOR", "1")
    plain = cli("report", digits_audit).out
    assert ESCAPE not in plain
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("TERM", "dumb")
    assert ESCAPE not in cli("report", digits_audit).out


@pytest.mark.parametrize("columns", ["40", "80", "160", "0", "abc"])
def test_no_line_is_wider_than_the_terminal(cli, digits_audit, monkeypatch, columns):
    from rich.cells import cell_len

    monkeypatch.setenv("COLUMNS", columns)
    widest = int(columns) if columns.isdigit() and int(columns) else 80
    for line in cli("report", digits_audit).out.splitlines():
        assert cell_len(line) <= widest, line


def in_terminal(arguments, cwd, **environment):
    """Run a command with a terminal as its stdout and stderr; return its code and all it wrote."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*LABELAUDIT, *map(str, arguments)],
        stdout=theirs,
        stderr=theirs,
        cwd=cwd,
        env=os.environ | environment,
    )
    os.close(theirs)
    written = b""
    while True:
        try:
            block = os.read(ours, 1 << 16)
        except OSError:  # the other end is closed
            break
        if not block:
            break
        written += block
    os.close(ours)
    return process.wait(), written.decode("utf-8")


def test_in_a_terminal_there_are_bars_and_colour(tmp_path):
    large = made_up(tmp_path / "large", 20_000, 50)
    code, shown = in_terminal(["audit", large], tmp_path)
    assert code == 0
    assert "reading predictions" in shown
    assert "rows/s" in shown
    code, shown = in_terminal(["audit", large], tmp_path, CI="1", NO_COLOR="1", FORCE_COLOR="1")
    assert code == 0
    assert "reading predictions" not in shown
    assert ESCAPE not in shown


def test_a_locale_that_knows_no_unicode(tmp_path, digits_audit):
    environment = os.environ | {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = subprocess.run(
        [*LABELAUDIT, "report", digits_audit], capture_output=True, env=environment, check=True
    )
    assert "━" in done.stdout.decode("utf-8")
    assert done.stderr == b""
