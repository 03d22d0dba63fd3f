"""Rows that list only some classes: the same answer as rows laid out in full."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

import labelaudit
from labelaudit.auditing import run
from labelaudit.core import listed as listed_module
from labelaudit.core import schema
from labelaudit.core.errors import InputError
from labelaudit.core.listed import Listed, ListedRows, SparseRows, TopClasses
from labelaudit.core.schema import to_json
from labelaudit.core.settings import FILTERS, Options
from labelaudit.detect import joint, many_classes, pairs
from labelaudit.detect.detecting import chosen_filter
from labelaudit.detect.digest import digest
from labelaudit.detect.signals import entropy
from labelaudit.detect.thresholds import Thresholds
from labelaudit.engine.job import begin
from labelaudit.surveying import survey
from tests.made import dataset, noisy


def top_of(probabilities, k):
    """Return the k most probable classes of each row, and their probabilities."""
    columns = np.argsort(-probabilities, axis=1, kind="stable")[:, :k]
    return TopClasses(columns, np.take_along_axis(probabilities, columns, axis=1))


def made_of(labels, rows, n_classes):
    full = np.full((len(labels), n_classes), 1 / n_classes, dtype=rows.dtype)
    made = dataset(labels, full)
    return replace(made, probabilities=replace(made.probabilities, values=rows))


@pytest.fixture
def many(monkeypatch):
    """Treat three classes and more as too many to be laid out."""
    monkeypatch.setattr(schema, "_DENSE_CLASSES", 2)
    for module in (joint, pairs, listed_module):
        monkeypatch.setattr(module, "FEW_CLASSES", 2)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_listing_every_class_gives_the_bytes_of_full_rows(dtype):
    labels, probabilities = noisy(600, 7, seed=5, dtype=dtype)
    every = ListedRows(top_of(probabilities, 7), 7)
    full = run(begin(dataset(labels, probabilities)), Options())
    assert to_json(run(begin(made_of(labels, every, 7)), Options())) == to_json(full)


@st.composite
def listings(draw):
    n_rows, n_classes = draw(st.integers(1, 40)), draw(st.integers(3, 9))
    k = draw(st.integers(1, n_classes))
    seed = draw(st.integers(0, 2**31))
    dtype = draw(st.sampled_from([np.float32, np.float64]))
    labels, probabilities = noisy(n_rows, n_classes, seed=seed, dtype=dtype)
    if draw(st.booleans()):  # ties, and rests above what is listed
        probabilities = np.round(probabilities * 4) / 4
    return labels, top_of(probabilities.astype(dtype), k), n_classes


@given(listings())
@settings(max_examples=150, deadline=None)
def test_each_step_on_listed_rows_is_that_on_full_rows(made):
    labels, entries, n_classes = made
    labels = labels.astype(np.int32)
    rows = ListedRows(entries, n_classes, few=0)
    short = rows.listed(slice(None), n_classes)
    full = short.dense()
    every = np.arange(len(labels))
    index = np.arange(n_classes)
    found = short[every.repeat(n_classes), np.tile(index, len(labels))].reshape(full.shape)
    assert (found == full).all()
    one, other = digest(labels, short), digest(labels, full)
    for name in ("self_confidence", "other", "other_probability"):
        assert (getattr(one, name) == getattr(other, name)).all(), name
    assert np.allclose(entropy(short), entropy(full))
    assert np.allclose(short.sums(), full.sum(axis=1))
    for bars in (np.linspace(0.05, 0.6, n_classes), np.full(n_classes, full.flat[0])):
        count, only = many_classes.reached(short, bars, among_several=False)
        reaches = full >= bars
        assert (count == reaches.sum(axis=1)).all()
        assert (only[count == 1] == reaches.argmax(axis=1)[count == 1]).all()
        _, best = many_classes.reached(short, bars, among_several=True)
        assert (best == np.where(reaches, full, -1).argmax(axis=1))[count > 0].all()


@pytest.mark.parametrize("filter_name", FILTERS)
@pytest.mark.parametrize(("k", "seed"), [(2, 1), (3, 2), (9, 3)])
def test_many_classes_are_audited_as_few(many, filter_name, k, seed):
    """The same thresholds, counts and, for the same joint, the same rows."""
    labels, probabilities = noisy(900, 9, seed=seed, dtype=np.float32)
    entries = top_of(probabilities, k)
    jobs = {
        "many": survey(begin(made_of(labels, ListedRows(entries, 9, few=0), 9)), Options())[0],
        "few": survey(begin(made_of(labels, ListedRows(entries, 9), 9)), Options())[0],
    }
    thresholds = {name: job.fold(Thresholds(9), "") for name, job in jobs.items()}
    assert (thresholds["many"] == thresholds["few"]).all()
    counts, _ = jobs["many"].fold(joint.ConfidentJoint(thresholds["many"]), "")
    own = np.bincount(labels, minlength=9)
    few = joint.calibrated(counts.toarray(), own)
    sparse = joint.calibrated(counts, own)
    assert np.abs(sparse.toarray() - few).max() <= 1
    assert (sparse.sum(axis=1) == own).all()
    chosen = {
        "many": chosen_filter(filter_name, jobs["many"], csr_array(few), thresholds["many"]),
        "few": chosen_filter(filter_name, jobs["few"], few, thresholds["few"]),
    }
    rows = {
        name: np.concatenate(
            [choose(batch) for shard in jobs[name].shards for batch in jobs[name].digested(shard)]
        )
        for name, choose in chosen.items()
    }
    assert rows["few"].any()
    assert (rows["many"] == rows["few"]).all()


def test_noise_matrices_of_many_classes(many):
    labels, probabilities = noisy(900, 9, seed=4)
    found = run(begin(dataset(labels, probabilities)), Options()).detection
    few = replace(found, confident_joint=found.confident_joint.toarray())
    assert np.allclose(found.noise_matrix.toarray(), few.noise_matrix)
    assert np.allclose(found.inverse_noise_matrix.toarray(), few.inverse_noise_matrix)
    assert (found.estimated_prior == few.estimated_prior).all()


@pytest.mark.parametrize("step", [1, 7, 64])
def test_any_cut_gives_the_same_bytes(many, step):
    labels, probabilities = noisy(300, 9, seed=8)
    entries = top_of(probabilities, 4)
    made = made_of(labels, ListedRows(entries, 9, few=0), 9)
    whole = to_json(run(begin(made), Options()))
    assert to_json(run(begin(made, batch_rows=step, shard_rows=41), Options())) == whole


def test_a_sparse_matrix_is_read_as_its_entries():
    _, probabilities = noisy(50, 6, seed=9)
    entries = top_of(probabilities, 3)
    columns, values = entries.read(slice(None))
    kept = values > 0.1  # rows list unequal numbers of classes
    counts = np.concatenate([[0], np.cumsum(kept.sum(axis=1))])
    sparse = SparseRows(counts, columns[kept], values[kept])
    listed = ListedRows(sparse, 6).listed(slice(None), 6)
    full = np.zeros((50, 6))
    full[np.arange(50)[:, None], columns] = np.where(kept, values, 0)
    places = np.zeros((50, 6), dtype=bool)
    places[np.arange(50)[:, None], columns] = kept
    rest = (1 - full.sum(axis=1)) / (6 - places.sum(axis=1))
    assert np.allclose(listed.dense(), np.where(places, full, rest[:, None]))
    some = np.array([3, 40, 7])
    assert np.allclose(ListedRows(sparse, 6)[some], listed.dense()[some])


def test_unlisted_classes_share_the_rest_also_against_thresholds():
    listed = Listed(
        classes=np.array([[2, 5]], dtype=np.int32),
        probabilities=np.array([[0.1, 0.2]]),
        rest=np.array([0.175]),
        n_columns=6,
        n_classes=7,  # the last has no column: it shares in nothing
    )
    assert listed.dense().tolist() == [[0.175, 0.175, 0.1, 0.175, 0.175, 0.2, 0.0]]
    assert listed.n_unlisted.tolist() == [4]
    found = digest(np.array([5], dtype=np.int32), listed)
    assert (found.self_confidence[0], found.other[0], found.other_probability[0]) == (0.2, 0, 0.175)
    found = digest(np.array([0], dtype=np.int32), listed)
    assert (found.self_confidence[0], found.other[0], found.other_probability[0]) == (0.175, 5, 0.2)


@pytest.mark.parametrize(
    ("columns", "values", "said"),
    [
        ([[0, 0]], [[0.5, 0.5]], "class 0 is listed twice"),
        ([[0, 9]], [[0.5, 0.5]], "class 9 is no class: there are 3"),
        ([[0, -2]], [[0.5, 0.5]], "class -2"),
    ],
)
def test_a_wrong_list_is_refused(columns, values, said):
    rows = ListedRows(TopClasses(np.array(columns), np.array(values)), 3)
    with pytest.raises(InputError, match=said):
        survey(begin(made_of(np.array([0]), rows, 3)), Options())


@pytest.mark.parametrize(
    ("values", "said"), [([[0.9, 0.8]], "sum to 1.7"), ([[np.nan, 0.5]], "class 0.*nan")]
)
def test_bad_values_are_refused(values, said):
    for few in (0, 9):
        rows = ListedRows(TopClasses(np.array([[0, 2]]), np.array(values)), 3, few=few)
        with pytest.raises(InputError, match=said if few == 0 else None):
            survey(begin(made_of(np.array([0]), rows, 3)), Options())


def test_an_audit_of_many_classes_is_read_again(many, tmp_path, monkeypatch):
    labels, probabilities = noisy(400, 120, seed=2)
    made = run(begin(dataset(labels, probabilities)), Options())
    from labelaudit.core.folder import write_audit

    monkeypatch.setattr(schema, "FEW_CLASSES", 2)
    write_audit(made, tmp_path)
    again = labelaudit.load_audit(tmp_path)
    assert to_json(again) == to_json(made)
    assert (again.detection.confident_joint != made.detection.confident_joint).nnz == 0
