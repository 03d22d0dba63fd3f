"""Several models: each is checked by itself and kept apart, and their mean is audited."""

import csv
import pickle
from itertools import pairwise, permutations
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

import labelaudit
from labelaudit.auditing import run
from labelaudit.core.ensemble import MOST_MODELS, Mean, Model, mean_of
from labelaudit.core.errors import ConfigError, InputError, Refusal
from labelaudit.core.matrix import Matrix
from labelaudit.core.rows import as_mapped
from labelaudit.core.schema import to_json
from labelaudit.core.settings import Options
from labelaudit.engine.job import begin
from labelaudit.engine.processes import Processes
from labelaudit.ingest.contract.ensemble import merged
from labelaudit.ingest.contract.rules import outcome
from labelaudit.ingest.memory import dataset_from_memory
from labelaudit.ingest.opening import open_dataset
from labelaudit.surveying import repaired, survey
from tests.made import noisy

N_ROWS = 600
NAMES = ("ape", "bee", "cat", "dog", "emu")
K = len(NAMES)
CODES, FIRST = noisy(N_ROWS, K, seed=3)
LABELS = [NAMES[code] for code in CODES]


def model(seed, dtype=np.float64, sharpness=2.0):
    """Return another model's probabilities of the same rows."""
    chance = np.random.default_rng(seed)
    logits = np.log(FIRST) + chance.normal(size=FIRST.shape) * sharpness / 2
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return (powers / powers.sum(axis=1, keepdims=True)).astype(dtype)


SECOND, THIRD = model(1), model(2)
FILES = ("a.npy", "b.npy")


def folder_of(root, *matrices, names=None, ids=False):
    """Write labels, and predictions to a.npy, b.npy and so on."""
    with (root / "labels.csv").open("w", newline="") as file:
        rows = enumerate(LABELS)
        csv.writer(file).writerows([("id", "label"), *((f"r{row}", label) for row, label in rows)])
    if not ids:
        (root / "labels.csv").write_text("label\n" + "\n".join(LABELS) + "\n")
    files = names or [f"{letter}.npy" for letter in "abcdefgh"[: len(matrices)]]
    for file, matrix in zip(files, matrices, strict=True):
        np.save(root / file, matrix)
    return root, files


def as_table(path, matrix, rows=None, names=NAMES, prefix="prob_"):
    rows = np.arange(N_ROWS) if rows is None else rows
    columns = {"id": [f"r{row}" for row in rows]}
    columns |= {f"{prefix}{name}": matrix[rows, NAMES.index(name)] for name in names}
    pq.write_table(pa.table(columns), path)


def audited(root, files, **more):
    """Return the audit in the order of the plain mean: the default one weighs the models."""
    return labelaudit.audit(root, predictions=list(files), ranking="self_confidence", **more)


def flagged(made):
    return sorted(finding.row for finding in made.findings)


def found(made):
    """Return of each finding what does not depend on how many models there were."""
    names = ("rank", "id", "given_label", "suggested_label", "label_quality", "normalized_margin")
    names += ("confidence_weighted_entropy", "given_probability", "suggested_threshold")
    return [[getattr(finding, name) for name in names] for finding in made.findings]


def check_of(made, name):
    (check,) = [check for check in made.contract if check.name == name]
    return check


def refused(root, files, error=InputError, **more):
    with pytest.raises(error) as caught:
        audited(root, files, **more)
    message = str(caught.value)
    assert "\n" not in message
    return message


# The mean


def written(root, name, values):
    np.save(root / name, values)
    return as_mapped(np.load(root / name, mmap_mode="r"))


@given(
    n_models=st.integers(2, 5),
    cuts=st.lists(st.integers(0, N_ROWS), min_size=1, max_size=8),
    single=st.booleans(),
)
def test_a_mean_is_the_same_whatever_is_read_with_it(n_models, cuts, single):
    dtype = np.float32 if single else np.float64
    values = [model(seed, dtype) for seed in range(n_models)]
    mean = mean_of([Model(file=str(n), matrix=Matrix(values=v)) for n, v in enumerate(values)])
    whole = mean.read(0, N_ROWS)
    total = values[0].copy()
    for other in values[1:]:
        total += other
    assert whole.dtype == dtype
    assert whole.tobytes() == (total / dtype(n_models)).tobytes()
    edges = [0, *sorted(cuts), N_ROWS]
    pieces = [mean.read(*edge) for edge in pairwise(edges)]
    assert np.concatenate(pieces).tobytes() == whole.tobytes()
    rows = np.array(cuts, dtype=np.int64) % N_ROWS
    assert mean.take(rows).tobytes() == whole[rows].tobytes()


def test_a_mean_changes_no_model_and_takes_each_as_it_is_read():
    half = np.zeros((3, 2), dtype=np.float16)
    half[:, 0] = [0.1, 0.2, 0.3]
    half[:, 1] = [0.9, 0.8, 0.7]
    other = np.array([[1.0, 0], [0, 1], [0.5, 0.5]])
    matrices = [
        Matrix(values=half, rows=np.array([2, 0]), normalise=True),
        Matrix(values=other[:, ::-1].copy(), rows=np.array([0, 1]), columns=(1, 0)),
    ]
    mean = Matrix(values=Mean(matrices))
    expected = (matrices[0].read(0, 2) + matrices[1].read(0, 2)) / 2
    assert (mean.width, len(mean.values)) == (2, 2)
    assert (mean.read(0, 2) == expected).all()
    assert (mean.read(0, 2) == expected).all()
    assert other[0, 0] == 1
    assert mean.read(1, 1).shape == (0, 2)


def test_a_mean_is_of_the_precision_of_what_is_read():
    single = np.round(FIRST, 2).astype(np.float32)
    as_it_is, divided = Matrix(values=single), Matrix(values=single, normalise=True)
    assert Mean([as_it_is, as_it_is]).dtype == np.float32
    assert Mean([as_it_is, Matrix(values=FIRST)]).dtype == np.float64
    assert Mean([as_it_is, Matrix(values=single, softmax=True)]).dtype == np.float64
    mean = Matrix(values=Mean([divided, divided])).read(0, N_ROWS)
    assert mean.tobytes() == divided.read(0, N_ROWS).tobytes()


def test_a_mean_travels_as_the_paths_of_its_files(tmp_path):
    root, files = folder_of(tmp_path, FIRST, SECOND)
    opened = open_dataset(root, predictions=files)
    sent = pickle.dumps(opened.probabilities)
    assert len(sent) < 2_000
    received = pickle.loads(sent)
    assert (received.read(5, 9) == opened.probabilities.read(5, 9)).all()
    assert opened.probabilities.row_cells == K
    assert [one.file for one in opened.models] == files
    assert (opened.models[1].matrix.read(0, N_ROWS) == SECOND).all()


def test_one_file_is_no_ensemble(tmp_path):
    root, files = folder_of(tmp_path, FIRST)
    for given_as in (files[0], Path(files[0]), files, tuple(files)):
        opened = open_dataset(root, predictions=given_as)
        assert opened.models == ()
        assert (opened.probabilities.read(0, N_ROWS) == FIRST).all()


# What is audited


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_audit_is_that_of_the_mean(tmp_path, dtype):
    first, second = FIRST.astype(dtype), SECOND.astype(dtype)
    root, files = folder_of(tmp_path, first, second, (first + second) / dtype(2))
    made, expected = audited(root, files[:2]), audited(root, files[2:])
    assert len(flagged(made)) > 20
    assert found(made) == found(expected)
    assert made.measurements == expected.measurements
    assert (made.detection.confident_joint == expected.detection.confident_joint).all()
    assert "mean of 2 models" in made.detection.model_noise_basis
    inputs = [(file.role, file.path) for file in made.inputs]
    assert inputs == [("labels", "labels.csv"), *(("predictions", file) for file in FILES)]


def test_forms_may_differ_rows_are_joined_by_id_and_classes_by_name(tmp_path):
    root, _ = folder_of(tmp_path, ids=True)
    shuffled = np.random.default_rng(0).permutation(N_ROWS)
    as_table(root / "a.parquet", FIRST, shuffled, NAMES[::-1])
    np.savez(
        root / "b.npz",
        pred_probs=SECOND[:, [2, 0, 1, 4, 3]],
        classes=np.array(NAMES)[[2, 0, 1, 4, 3]],
    )
    np.save(root / "c.npy", THIRD)
    opened = open_dataset(root, predictions=["a.parquet", "b.npz"])
    both = (FIRST + SECOND) / 2
    by_code = [opened.class_names.index(name) for name in NAMES]
    assert (opened.probabilities.read(0, N_ROWS)[:, by_code] == both).all()
    assert np.array(opened.class_names)[opened.labels].tolist() == LABELS
    for files in permutations(["a.parquet", "c.npy"]):
        opened = open_dataset(root, predictions=files)
        assert opened.class_names == NAMES
        assert (opened.probabilities.read(0, N_ROWS) == (FIRST + THIRD) / 2).all()


def test_an_array_without_names_has_those_that_another_names(tmp_path):
    root, _ = folder_of(tmp_path)
    order = [2, 0, 1, 4, 3]
    classes = np.array(NAMES)[order]
    np.savez(root / "a.npz", pred_probs=FIRST[:, order], classes=classes)
    np.save(root / "b.npy", SECOND[:, order])
    opened = open_dataset(root, predictions=["b.npy", "a.npz"])
    assert opened.class_names == tuple(classes)
    assert (opened.probabilities.read(0, N_ROWS) == ((FIRST + SECOND) / 2)[:, order]).all()
    np.savez(root / "c.npz", pred_probs=THIRD, classes=np.array(NAMES))
    said = refused(root, ["a.npz", "b.npy", "c.npz"])
    assert "b.npy: does not name its classes, and a.npz and c.npz name them in another" in said
    assert "--classes" in said
    files = ["a.npz", "b.npy", "c.npz"]
    chosen = open_dataset(root, predictions=files, classes=",".join(classes))
    by_code = [chosen.class_names.index(name) for name in NAMES]
    mean = (FIRST + SECOND + THIRD) / 3
    assert (chosen.probabilities.read(0, N_ROWS)[:, by_code] == mean).all()
    both = open_dataset(root, predictions=["c.npz", "a.npz"])
    assert both.class_names == tuple(classes)
    assert (both.probabilities.read(0, N_ROWS) == ((FIRST + THIRD) / 2)[:, order]).all()
    (root / "labels.csv").write_text("label\n" + "\n".join(map(str, CODES)) + "\n")
    said = refused(root, ["a.npz", "c.npz"])
    assert "a.npz and c.npz: name the classes in another order each, and the labels are nu" in said


def test_in_which_order_files_are_given_changes_nothing(tmp_path):
    root, files = folder_of(tmp_path, FIRST, SECOND, THIRD)
    documents = set()
    for order in permutations(files):
        made = audited(root, order)
        listed = [file.path for file in made.inputs if file.role == "predictions"]
        assert listed == list(order)
        assert made.dataset.notices[1] == f"predictions: mean of 3 models: {', '.join(order)}"
        documents.add(str([found(made), made.measurements, [c.message for c in made.contract]]))
    assert len(documents) == 1


@pytest.mark.parametrize(("batch_rows", "shard_rows"), [(1, 7), (64, 100), (10_000, 10_000)])
def test_however_rows_are_cut_the_bytes_are_the_same(tmp_path, batch_rows, shard_rows):
    root, files = folder_of(tmp_path, FIRST, np.round(SECOND, 3), THIRD.astype(np.float32))
    opened = open_dataset(root, predictions=files)
    cut = run(begin(opened, batch_rows=batch_rows, shard_rows=shard_rows), Options())
    whole = run(begin(opened), Options())
    assert to_json(cut) == to_json(whole)
    assert list(cut.findings) == list(whole.findings)


def test_other_processes_come_to_the_same(tmp_path):
    root, files = folder_of(tmp_path, FIRST, np.round(SECOND, 3))
    made = []
    engine = Processes(2)
    try:
        for name, how in (("here", {}), ("there", {"engine": engine})):
            (tmp_path / name).mkdir()
            job = begin(
                open_dataset(root, predictions=files), tmp_path / name, shard_rows=90, **how
            )
            made.append(run(job, Options()))
        (tmp_path / "memory").mkdir()
        arrays = dataset_from_memory(LABELS, [FIRST, np.round(SECOND, 3)])
        from_memory = run(begin(arrays, tmp_path / "memory", engine, shard_rows=90), Options())
    finally:
        engine.close()
    assert to_json(made[0]) == to_json(made[1])
    assert list(made[0].findings) == list(made[1].findings)
    assert found(from_memory) == found(made[0])


def test_rows_are_those_that_every_model_has(tmp_path):
    root, _ = folder_of(tmp_path, ids=True)
    as_table(root / "a.parquet", FIRST, np.arange(10, N_ROWS))
    as_table(root / "b.parquet", SECOND, np.arange(N_ROWS - 5)[::-1])
    made = audited(root, ["a.parquet", "b.parquet"])
    assert made.dataset.n_examples == N_ROWS - 15
    check = check_of(made, "ids_matched")
    assert check.status == "alerted"
    lost = {part["file"]: part["evidence"]["labels_unmatched"] for part in check.evidence["models"]}
    assert lost == {"a.parquet": 10, "b.parquet": 5}
    assert "10 labelled rows have no row in a.parquet" in check.message
    assert "(also alerted: b.parquet)" in check.message
    as_table(root / "c.parquet", SECOND, np.arange(10))
    assert "labels.csv: no row has both a label and predictions" in refused(
        root, ["a.parquet", "c.parquet"]
    )


def test_without_ids_every_file_has_as_many_rows_as_there_are_labels(tmp_path):
    root, files = folder_of(tmp_path, FIRST, SECOND[:-1])
    assert "b.npy: has 599 rows, but labels.csv has 600" in refused(root, files)


# Each by itself


def test_a_shuffled_model_is_refused_and_named_not_diluted(tmp_path):
    shuffled = SECOND[np.random.default_rng(0).permutation(N_ROWS)]
    root, files = folder_of(tmp_path, FIRST, shuffled, (FIRST + shuffled) / 2)
    assert check_of(audited(root, files[2:]), "alignment").status == "passed"  # the mean alone
    with pytest.raises(Refusal) as caught:
        audited(root, files[:2])
    assert "b.npy: its rows look shuffled" in str(caught.value)
    (check,) = [check for check in caught.value.checks if check.name == "alignment"]
    parts = {part["file"]: part["status"] for part in check.evidence["models"]}
    assert parts == {"a.npy": "passed", "b.npy": "refused"}
    allowed = audited(root, files[:2], allow=["alignment"])
    assert check_of(allowed, "alignment").evidence["allowed"]


def test_swapped_columns_of_one_model_are_named(tmp_path):
    root, files = folder_of(tmp_path, FIRST, SECOND[:, [0, 3, 2, 1, 4]], THIRD)
    said = refused(root, files)
    assert "b.npy: the columns of 'bee' and 'dog' are swapped" in said


def test_a_weak_and_an_in_sample_model_are_named(tmp_path):
    weak = np.full_like(FIRST, 0.19)
    lead = np.where(np.random.default_rng(1).random(N_ROWS) < 0.07, CODES, 0)
    weak[np.arange(N_ROWS), lead] = 0.24
    learnt = np.full_like(FIRST, 0.001)
    learnt[np.arange(N_ROWS), CODES] = 0.996
    root, files = folder_of(tmp_path, FIRST, weak, learnt)
    made = audited(root, files)
    for name, file in (("weak_model", "b.npy"), ("out_of_sample", "c.npy")):
        check = check_of(made, name)
        assert check.status == "alerted"
        assert check.message.startswith(file)
        assert "also" not in check.message
        assert check.evidence["mitigation"]


def test_a_bad_value_is_named_with_file_row_and_column(tmp_path):
    bad = SECOND.copy()
    bad[17, 2] = np.nan
    root, files = folder_of(tmp_path, FIRST, bad, THIRD)
    assert "b.npy, row 17 (from 0), column 2: value nan" in refused(root, files)
    root, files = folder_of(tmp_path, FIRST, np.log(SECOND))
    said = refused(root, files)
    assert said.startswith("b.npy, row 0 (from 0)")
    assert "say --logits" in said


def test_only_a_model_that_was_rounded_is_divided(tmp_path):
    rounded = np.round(SECOND, 3)
    assert (abs(rounded.sum(axis=1) - 1) > 1e-5).any()
    root, files = folder_of(tmp_path, FIRST, rounded)
    opened = open_dataset(root, predictions=files)
    job, made = survey(begin(opened), Options())
    check = check_of(made, "row_sums")
    assert check.status == "repaired"
    assert check.message.startswith("b.npy: rows miss the sum 1")
    own = rounded / rounded.sum(axis=1, keepdims=True)
    assert [model.matrix.normalise for model in job.dataset.models] == [False, True]
    assert np.allclose(job.dataset.probabilities.read(0, N_ROWS), (FIRST + own) / 2, atol=1e-15)
    found = job.digest.get(job.shards[0])["self_confidence"]
    assert (found == job.dataset.probabilities.read(0, N_ROWS)[np.arange(N_ROWS), CODES]).all()
    again = repaired(begin(opened), [check])
    assert [model.matrix.normalise for model in again.dataset.models] == [False, True]
    alone = job.of_model(1)
    found = alone.digest.get(job.shards[0])["self_confidence"]
    assert np.allclose(found, own[np.arange(N_ROWS), CODES], atol=1e-15)


def test_half_precision_is_divided_model_by_model(tmp_path):
    root, files = folder_of(tmp_path, FIRST, SECOND.astype(np.float16))
    opened = open_dataset(root, predictions=files)
    assert [one.matrix.normalise for one in opened.models] == [False, True]
    assert opened.probabilities.read(0, 3).dtype == np.float64


@pytest.mark.parametrize(
    ("statuses", "expected", "message"),
    [
        (("passed", "passed"), "passed", "a fits (also passed: b)"),
        (("passed", "not_testable"), "not_testable", "b fits"),
        (("repaired", "passed"), "repaired", "a fits"),
        (("alerted", "repaired"), "alerted", "a fits"),
        (("alerted", "refused"), "refused", "b fits"),
    ],
)
def test_the_worst_status_counts(statuses, expected, message):
    each = [
        [outcome("alignment", status, f"{file} fits", {"of": file})]
        for file, status in zip("ab", statuses, strict=True)
    ]
    (check,) = merged(["a", "b"], each)
    assert (check.status, check.message) == (expected, message)
    assert check.evidence["of"] == message[0]
    assert [part["evidence"]["of"] for part in check.evidence["models"]] == ["a", "b"]
    (turned,) = merged(["b", "a"], each[::-1])
    assert turned.message == message


def test_what_is_said_of_all_names_none_and_what_names_none_is_named():
    def one(status, message, **more):
        return [outcome("alignment", status, message, **more)]

    (same,) = merged(["a", "b"], [one("passed", "all is well")] * 2)
    assert same.message == "all is well"
    (grave,) = merged(
        ["x", "y"],
        [one("alerted", "some", severity="info"), one("alerted", "many", severity="caution")],
    )
    assert grave.message == "y: many (also alerted: x)"
    assert grave.evidence["severity"] == "caution"
    (apart, other) = merged(["a", "b"], [one("passed", "m"), [outcome("row_sums", "passed", "n")]])
    assert [apart.name, other.name] == ["alignment", "row_sums"]


# What is no ensemble


def test_models_of_other_classes_are_refused(tmp_path):
    root, _ = folder_of(tmp_path, FIRST, np.hstack([SECOND, SECOND[:, :1] * 0]), ids=True)
    as_table(root / "c.parquet", FIRST, names=NAMES[:4])
    as_table(root / "d.parquet", FIRST)
    said = refused(root, FILES)
    assert said.startswith("a.npy has 5 classes, b.npy 6; all models of an ensemble must have the")
    said = refused(root, ["d.parquet", "c.parquet"])
    assert said.startswith("d.parquet has 5 classes, c.parquet 4; only d.parquet knows emu; all m")
    table = pq.read_table(root / "d.parquet")
    columns = [name.replace("emu", "gnu") for name in table.column_names]
    pq.write_table(table.rename_columns(columns), root / "e.parquet")
    said = refused(root, ["e.parquet", "d.parquet"])
    assert "d.parquet and e.parquet name other classes; only d.parquet knows emu; only e." in said
    assert "only e.parquet knows gnu" in said


def test_a_class_that_no_model_knows(tmp_path):
    root, _ = folder_of(tmp_path, ids=True)
    four = FIRST[:, :4] / FIRST[:, :4].sum(axis=1, keepdims=True)
    other = SECOND[:, :4] / SECOND[:, :4].sum(axis=1, keepdims=True)
    as_table(root / "a.parquet", np.hstack([four, FIRST[:, 4:]]), names=NAMES[:4])
    as_table(root / "b.parquet", np.hstack([other, FIRST[:, 4:]]), names=NAMES[3::-1])
    opened = open_dataset(root, predictions=["a.parquet", "b.parquet"])
    assert opened.probabilities.columns == (0, 1, 2, 3, -1)
    assert np.allclose(opened.probabilities.read(0, N_ROWS)[:, :4], (four + other) / 2)
    made = audited(root, ["a.parquet", "b.parquet"])
    assert check_of(made, "classes").status == "alerted"


def test_a_file_is_given_once(tmp_path):
    root, files = folder_of(tmp_path, FIRST, FIRST, SECOND)
    (root / "deeper").mkdir()
    for again in ("a.npy", "deeper/../a.npy", root / "a.npy"):
        assert "given twice" in refused(root, ["a.npy", "c.npy", again], ConfigError)
    said = refused(root, files)
    assert "a.npy and b.npy: hold the same bytes; one model counts once" in said


def test_there_are_at_most_so_many(tmp_path):
    matrices = [model(seed, np.float32) for seed in range(MOST_MODELS + 1)]
    names = [f"m{number:02d}.npy" for number in range(len(matrices))]
    root, files = folder_of(tmp_path, *matrices, names=names)
    assert "--predictions: 33 files; an ensemble has at most 32" in refused(
        root, files, ConfigError
    )
    made = audited(root, files[:-1])
    expected = sorted(flagged(labelaudit.audit(CODES, np.mean(matrices[:-1], axis=0))))
    assert sorted(flagged(made)) == expected


def test_a_part_cut_into_files_is_one_model(tmp_path):
    root, _ = folder_of(tmp_path, SECOND, names=["whole.npy"])
    for part, rows in enumerate(np.array_split(np.arange(N_ROWS), 3)):
        np.save(root / f"first_{part:02d}.npy", FIRST[rows])
    opened = open_dataset(root, predictions=["first_*.npy", "whole.npy"])
    assert (opened.probabilities.read(0, N_ROWS) == (FIRST + SECOND) / 2).all()
    assert opened.part_ends == (200, 400, 600)


def test_logits_are_said_of_all(tmp_path):
    root, files = folder_of(tmp_path, np.log(FIRST) + 3, np.log(SECOND), SECOND)
    opened = open_dataset(root, predictions=files[:2], logits=True)
    assert np.allclose(opened.probabilities.read(0, N_ROWS), (FIRST + SECOND) / 2)
    said = refused(root, [files[0], files[2]], ConfigError, logits=True)
    assert "--logits: c.npy holds probabilities already" in said
    assert "give logits of all models, or of none" in said


def top(path, matrix, k):
    order = np.argsort(-matrix, axis=1)[:, :k]
    table = {
        "top_classes": pa.array(order.tolist()),
        "top_probs": pa.array(np.take_along_axis(matrix, order, axis=1).tolist()),
    }
    pq.write_table(pa.table(table), path)


def test_the_most_probable_classes_are_enough_where_classes_are_few(tmp_path):
    root, _ = folder_of(tmp_path, FIRST)
    (root / "labels.csv").write_text("label\n" + "\n".join(map(str, CODES)) + "\n")
    top(root / "t.parquet", SECOND, 3)
    opened = open_dataset(root, predictions=["a.npy", "t.parquet"])
    alone = open_dataset(root, predictions="t.parquet").probabilities
    expected = (FIRST + alone.read(0, N_ROWS)) / 2
    assert (opened.probabilities.read(0, N_ROWS) == expected).all()


def test_of_very_many_classes_all_are_wanted(tmp_path):
    chance = np.random.default_rng(0)
    many = 3_000
    (tmp_path / "labels.csv").write_text(
        "label\n" + "\n".join(map(str, chance.integers(0, many, 50))) + "\n"
    )
    (tmp_path / "classes.txt").write_text("\n".join(map(str, range(many))) + "\n")
    for name in "ab":
        top(tmp_path / f"{name}.parquet", chance.dirichlet(np.full(many, 0.01), 50), 4)
    said = refused(tmp_path, ["a.parquet", "b.parquet"])
    assert said.startswith("a.parquet: lists the most probable of 3,000 classes")


def test_models_of_different_splits(tmp_path):
    splits = ["train"] * 400 + ["test"] * 200
    lines = [f"{label},{split}" for label, split in zip(LABELS, splits, strict=True)]
    root, files = folder_of(tmp_path, FIRST[:400], SECOND[400:], SECOND[:400])
    (root / "labels.csv").write_text("label,split\n" + "\n".join(lines) + "\n")
    said = refused(root, files[:2])
    assert "a.npy and b.npy: are predictions of different splits" in said
    opened = open_dataset(root, predictions=["a.npy", "c.npy"])
    assert (opened.probabilities.read(0, 400) == (FIRST[:400] + SECOND[:400]) / 2).all()


def test_files_of_one_name_are_told_apart(tmp_path):
    for folder, matrix in (("one", FIRST), ("two", SECOND)):
        (tmp_path / folder).mkdir()
        np.save(tmp_path / folder / "preds.npy", matrix)
    (tmp_path / "data").mkdir()
    root, _ = folder_of(tmp_path / "data", THIRD, names=["preds.npy"])
    outside = [str(tmp_path / folder / "preds.npy") for folder in ("one", "two")]
    made = audited(root, [*outside, "preds.npy"])
    shown = [file.path for file in made.inputs if file.role == "predictions"]
    assert shown == ["one/preds.npy", "two/preds.npy", "data/preds.npy"]


# In memory


def test_arrays_in_memory():
    expected = flagged(labelaudit.audit(CODES, (FIRST + SECOND) / 2))
    made = labelaudit.audit(CODES, [FIRST, SECOND])
    assert flagged(made) == expected
    assert "predictions: mean of 2 models" in made.dataset.notices
    assert flagged(labelaudit.audit(CODES, (FIRST, SECOND))) == expected
    assert flagged(labelaudit.audit(CODES, [FIRST])) == flagged(labelaudit.audit(CODES, FIRST))
    rows = [list(row) for row in FIRST]  # a list of rows is one model
    assert flagged(labelaudit.audit(CODES, rows)) == flagged(labelaudit.audit(CODES, FIRST))


def test_frames_in_memory():
    index = [f"r{row}" for row in range(N_ROWS)]
    frames = [pd.DataFrame(one, index=index, columns=NAMES) for one in (FIRST, SECOND)]
    mixed = [frames[0].sample(frac=1, random_state=0), frames[1][list(NAMES[::-1])]]
    made = labelaudit.audit(pd.Series(LABELS, index=index), mixed)
    assert flagged(made) == flagged(labelaudit.audit(LABELS, (FIRST + SECOND) / 2))


def test_what_is_wrong_in_memory_is_named():
    with pytest.raises(InputError, match=r"pred_probs\[1\]: its rows look shuffled"):
        labelaudit.audit(CODES, [FIRST, SECOND[::-1][np.random.default_rng(0).permutation(N_ROWS)]])
    with pytest.raises(InputError, match=r"pred_probs\[1\]: has 599 rows for 600 labels"):
        labelaudit.audit(CODES, [FIRST, SECOND[:-1]])
    with pytest.raises(InputError, match=r"pred_probs\[0\] has 5 classes, pred_probs\[1\] 4"):
        labelaudit.audit(CODES, [FIRST, SECOND[:, :4]])
    with pytest.raises(ConfigError, match="numbers 0 and 1 are the same array"):
        labelaudit.audit(CODES, [FIRST, FIRST])
    with pytest.raises(ConfigError, match="33 arrays"):
        labelaudit.audit(CODES, [FIRST.copy() for _ in range(33)])


# Real data

REAL = {
    "cifar10n_aggregate": (
        ["pred_probs_resnet18.npy", "pred_probs_swin.npy"],
        {"labels": "labels.npy"},
    ),
    "roman_numerals": (
        ["pred_probs_efficientnet_b1.npy", "pred_probs_resnet18.npy"],
        {"labels": "labels.csv", "label_column": "label_index"},
    ),
}


@pytest.mark.parametrize("name", REAL)
def test_what_is_flagged_is_what_cleanlab_flags_on_the_mean(real_data, name):
    from cleanlab.filter import find_label_issues

    files, choices = REAL[name]
    made = audited(real_data / name, files, **choices)
    mean = np.mean([np.load(real_data / name / file) for file in files], axis=0)
    labels = open_dataset(real_data / name, predictions=files, **choices).labels
    theirs = find_label_issues(labels, mean, filter_by="prune_by_noise_rate", n_jobs=1)
    assert sorted(flagged(made)) == np.flatnonzero(theirs).tolist()
