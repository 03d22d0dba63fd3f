"""`labelaudit check`: limits from flags, exit codes, and lines that say what is wrong."""

import pytest
import typer

from labelaudit import load_audit
from labelaudit.check.figures import known_gates
from labelaudit.check.formats import FORMATS
from labelaudit.check.verdict import Verdict
from labelaudit.cli import app, run
from labelaudit.cli import check as module
from labelaudit.cli.lines import lines_of
from labelaudit.core.errors import ExitCode


@pytest.mark.parametrize(
    ("flags", "code", "said"),
    [
        (["--max-model-noise", "10%"], 0, "passed"),
        (["--max-model-noise", ".08"], 0, "warned"),
        (["--max-model-noise", ".08", "--on-inconclusive", "fail"], 1, "failed"),
        (["--max-model-noise", ".08", "--on-inconclusive", "pass"], 0, "passed"),
        (["--max-model-noise", "3%"], 1, "failed"),
        (["--max-error-rate", "3%"], 4, "until people have reviewed"),
        (["--max-error-rate", "3%", "--max-model-noise", "10%"], 4, "skipped"),
        (["--max-error-rate", "3%", "--max-model-noise", "3%"], 1, "failed"),
        (
            ["--max-error-rate=3%", "--max-model-noise=10%", "--allow-skipped=max_error_rate"],
            0,
            "skipped",
        ),
        (["--max-error-rate", "3%", "--allow-skipped", "max_error_rate"], 4, "skipped"),
        (["--max-new-findings", "0"], 4, "no baseline"),
        (["--min-class-examples", "163"], 1, "class 2"),
        (["--min-class-examples", "162", "--max-imbalance", "1.2"], 0, "passed"),
        (["--min-separability", "80%", "--max-conflicting-duplicates", "0"], 0, "passed"),
        (["--max-calibration-error", ".1", "--max-contract-alerts", "0"], 1, "failed"),
        (["--max-class-flagged-share", "10%"], 1, "class 8"),
        (["--max-class-error-rate", "10%"], 1, "class 8"),
        (["--max-leakage", "0"], 4, "one split"),
        (["--gate", "measure.knn_accuracy>=0.8"], 0, "passed"),
        (["--gate", "measure.knn_accuracy>=0.95", "--max-flagged-share", "9%"], 1, "failed"),
        (["--gate", "measure.label_shift<=1"], 4, "was skipped"),
    ],
)
def test_gates_on_the_digits(cli, digits_audit, flags, code, said):
    done = cli("check", digits_audit, *flags)
    assert done.code == code
    assert said in " ".join(done.out.split())
    assert not done.err


@pytest.mark.parametrize(
    ("flags", "code", "said"),
    [
        ([], 4, "no gate set; try `labelaudit init`"),
        (["--max-model-noise", "3"], 2, "--max-model-noise 3: a share is from 0 to 1; for 3 %"),
        (["--max-model-noise", "x"], 2, "--max-model-noise x: give a number"),
        (["--min-class-examples", "1.5"], 2, "--min-class-examples 1.5: give a whole number"),
        (["--gate", "measure.knn_acuracy>=0.8"], 2, "did you mean 'knn_accuracy'"),
        (["--gate", "knn_accuracy>0.8"], 2, "write a measure, >= or <="),
        (["--max-imbalance", "2", "--allow-skipped", "max_imbalanc"], 2, "'max_imbalance'"),
        (["--max-imbalance", "2", "--on-inconclusive", "wran"], 2, "did you mean 'warn'"),
        (["--max-imbalance", "2", "--by", "camera"], 2, "not cut by this column"),
        (["--max-imbalanc", "2"], 2, "--max-imbalanc"),
    ],
)
@pytest.mark.parametrize("what", ["audit", "dataset"])
def test_what_is_asked_for_wrongly_is_one_line(
    cli, digits_audit, sample_data, what, flags, code, said
):
    path = digits_audit if what == "audit" else sample_data / "messages"
    if what == "dataset" and "--by" in flags:
        return  # known only when the dataset has been read: see below
    done = cli("check", path, *flags)
    assert done.code == code
    assert said in done.complaint
    assert not done.out
    assert not list(digits_audit.parent.glob("messages-audit"))  # said before any work


def test_a_dataset_is_audited_first_and_cut_by_the_column_that_is_asked_for(cli, tmp_path):
    data = tmp_path / "d"
    data.mkdir()
    rows = [
        f"r{row},{'ab'[row % 2]},{'left' if row < 30 else 'right'},{0.9 - 0.8 * (row % 2):.1f},"
        f"{0.1 + 0.8 * (row % 2):.1f}"
        for row in range(40)
    ]
    text = "id,label,camera,prob_a,prob_b\n" + "\n".join(rows) + "\n"
    (data / "labels.csv").write_text(text, encoding="utf-8")
    done = cli("check", "d", "--min-class-examples", "15", "--by", "camera", "-q")
    assert done.code == 1
    assert "camera=right" in done.out
    assert "camera=left" not in done.out
    assert not done.err
    assert (tmp_path / "d-audit" / "audit.json").exists()
    assert cli("check", "d", "--min-class-examples", "15", "--by", "lens").code == 2


def test_without_predictions_what_can_be_judged_is(cli, tmp_path):
    (tmp_path / "bare.csv").write_text("id,label\n1,a\n2,b\n3,a\n", encoding="utf-8")
    assert cli("check", "bare.csv", "--min-class-examples", "1").code == 0
    assert cli("check", "bare.csv", "--min-class-examples", "2").code == 1
    done = cli("check", "bare.csv", "--max-flagged-share", "1%")
    assert (done.code, "no predictions" in done.out) == (4, True)


def test_what_is_not_there_or_cannot_be_read_is_exit_2(cli, tmp_path, sample_data):
    assert cli("check", "nowhere", "--max-imbalance", "2").code == 2
    broken = next(path for path in sorted((sample_data / "broken").iterdir()) if path.is_dir())
    assert cli("check", broken, "--max-imbalance", "2").code == 2
    (tmp_path / "a-audit").mkdir()
    (tmp_path / "a-audit" / "audit.json").write_text('{"tool": "labelaudit"}')
    assert cli("check", "a-audit", "--max-imbalance", "2").code == 2


@pytest.mark.parametrize("name", FORMATS)
def test_every_ending_has_its_code_in_every_format(cli, digits_audit, monkeypatch, name):
    from labelaudit.cli import checking

    def check(*flags):
        return cli("check", digits_audit, *flags, "--format", name, "--write", f"{name}=out")

    assert check("--max-imbalance", "2").code == ExitCode.DONE == 0
    assert check("--max-imbalance", "1.1").code == ExitCode.GATE_FAILED == 1
    assert check("--max-imbalance", "x").code == ExitCode.REFUSED == 2
    assert check("--max-error-rate", "1%").code == ExitCode.NOTHING_JUDGED == 4
    assert check().code == ExitCode.NOTHING_JUDGED
    for raised, code in ((ZeroDivisionError, 3), (KeyboardInterrupt, 130)):

        def broken(*_: object, ending: type[BaseException] = raised, **__: object) -> None:
            raise ending

        monkeypatch.setattr(checking, "judge", broken)
        done = check("--max-imbalance", "2")
        assert (done.code, done.out) == (code, "")
        assert ("Traceback" in done.err) == (code == 3)


def test_the_same_audit_gives_the_same_text(cli, digits_audit):
    flags = ["--max-model-noise", "3%", "--max-class-flagged-share", "5%", "--by", "x"][:4]
    assert cli("check", digits_audit, *flags).out == cli("check", digits_audit, *flags).out


def test_every_gate_has_its_flag_and_can_be_explained(cli):
    flags = {
        name for each in typer.main.get_command(app).commands["check"].params for name in each.opts
    }
    for name in known_gates():
        assert f"--{name.replace('_', '-')}" in flags
        told = cli("explain", f"gate.{name}")
        assert told.code == 0
        assert "Source:" in told.out
    listed = cli("explain").out
    assert "gate.max_model_noise" in listed
    assert "bias unknown" in " ".join(cli("explain", "gate.max_model_noise").out.split())
    assert "did you mean 'gate.max_model_noise'" in cli("explain", "gate.max_model_nose").err


def test_help_states_the_rule(cli):
    words = " ".join(cli("check", "--help").out.split())
    assert "fails only where the whole interval is beyond the limit" in words
    assert "covers the sampling of rows only" in words


@pytest.fixture
def seen(monkeypatch) -> list[Verdict]:
    """The verdicts that the command prints."""
    from labelaudit.check.formats import text

    found: list[Verdict] = []

    def keep(verdict: Verdict, **_: object) -> str:
        found.append(verdict)
        return ""

    monkeypatch.setattr(text, "render", keep)
    return found


def test_suspects_are_named_by_the_line_at_which_their_record_begins(
    cli, tmp_path, seen, digits_audit
):
    # Records of two lines, a blank line, and a quote inside: rows are not lines.
    wrong = {3, 7, 20}
    lines, starts = ["id,text,label,prob_a,prob_b"], []
    for row in range(40):
        starts.append(len(lines) + 1)
        given = "ab"[(row % 2) ^ (row in wrong)]
        a = 0.95 if row % 2 == 0 else 0.05
        text = '"two\nlines ""quoted"""' if row % 5 == 0 else "one"
        lines += f"r{row},{text},{given},{a},{1 - a:.2f}".split("\n")
        if row == 10:
            lines.append("")
    (tmp_path / "d.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert cli("check", "d.csv", "--max-imbalance", "3", "-q").code == 0
    (verdict,) = seen
    assert {one.row for one in verdict.suspicions} >= wrong
    assert {one.path for one in verdict.suspicions} == {"d.csv"}
    for one in verdict.suspicions:
        assert one.line == starts[one.row]
        assert one.id in lines[one.line - 1]
    # Of a file with a line for each row nothing is read.
    assert lines_of(load_audit(digits_audit)) is None
    # Where the file is gone the row tells the line, as well as it can.
    (tmp_path / "d.csv").unlink()
    made = load_audit(tmp_path / "d-audit")
    assert lines_of(made) is None


def test_a_verdict_says_of_what_it_is(cli, digits_audit, seen):
    cli("check", digits_audit, "--max-imbalance", "3")
    (verdict,) = seen
    assert (verdict.dataset, verdict.n_examples, verdict.n_flagged) == ("digits", 1797, 131)
    assert len(verdict.suspicions) == 131
    assert verdict.suspicions[0].line == verdict.suspicions[0].row + 2
    assert verdict.baseline is None


def test_nothing_heavy_is_imported_with_the_command():
    assert not hasattr(module, "judge")
    assert run(["check", "--help"]) == 0
