"""The command line in process, and audits made once to look at."""

import contextlib
import io
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from labelaudit.cli import run


@dataclass
class Done:
    """What a command came to."""

    code: int
    out: str
    err: str

    @property
    def complaint(self) -> str:
        """The one line on stderr that a refusal is, without the name of the tool."""
        lines = self.err.splitlines()
        assert len(lines) == 1, self.err
        assert lines[0].startswith("labelaudit: ")
        assert "Traceback" not in self.err
        return lines[0].removeprefix("labelaudit: ")


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch):
    for name in ("NO_COLOR", "FORCE_COLOR", "CI"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")


@pytest.fixture
def cli(tmp_path, monkeypatch, capsys):
    """Run a command in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: object) -> Done:
        capsys.readouterr()
        code = run([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return Done(code=int(code), out=out, err=err)

    return call


@pytest.fixture(scope="session")
def _digits_audit(tmp_path_factory, sample_data) -> Path:
    folder = tmp_path_factory.mktemp("made") / "digits-audit"
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        assert run(["audit", str(sample_data / "digits"), "-o", str(folder)]) == 0
    return folder


@pytest.fixture
def digits_audit(_digits_audit, tmp_path) -> Path:
    """A copy of the audit of digits, to do with as one likes."""
    return Path(shutil.copytree(_digits_audit, tmp_path / "digits-audit"))


@pytest.fixture
def tiny(tmp_path) -> Path:
    """A sound dataset of nine rows in three classes; two labels are wrong."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    given = ["cat", "dog", "bird", "cat", "dog", "bird", "cat", "dog", "cat"]
    seen = ["cat", "dog", "bird", "cat", "dog", "bird", "cat", "cat", "bird"]
    names = ["bird", "cat", "dog"]
    rows = [
        ",".join([f"r{i}", *("0.8" if name == seen[i] else "0.1" for name in names)])
        for i in range(len(given))
    ]
    (folder / "labels.csv").write_text(
        "id,label\n" + "".join(f"r{i},{label}\n" for i, label in enumerate(given))
    )
    (folder / "predictions.csv").write_text(
        "id,prob_bird,prob_cat,prob_dog\n" + "\n".join(rows) + "\n"
    )
    return folder


def debris(folder: Path) -> list[str]:
    """What an interrupted or failed command might leave behind."""
    return [name for name in os.listdir(folder) if name.startswith(".") or "partial" in name]


@pytest.fixture(scope="session")
def messages_audit(tmp_path_factory, sample_data) -> Path:
    """The audit of messages, to be read and not changed."""
    folder = tmp_path_factory.mktemp("made") / "messages-audit"
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        assert run(["audit", str(sample_data / "messages"), "-o", str(folder)]) == 0
    return folder
