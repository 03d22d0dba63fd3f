"""What is said of pairs of classes: pairwise AUROC, overlap of the joint, confusable pairs."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array
from sklearn.metrics import roc_auc_score

import labelaudit
from labelaudit.core.intervals import wilson
from labelaudit.core.results import Skipped
from labelaudit.measures.class_overlap import overlaps
from labelaudit.measures.confusable_pairs import MARGIN, confusable, first_two
from labelaudit.measures.pairwise_auroc import pairwise
from tests.made import noisy

NAMES = ("pairwise_auroc", "class_overlap", "confusable_pairs")


@given(seed=st.integers(0, 2**31), n_classes=st.integers(3, 7), coarse=st.booleans())
@settings(max_examples=25, deadline=None)
def test_hand_and_till_equals_scikit_learn(seed, n_classes, coarse):
    labels, probabilities = noisy(200, n_classes, seed=seed, sharpness=1.0)
    labels[:n_classes] = np.arange(n_classes)
    if coarse:  # ties; rows still sum to 1 where scikit-learn looks
        probabilities = np.round(probabilities * 4) / 4 + 1e-9
        probabilities /= probabilities.sum(axis=1, keepdims=True)
    pairs = [(a, b) for a in range(n_classes) for b in range(a + 1, n_classes)]
    found = pairwise(probabilities, labels, pairs, n_classes)
    mean = np.mean([pair["auroc"] for pair in found])
    assert mean == pytest.approx(roc_auc_score(labels, probabilities, multi_class="ovo"))
    assert all(pair["low"] <= pair["auroc"] <= pair["high"] for pair in found)


def test_of_two_classes_it_is_the_auroc():
    labels, probabilities = noisy(300, 2, seed=4, sharpness=1.0)
    made = labelaudit.audit(labels, probabilities)
    one = made.measurement("pairwise_auroc").details["pairs"][0]
    assert one["auroc"] == pytest.approx(roc_auc_score(labels, probabilities[:, 1]))
    own = made.measurement("class_auroc").per_class
    assert (one["low"], one["high"]) == pytest.approx((own["auroc_low"][1], own["auroc_high"][1]))


def test_of_many_classes_the_most_confused_pairs_are_taken():
    labels, probabilities = noisy(3000, 30, seed=0, noise=0.0)
    alike = np.isin(labels, (4, 17))
    probabilities[alike, 4], probabilities[alike, 17] = probabilities[alike, 17], 0.5
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    made = labelaudit.audit(labels, probabilities).measurement("pairwise_auroc")
    assert made.details["n_pairs"] == 200
    assert made.details["all_pairs"] is False
    assert "200 most confused" in made.unit
    assert [4, 17] in [pair["codes"] for pair in made.details["pairs"]]


def test_classes_that_are_guessed_raise_an_alert():
    labels, probabilities = noisy(600, 4, seed=2, noise=0.0)
    alike = labels < 2
    half = probabilities[alike, :2].sum(axis=1) * np.random.default_rng(0).random(alike.sum())
    probabilities[alike, 1] = probabilities[alike, :2].sum(axis=1) - half
    probabilities[alike, 0] = half
    made = labelaudit.audit(labels, probabilities).measurement("pairwise_auroc")
    (alert,) = made.alerts
    assert alert.scope == "0 and 1"


def test_overlap_by_hand_dense_and_sparse():
    joint = np.array([[8, 2, 0], [0, 5, 0], [0, 1, 4]])
    expected = [([0, 1], 2, 2 / 15), ([1, 2], 1, 1 / 10)]
    for one in (joint, csr_array(joint)):
        found = [(pair["codes"], pair["rows"], pair["overlap"]) for pair in overlaps(one, 9)]
        assert found == expected
    found = overlaps(joint, 1)
    assert len(found) == 1
    assert (found[0]["low"], found[0]["high"]) == wilson(2, 15)


def test_overlap_is_that_of_the_largest_pair_with_its_auroc_beside_it():
    labels, probabilities = noisy(900, 4, seed=5, sharpness=2.0)
    made = labelaudit.audit(labels, probabilities)
    overlap, joint = made.measurement("class_overlap"), made.detection.confident_joint
    by_hand = {
        (a, b): (joint[a, b] + joint[b, a]) / joint[np.ix_([a, b], [a, b])].sum()
        for a in range(4)
        for b in range(a + 1, 4)
    }
    assert overlap.value == pytest.approx(max(by_hand.values()))
    assert overlap.interval[0] < overlap.value < overlap.interval[1]
    aurocs = made.measurement("pairwise_auroc").details["pairs"]
    for pair in overlap.details["pairs"]:
        assert pair["overlap"] == pytest.approx(by_hand[tuple(pair["codes"])])
        (beside,) = (one["auroc"] for one in aurocs if one["codes"] == pair["codes"])
        assert pair["pairwise_auroc"] == beside


Y = np.array([0, 0, 0, 1, 1, 1, 2, 2])
P = np.array(
    [[0.6, 0.35, 0.05], [0.5, 0.45, 0.05], [0.45, 0.5, 0.05], [0.4, 0.55, 0.05],
     [0.3, 0.65, 0.05], [0.1, 0.8, 0.1], [0.05, 0.05, 0.9], [0.1, 0.3, 0.6]]
)  # fmt: skip


def test_confusable_check_value():
    codes, margins = first_two(P)
    between = margins < MARGIN
    assert np.flatnonzero(between).tolist() == [1, 2, 3]
    first = confusable(P, Y, codes, between)[0]
    assert first["codes"] == [0, 1]
    assert first["score"] == pytest.approx(0.35)
    assert first["ambiguous"] == 3
    made = labelaudit.audit(Y, P).measurement("confusable_pairs")
    assert made.value == pytest.approx(3 / 8)
    assert made.details["pairs"][0]["classes"] == ["0", "1"]


@pytest.mark.parametrize("n_classes", [2, 6, 40])
def test_confusable_by_definition(n_classes):
    labels, probabilities = noisy(700, n_classes, seed=1, sharpness=1.5)
    codes, margins = first_two(probabilities)
    best = np.sort(probabilities, axis=1)
    assert margins == pytest.approx(best[:, -1] - best[:, -2])
    found = confusable(probabilities, labels, codes, margins < MARGIN)
    scores = [pair["score"] for pair in found]
    assert scores == sorted(scores, reverse=True)
    assert len(found) == min(n_classes * (n_classes - 1) // 2, 200)
    means = np.array([probabilities[labels == k].mean(axis=0) for k in range(n_classes)])
    by_definition = np.sort(((means + means.T) / 2)[np.triu_indices(n_classes, 1)])[::-1]
    assert scores == pytest.approx(by_definition[: len(scores)])
    if n_classes < 20:
        assert sum(pair["ambiguous"] for pair in found) == (margins < MARGIN).sum()


def test_more_classes_than_every_pair_is_scored_of(monkeypatch):
    labels, probabilities = noisy(700, 6, seed=1, sharpness=1.5)
    whole = labelaudit.audit(labels, probabilities).measurement("confusable_pairs")
    monkeypatch.setattr("labelaudit.measures.confusable_pairs._FEW_CLASSES", 3)
    assert labelaudit.audit(labels, probabilities).measurement("confusable_pairs") == whole


@pytest.mark.parametrize("name", NAMES)
def test_edges(name):
    alone = labelaudit.audit([0, 0, 0], [[1.0, 0.0]] * 3).measurement(name)
    assert alone.value == (0 if name == "confusable_pairs" else None)
    assert alone.details["pairs"] == []
    sure = labelaudit.audit([0, 1] * 20, [[1.0, 0.0], [0.0, 1.0]] * 20).measurement(name)
    assert sure.value == (1 if name == "pairwise_auroc" else 0)
    without = {one.name: one for one in labelaudit.audit(["a", "b"] * 9).measurements}
    assert isinstance(without[name], Skipped)


@pytest.mark.parametrize("name", ["pairwise_auroc", "confusable_pairs"])
def test_a_sample_comes_near_the_whole(name, monkeypatch):
    from labelaudit.measures import known_measures

    labels, probabilities = noisy(8000, 4, seed=1)
    whole = labelaudit.audit(labels, probabilities).measurement(name)
    monkeypatch.setattr(known_measures()[name], "largest_sample", 3000)
    part = labelaudit.audit(labels, probabilities).measurement(name)
    assert part.sample["size"] == 3000
    assert part.value == pytest.approx(whole.value, abs=0.015)
