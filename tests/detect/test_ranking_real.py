"""What the default ranking must reach on published predictions whose errors are known."""

import csv

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

import labelaudit
from labelaudit.detect.digest import digest
from labelaudit.detect.ranking import counted_class, label_quality, one_way
from labelaudit.detect.signals import adjusted_normalized_margin, self_confidence

FILES = [
    ("cifar10n_aggregate", "pred_probs_resnet18", 0.880),
    ("cifar10n_aggregate", "pred_probs_swin", 0.978),
    ("cifar10_flips_20", "pred_probs", 0.910),
    ("roman_numerals", "pred_probs_resnet18", 0.512),
    ("roman_numerals", "pred_probs_efficientnet_b1", 0.429),
]


def read(folder, file):
    probabilities = np.load(folder / f"{file}.npy").astype(float)
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    if (folder / "labels.csv").exists():
        with (folder / "labels.csv").open(encoding="utf-8") as lines:
            table = list(csv.DictReader(lines))
        labels = np.array([int(line["label_index"]) for line in table])
        wrong = np.array([line["is_error"].lower() in ("1", "true") for line in table])
    else:
        labels = np.load(folder / "labels.npy")
        wrong = labels != np.load(folder / "true_labels.npy")
    return labels.astype(np.int32), wrong, probabilities


@pytest.mark.parametrize(("name", "file", "at_least"), FILES)
def test_average_precision(real_data, name, file, at_least):
    labels, wrong, probabilities = read(real_data / name, file)
    size = probabilities.shape[1]
    bars = np.asarray(labelaudit.audit(labels, probabilities).detection.class_thresholds)
    passes = probabilities >= bars - 1e-6
    several = passes.sum(axis=1) > 1
    guess = np.where(several, probabilities.argmax(axis=1), passes.argmax(axis=1))
    confident = np.where(passes.any(axis=1), guess, -1).astype(np.int32)
    own = digest(labels, probabilities)
    counted = counted_class(confident, labels, own)
    found = counted >= 0
    pairs = np.unique(labels[found].astype(np.int64) * size + counted[found], return_counts=True)
    flow = one_way(*pairs, np.bincount(labels, minlength=size))

    def precision(quality):
        return average_precision_score(wrong, -quality)

    ours = precision(label_quality(labels, own, bars, flow))
    margin = precision(adjusted_normalized_margin(labels, probabilities, bars))
    assert ours >= at_least
    assert ours >= max(precision(self_confidence(own)), margin) - 0.005
