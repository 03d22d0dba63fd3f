"""Labels flipped on purpose: which, how many, along what, and how many are found again."""

import numpy as np
import pytest

from labelaudit.auditing import positions_of, run, selftest
from labelaudit.core.settings import Options
from labelaudit.detect.selftest import MOST_OF_A_CLASS, flips
from labelaudit.engine.job import begin
from labelaudit.engine.sample import uniform
from tests.made import dataset, noisy

NONE = np.empty(0, dtype=np.int64)


def labels_of(n_rows, n_classes, seed=0):
    return np.random.default_rng(seed).integers(0, n_classes, n_rows).astype(np.int32)


def test_flips_follow_the_noise_matrix():
    """Class 0 is mistaken for 1 thrice as often as for 2; class 2 is clean."""
    joint = np.array([[900, 30, 0], [60, 950, 0], [20, 0, 1000]])  # [given, true]
    labels = labels_of(60_000, 3)
    found = flips(labels, NONE, joint, 0.1, seed=1)
    assert found.pattern == "noise_matrix"
    assert (found.before == labels[found.rows]).all()
    assert (found.before != found.after).all()
    ways = np.zeros((3, 3), dtype=int)
    np.add.at(ways, (found.before, found.after), 1)
    assert ways[2].sum() == 0
    assert ways[0, 1] / ways[0, 2] == pytest.approx(3, rel=0.1)
    assert ways[0].sum() / ways[1].sum() == pytest.approx(80 / 30, rel=0.1)
    assert len(found.rows) == pytest.approx(6_000, rel=0.05)


def test_a_sparse_joint_flips_the_same_rows():
    from scipy.sparse import csr_array

    joint = np.array([[90, 3, 0], [6, 95, 1], [2, 0, 100]])
    labels = labels_of(5_000, 3)
    dense, sparse = (flips(labels, NONE, kind(joint), 0.2, 4) for kind in (np.array, csr_array))
    assert (dense.rows == sparse.rows).all()
    assert (dense.after == sparse.after).all()


def test_spared_rows_and_half_of_a_class_keep_their_labels():
    labels = labels_of(4_000, 2)
    spared = np.arange(0, 4_000, 3)
    found = flips(labels, spared, np.array([[90, 10], [0, 100]]), 0.5, seed=0)
    assert not np.isin(found.rows, spared).any()
    assert set(found.before) == {1}
    able = (labels[np.setdiff1d(np.arange(4_000), spared)] == 1).sum()
    assert len(found.rows) == pytest.approx(able * MOST_OF_A_CLASS, rel=0.1)


def test_without_noise_to_imitate_flips_are_even():
    labels = labels_of(30_000, 4)
    found = flips(labels, NONE, np.diag([10, 10, 10, 10]), 0.12, seed=0)
    assert found.pattern == "even"
    ways = np.zeros((4, 4))
    np.add.at(ways, (found.before, found.after), 1)
    assert ways.diagonal().sum() == 0
    assert ways.sum() == pytest.approx(3_600, rel=0.06)
    assert ways[ways > 0].min() > 0.7 * ways.max()


def test_a_row_decides_for_itself():
    rows = np.arange(1000)
    assert (uniform(rows, 3)[500:] == uniform(rows[500:], 3)).all()
    assert 0 <= uniform(rows, 3).min() < uniform(rows, 3).max() < 1
    assert abs(np.corrcoef(uniform(rows, 2), uniform(rows, 3))[0, 1]) < 0.1


@pytest.fixture
def job():
    return begin(dataset(*noisy(1500, 5, seed=2, noise=0.05, sharpness=6.0)))


@pytest.mark.parametrize("shard_rows", [None, 97])
def test_a_sharp_model_finds_nearly_all_of_them(job, tmp_path, shard_rows):
    from dataclasses import replace

    job = replace(job, shard_rows=shard_rows)
    made = run(job, Options())
    found = selftest(job, made, Options(seed=3), 0.05, tmp_path / "flipped")
    assert found.total.n_flipped == sum(one.n_flipped for one in found.classes) > 40
    assert found.total.n_found == sum(one.n_found for one in found.classes)
    assert found.total.recall > 0.9
    low, high = found.total.interval
    assert low < found.total.recall <= high
    assert "optimistic" in found.bound


def test_positions_are_counted_in_the_dataset(job):
    from dataclasses import replace

    gapped = replace(job.dataset, source_rows=np.arange(1500) * 2)
    assert positions_of(gapped, np.array([8, 2])).tolist() == [1, 4]
    assert positions_of(job.dataset, np.array([8, 2])).tolist() == [2, 8]
