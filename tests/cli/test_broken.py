"""Every broken folder of the sample data: its message on one line, and nothing left behind."""

import os
from pathlib import Path

import pytest

BROKEN = Path(__file__).resolve().parents[2] / "sample_data" / "broken"
NAMES = sorted(path.name for path in BROKEN.iterdir() if path.is_dir())


def test_all_are_here():
    assert len(NAMES) == 15


@pytest.mark.parametrize("name", NAMES)
def test_gives_its_message(name, cli, tmp_path):
    fragment, *rest = (BROKEN / name / "EXPECTED.txt").read_text(encoding="utf-8").splitlines()
    status = int(rest[0].removeprefix("exit ")) if rest else 2
    done = cli("audit", BROKEN / name)
    assert done.code == status
    assert fragment in done.complaint
    assert done.out == ""
    left = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    # What a check refuses is written down; of what cannot be read at all nothing is.
    assert left in (set(), {f"{name}-audit/refused.json", f"{name}-audit/refused.html"})


@pytest.mark.parametrize("name", NAMES)
def test_leaves_an_earlier_audit_as_it_was(name, cli, tiny, tmp_path):
    assert cli("audit", tiny, "-o", "kept").code == 0
    before = {path.name: path.read_bytes() for path in (tmp_path / "kept").glob("*.*")}
    assert cli("audit", BROKEN / name, "-o", "kept").code in (2, 4)
    after = {path.name: path.read_bytes() for path in (tmp_path / "kept").glob("*.*")}
    assert set(after) - set(before) <= {"refused.json", "refused.html"}
    assert {own: after[own] for own in before} == before
    assert sorted(os.listdir(tmp_path)) == ["kept", "tiny"]
