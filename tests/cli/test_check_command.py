"""`labelaudit check`: exit codes for every format, files written, what cannot be judged."""

import json
from pathlib import Path

import pytest

from labelaudit.check.formats import FORMATS

PASS = ("--max-flagged-share", "50%")
FAIL = ("--max-flagged-share", "0.1%")
SKIP = ("--max-error-rate", "1%")


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize(
    ("flags", "code"),
    [(PASS, 0), (FAIL, 1), ((*PASS, *SKIP), 4), ((*FAIL, *SKIP), 1), ((), 4),
     (("--max-flagged-share", "lots"), 2)],
)  # fmt: skip
def test_the_exit_code_is_the_same_in_every_format(cli, digits_audit, name, flags, code) -> None:
    done = cli("check", digits_audit, *flags, "--format", name)
    assert done.code == code
    assert bool(done.out) == (code in (0, 1) or "--max-error-rate" in flags)
    if name == "json" and done.out:
        assert json.loads(done.out)["exit_code"] == code


def test_without_a_gate_nothing_is_green(cli, digits_audit) -> None:
    done = cli("check", digits_audit)
    assert done.code == 4
    assert done.err.startswith("labelaudit: no gate set; ")


def test_a_gate_may_be_skipped_where_that_is_allowed(cli, digits_audit) -> None:
    allowed = ("--allow-skipped", "max_error_rate")
    assert cli("check", digits_audit, *PASS, *SKIP, *allowed).code == 0
    done = cli("check", digits_audit, *PASS, "--allow-skipped", "max_flaged_share")
    assert done.code == 2
    assert "did you mean 'max_flagged_share'?" in done.err


def test_several_formats_are_written_in_one_run(cli, digits_audit, tmp_path) -> None:
    files = {name: tmp_path / f"out.{name}" for name in FORMATS}
    flags = [part for name, path in files.items() for part in ("--write", f"{name}={path}")]
    done = cli("check", digits_audit, *FAIL, *flags)
    assert done.code == 1
    for name, path in files.items():
        printed = cli("check", digits_audit, *FAIL, "--format", name).out
        assert path.read_text(encoding="utf-8") == printed


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--write", "junit"), "write FORMAT=PATH"),
        (("--write", "junt=a.xml"), "did you mean 'junit'?"),
        (("--format", "sarf"), "did you mean 'sarif'?"),
        (("--on-inconclusive", "error"), "not one of warn, fail, pass"),
        (("--by", "camera"), "the audit is not cut by this column"),
        (("--gate", "measure.calibratoin<=1"), "did you mean 'calibration'?"),
    ],
)
def test_what_a_user_can_mend_is_one_line(cli, digits_audit, tmp_path, flags, said) -> None:
    before = sorted(tmp_path.iterdir())
    done = cli("check", digits_audit, *PASS, *flags)
    assert done.code == 2
    assert said in done.err
    assert done.err.count("\n") == 1
    assert not done.out
    assert sorted(tmp_path.iterdir()) == before


def test_a_dataset_is_audited_first_and_its_lines_are_named(cli, sample_data) -> None:
    done = cli("check", sample_data / "imbalanced", *FAIL, "-q")
    assert done.code == 1
    assert Path("imbalanced-audit").is_dir()
    assert "train.csv:" in done.out


def test_a_file_in_a_repository_is_named_from_its_root(cli, tiny, tmp_path) -> None:
    assert cli("audit", tiny, "-o", "made", "-q").code in (0, 4)
    document = json.loads(cli("check", "made", "--max-imbalance", "9", "--format", "json").out)
    folder = tiny.relative_to(tmp_path) if tiny.is_dir() else tiny.parent.relative_to(tmp_path)
    for one in document["suspicions"]:
        assert one["path"].startswith(folder.as_posix())


def test_every_gate_is_explained(cli) -> None:
    listed = cli("explain").out
    assert "gate.max_model_noise" in listed
    assert "bias" in cli("explain", "gate.max_model_noise").out


def test_a_baseline_lets_pass_what_was_there(cli, digits_audit, tmp_path) -> None:
    base = tmp_path / "labelaudit-baseline.json"
    written = cli("check", digits_audit, "--write-baseline", base)
    assert (written.code, written.out) == (0, "")
    assert "131 suspects are accepted" in written.err
    assert cli("check", digits_audit, "--baseline", base).code == 0
    document = json.loads(base.read_text())
    gone = document["accepted"].pop()
    document["accepted"].append({**gone, "fingerprint": "0" * 16})
    base.write_text(json.dumps(document))
    moved = cli("check", digits_audit, "--baseline", base)
    assert moved.code == 0
    assert "the row is as it was" in " ".join(moved.out.split())
    assert "1 entries of the baseline are suspected no more" in moved.out
    assert cli("check", digits_audit, "--baseline", base, "--count-moved").code == 1
    pruned = cli("check", digits_audit, "--baseline", base, "--prune-baseline")
    assert pruned.code == 0
    assert "1 stale entries taken out" in pruned.err
    assert len(json.loads(base.read_text())["accepted"]) == 130


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--baseline", "none.json"), "make it with --write-baseline"),
        (("--count-moved", "--max-imbalance", "9"), "go with --baseline FILE"),
        (("--max-imbalance", "9", "--today", "soon"), "write a day as 2026-12-31"),
    ],
)
def test_a_wrong_baseline_is_one_line(cli, digits_audit, flags, said) -> None:
    done = cli("check", digits_audit, *flags)
    assert done.code == 2
    assert said in done.err


def test_new_findings_cannot_be_judged_without_a_baseline(cli, digits_audit) -> None:
    done = cli("check", digits_audit, "--max-new-findings", "0")
    assert done.code == 4
    assert "there is no baseline" in done.out
