"""The Python API: arrays, lists and frames in, an Audit out."""

import numpy as np
import pandas as pd
import pytest

import labelaudit
from labelaudit import audit, load_audit, open_dataset
from labelaudit.core.errors import ConfigError, InputError
from tests.made import noisy

CODES, PROBABILITIES = noisy(80, 3)
NAMES = np.array(["ape", "bee", "cat"])
LABELS = NAMES[CODES]


def flagged(made):
    return [finding.row for finding in made.findings]


EXPECTED = flagged(audit(LABELS, PROBABILITIES))


def test_there_is_something_to_compare():
    assert len(EXPECTED) > 5


@pytest.mark.parametrize(
    "labels",
    [
        LABELS,
        LABELS.tolist(),
        tuple(LABELS),
        LABELS.astype(object),
        LABELS.astype("S"),
        CODES,
        CODES.tolist(),
        CODES.astype(float),
        CODES.astype(float).astype(object),
        CODES.astype(np.uint8),
        pd.Series(LABELS),
        pd.Series(LABELS, dtype="category"),
        pd.Series(LABELS, dtype="string"),
        pd.Series(CODES, dtype="Int64"),
        pd.Index(LABELS),
    ],
)
def test_labels_of_any_kind(labels):
    made = audit(labels, PROBABILITIES)
    assert flagged(made) == EXPECTED
    assert made.dataset.class_names in (tuple(NAMES), ("0", "1", "2"))


@pytest.mark.parametrize("kind", [np.asarray, np.ndarray.tolist, np.asfortranarray, pd.DataFrame])
def test_probabilities_of_any_kind(kind):
    assert flagged(audit(CODES, kind(PROBABILITIES))) == EXPECTED


def test_boolean_labels():
    labels, probabilities = noisy(80, 2)
    made = audit(labels.astype(bool), probabilities)
    assert made.dataset.class_names == ("False", "True")
    assert flagged(made) == flagged(audit(labels, probabilities))


def test_a_frame_with_a_shuffled_index():
    index = [f"row {number}" for number in range(80)]
    series = pd.Series(LABELS, index=index)
    frame = pd.DataFrame(PROBABILITIES[:, ::-1], index=index, columns=NAMES[::-1])
    shuffled = frame.sample(frac=1, random_state=0)
    points = pd.DataFrame(PROBABILITIES, index=index)
    assert flagged(audit(series, shuffled)) == EXPECTED
    once = audit(series, frame, embeddings=points)
    again = audit(series, shuffled, embeddings=points.sample(frac=1, random_state=1))
    assert once.measurements == again.measurements
    with pytest.raises(InputError, match="its index is not that of the labels"):
        audit(series, shuffled.iloc[:40])
    with pytest.raises(InputError, match="its index is not that of the labels"):
        audit(series, frame, embeddings=points.reset_index(drop=True))
    assert flagged(audit(LABELS.tolist(), frame)) == EXPECTED  # a list has no index to match


def test_a_frame_with_everything():
    frame = pd.DataFrame(PROBABILITIES, columns=[f"prob_{name}" for name in NAMES])
    frame = frame.assign(text="x", verdict=LABELS)
    assert flagged(audit(frame, label_column="verdict")) == EXPECTED
    assert flagged(audit(frame.rename(columns={"verdict": "Label"}))) == EXPECTED
    only = audit(frame[["text", "verdict"]], label_column="verdict")
    assert only.detection is None
    with pytest.raises(InputError, match="no column is named like labels"):
        audit(frame)
    with pytest.raises(ConfigError, match="did you mean 'verdict'"):
        audit(frame, label_column="verdct")
    with pytest.raises(ConfigError, match="goes with a DataFrame or a path"):
        audit(LABELS, PROBABILITIES, label_column="verdict")


@pytest.mark.parametrize("missing", [None, np.nan, float("nan"), pd.NA, pd.NaT, "", " "])
def test_missing_labels_are_left_out(missing):
    labels = [*LABELS.tolist(), missing]
    probabilities = np.vstack([PROBABILITIES, [1 / 3] * 3])
    for given in (labels, np.array(labels, dtype=object), pd.Series(labels, dtype=object)):
        made = audit(given, probabilities)
        assert made.dataset.n_unlabelled == 1
        assert made.dataset.class_names == tuple(NAMES)
        assert flagged(made) == EXPECTED


def test_missing_numbers_are_left_out():
    labels = np.append(CODES, np.nan)
    made = audit(labels, np.vstack([PROBABILITIES, [1 / 3] * 3]))
    assert made.dataset.n_unlabelled == 1
    assert made.dataset.class_names == ("0", "1", "2")


def test_ids_and_class_names():
    ids = [f"row {number}" for number in range(80)]
    for names in (list(NAMES), tuple(NAMES), NAMES):
        made = audit(CODES, PROBABILITIES, class_names=names, ids=np.array(ids))
        assert made.dataset.class_names == tuple(NAMES)
        assert made.findings[0].id == ids[EXPECTED[0]]


@pytest.mark.parametrize(
    ("labels", "probabilities", "options", "said"),
    [
        ([], np.zeros((0, 2)), {}, "labels: there are none"),
        ([None, None], [[0.5, 0.5]] * 2, {}, "labels: there are none"),
        ([[0, 1]], [[0.5, 0.5]], {}, "labels: labels of shape (1, 2)"),
        ([["a"], ["b"]], [[0.5, 0.5]] * 2, {}, "labels: labels of shape (2, 1)"),
        ([[0], [0, 1]], [[0.5, 0.5]] * 2, {}, "labels: rows of unequal length"),
        (np.array([["a"], ["b", "c"]], dtype=object), [[0.5, 0.5]] * 2, {}, "a list of labels"),
        ("no-such-folder", None, {}, "no-such-folder: no such file or folder"),
        ([0.5, 1.5], [[0.5, 0.5]] * 2, {}, "fractions such as 0.5"),
        ([0, 1], [[0.5, 0.5]], {}, "pred_probs: has 1 rows for 2 labels"),
        ([0, 1], [0.5, 0.5], {}, "pred_probs: shape (2,) of float64; give numbers of shape (N, K)"),
        ([0, 1], [[1.0], [1.0]], {}, "pred_probs: shape (2, 1)"),
        ([0, 1], [["a", "b"]] * 2, {}, "pred_probs: shape (2, 2) of <U1"),
        ([0, 1], [[0.5, 0.5], [1]], {}, "pred_probs: rows of unequal length"),
        ([0, 1], [[0.5, np.nan]] * 2, {}, "pred_probs, row 0 (from 0), column 1: value nan"),
        ([0, 1], [[0.5, 0.5]] * 2, {"ids": ["a"]}, "ids: 1 of them for 2 labels"),
        ([0, 1], [[0.5, 0.5]] * 2, {"ids": ["a", "a"]}, "already used"),
        ([0, 1], [[0.5, 0.5]] * 2, {"class_names": ["a"]}, "class_names names 1 classes"),
        ([0, 1], [[0.5, 0.5]] * 2, {"embeddings": [1, 2]}, "embeddings: shape (2,)"),
        ([0, 1], [[0.5, 0.5]] * 2, {"embeddings": [[1]]}, "embeddings: has 1 rows for 2 labels"),
        ([0, 1], [[0.5, 0.5]] * 2, {"filter": "boht"}, "did you mean 'both'?"),
        (["a", "b", "c"], [[0.5, 0.5]] * 3, {}, "name the class of each column"),
    ],
)
def test_what_cannot_be_audited(labels, probabilities, options, said):
    with pytest.raises((InputError, ConfigError)) as refusal:
        audit(labels, probabilities, **options)
    assert said in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_path_and_an_opened_dataset_are_the_same(sample_data):
    path = sample_data / "imbalanced"
    assert flagged(audit(path)) == flagged(audit(str(path)))
    assert flagged(audit(path)) == flagged(audit(open_dataset(path)))
    assert flagged(audit(path, labels="train.csv", label_column="label")) == flagged(audit(path))


def test_loaded_equals_in_memory(digits_audit, sample_data):
    made, loaded = audit(sample_data / "digits"), load_audit(str(digits_audit))
    assert loaded.to_frame().equals(made.to_frame())
    assert list(loaded.findings) == list(made.findings)
    assert loaded.measurements == made.measurements
    assert loaded.alerts == made.alerts


def test_an_audit_shows_itself(digits_audit):
    shown = load_audit(digits_audit)._repr_html_()
    assert "digits" in shown
    assert "<script" not in shown
    hostile = audit(["<b>a</b>", "x", "x"], [[0.9, 0.1], [0.2, 0.8], [0.1, 0.9]])
    assert "<b>a</b>" not in hostile._repr_html_()


def test_without_predictions_there_are_no_scores():
    made = audit(LABELS)
    assert made.detection is None
    assert made.findings is None
    assert made.to_frame().empty
    assert "label_quality" in made.to_frame().columns


def test_no_audit_there(tmp_path):
    with pytest.raises(InputError, match=r"holds no audit\.json"):
        load_audit(tmp_path)
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = labelaudit.nonsense
