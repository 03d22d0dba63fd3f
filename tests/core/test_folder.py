"""The audit folder: whole or not there at all, and the user's own files untouched."""

import errno
import os
import signal
import threading
from pathlib import Path

import pytest

from labelaudit.core import folder as core_folder
from labelaudit.core.errors import InputError
from labelaudit.core.folder import check_target, is_audit, staged, whole, write_text

AUDIT = '{\n "tool": "labelaudit"'


def fill(folder: Path, text: str) -> None:
    (folder / "audit.json").write_text(AUDIT + text)
    (folder / "flagged.csv").write_text(text)
    (folder / "scores").mkdir()
    (folder / "scores" / "part-00000.parquet").write_text(text)


def half_way(target: Path, error: BaseException) -> None:
    with staged(target) as folder:
        fill(folder, "half")
        raise error


def content(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture
def previous(tmp_path):
    target = tmp_path / "x-audit"
    with staged(target) as folder:
        fill(folder, "first")
        (folder / "report.html").write_text("first")
    (target / "mine.txt").write_text("mine")
    (target / "review").mkdir()
    (target / "review" / "notes.txt").write_text("mine too")
    return target


def test_a_new_audit_takes_the_place_of_the_old(previous, tmp_path):
    with staged(previous) as folder:
        fill(folder, "second")
    assert content(previous) == {
        "audit.json": AUDIT + "second",
        "flagged.csv": "second",
        "scores/part-00000.parquet": "second",
        "mine.txt": "mine",
        "review/notes.txt": "mine too",
    }
    assert os.listdir(tmp_path) == ["x-audit"]


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("bug"),
        KeyboardInterrupt(),
        SystemExit(143),
        InputError("bad"),
        BrokenPipeError(errno.EPIPE, "gone"),
        OSError("of a library, not of the system"),
    ],
)
def test_an_error_leaves_the_previous_audit(previous, tmp_path, error):
    before = content(previous)
    with pytest.raises(type(error)):
        half_way(previous, error)
    assert content(previous) == before
    assert os.listdir(tmp_path) == ["x-audit"]


def test_a_full_disk_is_one_line(previous, tmp_path):
    before = content(previous)
    for error in (
        OSError(errno.ENOSPC, "No space left on device"),
        OSError(errno.ENOSPC, "No space left on device", "some/file"),
    ):
        with pytest.raises(InputError, match=r"No space left on device; nothing was published"):
            half_way(previous, error)
    assert content(previous) == before
    assert os.listdir(tmp_path) == ["x-audit"]


@pytest.mark.parametrize("stop_at", range(1, 8))
def test_a_failure_while_files_change_places_is_undone(previous, tmp_path, monkeypatch, stop_at):
    before = content(previous)
    moves = 0
    rename = Path.rename

    def failing(self, target):
        nonlocal moves
        moves += 1
        if moves == stop_at:
            raise OSError(errno.EACCES, "Permission denied", str(self))
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(InputError, match="Permission denied"), staged(previous) as folder:
        fill(folder, "second")
    assert content(previous) == before
    assert os.listdir(tmp_path) == ["x-audit"]


def test_signals_wait_until_files_have_changed_places(previous, monkeypatch):
    # A shell that puts the tests into the background has them ignore Ctrl-C from the start.
    inherited = signal.signal(signal.SIGINT, signal.default_int_handler)
    seen = {}
    lexists = os.path.lexists

    def looking(path):
        seen.update({n: signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)})
        return lexists(path)

    with staged(previous) as folder:
        fill(folder, "second")
        monkeypatch.setattr(core_folder.os.path, "lexists", looking)
    assert set(seen.values()) == {signal.SIG_IGN}
    assert signal.signal(signal.SIGINT, inherited) is signal.default_int_handler


def test_it_works_in_another_thread(previous):
    def work():
        with staged(previous) as folder:
            fill(folder, "second")

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert (previous / "flagged.csv").read_text() == "second"


def test_an_empty_folder_may_be_filled(tmp_path):
    (tmp_path / "empty").mkdir()
    with staged(tmp_path / "empty") as folder:
        fill(folder, "first")
    assert is_audit(tmp_path / "empty")


def test_what_is_no_audit_is_refused(tmp_path):
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    (theirs / "audit.json").write_text('{"tool": "another"}')
    (tmp_path / "file").write_text("x")
    (tmp_path / "broken").symlink_to("nowhere")
    (tmp_path / "loop").symlink_to("loop")
    for target, said in [
        (theirs, "is a folder that is no audit"),
        (tmp_path / "file", "is no folder"),
        (tmp_path / "broken", "is no folder"),
        (tmp_path / "loop", "is no folder|cannot hold"),
        (Path("/dev/null"), "is no folder"),
        (Path("/"), "is a folder that is no audit"),
        (tmp_path / "no" / "where", "no such folder"),
        (tmp_path / "file" / "x", "no such folder"),
        (tmp_path / ("n" * 300), "cannot hold an audit|cannot be written"),
    ]:
        with pytest.raises(InputError, match=said), staged(target):
            raise AssertionError("unreachable")
    assert sorted(os.listdir(tmp_path)) == ["broken", "file", "loop", "theirs"]


def test_a_folder_that_cannot_be_written(tmp_path, monkeypatch):
    def refusing(*_, **__):
        raise PermissionError(errno.EACCES, "Permission denied", "x")

    monkeypatch.setattr(core_folder.tempfile, "mkdtemp", refusing)
    with pytest.raises(InputError, match=r"x: cannot be written: Permission denied"):
        half_way(Path("x"), RuntimeError())
    monkeypatch.setattr(core_folder.tempfile, "mkstemp", refusing)
    with pytest.raises(InputError, match=r"x: cannot be written: Permission denied"):
        write_text(tmp_path / "x", "text")
    monkeypatch.setattr(Path, "iterdir", refusing)
    with pytest.raises(InputError, match=r"cannot hold an audit: Permission denied"):
        check_target(tmp_path)


def test_write_text_is_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "label.html"
    write_text(path, "first\r\n")
    assert path.read_bytes() == b"first\r\n"
    assert path.stat().st_mode & 0o777 == 0o666 & ~core_folder._umask()

    def failing(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(core_folder.os, "fsync", failing)
    with pytest.raises(InputError, match="No space left"):
        write_text(path, "second")
    assert path.read_bytes() == b"first\r\n"
    assert os.listdir(tmp_path) == ["label.html"]


def test_an_interrupted_write_leaves_no_debris(tmp_path):
    path = tmp_path / "x"

    def stopped():
        with whole(path) as partial:
            partial.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped()
    assert os.listdir(tmp_path) == []


def test_write_text_onto_strange_things(tmp_path):
    with pytest.raises(InputError, match="cannot be written: Is a directory"):
        write_text(tmp_path, "x")
    with pytest.raises(InputError, match="cannot be written"):
        write_text(tmp_path / "no" / "where", "x")
    with pytest.raises(InputError, match="cannot be written"):
        write_text(tmp_path / ("n" * 300), "x")
    write_text(Path("/dev/null"), "x")
    assert not Path("/dev/null").is_file()
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to("real")
    write_text(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "new"
    write_text(tmp_path / "half", "a\ud800b")
    assert (tmp_path / "half").read_text() == "a\\ud800b"
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    write_text(tmp_path / "pipe", "through")
    assert os.read(reader, 100) == b"through"
    os.close(reader)
