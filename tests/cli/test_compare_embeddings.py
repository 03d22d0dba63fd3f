"""`labelaudit compare-embeddings`: ranks, correlations, plots, refusals, hostile names."""

import html
import json
import os
import re
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import spearmanr

import labelaudit
from labelaudit.core.comparison import UNSUPERVISED, Compared, Comparison
from labelaudit.core.errors import InputError
from labelaudit.ingest.compared import apart, read_compared
from labelaudit.measures.comparing import SUPERVISED, rank_correlation
from labelaudit.report.comparison import document, figure, page, terminal
from labelaudit.report.trends import line_plot, sparkline

N = 160


@pytest.fixture
def checkpoints(tmp_path):
    """Four checkpoints of a model that pulls three classes apart, and their labels."""
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 3, N)
    noise = generator.normal(size=(N, 12))
    files = []
    for step, far in enumerate((0.0, 2.0, 5.0, 9.0), start=1):
        path = tmp_path / f"epoch-{step}.npy"
        np.save(path, (noise + far * np.eye(12)[labels]).astype(np.float32))
        files.append(path)
    names = np.array(["ant", "bee", "cat"])[labels]
    (tmp_path / "labels.csv").write_text("label\n" + "\n".join(names) + "\n")
    return files


def figures(cli, *arguments):
    done = cli("compare-embeddings", *arguments, "--json", "-", "-q")
    assert done.code == 0, done.err
    return json.loads(done.out)


def test_the_better_checkpoint_ranks_first(cli, checkpoints):
    done = cli("compare-embeddings", *checkpoints)
    assert done.code == 0
    assert done.err == ""
    ranked = re.findall(r"^(\d)  .*epoch-(\d)", done.out, re.MULTILINE)
    assert ranked == [("1", "4"), ("2", "3"), ("3", "2"), ("4", "1")]
    assert "relative only" in " ".join(done.out.split())
    assert re.search(r"^S +▁.+█ ", done.out, re.MULTILINE)
    assert "kNN" not in done.out
    assert max(map(len, done.out.splitlines())) <= 80


def test_with_labels_supervised_measures_stand_beside_it(cli, checkpoints):
    made = figures(cli, *checkpoints, "--labels", "labels.csv")
    assert made["classes"] == 3
    assert made["rows"] == N
    assert made["labels"] == "labels.csv"
    rows = made["embeddings"]
    assert [row["rank_s"] for row in rows] == [4, 3, 2, 1]
    for kind in SUPERVISED.values():
        sign = -1 if made["columns"][kind.name]["better"] == "lower" else 1
        expected = spearmanr([row["s"] for row in rows], [sign * row[kind.name] for row in rows])[0]
        assert made["rank_correlation"]["s"][kind.name] == pytest.approx(expected), kind.name
        assert made["rank_correlation"]["s"][kind.name] > 0, kind.name
    done = cli("compare-embeddings", *checkpoints, "--labels", "labels.csv")
    assert "rank corr., S" in done.out
    assert "chance alone" in " ".join(done.out.split())


def test_its_figures_are_those_of_an_audit(cli, sample_data):
    digits = sample_data / "digits"
    file = digits / "embeddings.npy"
    made = figures(cli, file, file, "--labels", digits)
    audit = labelaudit.audit(digits)
    (one, other) = made["embeddings"]
    assert one == other
    assert one["s"] == audit.measurement("h0_separability").value
    assert one["g"] == audit.measurement("h0_separability").details["robust"]
    for kind in SUPERVISED.values():
        assert one[kind.name] == audit.measurement(kind.name).value, kind.name
    assert made["rank_correlation"]["s"] == dict.fromkeys(made["rank_correlation"]["s"])


def test_the_same_command_gives_the_same_bytes_and_a_seed_other_rows(cli, tmp_path):
    points = np.random.default_rng(0).normal(size=(6_500, 4)).astype(np.float32)
    np.save("one.npy", points)
    np.save("two.npy", points[:, ::-1] ** 3)
    one, again = (figures(cli, "one.npy", "two.npy") for _ in range(2))
    assert one == again
    assert one["sample"] == {"size": 6_000, "of": 6_500, "seed": 0}
    assert one["embeddings"][0]["s_sd"] > 0
    other = figures(cli, "one.npy", "two.npy", "--seed", 5)
    assert other["embeddings"][0]["s"] != one["embeddings"][0]["s"]
    assert "± sd" in cli("compare-embeddings", "one.npy", "two.npy").out


def test_the_page_has_a_plot_of_each_figure_and_asks_for_nothing(cli, checkpoints):
    done = cli("compare-embeddings", *checkpoints, "--labels", "labels.csv", "--html", "page.html")
    assert done.code == 0
    assert done.err == "wrote page.html\n"
    page = Path("page.html").read_text(encoding="utf-8")
    assert page.count("<svg") == len(UNSUPERVISED) + len(SUPERVISED)
    assert "default-src 'none'" in html.unescape(page)
    assert not re.search(r"(src|href)=\"(?!data:)", page)
    assert "<script" not in page
    assert not re.search(r"\bnan\b", page.lower())
    assert cli("compare-embeddings", *checkpoints, "-o", "-").out.startswith("<!doctype html>")


HOSTILE = "<img src=x onerror=alert(1)>[red]\x1b[31m\u202e.npy"


def test_hostile_file_names_are_inert(cli, checkpoints):
    np.save("plain.npy", np.load(checkpoints[0]))
    with open(HOSTILE, "wb") as file:
        np.save(file, np.load(checkpoints[1]))
    done = cli("compare-embeddings", "plain.npy", HOSTILE, "--labels", "labels.csv", "-o", "p.html")
    assert done.code == 0
    page = Path("p.html").read_text(encoding="utf-8")
    assert "<img" not in page
    for text in (done.out, page, done.err):
        assert "\x1b" not in text
        assert "\u202e" not in text
    made = figures(cli, "plain.npy", HOSTILE)
    assert made["embeddings"][1]["name"].startswith("<img src=x")
    assert "\x1b" not in cli("compare-embeddings", "plain.npy", HOSTILE, "--json", "-").out


def test_every_format_of_embeddings_is_read_and_joined_by_id(cli, checkpoints):
    points = np.load(checkpoints[3])
    lines = Path("labels.csv").read_text(encoding="utf-8").splitlines()[1:]
    ids = [f"r{row}" for row in range(N)]
    pairs = [f"{name},{label}" for name, label in zip(ids, lines, strict=True)]
    Path("named.csv").write_text("id,label\n" + "\n".join(pairs) + "\n")
    order = np.random.default_rng(1).permutation(N)
    np.savez("shuffled.npz", embeddings=points[order], ids=np.array(ids)[order])
    head = "id," + ",".join(f"e{column}" for column in range(12))
    rows = [f"{ids[row]}," + ",".join(map(str, points[row].tolist())) for row in order]
    Path("table.csv").write_text("\n".join([head, *rows]) + "\n")
    files = (checkpoints[3], "shuffled.npz", "table.csv")
    made = figures(cli, *files, "--labels", "named.csv", "--label-column", "label")
    first, *others = made["embeddings"]
    for other in others:
        for key in ("s", "g", *(kind.name for kind in SUPERVISED.values())):
            assert other[key] == pytest.approx(first[key], rel=1e-6), key
    without = figures(cli, "shuffled.npz", "table.csv")["embeddings"]
    assert without[0]["s"] == pytest.approx(without[1]["s"], rel=1e-6)


def test_a_dataset_folder_of_several_predictions_and_embeddings_gives_its_labels(cli, checkpoints):
    os.makedirs("data")
    os.rename("labels.csv", "data/labels.csv")
    for name in ("embeddings_a.npy", "embeddings_b.npy", "pred_probs_a.npy", "pred_probs_b.npy"):
        np.save(f"data/{name}", np.load(checkpoints[0]))
    made = figures(cli, *checkpoints, "--labels", "data")
    assert made["classes"] == 3


def test_of_several_splits_that_of_as_many_rows_is_compared_or_the_one_named(cli, tmp_path):
    generator = np.random.default_rng(0)
    os.makedirs("data")
    labels = generator.choice(list("abc"), 60)
    for name, rows in (("train", slice(0, 40)), ("test", slice(40, 60))):
        Path(f"data/{name}.csv").write_text("label\n" + "\n".join(labels[rows]) + "\n")
    points = generator.normal(size=(60, 4))
    for count in (60, 20):
        np.save(f"last-{count}.npy", points[60 - count :])
    part = figures(cli, "last-20.npy", "last-20.npy", "--labels", "data")
    assert part["rows"] == 20
    assert part["notices"] == ["splits: only test is compared"]
    whole = figures(cli, "last-60.npy", "last-60.npy", "--labels", "data")
    assert whole["rows"] == 60
    assert whole["notices"] == []
    Path("data/train.csv").write_text("label\n" + "\n".join(labels[:20]) + "\n")
    twice = ("compare-embeddings", "last-20.npy", "last-20.npy", "--labels", "data")
    assert "choose one with --split" in cli(*twice).complaint
    named = figures(cli, *twice[1:], "--split", "test")
    assert named["embeddings"] == part["embeddings"]


def test_rows_are_matched_by_id_where_files_name_them(tmp_path):
    points = np.random.default_rng(0).normal(size=(20, 3))
    ids = np.array([f"r{row}" for row in range(20)])
    order = np.random.default_rng(1).permutation(20)
    np.savez(tmp_path / "one.npz", embeddings=points, ids=ids)
    np.savez(tmp_path / "two.npz", embeddings=points[order], ids=ids[order])
    files = [(name, tmp_path / name) for name in ("one.npz", "two.npz")]
    for _, matrix in read_compared(files).named:
        assert (matrix.gather(np.arange(20)) == points).all()
    np.savez(tmp_path / "two.npz", embeddings=points, ids=[*ids[1:], "other"])
    with pytest.raises(InputError, match=r"two\.npz: 1 ids of one\.npz are not in it"):
        read_compared(files)
    labels = tmp_path / "labels.csv"
    labels.write_text("id,label\n" + "".join(f"r{row},{'ab'[row % 2]}\n" for row in range(20)))
    found = read_compared(files, labels)
    assert found.n_rows == 19  # r0 has no embedding in the second
    assert found.labels.tolist() == [row % 2 for row in range(1, 20)]
    for _, matrix in found.named:
        assert matrix.gather(np.arange(19)).shape == (19, 3)
    assert (found.named[0][1].gather(np.arange(19)) == points[1:]).all()


@pytest.mark.parametrize(
    ("names", "shown"),
    [
        (["a/x.npy", "a/y.npy"], ["x.npy", "y.npy"]),
        (["a/1/x.npy", "a/2/x.npy"], ["1/x.npy", "2/x.npy"]),
        (["x.npy", "x.npy"], ["x.npy", "x.npy"]),
        (["x.npy", "a/x.npy"], ["x.npy", "a/x.npy"]),
    ],
)
def test_files_are_called_by_the_end_of_their_paths(names, shown):
    assert apart(names) == shown


def test_renderers_make_names_harmless_themselves():
    name = "\x1b[31m<b>\u202e"
    one = Compared(name=name, width=2, values={"s": 0.5, "g": None, "one_minus_h": 0.1}, sd=0.01)
    made = Comparison(
        embeddings=(one, one),
        columns=UNSUPERVISED,
        agreement={},
        n_rows=9,
        size=9,
        seed=0,
        notices=(name,),
    )
    for text in (terminal(made, 60), page(made), document(made)):
        assert "\x1b" not in text
        assert "\u202e" not in text
    assert "<b>" not in page(made)


def test_rows_without_a_label_are_left_out_and_said(cli, checkpoints):
    lines = Path("labels.csv").read_text(encoding="utf-8").splitlines()
    lines[1] = lines[2] = '""'
    Path("labels.csv").write_text("\n".join(lines) + "\n")
    made = figures(cli, *checkpoints, "--labels", "labels.csv")
    assert made["rows"] == N - 2
    assert made["notices"] == ["2 rows are left out: no label, or embeddings not in all"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["epoch-1.npy"], "two files"),
        (["epoch-1.npy", "short.npy"], "short.npy: has 9 rows, but epoch-1.npy has 160"),
        (["epoch-1.npy", "none.npy"], "none.npy: no such file"),
        (["epoch-1.npy", "words.npy"], "words.npy: holds values of type"),
        (["epoch-1.npy", "holes.npy"], "holes.npy, row 7 (from 0): the embedding holds a value"),
        (["epoch-1.npy", "flat.npy"], "flat.npy: has shape 160"),
        (["epoch-1.npy", "notes.txt"], "notes.txt: not a format that can be read as embeddings"),
        (["two.npy", "two.npy"], "two.npy: has 2 rows; there is nothing to compare"),
        (["epoch-1.npy", "epoch-2.npy", "--labels", "short.csv"], "epoch-1.npy: has 160 rows"),
        (["epoch-1.npy", "epoch-2.npy", "--label-column", "x"], "goes with --labels"),
        (
            ["epoch-1.npy", "epoch-2.npy", "--labels", "labels.csv", "--label-column", "x"],
            "label",
        ),
        (["epoch-1.npy", "epoch-2.npy", "--labels", "gone.csv"], "gone.csv: no such file"),
        (["epoch-1.npy", "epoch-2.npy", "-o", "-", "--json", "-"], "only one of them"),
        (["epoch-1.npy", "epoch-2.npy", "-o", "no/such/page.html"], "no/such"),
    ],
)
def test_what_cannot_be_compared_is_refused_in_one_line(cli, checkpoints, arguments, said):
    points = np.load(checkpoints[0])
    np.save("short.npy", points[:9])
    np.save("two.npy", points[:2])
    np.save("words.npy", np.array([["a", "b"]] * N))
    np.save("flat.npy", points[:, 0])
    points[7, 1] = np.nan
    np.save("holes.npy", points)
    Path("notes.txt").write_text("notes")
    Path("short.csv").write_text("label\na\nb\n" * 3)
    done = cli("compare-embeddings", *arguments)
    assert done.code == 2
    assert done.out == ""
    assert said in done.complaint


def test_embeddings_of_other_widths_are_said_not_to_be_ranked_by_s(cli, checkpoints):
    np.save("narrow.npy", np.load(checkpoints[0])[:, :4])
    wide = " ".join(cli("compare-embeddings", *checkpoints).out.split())
    mixed = " ".join(cli("compare-embeddings", checkpoints[0], "narrow.npy").out.split())
    assert "rank those of one width" not in wide
    assert "rank those of one width" in mixed


@pytest.mark.parametrize("columns", [40, 56, 80, 200])
def test_the_table_fits_the_terminal(cli, checkpoints, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    done = cli("compare-embeddings", *checkpoints, "--labels", "labels.csv")
    assert max(map(len, done.out.splitlines())) <= columns
    table, _, _ = done.out.partition("IN THE ORDER")
    assert ("C-H" in table.splitlines()[2]) == (columns >= 80)
    assert ("No room here for" in table) == (columns < 200)


def test_rank_correlation_is_scipys():
    generator = np.random.default_rng(0)
    for size in range(3, 12):
        one, other = generator.integers(0, 5, (2, size)).astype(float)
        if len(set(one)) > 1 and len(set(other)) > 1:
            assert rank_correlation(one, other) == pytest.approx(spearmanr(one, other)[0])
    assert rank_correlation([1, 2], [1, 2]) is None
    assert rank_correlation([1, 1, 1], [1, 2, 3]) is None
    assert rank_correlation([1, None, 2, 3], [5, 9, 6, 7]) == 1
    assert rank_correlation([1, 2, 3], [3, 2, 1]) == -1


def test_sparklines_and_plots():
    assert sparkline([0, 1, 2, 3, 4, 5, 6, 7], 10) == "▁▂▃▄▅▆▇█"
    assert sparkline([1, None, 1], 10) == "▁·▁"
    assert len(sparkline(list(range(1000)), 20)) == 20
    assert sparkline([], 5) == ""
    svg = line_plot([0.0004, None, 0.5], "A figure", "higher")
    assert svg.count("<circle") == 2
    assert "&lt;0.001" in svg
    assert "<circle" not in line_plot([None, None], "A figure", "higher")
    assert line_plot([2.0], "A figure", "lower").count("<circle") == 1


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "–"),
        (0.5, "0.500"),
        (0.01234, "0.0123"),
        (0.0000321, "3.2e−5"),
        (0.0, "0.000"),
        (-0.25, "−0.250"),
        (18.66, "18.7"),
        (12345.6, "12,346"),
    ],
)
def test_figures_are_short(value, said):
    assert figure(value) == said


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["-o", "epoch-1.npy"], "-o epoch-1.npy: is read here; name another file"),
        (["--json", "labels.csv"], "--json labels.csv: is read here; name another file"),
        (["-o", "a.html", "--json", "a.html"], "-o and --json: name the same file; name two"),
        (["-o", "nowhere/a.html"], "-o nowhere/a.html: no such folder to write into"),
    ],
)
def test_what_is_read_is_not_written_over(cli, checkpoints, more, said):
    before = {path.name: path.read_bytes() for path in checkpoints[0].parent.iterdir()}
    done = cli("compare-embeddings", *checkpoints, "--labels", "labels.csv", *more)
    assert done.code == 2
    assert done.err == f"labelaudit: {said}\n"
    assert {path.name: path.read_bytes() for path in checkpoints[0].parent.iterdir()} == before
