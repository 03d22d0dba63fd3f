"""Arrays of several splits are one dataset, and each split keeps to its own predictions."""

import numpy as np
import pytest

from labelaudit import open_dataset
from labelaudit.core.errors import ConfigError, InputError
from tests.made import noisy

TRAIN = noisy(60, 3)
TEST = noisy(30, 3, seed=2)


def saved(folder, **arrays):
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)
    return folder


def expect(found, *splits):
    assert found.labels.tolist() == np.concatenate([labels for labels, _ in splits]).tolist()
    read = found.probabilities.read(0, len(found))
    assert np.array_equal(read, np.concatenate([probabilities for _, probabilities in splits]))


@pytest.mark.parametrize(
    ("labels", "predictions"),
    [
        ("labels_train", "pred_probs_train"),
        ("train_labels", "train_pred_probs"),
        ("y_train", "oof-train"),
        ("labels_train", "pred_probs"),
    ],
)
def test_one_split(tmp_path, labels, predictions):
    saved(tmp_path, **{labels: TRAIN[0], predictions: TRAIN[1]})
    expect(open_dataset(tmp_path), TRAIN)


def test_two_splits_with_predictions_are_read_together_or_apart(tmp_path):
    saved(tmp_path, labels_train=TRAIN[0], labels_test=TEST[0])
    saved(tmp_path, pred_probs_train=TRAIN[1], pred_probs_test=TEST[1])
    found = open_dataset(tmp_path)
    expect(found, TRAIN, TEST)
    assert found.splits.counts() == {"train": 60, "test": 30}
    expect(open_dataset(tmp_path, split="test"), TEST)
    with pytest.raises(ConfigError, match="no such split"):
        open_dataset(tmp_path, split="validation")


def test_a_split_without_predictions_is_left_out_and_named(tmp_path):
    """Both are of one length, so that their lengths would not tell them apart."""
    saved(tmp_path, labels_train=TRAIN[0][::-1], labels_test=TRAIN[0], pred_probs_test=TRAIN[1])
    found = open_dataset(tmp_path)
    expect(found, TRAIN)
    assert any("labels_train.npy: not read" in notice for notice in found.notices)


def test_two_files_for_one_split_are_refused(tmp_path):
    saved(tmp_path, labels_train=TRAIN[0], pred_probs_train=TRAIN[1], oof_train=TRAIN[1])
    with pytest.raises(InputError, match="the predictions of split train: oof_train"):
        open_dataset(tmp_path)
