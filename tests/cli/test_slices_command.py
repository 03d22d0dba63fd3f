"""`--by` as a user meets it: a folder with sources and splits, its label, and the audit folder."""

import csv
import json
import shutil
import subprocess
import sys

import numpy as np
import pyarrow.parquet as pq
import pytest

from labelaudit import load_audit
from labelaudit.core.schema import from_document, to_document

SOURCES = ("web", "lab", "crowd")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder of labels of which those of one source are noisy; two rows of test are in train."""
    root = tmp_path_factory.mktemp("data") / "shop"
    root.mkdir()
    generator = np.random.default_rng(0)
    n = 600
    truth = generator.integers(0, 3, n)
    probabilities = generator.dirichlet(np.ones(3), n)
    probabilities[np.arange(n), truth] += 2
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    source = np.array(SOURCES)[generator.integers(0, 3, n)]
    wrong = (source == "crowd") & (generator.random(n) < 0.3)
    given = np.where(wrong, (truth + 1) % 3, truth)
    with (root / "labels.csv").open("w", newline="") as file:
        write = csv.writer(file)
        write.writerow(["id", "text", "label", "source", "split", "batch"])
        for row in range(n):
            text = f"row {row - 2 if row in (2, 6) else row}"
            split = "test" if row % 4 == 0 else "train"
            shown = source[row] if row % 50 else ""
            write.writerow([f"r{row}", text, "abc"[given[row]], shown, split, row % 12])
    with (root / "predictions.csv").open("w", newline="") as file:
        write = csv.writer(file)
        write.writerow(["id", "prob_a", "prob_b", "prob_c"])
        for row in generator.permutation(n):
            write.writerow([f"r{row}", *probabilities[row]])
    return root


def read_csv(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def audited(folder, cli, tmp_path):
    done = cli("audit", folder, "--by", "batch", "--by", "batch", "-o", "a", "-q")
    assert done.code == 0
    return tmp_path / "a", done


def test_the_label_shows_each_column_worst_first(audited, cli):
    target, done = audited
    lines = done.out.splitlines()
    (by_source,) = (n for n, line in enumerate(lines) if line.startswith("BY source"))
    assert " ".join(lines[by_source].split()) == (
        "BY source ROWS SUSPECTED SHARE x REST 95 % IMBALANCE DIFFERS"
    )
    assert lines[by_source + 1].startswith("crowd ")
    assert "12 rows without a value." in done.out
    assert "further values are not shown; all are in audit.json" in done.out  # of 12 batches
    assert all(len(line) <= 80 for line in lines)
    page = (target / "report.html").read_text()
    assert 'id="slices"' in page
    assert "By <bdi>source</bdi>" in page
    markdown = cli("report", target, "--format", "markdown").out
    assert "### Slices" in markdown
    assert "| By source | Rows |" in markdown


def test_the_audit_folder_holds_the_slices(audited, folder):
    target, _ = audited
    document = json.loads((target / "audit.json").read_text())
    assert document["dataset"]["slices"] == {
        "split": ["train", "test"],
        "batch": [str(n) for n in range(12)],
        "source": sorted(SOURCES),
    }
    flagged = document["detection"]["flagged_by_slice"]
    rows = read_csv(target / "flagged.csv")
    by_id = {row["id"]: row for row in read_csv(folder / "labels.csv")}
    for row in rows:
        for name in ("split", "batch", "source"):
            assert row[f"by_{name}"] == by_id[row["id"]][name]
    for name, values in document["dataset"]["slices"].items():
        assert flagged[name] == [sum(row[f"by_{name}"] == one for row in rows) for one in values]
    table = pq.read_table(target / "findings.parquet")
    assert table["by_source"].to_pylist() == [row["by_source"] for row in rows]
    alerts = {alert["id"]: alert for alert in document["alerts"]}
    assert alerts["split_leakage.exact"]["severity"] == "critical"
    assert alerts["slice_suspects.more"]["scope"] == "source: crowd"


def test_an_audit_is_read_back_as_it_was_and_one_without_slices_too(audited):
    target, _ = audited
    read = load_audit(target)
    document = json.loads((target / "audit.json").read_text())
    assert to_document(read) | {"findings": None} == document | {"findings": None}
    assert read.findings[0].evidence["by_batch"].isdecimal()
    assert read.dataset.slices["split"] == ("train", "test")
    del document["dataset"]["slices"]
    for name in ("flagged_by_slice", "expected_by_slice"):
        del document["detection"][name]
    older = from_document(document)
    assert older.dataset.slices == {}
    assert older.detection.flagged_by_slice == {}


@pytest.mark.parametrize("engine", ["here", "processes"])
def test_in_steps_and_with_workers_the_bytes_are_the_same(audited, folder, cli, tmp_path, engine):
    target, _ = audited
    more = ["--engine", engine, *(["--workers", "2"] if engine == "processes" else [])]
    assert cli("ingest", folder, "--by", "batch", "-o", "b", "-q", *more).code == 0
    assert cli("detect", "b", "-q", *more).code == 0
    assert cli("measure", "b", "-q", *more).code == 0
    for name in ("audit.json", "findings.parquet", "flagged.csv"):
        assert (tmp_path / "b" / name).read_bytes() == (target / name).read_bytes(), name


def test_several_models_and_shards_have_the_same_slices(folder, cli, tmp_path):
    rows = (folder / "labels.csv").read_text().splitlines()
    parts = tmp_path / "parts"
    parts.mkdir()
    for number, own in enumerate((rows[1:300], rows[300:])):
        (parts / f"labels-{number:05d}-of-00002.csv").write_text("\n".join([rows[0], *own]) + "\n")
    text = (folder / "predictions.csv").read_text()
    for name in ("one", "two"):
        (parts / f"{name}.csv").write_text(text)
    lines = text.splitlines()
    (parts / "two.csv").write_text("\n".join([lines[0], *reversed(lines[1:])]) + "\n")
    done = cli("audit", parts, "--predictions", "one.csv", "--predictions", "two.csv",
               "--by", "batch", "-o", "e", "-q")  # fmt: skip
    assert done.code == 0
    document = json.loads((tmp_path / "e" / "audit.json").read_text())
    assert document["dataset"]["slices"]["batch"] == [str(n) for n in range(12)]


@pytest.mark.parametrize(
    ("column", "said"),
    [
        ("label", "--by label: is the column of labels; "),
        ("id", "--by id: is the column of ids; "),
        ("sorce", "--by sorce: labels.csv has no such column; did you mean 'source'?; "),
        ("x\x1b[31m", "--by x\\x1b[31m: labels.csv has no such column; "),
    ],
)
@pytest.mark.parametrize("command", ["audit", "ingest"])
def test_a_column_that_is_none_is_one_line(folder, cli, column, said, command):
    done = cli(command, folder, "--by", column, "-o", "c")
    assert done.code == 2
    assert done.complaint.startswith(said)


@pytest.mark.parametrize("command", ["audit", "ingest"])
def test_a_column_of_predictions_is_one_line(sample_data, cli, command):
    done = cli(command, sample_data / "imbalanced", "--by", "prob_benign", "-o", "c")
    assert done.code == 2
    assert done.complaint.startswith("--by prob_benign: is a column of predictions, ")


def test_a_column_that_is_only_named_like_predictions_is_a_slice(folder, cli, tmp_path):
    """`class_size` and `class_room` begin like columns of predictions, and name no class."""
    rooms = tmp_path / "rooms"
    shutil.copytree(folder, rooms)
    lines = (folder / "labels.csv").read_text().splitlines()
    rows = [f"{line},{n % 2},{n % 3}" for n, line in enumerate(lines[1:])]
    head = f"{lines[0]},class_size,class_room"
    (rooms / "labels.csv").write_text("\n".join([head, *rows]) + "\n")
    done = cli("ingest", rooms, "--by", "class_size", "--dry-run")
    assert "slices: `class_size` (by --by), 2 values (0, 1)" in done.out


def test_a_dry_run_says_the_slices(folder, cli):
    done = cli("ingest", folder, "--by", "batch", "--dry-run")
    assert "  slices: `batch` (by --by), 12 values (0, 1, 2, 3, 4 and 7 more)" in done.out


def test_hostile_columns_are_inert_in_every_report(folder, cli, tmp_path):
    hostile = tmp_path / "hostile"
    hostile.mkdir()
    name = 'so,"\n<script>alert(1)</script>|\x1b[31m'
    with (hostile / "labels.csv").open("w", newline="") as file:
        write = csv.writer(file)
        write.writerow(["id", "label", name])
        for number, row in enumerate(read_csv(folder / "labels.csv")):
            write.writerow(
                [row["id"], row["label"], ["=1+1", "<img src=x>|\x1b]0;x\x07"][number % 2]]
            )
    (hostile / "predictions.csv").write_bytes((folder / "predictions.csv").read_bytes())
    done = cli("audit", hostile, "--by", name, "-o", "h")
    assert done.code == 0
    page = (tmp_path / "h" / "report.html").read_text()
    markdown = cli("report", "h", "--format", "markdown").out
    for text in (done.out, done.err, page, markdown):
        assert "\x1b" not in text
    for text in (page, markdown):
        assert "<script>alert" not in text
        assert "<img src=x" not in text
    found = read_csv(tmp_path / "h" / "flagged.csv")
    (column,) = (key for key in found[0] if key.startswith("by_"))
    assert column == 'by_so,"\\x0a<script>alert(1)</script>|\\x1b[31m'
    assert {row[column] for row in found} == {"'=1+1", "<img src=x>|\x1b]0;x\x07"}


def test_help_stays_quick():
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "labelaudit", "audit", "--help"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "--by" in done.stdout
    for heavy in ("numpy", "pyarrow", "scipy"):
        assert f"| {heavy}\n" not in done.stderr.replace(" ", "").replace("|", "| ")


def test_show_names_the_slices_of_a_suspect(cli, tmp_path):
    # A column may be called as the ranks of signals are.
    rows = [f"r{row},{'ab'[row % 2]},{row % 3}" for row in range(60)]
    rows[0] = "r0,b,"
    (tmp_path / "t.csv").write_text("\n".join(["id,label,x_rank", *rows]) + "\n")
    np.savez(
        tmp_path / "p.npz",
        pred_probs=np.array([[0.9, 0.1], [0.1, 0.9]] * 30),
        classes=np.array(["a", "b"]),
    )
    arguments = ("t.csv", "--predictions", "p.npz", "--by", "x_rank", "-o", "s", "-q")
    assert cli("audit", *arguments).code == 0
    assert "  slices            x_rank blank\n" in cli("show", "s", "r0").out


def test_an_audit_older_than_slices_is_measured_without_them(folder, cli, tmp_path):
    assert cli("audit", folder, "-o", tmp_path / "old").code == 0
    path = tmp_path / "old" / "audit.json"
    made = json.loads(path.read_text())
    del made["dataset"]["slices"]
    path.write_text(json.dumps(made))
    done = cli("measure", tmp_path / "old")
    assert done.code == 0, done.err
    again = json.loads(path.read_text())["measurements"]
    assert {again[name]["status"] for name in ("split_leakage", "label_shift")} == {"skipped"}
