"""Every command on real sample data: what it writes, prints and refuses."""

import csv
import io
import json
import re
import shlex
import shutil
from pathlib import Path

import numpy as np
import pytest

from labelaudit import audit, load_audit
from labelaudit.cli import COMMANDS
from labelaudit.cli.explain import known_topics
from labelaudit.core.results import FINDING_COLUMNS, SCORE_COLUMNS
from labelaudit.core.settings import FILTERS
from labelaudit.export.tables import EVIDENCE_IN_CSV


def files_of(folder: Path, but: tuple[str, ...] = ("run.json",)) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in but
    }


@pytest.mark.parametrize("flags", [[], ["--filter", "both", "--seed", "3"]])
def test_three_commands_give_the_bytes_of_audit(cli, sample_data, tmp_path, flags):
    digits = sample_data / "digits"
    filter_flags, seed_flags = flags[:2], flags[2:]
    assert cli("audit", digits, "-o", "whole", *flags).code == 0
    assert cli("ingest", digits, "-o", "steps").code == 0
    assert cli("detect", "steps", *filter_flags, *seed_flags).code == 0
    assert cli("measure", "steps", *seed_flags).code == 0
    assert files_of(tmp_path / "whole") == files_of(tmp_path / "steps")
    assert {"audit.json", "findings.parquet", "flagged.csv", "report.html", "source.json"} <= set(
        files_of(tmp_path / "whole")
    )


def test_audit_again_over_itself_gives_the_same_bytes(cli, tiny, tmp_path):
    cli("audit", tiny)
    before = files_of(tmp_path / "tiny-audit")
    assert cli("audit", tiny).code == 0
    assert files_of(tmp_path / "tiny-audit") == before


def test_audit_prints_the_label_and_what_to_do_next(cli, tiny):
    done = cli("audit", tiny)
    assert done.code == 0
    assert "tiny" in done.out
    assert "Open tiny-audit/report.html" in done.err
    assert re.search(r"Next: labelaudit show tiny-audit r\d", done.err)
    assert cli("audit", tiny, "-q").err == ""
    assert "labels: labels.csv (found by name)" in cli("audit", tiny, "-v").err


def test_audit_json_has_the_parts_that_scripts_rely_on(cli, digits_audit):
    document = json.loads((digits_audit / "audit.json").read_text(encoding="utf-8"))
    assert set(document) >= {
        "schema_version",
        "dataset",
        "detection",
        "measurements",
        "alerts",
        "contract",
        "provenance",
    }
    assert set(document["detection"]) >= {
        "filter",
        "n_flagged",
        "ranking",
        "model_noise_estimate",
        "confident_joint",
        "class_thresholds",
    }
    with (digits_audit / "flagged.csv").open(encoding="utf-8", newline="") as file:
        header = next(csv.reader(file))
    assert header[:5] == ["rank", "id", "given_label", "suggested_label", "label_quality"]
    run_file = json.loads((digits_audit / "run.json").read_text(encoding="utf-8"))
    assert run_file["engine"] == "here"
    assert "cleanlab" in run_file["versions"]


@pytest.mark.parametrize("command", ["audit", "ingest"])
def test_dry_run_writes_nothing(cli, sample_data, tmp_path, command):
    done = cli(command, sample_data / "digits", "--dry-run")
    assert done.code == 0
    assert "labels: labels.csv (found by name), column `label` (found by name)" in done.out
    assert "would write: digits-audit" in done.out
    assert list(tmp_path.iterdir()) == []


def test_dry_run_without_predictions_says_so(cli, tiny):
    (tiny / "predictions.csv").unlink()
    assert "predictions: none found" in cli("audit", tiny, "--dry-run").out


def test_one_file_with_predictions_in_it(cli, sample_data, tmp_path):
    done = cli("audit", sample_data / "imbalanced" / "train.csv", "-o", "out")
    assert done.code == 0
    assert load_audit(tmp_path / "out").dataset.n_classes == 5
    assert cli("show", "out", "case_0001").code == 0


@pytest.mark.parametrize("name", FILTERS)
def test_every_filter(cli, tiny, tmp_path, name):
    assert cli("audit", tiny, "--filter", name).code == 0
    made = load_audit(tmp_path / "tiny-audit")
    assert made.detection.filter == name
    assert made.settings["filter"].origin == "flag"
    assert made.settings["seed"].origin == "default"


def test_write_adds_formats(cli, tiny, tmp_path):
    done = cli("audit", tiny, "--write", "html=x.html", "--write", "markdown=y.md")
    assert done.code == 0
    assert (tmp_path / "x.html").read_bytes() == (
        tmp_path / "tiny-audit" / "report.html"
    ).read_bytes()
    assert (tmp_path / "y.md").read_text(encoding="utf-8").startswith("#")


@pytest.mark.parametrize(
    ("value", "said"),
    [("html", "say FORMAT=PATH"), ("htm=x", "did you mean 'html'?"), ("html=", "say FORMAT=PATH")],
)
def test_write_refuses_before_any_work(cli, tiny, tmp_path, value, said):
    done = cli("audit", tiny, "--write", value)
    assert done.code == 2
    assert said in done.complaint
    assert not (tmp_path / "tiny-audit").exists()


@pytest.mark.parametrize("name", ["terminal", "html", "markdown", "json"])
def test_report_to_stdout_and_file_are_the_same(cli, digits_audit, tmp_path, name):
    shown = cli("report", digits_audit, "--format", name)
    assert shown.code == 0
    assert shown.err == ""
    assert cli("report", digits_audit, "--format", name, "-o", "-").out == shown.out
    done = cli("report", digits_audit, "--format", name, "-o", "label")
    assert done.out == ""
    assert done.err == "wrote label\n"
    assert (tmp_path / "label").read_text(encoding="utf-8") == shown.out


def test_report_json_is_audit_json(cli, digits_audit):
    shown = cli("report", digits_audit, "--format", "json").out
    assert shown == (digits_audit / "audit.json").read_text(encoding="utf-8")


def test_report_refuses_unknown_formats(cli, digits_audit):
    done = cli("report", digits_audit, "--format", "htlm")
    assert done.code == 2
    assert "did you mean 'html'?" in done.complaint


def test_report_of_a_dataset_audits_it_first(cli, tiny, tmp_path):
    done = cli("report", tiny)
    assert done.code == 0
    assert "audited" in done.err
    assert (tmp_path / "tiny-audit" / "audit.json").is_file()


def test_open_launches_a_browser(cli, tiny, monkeypatch):
    opened = []
    monkeypatch.setattr("typer.launch", opened.append)
    assert cli("audit", tiny, "--open").code == 0
    assert opened[0].endswith("tiny-audit/report.html")


@pytest.mark.parametrize("rows", ["flagged", "all"])
def test_export(cli, digits_audit, tmp_path, rows):
    import pyarrow.parquet as pq

    names = FINDING_COLUMNS if rows == "flagged" else SCORE_COLUMNS
    shown = cli("export", digits_audit, "--rows", rows).out
    assert cli("export", digits_audit, "--rows", rows, "-o", "t.csv").code == 0
    assert (tmp_path / "t.csv").read_text(encoding="utf-8") == shown
    table = list(csv.DictReader(io.StringIO(shown)))
    more = EVIDENCE_IN_CSV if rows == "flagged" else ()
    assert tuple(table[0]) == (*names, *more)
    done = cli("export", digits_audit, "--rows", rows, "--format", "parquet", "-o", "t.parquet")
    assert done.code == 0
    with pq.ParquetFile(tmp_path / "t.parquet") as file:
        columns = file.read().to_pydict()
    assert tuple(columns)[: len(names)] == names
    assert set(more) <= set(columns)
    assert columns["id"] == [row["id"] for row in table]
    assert columns["label_quality"] == [float(row["label_quality"]) for row in table]


def test_flagged_csv_is_what_export_gives(cli, digits_audit):
    shown = cli("export", digits_audit).out
    assert shown == (digits_audit / "flagged.csv").read_text(encoding="utf-8")


def test_flagged_csv_can_be_read_back_as_a_dataset(cli, digits_audit, tmp_path):
    done = cli("ingest", digits_audit / "flagged.csv", "--label-column", "given_label")
    assert done.code == 4  # there are no predictions in it
    made = load_audit(tmp_path / "flagged-audit")
    assert made.dataset.n_examples == load_audit(digits_audit).detection.n_flagged


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--format", "cvs"], "did you mean 'csv'?"),
        (["--rows", "flaged"], "did you mean 'flagged'?"),
        (["--format", "parquet"], "name a file with -o"),
    ],
)
def test_export_refuses(cli, digits_audit, flags, said):
    done = cli("export", digits_audit, *flags)
    assert done.code == 2
    assert said in done.complaint


def test_export_of_what_was_never_checked(cli, tiny):
    cli("ingest", tiny, "-o", "only")
    for rows in ("flagged", "all"):
        done = cli("export", "only", "--rows", rows)
        assert done.code == 4
        assert "nothing to export" in done.complaint
    assert cli("show", "only", "r1").code == 4


@pytest.mark.parametrize("topic", sorted(known_topics()))
def test_explain(cli, topic):
    done = cli("explain", topic)
    assert done.code == 0
    assert done.out.startswith(f"{topic} (")
    assert len(done.out.splitlines()) > 3


def test_explain_lists_and_guesses(cli):
    listing = cli("explain").out
    assert all(topic in listing for topic in known_topics())
    assert "did you mean 'self_confidence'?" in cli("explain", "self_confidense").complaint


def test_show(cli, digits_audit):
    made = load_audit(digits_audit)
    worst = made.findings[0]
    done = cli("show", digits_audit, worst.id)
    assert done.code == 0
    assert "suspected         yes" in done.out
    assert "rank              1 of" in done.out
    frame = made.to_frame()
    sound = frame.id[~frame.is_flagged].iloc[0]
    assert "suspected         no" in cli("show", digits_audit, sound).out
    done = cli("show", digits_audit, "images/0001.pgn")
    assert done.code == 2
    assert "did you mean 'images/0001.png'?" in done.complaint


def test_verify_asks_cleanlab(cli, tiny):
    cli("ingest", tiny, "-o", "x")
    done = cli("detect", "x", "--verify")
    assert done.code == 0
    assert "the same rows" in done.out


def test_verify_names_the_rows_that_differ(cli, tiny, monkeypatch):
    from labelaudit.detect import verify

    found = verify.Verification(
        version="2.9", n_ours=2, n_theirs=2, only_ours=(0,), only_theirs=(1,)
    )
    monkeypatch.setattr(verify, "verify", lambda *_: found)
    shown = cli("detect", tiny, "--verify").out
    assert "1 rows only here (r0), 1 only there (r1)" in shown


def test_detect_and_measure_take_a_dataset_too(cli, tiny, tmp_path):
    assert cli("detect", tiny).code == 0
    assert (tmp_path / "tiny-audit" / "flagged.csv").is_file()
    shutil.rmtree(tmp_path / "tiny-audit")
    assert cli("measure", tiny).code == 0
    assert load_audit(tmp_path / "tiny-audit").measurements is not None


def test_measure_before_detect_measures_what_it_can(cli, tiny):
    cli("ingest", tiny, "-o", "x")
    assert cli("measure", "x").code == 0
    assert cli("detect", "x").code == 0
    made = load_audit("x")
    assert made.measurements is None  # those of before no longer hold
    assert cli("report", "x").code == 0


@pytest.mark.parametrize("name", ["labels.csv", "predictions.csv", "classes.txt"])
def test_changed_inputs_are_refused(cli, tiny, tmp_path, name):
    (tiny / "classes.txt").write_text("bird\ncat\ndog\n")
    cli("ingest", tiny, "-o", "x")
    before = files_of(tmp_path / "x", but=())
    path = tiny / name
    path.write_text(path.read_text().replace("r8,cat", "r8,dog").replace("0.8", "0.80") + "\n")
    for command in ("detect", "measure"):
        done = cli(command, "x")
        assert done.code == 2
        assert name in done.complaint
        assert "have changed since they were ingested" in done.complaint
    assert files_of(tmp_path / "x", but=()) == before


def test_a_changed_file_of_classes_is_refused(cli, tiny, tmp_path):
    names = tmp_path / "names.txt"
    names.write_text("bird\ncat\ndog\n")
    assert cli("ingest", tiny, "-o", "x", "--classes", "names.txt").code == 0
    assert cli("detect", "x").code == 0
    names.write_text("dog\ncat\nbird\n")
    assert "names.txt: the classes have changed" in cli("detect", "x").complaint


def test_inputs_that_came_or_went_are_refused(cli, tiny):
    cli("ingest", tiny, "-o", "x")
    np.save(tiny / "embeddings.npy", np.zeros((9, 2)))
    assert "embeddings.npy: the embeddings have changed" in cli("detect", "x").complaint
    (tiny / "embeddings.npy").unlink()
    shutil.move(tiny, tiny.with_name("gone"))
    assert "no such file or folder" in cli("detect", "x").complaint


def test_options_are_remembered_from_anywhere(cli, tiny, tmp_path, monkeypatch):
    (tiny / "predictions.csv").rename(tmp_path / "elsewhere.csv")
    assert cli("ingest", tiny, "--predictions", "elsewhere.csv", "-o", "x").code == 0
    (tmp_path / "sub").mkdir()
    monkeypatch.chdir(tmp_path / "sub")
    assert cli("detect", "../x").code == 0


def test_the_file_beside_the_dataset_is_remembered(cli, tiny, tmp_path):
    shutil.copy(tiny / "predictions.csv", tiny / "p.csv")
    (tmp_path / "p.csv").write_text("another file of that name\n")
    assert cli("ingest", tiny / "labels.csv", "--predictions", "p.csv", "-o", "x").code == 0
    assert cli("detect", "x").code == 0


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"dataset": "x", "choices": {"nonsense": 1}}'])
def test_a_damaged_source_is_one_line(cli, tiny, tmp_path, text):
    cli("ingest", tiny, "-o", "x")
    (tmp_path / "x" / "source.json").write_text(text)
    done = cli("detect", "x")
    assert done.code == 2
    assert "source.json: cannot be read" in done.complaint


def test_a_damaged_digest_is_one_line(cli, tiny, tmp_path):
    cli("ingest", tiny, "-o", "x")
    (part,) = (tmp_path / "x" / "digest").glob("part-*")
    part.write_bytes(b"nothing")
    assert "cannot be read" in cli("detect", "x").complaint
    part.unlink()
    assert "cannot be read" in cli("detect", "x").complaint


def test_where_the_disk_knows_no_links(cli, tiny, tmp_path, monkeypatch):
    def refusing(*_):
        raise OSError(1, "Operation not permitted")

    cli("audit", tiny)
    before = files_of(tmp_path / "tiny-audit")
    monkeypatch.setattr("os.link", refusing)
    assert cli("measure", "tiny-audit").code == 0
    assert files_of(tmp_path / "tiny-audit") == before


def test_without_predictions_nothing_is_judged(cli, tiny, tmp_path):
    (tiny / "predictions.csv").unlink()
    done = cli("audit", tiny)
    assert done.code == 4
    assert "No label was checked" in done.err
    made = load_audit(tmp_path / "tiny-audit")
    assert made.detection is None
    assert made.measurement("class_balance") is not None
    assert cli("ingest", tiny).code == 4
    assert cli("detect", "tiny-audit").code == 4
    assert cli("measure", "tiny-audit").code == 0
    assert cli("report", "tiny-audit").code == 0


def test_the_lines_of_scikit_learn_run(cli, tmp_path, monkeypatch):
    from sklearn.datasets import load_digits

    digits = load_digits()
    X, y = digits.data[:600] / 16, digits.target[:600]
    (tmp_path / "mine").mkdir()
    np.save(tmp_path / "mine" / "labels.npy", y)
    done = cli("audit", "mine")
    assert done.code == 4
    lines = [line[4:] for line in done.err.splitlines() if line.startswith("    ")]
    assert lines[0].startswith("from sklearn")
    exec("\n".join(lines), {"X": X, "y": y})
    shutil.move(tmp_path / "predictions.npz", tmp_path / "mine" / "predictions.npz")
    done = cli("audit", "mine", "-v")
    assert done.code == 0
    assert load_audit("mine-audit").detection.n_flagged > 0


@pytest.mark.parametrize("name", ["my data", 'it\'s "mine"', "données 数据", "$HOME", "-dash"])
def test_a_dataset_of_any_name(cli, tiny, tmp_path, name):
    tiny.rename(tmp_path / name)
    assert cli("audit", f"./{name}").code == 0
    made = load_audit(tmp_path / f"{name}-audit")
    assert made.dataset.name == name
    assert cli("show", f"./{name}-audit", "r0").code == 0
    done = cli("audit", f"./{name}")
    assert cli(*shlex.split(done.err.partition("Next: labelaudit ")[2])).code == 0


@pytest.mark.parametrize("given", [".", "..", "labels.csv"])
def test_the_audit_is_never_inside_the_dataset(cli, tiny, tmp_path, monkeypatch, given):
    folder = tiny
    if given == "..":
        folder = tiny / "deeper"
        folder.mkdir()
    monkeypatch.chdir(folder)
    flags = ["--predictions", "predictions.csv"] if given == "labels.csv" else []
    assert cli("audit", given, *flags).code == 0
    if given != "labels.csv":
        assert (tmp_path / "tiny-audit" / "audit.json").is_file()
        assert not list(tiny.rglob("*-audit"))


def test_python_and_the_command_line_agree(cli, digits_audit, sample_data):
    from labelaudit.core.schema import to_json

    again = audit(sample_data / "digits")
    assert to_json(again) == (digits_audit / "audit.json").read_text(encoding="utf-8")
    assert load_audit(digits_audit).to_frame().equals(again.to_frame())


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_every_command(cli, command):
    done = cli(command, "--help")
    assert done.code == 0
    assert "Example" in done.out
    assert done.err == ""
    assert cli(command, "-h").out == done.out


def test_help_and_version(cli):
    assert cli().out == cli("--help").out
    assert "Exit codes: 0 done" in " ".join(cli("--help").out.split())
    assert re.fullmatch(r"labelaudit \d+\.\d+\.\d+\n", cli("--version").out)
