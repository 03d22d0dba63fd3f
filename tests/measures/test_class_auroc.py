"""AUROC and average precision: check values, scikit-learn, intervals, bounds, edges."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

import labelaudit
from labelaudit.auditing import run
from labelaudit.core.dataset import Batch
from labelaudit.core.listed import ListedRows, TopClasses
from labelaudit.core.results import DatasetFacts, Skipped
from labelaudit.core.schema import to_json
from labelaudit.core.settings import Options
from labelaudit.engine.job import begin
from labelaudit.engine.processes import Processes
from labelaudit.measures.class_auroc import AurocOfAll, ClassAuroc
from labelaudit.measures.kinds import Sample
from labelaudit.measures.roc import (
    auroc_interval,
    average_precision,
    delong,
    placements,
    precision_interval,
)
from labelaudit.testing import check_laws
from tests.made import dataset, noisy

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


def facts_of(n_rows, n_classes):
    return DatasetFacts(
        name="made",
        format="memory",
        n_examples=n_rows,
        n_unlabelled=0,
        class_names=tuple(map(str, range(n_classes))),
        class_counts=(0,) * n_classes,
        has=("digest", "labels", "probabilities"),
    )


def counted(labels, probabilities):
    tally = AurocOfAll(facts_of(*probabilities.shape))
    batch = Batch(start=0, labels=labels.astype(np.int32), probabilities=probabilities)
    tally.update(batch)
    return tally.result()


def exact(labels, probabilities):
    facts = facts_of(*probabilities.shape)
    rows = np.arange(len(labels))
    return ClassAuroc.measure(
        Sample(
            rows=rows,
            n_total=len(rows),
            seed=0,
            labels=labels.astype(np.int32),
            probabilities=probabilities,
        ),
        facts,
    )


def expect_within_bounds(found, labels, probabilities):
    for k, own in enumerate(probabilities.T):
        truth = labels == k
        for score, name in (
            (roc_auc_score, "auroc"),
            (average_precision_score, "average_precision"),
        ):
            if 0 < truth.sum() < len(truth):
                off = abs(found.per_class[name][k] - score(truth, own))
                assert off <= found.per_class[f"{name}_error_bound"][k] + 1e-12, (name, k)
            else:
                assert found.per_class[name][k] is None
                assert found.per_class[f"{name}_error_bound"][k] is None


def rounded(labels, probabilities):
    steps = np.round(probabilities * 1024) / 1024
    rows = np.arange(len(steps))
    steps[rows, steps.argmax(axis=1)] += 1 - steps.sum(axis=1)
    return labels, steps


def tail(labels, probabilities):
    kept = (labels != 0) | (np.cumsum(labels == 0) <= 3)
    return labels[kept], probabilities[kept]


@pytest.mark.parametrize(
    ("sharpness", "dtype", "bound", "change"),
    [
        (3, np.float64, 1e-5, None),
        (3, np.float32, 1e-5, tail),
        (12, np.float32, 1e-3, None),  # a sure model: nearly all lies near 0 or 1
        (40, np.float32, 0.1, None),  # so sure that one bin holds a sixth of the class
        (3, np.float64, 1e-2, rounded),  # ties in truth: the bound cannot know
    ],
)
def test_a_histogram_is_within_its_bound_of_scikit_learn(sharpness, dtype, bound, change):
    labels, probabilities = noisy(80_000, 3, seed=4, sharpness=sharpness, dtype=dtype)
    if change is not None:
        labels, probabilities = change(labels, probabilities)
    audited = labelaudit.audit(labels, probabilities, measures=["class_auroc"])
    found = audited.measurement("class_auroc")
    assert found.sample == {}
    assert found.details["fixed_bins"] == 1 << 16
    expect_within_bounds(found, labels, probabilities)
    whole = exact(labels, probabilities)
    assert abs(found.value - whole.value) <= found.details["error_bound"] <= bound
    bounds = found.per_class["auroc_error_bound"]
    assert found.details["largest_auroc_error_bound"] == max(bounds)
    for name in ("auroc_low", "auroc_high", "average_precision_low", "average_precision_high"):
        assert found.per_class[name] == pytest.approx(whole.per_class[name], abs=1e-3 + bound)
    assert found.interval == pytest.approx(whole.interval, abs=1e-4 + bound)
    assert [alert.id for alert in found.alerts] == [alert.id for alert in whole.alerts]


@given(
    seed=st.integers(0, 2**31),
    n_rows=st.integers(1, 60),
    width=st.sampled_from([1e-9, 1e-6, 1e-5, 1e-4, 1.0]),
    middle=st.sampled_from([0.0, 1e-5, 0.3, 0.5, 1 - 1e-5, 1.0]),
    dtype=st.sampled_from([np.float32, np.float64]),
)
@settings(max_examples=150, deadline=None)
def test_the_bounds_hold_where_bins_hide_the_order(seed, n_rows, width, middle, dtype):
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, 3, n_rows)
    scores = np.clip(middle + width * generator.normal(size=(n_rows, 3)), 0, 1).astype(dtype)
    found = counted(labels, scores)
    expect_within_bounds(found, labels, scores)
    # Where every bin holds one value, all figures are the exact ones.
    coarse = np.round(scores * 64) / 64
    found, whole = counted(labels, coarse), exact(labels, coarse)
    for name, column in whole.per_class.items():
        assert found.per_class[name] == pytest.approx(column, abs=1e-12), name
    assert found.value == pytest.approx(whole.value)


def test_the_worst_order_in_a_bin_reaches_the_bound():
    # 1 negative above 1 positive, too near each other for a bin: the AUROC is 0, as ties .5.
    scores = np.array([[0.3, 0.5], [0.3 + 1e-9, 0.5]])
    found = counted(np.array([0, 1]), scores)
    assert found.per_class["auroc"][0] == found.per_class["auroc_error_bound"][0] == 0.5
    # Nothing lies above. All of the class first would add 1/2 to its precision: 1 instead of 1/2.
    assert found.per_class["average_precision_error_bound"][0] == 0.5


def test_rows_of_0_and_1_are_ties_for_sure():
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 2, 500)
    sure = np.eye(2)[np.where(generator.random(500) < 0.2, 1 - labels, labels)]
    found = counted(labels, sure)
    assert found.per_class["auroc_error_bound"] == (0, 0)
    assert found.per_class["average_precision_error_bound"] == (0, 0)
    expect_within_bounds(found, labels, sure)


@pytest.mark.parametrize("seed", range(5))
def test_the_histogram_obeys_the_law_of_tallies(seed):
    check_laws(AurocOfAll, n_rows=31 + 40 * seed, seed=seed)


def test_beyond_the_limit_all_rows_count_the_same_for_any_cut(monkeypatch, tmp_path):
    labels, probabilities = noisy(6000, 3, seed=1)
    whole = labelaudit.audit(labels, probabilities).measurement("class_auroc")
    assert "error_bound" not in whole.details
    monkeypatch.setattr(ClassAuroc, "largest_sample", 2000)
    made = dataset(labels, probabilities)
    options = Options(measures=("class_auroc", "pairwise_auroc"))
    here = run(begin(made), options)
    for batch_rows, shard_rows in ((7, 1000), (None, 777)):
        other = run(begin(made, batch_rows=batch_rows, shard_rows=shard_rows), options)
        assert to_json(other) == to_json(here)
    engine = Processes(2)
    try:
        apart = run(begin(made, tmp_path, engine, shard_rows=900), options)
    finally:
        engine.close()
    found = here.measurement("class_auroc")
    assert apart.measurement("class_auroc") == found
    assert found.sample == {}
    assert found.per_class["positives"] == tuple(np.bincount(labels).tolist())
    assert found.value == pytest.approx(whole.value, abs=found.details["error_bound"])
    assert found.interval == pytest.approx(whole.interval, abs=1e-4)
    # The pairs stay with their own sample, which is still the whole here.
    assert here.measurement("pairwise_auroc").sample["size"] == 6000


def test_rows_that_list_few_of_many_classes_are_sampled(monkeypatch):
    labels, probabilities = noisy(700, 5, seed=2)
    columns = np.argsort(-probabilities, axis=1)[:, :3]
    top = TopClasses(columns, np.take_along_axis(probabilities, columns, axis=1))
    made = dataset(labels, probabilities)
    monkeypatch.setattr(ClassAuroc, "largest_sample", 600)
    for few, sample in ((2, {"size": 600, "of": 700, "seed": 0}), (5, {})):
        rows = ListedRows(top, 5, few=few)
        listed = replace(made, probabilities=replace(made.probabilities, values=rows))
        found = run(begin(listed), Options(measures=("class_auroc",))).measurement("class_auroc")
        assert found.sample == sample
        assert found.value > 0.8
