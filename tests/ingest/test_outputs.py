"""Predictions as libraries and tools write them are read alike, whatever their shape."""

import csv
import gzip
import json
import pickle
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from labelaudit import audit, open_dataset
from labelaudit.cli import run
from labelaudit.core.errors import ConfigError, InputError
from tests.made import noisy

N_ROWS = 60
NAMES = ["ape", "bee", "cat"]
CODES, PROBABILITIES = noisy(N_ROWS, 3, seed=4)
IDS = [f"r{row}" for row in range(N_ROWS)]
ORDER = np.random.default_rng(1).permutation(N_ROWS)  # of the rows in files that have ids


@pytest.fixture
def folder(tmp_path):
    frame = pd.DataFrame({"id": IDS, "label": [NAMES[code] for code in CODES]})
    frame.to_csv(tmp_path / "labels.csv", index=False)
    return tmp_path


def write_lines(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def write_csv(path, header, rows):
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([header, *rows])


def long_rows(name="prob"):
    pairs = [(row, code) for row in ORDER for code in range(3)]
    pairs = [pairs[at] for at in np.random.default_rng(2).permutation(len(pairs))]
    return pd.DataFrame(
        {
            "id": [IDS[row] for row, _ in pairs],
            "label": [NAMES[code] for _, code in pairs],
            name: [PROBABILITIES[row, code] for row, code in pairs],
        }
    )


def scores(row, order=(2, 0, 1), names=NAMES):
    return [{"label": names[code], "score": PROBABILITIES[row, code]} for code in order]


def as_object(row):
    return {NAMES[code]: PROBABILITIES[row, code] for code in (1, 2, 0)}


def listed_json(row):
    return json.dumps(PROBABILITIES[row].tolist())


def numpy_text(row):
    return "\n ".join(np.array2string(PROBABILITIES[row], precision=17).split(" ", 1))


WAYS = {
    "long.csv": lambda path: long_rows().to_csv(path, index=False),
    "long.parquet": lambda path: long_rows("score").to_parquet(path),
    "long.jsonl": lambda path: long_rows().to_json(path, orient="records", lines=True),
    "long.csv.gz": lambda path: long_rows().to_csv(path, index=False),
    "lists.csv": lambda path: write_csv(
        path, ["id", "probs"], [[IDS[row], listed_json(row)] for row in ORDER]
    ),
    "numpy.csv": lambda path: write_csv(  # as pandas prints an array that lies in a cell
        path, ["id", "pred_probs"], [[IDS[row], numpy_text(row)] for row in ORDER]
    ),
    "objects.csv": lambda path: write_csv(
        path, ["id", "probs"], [[IDS[row], json.dumps(as_object(row))] for row in ORDER]
    ),
    "objects.jsonl": lambda path: write_lines(
        path, [{"id": IDS[row], "probs": as_object(row)} for row in ORDER]
    ),
    "objects.parquet": lambda path: pq.write_table(
        pa.table({"id": [IDS[row] for row in ORDER], "probs": [as_object(row) for row in ORDER]}),
        path,
    ),
    "scores.jsonl": lambda path: write_lines(
        path, [{"id": IDS[row], "scores": scores(row)} for row in ORDER]
    ),
    "scores.parquet": lambda path: pq.write_table(
        pa.table({"id": [IDS[row] for row in ORDER], "scores": [scores(row) for row in ORDER]}),
        path,
    ),
    "pipeline.json": lambda path: path.write_text(  # what transformers.pipeline(top_k=None) gives
        json.dumps([scores(row) for row in range(N_ROWS)])
    ),
    "records.json": lambda path: frame_of_columns().to_json(path, orient="records"),
    "split.json": lambda path: frame_of_columns().to_json(path, orient="split", index=False),
    "index.json": lambda path: frame_of_columns().set_index("id").to_json(path, orient="index"),
    "top.jsonl": lambda path: write_lines(
        path,
        [
            {
                "id": IDS[row],
                "top_classes": ["cat", "ape", "bee"],
                "top_probs": PROBABILITIES[row][[2, 0, 1]].tolist(),
            }
            for row in ORDER
        ],
    ),
    "top.csv": lambda path: write_csv(
        path,
        ["id", "top_classes", "top_probs"],
        [
            [IDS[row], '["cat", "ape", "bee"]', json.dumps(PROBABILITIES[row][[2, 0, 1]].tolist())]
            for row in ORDER
        ],
    ),
}


def frame_of_columns():
    columns = {f"prob_{name}": PROBABILITIES[ORDER, code] for code, name in enumerate(NAMES)}
    return pd.DataFrame({"id": [IDS[row] for row in ORDER], **columns})


@pytest.mark.parametrize("with_scratch", [False, True])
@pytest.mark.parametrize("name", WAYS)
def test_every_shape_is_read_as_the_same_probabilities(folder, tmp_path, name, with_scratch):
    WAYS[name](folder / name)
    scratch = tmp_path / "scratch" if with_scratch else None
    opened = open_dataset(folder, predictions=name, scratch=scratch)
    assert opened.class_names == tuple(NAMES)
    found = opened.probabilities.read(0, N_ROWS)
    # The writers of JSON and of text keep fewer digits.
    np.testing.assert_allclose(found, PROBABILITIES, atol=1e-9)
    assert opened.labels.tolist() == CODES.tolist()


def test_what_was_done_is_said(folder):
    WAYS["long.csv"](folder / "long.csv")
    opened = open_dataset(folder, predictions="long.csv")
    assert (
        "predictions: long.csv is a long table: 180 rows of `id`, `label`, `prob` make 60 rows "
        "of 3 classes"
    ) in opened.notices
    assert opened.probabilities.where(0).startswith("long.csv, line ")
    assert opened.probabilities.where(0).endswith("(id 'r0')")


def test_a_class_that_is_not_there_has_probability_0_where_the_rest_sums_to_1(folder):
    rows = [["r0", "ape", 0.25], ["r0", "cat", 0.75]]
    rows += [[name, each, 1 / 3] for name in IDS[1:] for each in NAMES]
    write_csv(folder / "long.csv", ["id", "class", "probability"], rows)
    opened = open_dataset(folder, predictions="long.csv")
    assert opened.probabilities.read(0, 1).tolist() == [[0.25, 0.0, 0.75]]
    assert any("1 pairs of row and class are not in" in notice for notice in opened.notices)
    objects = [{"id": "r0", "probs": {"ape": 0.25, "cat": 0.75}}]
    objects += [{"id": name, "probs": dict.fromkeys(NAMES, 1 / 3)} for name in IDS[1:]]
    write_lines(folder / "some.jsonl", objects)
    opened = open_dataset(folder, predictions="some.jsonl")
    assert opened.probabilities.read(0, 1).tolist() == [[0.25, 0.0, 0.75]]


def test_a_long_table_that_would_be_mostly_zeros_is_refused(folder):
    rows = [[name, f"c{row}", 1.0] for row, name in enumerate(["r0", *IDS] * 3)]
    write_csv(folder / "long.csv", ["id", "label", "prob"], rows)
    said = r"long\.csv: has 183 rows for 60 ids of 183 classes; write the most probable"
    with pytest.raises(InputError, match=said):
        open_dataset(folder, predictions="long.csv")


def test_a_cell_that_is_nested_deeply_is_refused(folder):
    write_csv(folder / "a.csv", ["probs"], [["[" * 100_000]] * N_ROWS)
    with pytest.raises(InputError, match=r"nested too deeply|is no whole list"):
        audit(folder, predictions="a.csv")


def test_cut_off_scores_are_listed_classes(folder):
    rows = []
    for row in ORDER:
        best = np.argsort(-PROBABILITIES[row])[:2]
        rows.append({"id": IDS[row], "scores": scores(row, best)})
    write_lines(folder / "preds.jsonl", rows)
    opened = open_dataset(folder)
    assert opened.class_names == tuple(NAMES)
    np.testing.assert_allclose(opened.probabilities.read(0, N_ROWS), PROBABILITIES, atol=1e-9)
    assert any("each row lists up to 2 of 3 classes" in notice for notice in opened.notices)
    made = audit(folder)
    assert made.detection is not None


def test_the_first_answer_alone_is_a_listed_class(folder):
    best = PROBABILITIES.argmax(axis=1)
    rows = [
        {"id": IDS[row], "label": NAMES[best[row]], "score": PROBABILITIES[row, best[row]]}
        for row in ORDER
    ]
    write_lines(folder / "preds.jsonl", rows)
    opened = open_dataset(folder)
    found = opened.probabilities.read(0, N_ROWS)
    np.testing.assert_allclose(found.max(axis=1), PROBABILITIES.max(axis=1))
    assert (found.argmax(axis=1) == best).all()


def test_columns_of_lists_of_lists_are_no_classes(folder):
    rows = [{"id": name, "label": [[1, 2]], "prob": [0.5, 0.5]} for name in IDS]
    write_lines(folder / "preds.jsonl", rows)
    with pytest.raises(InputError):
        audit(folder)


@pytest.mark.parametrize("name", ["long.csv", "objects.jsonl", "top.jsonl"])
def test_workers_read_the_same(folder, name):
    WAYS[name](folder / name)
    opened = open_dataset(folder, predictions=name)
    sent = pickle.loads(pickle.dumps(opened.probabilities))
    assert (sent.read(0, N_ROWS) == opened.probabilities.read(0, N_ROWS)).all()
    logits = replace(opened.probabilities, softmax=True)
    sent = pickle.loads(pickle.dumps(logits))
    assert (sent.read(0, N_ROWS) == logits.read(0, N_ROWS)).all()


def test_listed_names_that_classes_does_not_name(folder):
    rows = [{"id": name, "scores": [{"label": "dog", "score": 0.9}]} for name in IDS]
    write_lines(folder / "preds.jsonl", rows)
    with pytest.raises(InputError, match=r"lists dog, which --classes does not name"):
        open_dataset(folder, classes="ape,bee,cat")
    with pytest.raises(InputError, match=r"its classes \(dog\) are not those of the labels"):
        open_dataset(folder)


# Logits.


def test_logits_give_the_same_as_their_softmax(folder):
    logits = np.log(PROBABILITIES) * 1.0 + np.linspace(-300, 800, N_ROWS)[:, None]
    np.save(folder / "predictions.npy", logits)  # as Trainer.predict(...).predictions
    with pytest.raises(InputError, match=r"value -\d+.*; these look like logits; say --logits"):
        audit(folder)
    opened = open_dataset(folder, logits=True)
    np.testing.assert_allclose(opened.probabilities.read(0, N_ROWS), PROBABILITIES, atol=1e-9)
    whole = opened.probabilities.read(0, N_ROWS)
    for step in (1, 7):
        pieces = [opened.probabilities.read(at, at + step) for at in range(0, N_ROWS, step)]
        assert np.concatenate(pieces)[:N_ROWS].tobytes() == whole.tobytes()
    assert any("read as logits (--logits)" in notice for notice in opened.notices)
    flagged = [finding.row for finding in audit(folder, logits=True).findings]
    np.save(folder / "predictions.npy", PROBABILITIES)
    assert flagged == [finding.row for finding in audit(folder).findings]


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_logits_of_half_and_single_precision(folder, dtype):
    np.save(folder / "predictions.npy", (np.log(PROBABILITIES) + 2).astype(dtype))
    made = audit(folder, logits=True)
    (check,) = [check for check in made.contract if check.name == "row_sums"]
    assert check.status == "passed"


def test_log_probabilities_are_told_apart(folder):
    np.save(folder / "predictions.npy", np.log(PROBABILITIES))
    with pytest.raises(InputError, match="these look like log-probabilities; say --logits"):
        audit(folder)
    np.testing.assert_allclose(
        open_dataset(folder, logits=True).probabilities.read(0, N_ROWS), PROBABILITIES
    )


def test_logits_of_columns_by_name_keep_their_classes(folder):
    frame = frame_of_columns()[["id", "prob_cat", "prob_ape", "prob_bee"]]
    frame.iloc[:, 1:] = np.log(frame.iloc[:, 1:])
    frame.to_parquet(folder / "preds.parquet")
    opened = open_dataset(folder, logits=True)
    np.testing.assert_allclose(opened.probabilities.read(0, N_ROWS), PROBABILITIES)


def test_a_softmax_of_probabilities_is_refused(folder):
    np.save(folder / "predictions.npy", PROBABILITIES)
    with pytest.raises(ConfigError, match=r"holds probabilities already.*leave --logits out"):
        audit(folder, logits=True)


def test_a_softmax_of_listed_classes_is_refused(folder):
    best = PROBABILITIES.argmax(axis=1)
    rows = [{"id": IDS[row], "scores": scores(row, [best[row]])} for row in range(N_ROWS)]
    write_lines(folder / "preds.jsonl", rows)
    with pytest.raises(ConfigError, match="lists only some classes of each row"):
        audit(folder, logits=True)


def test_logits_in_memory_are_read_as_in_a_file(folder):
    np.save(folder / "preds.npy", np.log(PROBABILITIES) + 3)
    expected = audit(folder, logits=True)
    made = audit(CODES, np.log(PROBABILITIES) + 3, logits=True)
    assert made.to_frame().self_confidence.equals(expected.to_frame().self_confidence)
    with pytest.raises(ConfigError, match="pred_probs holds probabilities already"):
        audit(CODES, PROBABILITIES, logits=True)


def test_missing_and_infinite_logits_are_refused(folder):
    logits = np.log(PROBABILITIES)
    logits[5, 1] = np.nan
    np.save(folder / "predictions.npy", logits)
    with pytest.raises(InputError, match=r"predictions\.npy, row 5 \(from 0\).*value nan"):
        audit(folder, logits=True)
    logits[5] = [-np.inf, 0, -np.inf]  # a probability of 0 is none of these
    np.save(folder / "predictions.npy", logits)
    assert open_dataset(folder, logits=True).probabilities.read(5, 6).tolist() == [[0, 1, 0]]


@pytest.mark.parametrize("name", ["predictions.json", "preds_v2.json.gz", "probs-0.json"])
def test_a_document_of_predictions_is_found_by_its_name(folder, name):
    rows = [{"id": IDS[row], **as_object(row)} for row in ORDER]
    opened = gzip.open if name.endswith(".gz") else open
    with opened(folder / name, "wt", encoding="utf-8") as file:
        json.dump(rows, file)
    found = open_dataset(folder)
    assert np.array_equal(found.probabilities.read(0, N_ROWS), PROBABILITIES)
    assert [each.path for each in found.inputs] == ["labels.csv", name]


def test_a_single_numbered_file_of_predictions_is_found_by_its_name(folder):
    np.save(folder / "pred_probs-0.npy", PROBABILITIES)
    assert np.array_equal(open_dataset(folder).probabilities.read(0, N_ROWS), PROBABILITIES)


def test_numbered_archives_are_no_parts_of_one(folder):
    for number in (0, 1):
        np.savez(folder / f"pred_probs-{number}.npz", PROBABILITIES)
    with pytest.raises(InputError, match="several files could be the predictions"):
        open_dataset(folder)


def test_the_index_of_a_frame_is_neither_a_class_nor_a_dimension(folder):
    wide = pd.DataFrame(PROBABILITIES, columns=NAMES).assign(id=IDS).iloc[ORDER]
    wide.to_parquet(folder / "preds.parquet")
    points = pd.DataFrame(PROBABILITIES, columns=["x", "y", "z"]).assign(id=IDS).iloc[ORDER]
    points.to_csv(folder / "embeddings.csv")
    found = open_dataset(folder)
    assert found.class_names == tuple(NAMES)
    assert np.array_equal(found.embeddings.read(0, N_ROWS), PROBABILITIES)


def test_embeddings_are_joined_by_the_index_of_their_frame(folder):
    points = pd.DataFrame(PROBABILITIES, index=IDS).iloc[ORDER]
    points.to_csv(folder / "embeddings.csv")
    found = open_dataset(folder)
    assert np.array_equal(found.embeddings.read(0, N_ROWS), PROBABILITIES)


def test_a_class_that_is_called_as_ids_are_hides_no_ids(tmp_path):
    names = ["id", "file", "x"]
    frame = pd.DataFrame({"id": IDS, "label": [names[code] for code in CODES]})
    frame.to_csv(tmp_path / "labels.csv", index=False)
    wide = pd.DataFrame(PROBABILITIES, columns=[f"prob_{name}" for name in names]).assign(id=IDS)
    wide.iloc[ORDER].to_csv(tmp_path / "preds.csv", index=False)
    found = open_dataset(tmp_path)
    columns = [found.class_names.index(name) for name in names]
    assert np.array_equal(found.probabilities.read(0, N_ROWS)[:, columns], PROBABILITIES)


def test_the_option_reaches_every_step(folder, monkeypatch, capsys):
    """A digest of logits is never taken for one of probabilities, and later steps read the same."""
    monkeypatch.chdir(folder)
    np.save("scores.npy", np.log(PROBABILITIES) + 1)
    base = ["ingest", "labels.csv", "--predictions", "scores.npy", "-o", "made"]

    assert run([*base, "--logits", "--dry-run"]) == 0
    assert "read as logits (--logits)" in capsys.readouterr().out
    assert run([*base, "--logits"]) == 0
    assert run(["detect", "made"]) == 0
    assert run(base) == 2
    assert "say --logits" in capsys.readouterr().err
