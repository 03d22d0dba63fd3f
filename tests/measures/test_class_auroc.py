"""AUROC and average precision: check values of section 5, scikit-learn, intervals, edges."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

import labelaudit
from labelaudit.core.results import Skipped
from labelaudit.measures.class_auroc import (
    auroc_interval,
    average_precision,
    delong,
    placements,
    precision_interval,
)
from tests.made import noisy

Y = np.array([0, 0, 1, 0, 1, 0, 0, 1], dtype=bool)
S = np.arange(1, 9) / 10


def both(truth, scores):
    positive, negative = np.sort(scores[truth]), np.sort(scores[~truth])
    auroc, _ = delong(*placements(positive, negative))
    return auroc, average_precision(positive, negative)


def test_check_values():
    assert both(Y, S) == pytest.approx((0.6667, 0.6667), abs=5e-5)
    for low, auroc, precision in ((2, 0.0667, 0.0333), (4, 0.0667, 0.0556)):
        swapped = S.copy()
        swapped[[low, low + 1]] = swapped[[low + 1, low]]
        gained = np.subtract(both(Y, swapped), both(Y, S))
        assert gained == pytest.approx((auroc, precision), abs=5e-5)


@given(seed=st.integers(0, 2**31), steps=st.sampled_from([1, 3, 20, 10**6]))
@settings(max_examples=60, deadline=None)
def test_equal_to_scikit_learn_ties_and_all(seed, steps):
    generator = np.random.default_rng(seed)
    truth = generator.random(generator.integers(2, 80)) < 0.3
    truth[:2] = True, False
    scores = np.round(generator.random(len(truth)) * steps) / steps
    expected = roc_auc_score(truth, scores), average_precision_score(truth, scores)
    assert both(truth, scores) == pytest.approx(expected, abs=1e-12)


@given(seed=st.integers(0, 2**31))
@settings(max_examples=30, deadline=None)
def test_delong_is_what_its_definition_says(seed):
    generator = np.random.default_rng(seed)
    positive = np.sort(np.round(generator.normal(1, 1, generator.integers(2, 30)), 1))
    negative = np.sort(np.round(generator.normal(0, 1, generator.integers(2, 30)), 1))
    wins = (positive[:, None] > negative) + (positive[:, None] == negative) / 2
    before, behind = placements(positive, negative)
    assert before == pytest.approx(wins.mean(axis=1))
    assert behind == pytest.approx(wins.mean(axis=0))
    spread = wins.mean(axis=1).var(ddof=1) / len(positive)
    spread += wins.mean(axis=0).var(ddof=1) / len(negative)
    assert delong(before, behind) == pytest.approx((wins.mean(), spread))


def test_intervals_hold_the_truth_about_as_often_as_they_say():
    from scipy.stats import norm

    generator = np.random.default_rng(0)
    truth = norm.cdf(1 / 2**0.5)
    held = 0
    for _ in range(400):
        positive = np.sort(generator.normal(1, 1, 40))
        negative = np.sort(generator.normal(0, 1, 80))
        auroc, variance = delong(*placements(positive, negative))
        low, high = auroc_interval(auroc, variance, 40, 80)
        held += low <= truth <= high
    assert 0.92 <= held / 400 <= 0.98


def test_a_perfect_order_still_has_an_interval():
    low, high = auroc_interval(1.0, 0.0, 20, 500)
    assert 0.8 < low < 0.9
    assert high == 1
    assert precision_interval(1.0, 20) == (low, high)
    assert precision_interval(0.5, 10)[0] < 0.5 < precision_interval(0.5, 10)[1]


def test_the_measure_equals_scikit_learn_and_warns():
    labels, probabilities = noisy(900, 4, seed=3)
    kept = (labels != 3) | (np.cumsum(labels == 3) <= 12)
    labels, probabilities = labels[kept], probabilities[kept]
    made = labelaudit.audit(labels, probabilities).measurement("class_auroc")
    for k in range(4):
        own = labels == k
        assert made.per_class["auroc"][k] == pytest.approx(roc_auc_score(own, probabilities[:, k]))
        precision = average_precision_score(own, probabilities[:, k])
        assert made.per_class["average_precision"][k] == pytest.approx(precision)
        assert made.per_class["lift"][k] == pytest.approx(precision / own.mean())
        assert made.per_class["positives"][k] == own.sum()
        low, high = made.per_class["auroc_low"][k], made.per_class["auroc_high"][k]
        assert low < made.per_class["auroc"][k] < high
    assert made.value == pytest.approx(np.mean(made.per_class["auroc"]))
    assert made.interval[0] < made.value < made.interval[1]
    raised = {alert.id: alert for alert in made.alerts}
    assert set(raised) == {"class_auroc.few_examples", "class_auroc.not_comparable"}
    assert raised["class_auroc.few_examples"].value == 12


def test_a_class_that_is_guessed_is_told():
    generator = np.random.default_rng(0)
    made = labelaudit.audit(
        generator.integers(0, 3, 600),
        generator.dirichlet(np.ones(3), 600),
        allow=["alignment", "weak_model"],
    ).measurement("class_auroc")
    assert "class_auroc.like_guessing" in {alert.id for alert in made.alerts}


def test_edges():
    alone = labelaudit.audit([0, 0, 0], [[1.0, 0.0]] * 3).measurement("class_auroc")
    assert alone.value is None
    assert alone.per_class["auroc"] == (None, None)
    one_row = labelaudit.audit([0, 1, 1], [[0.9, 0.1], [0.2, 0.8], [0.4, 0.6]])
    made = one_row.measurement("class_auroc")
    assert made.value == 1
    assert made.per_class["auroc_low"][0] < 0.5
    assert made.interval[0] < made.interval[1] == 1
    same = labelaudit.audit([0, 1] * 20, [[0.5, 0.5]] * 40, allow=["alignment", "weak_model"])
    assert same.measurement("class_auroc").per_class["auroc"] == (0.5, 0.5)
    without = {one.name: one for one in labelaudit.audit(["a", "b"] * 9).measurements}
    assert isinstance(without["class_auroc"], Skipped)


def test_a_sample_comes_near_the_whole(monkeypatch):
    from labelaudit.measures.class_auroc import ClassAuroc

    labels, probabilities = noisy(6000, 3, seed=1)
    whole = labelaudit.audit(labels, probabilities).measurement("class_auroc")
    monkeypatch.setattr(ClassAuroc, "largest_sample", 2000)
    part = labelaudit.audit(labels, probabilities).measurement("class_auroc")
    assert part.sample == {"size": 2000, "of": 6000, "seed": 0}
    assert part.value == pytest.approx(whole.value, abs=0.015)
    assert part.interval[0] < whole.value < part.interval[1]
