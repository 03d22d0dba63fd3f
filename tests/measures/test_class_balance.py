"""Imbalance: the figures of class sizes, what they cost evaluation, given against estimated."""

from dataclasses import replace

import numpy as np
import pytest

import labelaudit
from labelaudit.core.intervals import wilson
from labelaudit.core.results import Measurement
from labelaudit.measures.class_balance import (
    ClassBalance,
    alerts_of,
    balance,
    effective_number,
    label_column,
)
from labelaudit.measures.tail_suspects import TailSuspects, tail_alerts
from labelaudit.measures.true_prior import TruePrior
from labelaudit.testing import check_laws
from tests.made import noisy


def test_effective_numbers():
    found = [effective_number(count) for count in (50, 30, 15, 5)]
    assert found == pytest.approx([48.794, 29.569, 14.895, 4.990], abs=5e-4)
    assert effective_number(0) == 0


def test_gini_corrected():
    assert balance(np.array([50, 30, 15, 5]))["gini_corrected"] == pytest.approx(0.5)
    assert balance(np.array([50]))["gini_corrected"] is None


def test_the_column_of_labels_as_the_nutrition_label_has_it():
    """The check value of methods.md, section 2: the column a, b, a, missing, c."""
    found = labelaudit.audit(["a", "b", "a", "", "c"]).measurement("class_balance").details
    assert found["rows_in_column"] == 5
    assert found["unique_entries"] == "4 including missing"
    assert found["most_frequent"] == "a (2)"
    assert found["least_frequent"] == "multiple detected"
    assert found["missing_share"] == 0.2


def test_edges_of_the_column_of_labels():
    def frequent(counts, n_missing=0):
        found = label_column("abc", counts, n_missing)
        return found["most_frequent"], found["least_frequent"]

    assert frequent([1, 1, 1]) == ("--", "--")  # all unique
    assert frequent([4, 0, 0]) == ("a (4)", "--")  # a single value
    assert frequent([4, 4, 1]) == ("multiple detected", "c (1)")
    assert frequent([4, 2, 3], 9) == ("missing value (9)", "b (2)")
    assert label_column("abc", [0, 0, 0], 0)["missing_share"] is None
    assert "\x1b" not in label_column(["\x1b[31m"], [2], 0)["most_frequent"]


def test_a_tenth_to_five_points_takes_141():
    def half(n):
        low, high = wilson(0.1 * n, n)
        return (high - low) / 2

    assert half(141) == pytest.approx(0.05, abs=5e-4)
    assert "141" in ClassBalance.__doc__


def test_the_tally_obeys_the_laws():
    made = check_laws(ClassBalance)
    assert made.per_class["examples_per_point"] == tuple(n / 100 for n in made.per_class["count"])


def test_what_a_point_of_recall_is():
    (wide,) = alerts_of(["a", "b"], [50, 29], 50 / 29)
    assert (wide.id, wide.severity) == ("class_balance.few_examples", "info")
    assert "1-point change in the recall of b is 0.29 examples" in wide.message
    assert wide.basis


def test_few_examples_are_told_in_one_alert():
    """One line for those that cannot be judged and for those whose intervals are wide."""
    few = alerts_of(list("abcde"), [300, 29, 7, 9, 10], 300 / 7)[0]
    assert few.id == "class_balance.few_examples"
    assert few.message == (
        "fewer than 10 examples in 2 classes (c, d), 10 to 29 examples in 2 classes (b, e); "
        "a 1-point change in the recall of c is 0.07 examples"
    )
    assert (few.severity, few.value, few.threshold, few.scope) == ("caution", 7, 10, "c, d, e, b")
    assert few.mitigation.startswith("Do not judge single labels of classes under 10")
    only_wide = alerts_of(["a", "b"], [40, 12], 40 / 12)[0]
    assert (only_wide.severity, only_wide.threshold) == ("info", 30)
    assert "judge" not in only_wide.mitigation


def test_alerts_by_size():
    def ids(counts):
        present = [count for count in counts if count]
        made = alerts_of([str(i) for i in range(len(counts))], counts, max(present) / min(present))
        for alert in made:
            assert alert.basis
            assert alert.mitigation
            assert set(alert.use_cases) <= {"train", "evaluate", "benchmark", "tail"}
        return [alert.id.split(".")[1] for alert in made]

    assert ids([40, 30]) == []
    assert ids([40, 29]) == ["few_examples"]
    assert ids([40, 9]) == ["few_examples"]
    assert ids([40, 4]) == ["few_examples", "fewer_than_folds"]
    assert ids([400, 4, 20]) == ["few_examples", "fewer_than_folds", "imbalanced"]
    assert ids([300, 30, 0]) == []  # just ten times; absent classes are the contract's
    assert ids([301, 30]) == ["imbalanced"]


def skewed(seed=0):
    """Return labels of which 60 of 900 `big` are called `small`, and a model that knows."""
    rng = np.random.default_rng(seed)
    truth = np.repeat([0, 1], [900, 60])
    probabilities = np.where(truth[:, None] == [0, 1], 0.95, 0.05)
    probabilities += rng.uniform(-0.03, 0.03, 960)[:, None] * [1, -1]
    given = truth.copy()
    given[:60] = 1
    probabilities[:60] = 0.99, 0.01
    return given, probabilities


def test_the_estimated_prior_undoes_one_way_noise():
    given, probabilities = skewed()
    made = labelaudit.audit(given, probabilities, class_names=["big", "small"])
    prior = made.measurement("true_prior")
    assert prior.per_class["given_share"] == (840 / 960, 120 / 960)
    assert sum(prior.per_class["estimated_share"]) == pytest.approx(1)
    assert prior.per_class["estimated_share"] == tuple(made.detection.estimated_prior)
    assert prior.per_class["estimated_count"] == pytest.approx([900, 60])
    assert prior.value == pytest.approx(60 / 960)
    assert prior.details["estimated_imbalance_ratio"] == pytest.approx(15)
    (alert,) = prior.alerts
    assert alert.scope == "small"
    assert "120 labels say small, the model estimates 60" in alert.message


def test_labels_as_the_model_has_them_are_no_shift():
    _, probabilities = noisy(600, 3, noise=0)
    made = labelaudit.audit(probabilities.argmax(axis=1), probabilities)
    assert made.measurement("true_prior").value == 0
    assert made.measurement("true_prior").alerts == ()


def test_the_tail_against_the_rest():
    labels, probabilities = noisy(3000, 4, noise=0.05, seed=3)
    rare = np.flatnonzero(labels == 3)[:12]
    wrong = np.flatnonzero((labels == 0) & (probabilities[:, 0] > 0.9))[:7]
    labels[wrong] = 3
    kept = np.union1d(np.flatnonzero(labels != 3), np.union1d(rare, wrong))
    made = labelaudit.audit(labels[kept], probabilities[kept])
    tail = made.measurement("tail_suspects")
    (row,) = tail.details["tail_classes"]
    assert row["labels"] == 19
    assert row["flagged"] == tail.details["tail_flagged"] == made.detection.flagged_by_class[3]
    assert row["low"] < tail.value < row["high"]
    assert tail.details["tail_flagged"] + 0 >= 5
    assert [alert.id for alert in tail.alerts] == ["tail_suspects.more"]
    assert tail.alerts[0].threshold == tail.details["rest_high"]


@pytest.mark.parametrize(("low", "raised"), [(0.21, 1), (0.2, 0), (0.1, 0)])
def test_the_tail_is_worse_where_intervals_are_apart(low, raised):
    assert len(tail_alerts(["rare"], 6, 19, (low, 0.5), (0.1, 0.2))) == raised


def test_without_a_tail_there_is_no_value():
    labels, probabilities = noisy(900, 3)
    made = labelaudit.audit(labels, probabilities).measurement("tail_suspects")
    assert made.value is None
    assert "no class is in the tail" in made.interval_kind


@pytest.mark.parametrize("names", [["a", "b"], ["a", "b", "c"]])
def test_edges(names):
    """A class of one, an absent class: figures or None, never an exception."""
    labels = np.array([0] * 30 + [1])
    probabilities = np.full((31, len(names)), 1 / len(names))
    made = labelaudit.audit(labels, probabilities, class_names=names, allow=["constant_rows"])
    for name in ("class_balance", "true_prior", "tail_suspects"):
        assert isinstance(made.measurement(name), Measurement)


@pytest.mark.parametrize("kind", [TruePrior, TailSuspects])
def test_they_are_functions_of_the_detection(kind):
    labels, probabilities = noisy(400, 3)
    made = labelaudit.audit(labels, probabilities)
    assert kind.measure(made.dataset, made.detection, {}) == made.measurement(kind.name)
    other = replace(made.detection, flagged_by_class=made.detection.flagged_by_class * 0)
    assert kind.measure(made.dataset, other, {}).name == kind.name
