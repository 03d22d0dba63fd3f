"""A baseline knows its rows again in any order; only rows added or relabelled since are new."""

import csv
import json
import shutil
import subprocess
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import labelaudit
from labelaudit.check.baseline import Baseline, baseline_of, matched, read, without, write
from labelaudit.check.suspicions import suspicions_of
from labelaudit.check.verdict import Matched, Suspicion
from labelaudit.core.errors import InputError
from labelaudit.core.results import Audit
from tests.made import noisy

TODAY = date(2026, 11, 24)
LABELS, GIVEN_BY = noisy(600, 3, seed=4)
IDS = np.array([f"row {k}" for k in range(600)])


def audit_of(rows: np.ndarray, labels: np.ndarray = LABELS, ids: bool = True) -> Audit:
    return labelaudit.audit(
        labels[rows],
        GIVEN_BY[rows],
        class_names=["a", "b", "c"],
        ids=IDS[rows].tolist() if ids else None,
    )


def against(audit: Audit, baseline: Baseline) -> tuple[tuple[Suspicion, ...], Matched]:
    return matched(suspicions_of(audit), baseline, "b.json", TODAY)


ALL = np.arange(600)
WHOLE = audit_of(ALL)
BASE = baseline_of(WHOLE)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 10_000), st.integers(500, 600))
def test_any_order_and_any_part_of_the_rows_has_nothing_new(seed, size):
    rows = np.random.default_rng(seed).permutation(600)[:size]
    told, found = against(audit_of(rows), BASE)
    assert found.n_new == 0
    assert found.n_known + found.n_moved == sum(1 for _ in suspicions_of(audit_of(rows)))
    assert all(one.state == "moved" for one in told)


def test_rows_that_come_in_are_new_and_old_ones_that_move_are_not():
    base = baseline_of(audit_of(ALL[:500]))
    whole = list(suspicions_of(WHOLE))
    _, found = against(WHOLE, base)
    assert found.n_new == sum(one.row >= 500 for one in whole) > 0
    assert found.n_known + found.n_moved == sum(one.row < 500 for one in whole)


def test_a_relabelled_row_is_new_and_only_it():
    changed = LABELS.copy()
    rows = np.flatnonzero(GIVEN_BY.argmax(axis=1) == LABELS)[:12]
    changed[rows] = (changed[rows] + 1) % 3
    told, found = against(audit_of(ALL, changed), BASE)
    new = {one.row for one in told if one.state == "new"}
    assert new <= set(rows.tolist())
    assert len(new) == found.n_new >= 10


def test_without_ids_rows_are_known_by_number_and_it_says_so():
    base = baseline_of(audit_of(ALL, ids=False))
    assert base.rests_on == "rows"
    _, found = against(audit_of(ALL, ids=False), base)
    assert found.n_new == 0
    assert "row number" in found.rests_on
    assert BASE.rests_on == "ids"


def test_a_baseline_is_read_as_it_was_written(tmp_path):
    path = tmp_path / "b.json"
    write(BASE, path)
    before = path.read_bytes()
    again = read(path)
    assert again.accepted == BASE.accepted
    assert (again.rows == BASE.rows).all()
    write(again, path)
    assert path.read_bytes() == before
    assert max(map(len, before.splitlines())) < 200  # a change is one of lines, to git
    labelaudit_shuffled = baseline_of(audit_of(np.random.default_rng(1).permutation(600)))
    write(labelaudit_shuffled, path)
    assert (read(path).rows == BASE.rows).all()


def test_entries_expire_and_the_row_counts_again(tmp_path):
    first = next(iter(BASE.accepted))
    entry = {**BASE.accepted[first], "expires": "2026-11-24", "reviewer": "Ann"}
    base = Baseline(rests_on="ids", rows=BASE.rows, accepted={**BASE.accepted, first: entry})
    write(base, tmp_path / "b.json")
    base = read(tmp_path / "b.json")
    assert matched(suspicions_of(WHOLE), base, "b", date(2026, 11, 24))[1].n_expired == 0
    told, found = matched(suspicions_of(WHOLE), base, "b", date(2026, 11, 25))
    assert (found.n_expired, found.n_new) == (1, 1)
    assert [one.fingerprint for one in told] == [first]
    # What people wrote stays when the baseline is written anew.
    assert baseline_of(WHOLE, base).accepted[first] == entry


def test_what_is_suspected_no_more_is_stale_and_can_be_taken_out():
    fewer = audit_of(ALL[:400])
    _, found = against(fewer, BASE)
    assert found.stale
    pruned = without(BASE, found.stale)
    assert len(pruned.accepted) == len(BASE.accepted) - len(found.stale)
    assert against(fewer, pruned)[1].stale == ()
    assert against(fewer, pruned)[1].n_known == found.n_known


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda text: "{", "is not JSON"),
        (lambda text: "[]", "is no baseline of labelaudit"),
        (
            lambda text: text.replace('"schema_version": 1', '"schema_version": 9'),
            "another version",
        ),
        (lambda text: text.replace('"rests_on": "ids"', '"rests_on": "x"'), "not as labelaudit"),
        (lambda text: text.replace('"rows": [\n  "', '"rows": [\n  "!'), "not as labelaudit"),
        (
            lambda text: text.replace('"fingerprint": "', '"fingerprint": "z', 1),
            "not as labelaudit",
        ),
        (lambda text: text.replace('"given": ', '"expires": "soon", "given": ', 1), "2026-12-31"),
        (lambda text: text.replace('"given": ', '"reason": 3, "given": ', 1), "is no text"),
    ],
)
def test_a_file_edited_wrongly_is_refused_in_a_line(tmp_path, change, said):
    path = tmp_path / "b.json"
    write(BASE, path)
    path.write_text(change(path.read_text()))
    with pytest.raises(InputError, match=said) as caught:
        read(path)
    assert "\n" not in str(caught.value)


def test_a_baseline_that_is_not_there_says_how_to_make_it(tmp_path):
    with pytest.raises(InputError, match="--write-baseline"):
        read(tmp_path / "none.json")


@pytest.fixture(scope="module")
def digits(tmp_path_factory, sample_data) -> Path:
    folder = tmp_path_factory.mktemp("git") / "digits"
    folder.mkdir()
    for name in ("labels.csv", "predictions.csv"):
        shutil.copy(sample_data / "digits" / name, folder)
    return folder


def flipped(path: Path, seed: int, n: int = 30) -> set[str]:
    """Give `n` random rows another label, and return their ids."""
    with path.open(newline="") as file:
        head, *rows = csv.reader(file)
    at = head.index("label")
    rng = np.random.default_rng(seed)
    chosen = rng.choice(len(rows), n, replace=False)
    for row in chosen:
        rows[row][at] = str((int(rows[row][at]) + int(rng.integers(1, 10))) % 10)
    with path.open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([head, *rows])
    return {rows[row][head.index("id")] for row in chosen}


def test_of_thirty_flips_most_are_named_and_nothing_else(digits):
    base = baseline_of(labelaudit.audit(digits))
    clean = (digits / "labels.csv").read_text()
    named = []
    for seed in range(20):
        ids = flipped(digits / "labels.csv", seed)
        told, _ = against(labelaudit.audit(digits), base)
        new = {one.id for one in told if one.state == "new"}
        assert new <= ids
        named.append(len(new))
        (digits / "labels.csv").write_text(clean)
    assert np.median(named) >= 25, named


def test_a_check_passes_on_one_commit_and_fails_on_the_next(digits, tmp_path, monkeypatch, capsys):
    from labelaudit.cli import run

    repository = tmp_path / "repository"
    shutil.copytree(digits, repository / "digits")
    monkeypatch.chdir(repository)

    def git(*words: str) -> None:
        who = ("-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false")
        subprocess.run(["git", *who, *words], check=True, capture_output=True)

    def check(*words: str) -> int:
        shutil.rmtree("digits-audit", ignore_errors=True)
        return int(run(["check", "digits", "-q", *words]))

    assert check("--write-baseline", "labelaudit-baseline.json") == 0
    git("init", "-q")
    git("add", "digits", "labelaudit-baseline.json")
    git("commit", "-qm", "labels")
    assert check("--baseline", "labelaudit-baseline.json") == 0
    ids = flipped(Path("digits/labels.csv"), 3)
    git("commit", "-qam", "relabelled")
    capsys.readouterr()
    assert check("--baseline", "labelaudit-baseline.json", "--format", "json") == 1
    document = json.loads(capsys.readouterr().out)
    new = {one["id"] for one in document["suspicions"] if one["state"] == "new"}
    assert len(new) >= 20
    assert new <= ids
    assert check("--baseline", "labelaudit-baseline.json", "--write", "markdown=pr.md") == 1
    comment = Path("pr.md").read_text(encoding="utf-8")
    assert "digits/labels.csv:" in comment
    assert f"{len(new)} new since the baseline" in comment
    git("checkout", "-q", "HEAD~1")
    assert check("--baseline", "labelaudit-baseline.json") == 0
