"""Faults that were found by attack, each with the input that showed it."""

import warnings

import numpy as np
import pytest

import labelaudit
from labelaudit.core.errors import ConfigError, InputError
from labelaudit.engine.neighbours import nearest
from tests.made import noisy


def test_embeddings_of_any_size_have_neighbours():
    points = np.random.default_rng(0).normal(size=(40, 6))
    assert (nearest(points * 1e300, 3).rows == nearest(points, 3).rows).all()
    assert (nearest(points * 1e-300, 3).rows == nearest(points, 3).rows).all()


def test_infinite_float16_is_refused_without_a_warning():
    labels, probabilities = noisy(20, 3, dtype=np.float16)
    probabilities[4, 1] = np.inf
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(InputError, match="row 4"):
            labelaudit.audit(labels, probabilities)


@pytest.mark.parametrize("name", ["pred_probs", "class_names", "ids"])
def test_what_a_path_does_not_take_is_refused(sample_data, name):
    with pytest.raises(ConfigError, match=name):
        labelaudit.audit(sample_data / "digits", **{name: [[1.0]]})


def test_audits_are_compared_by_identity():
    labels, probabilities = noisy(20, 3)
    one, other = labelaudit.audit(labels, probabilities), labelaudit.audit(labels, probabilities)
    assert one == one
    assert one != other


def test_embeddings_that_name_other_rows_are_left_out(tmp_path):
    labels, probabilities = noisy(30, 3)
    names = [f"row-{row}" for row in range(30)]
    np.savez(tmp_path / "labels.npz", labels=labels, ids=names)
    np.savez(tmp_path / "pred_probs.npz", pred_probs=probabilities, ids=names)
    np.savez(tmp_path / "embeddings.npz", embeddings=probabilities, ids=names[::-1])
    assert labelaudit.audit(tmp_path).measurement("knn_disagreement") is not None
    np.savez(tmp_path / "embeddings.npz", embeddings=probabilities, ids=np.arange(30))
    made = labelaudit.audit(tmp_path)
    assert made.measurement("knn_disagreement") is None
    assert any("left out, 30 rows have none" in notice for notice in made.dataset.notices)


def test_one_npz_may_hold_it_all(tmp_path):
    labels, probabilities = noisy(30, 3)
    np.savez(tmp_path / "data.npz", labels=labels, pred_probs=probabilities)
    made = labelaudit.audit(tmp_path)
    plain = labelaudit.audit(labels, probabilities)
    assert made.detection.n_flagged == plain.detection.n_flagged
    assert (made.detection.confident_joint == plain.detection.confident_joint).all()


def test_the_order_of_memory_of_the_joint():
    """Another order of summing moved single counts of this joint by one."""
    from cleanlab.count import compute_confident_joint

    for rows, sharpness in ((212, 2.0), (200, 1.546875)):
        labels, probabilities = noisy(rows, 6, 0.25, 0, np.float32, sharpness)
        ours = labelaudit.audit(labels, probabilities).detection.confident_joint
        assert (ours == compute_confident_joint(labels, probabilities)).all()


def test_reading_a_mapped_file_leaves_no_trace_in_memory(tmp_path, monkeypatch):
    """Resident memory must not grow with the file; the values must not suffer from it."""
    from labelaudit.core import rows
    from labelaudit.core.matrix import Matrix

    monkeypatch.setattr(rows, "LET_GO_ABOVE", 0)
    values = np.random.default_rng(0).random((50_001, 7)).astype(np.float32)
    np.save(tmp_path / "values.npy", values)
    matrix = Matrix(values=rows.as_mapped(np.load(tmp_path / "values.npy", mmap_mode="r")))
    for start in range(0, 50_001, 9_999):
        stop = min(start + 9_999, 50_001)
        assert (matrix.read(start, stop) == values[start:stop]).all()
        matrix.release(start, stop)
        assert (matrix.read(start, stop) == values[start:stop]).all()
    in_memory = Matrix(values=values)
    in_memory.release(0, 50_001)  # nothing to let go of
    assert (in_memory.read(0, 3) == values[:3]).all()
