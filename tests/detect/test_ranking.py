"""The default ranking: values worked out by hand, laws, and edges that must stay sane."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labelaudit.core.listed import FEW_CLASSES
from labelaudit.detect.digest import digest
from labelaudit.detect.ranking import OneWay, counted_class, label_quality, one_way

NO_CODES, NO_RATES = np.empty(0, dtype=np.int64), np.empty(0)


def nothing_flows(n_classes):
    return OneWay(n_classes=n_classes, codes=NO_CODES, rates=NO_RATES)


def from_matrix(counts, class_counts=None, **options):
    counts = np.asarray(counts)
    codes = np.flatnonzero(counts)
    sizes = counts.sum(axis=1) if class_counts is None else np.asarray(class_counts)
    return one_way(codes, counts.ravel()[codes], sizes, **options)


def rate(flow, given_class, true_class):
    return float(flow.of(np.array([given_class]), np.array([true_class]))[0])


def quality(labels, probabilities, flow=None, thresholds=None):
    labels = np.asarray(labels, dtype=np.int32)
    probabilities = np.asarray(probabilities)
    size = probabilities.shape[1]
    if thresholds is None:
        thresholds = np.ones(size)
    return label_quality(
        labels,
        digest(labels, probabilities),
        np.asarray(thresholds, dtype=float),
        nothing_flows(size) if flow is None else flow,
    )


def test_one_way_by_hand():
    # 144 of true class 1 are labelled 0 and 25 the reverse: 144 - 25 - 3 sqrt(169) = 80 flow
    # one way. Column 1 sums to 144 + 975 + 0; what is left of it is 1119 - 80 = 1039.
    flow = from_matrix([[856, 144, 0], [25, 975, 0], [4, 4, 992]])
    assert flow.codes.tolist() == [1]
    assert flow.rates == pytest.approx([80 / (144 + 975 + 4 - 80)])
    assert rate(flow, 0, 1) == pytest.approx(0.076702, abs=1e-6)
    assert rate(flow, 1, 0) == rate(flow, 2, 0) == rate(flow, 0, 0) == 0
    assert rate(from_matrix([[856, 144, 0], [25, 975, 0], [4, 4, 992]], z=0), 2, 0) > 0


def test_rows_are_scaled_to_the_class_counts():
    # Counted half of the rows: J doubles, [[1712, 288], [50, 1950]]; 238 - 3 sqrt(338).
    flow = from_matrix([[856, 144], [25, 975]], class_counts=[2000, 2000])
    excess = 238 - 3 * np.sqrt(338)
    assert flow.rates == pytest.approx([excess / (288 + 1950 - excess)])


def test_quality_by_hand():
    # p = .25, q = .5, r = .5: w = .25 / (.25 + .25) = 1/2, v = .25 / 256; t = .64, and
    # q^(1/4) t^(1/2) = .840896 x .8
    flow = OneWay(n_classes=3, codes=np.array([1]), rates=np.array([0.5]))
    row = [[0.25, 0.5, 0.25]]
    value, scale = 0.25 / 256, 0.5**0.25 * 0.8
    found = quality([0], row, flow, thresholds=[0.64, 1, 1])
    assert value / (value + scale) == pytest.approx(0.00144956, abs=1e-8)
    assert found == pytest.approx([value / (value + scale)])
    # without flow: .25 / (.25 + .672717)
    assert quality([0], row, thresholds=[0.64, 1, 1]) == pytest.approx([0.270939], abs=1e-6)


def test_what_flows_both_ways_is_overlap():
    flow = from_matrix([[700, 300, 0], [280, 720, 0], [0, 0, 500]])
    assert len(flow.codes) == 0


def test_few_examples_are_no_evidence():
    assert len(from_matrix([[90, 8], [0, 100]]).codes) == 0
    assert len(from_matrix([[90, 10], [0, 100]]).codes) == 1


def test_confident_rows_count_only_where_the_label_is_beaten():
    labels = np.array([0, 0, 0, 0], dtype=np.int32)
    own = digest(labels, np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7], [0.5, 0.5]]))
    confident = np.array([0, 1, 1, 1], dtype=np.int32)  # the last is a tie
    assert counted_class(confident, labels, own).tolist() == [0, -1, 1, -1]


def test_many_classes_give_what_few_do():
    counts = np.diag([500, 500, 500])
    counts[0, 1], counts[2, 0] = 100, 60
    few = from_matrix(counts)
    size = FEW_CLASSES + 10
    given_class, true_class = np.nonzero(counts)
    class_counts = np.zeros(size, dtype=np.int64)
    class_counts[:3] = counts.sum(axis=1)
    found = counts[given_class, true_class]
    many = one_way(given_class * size + true_class, found, class_counts)
    assert many.rates.tolist() == few.rates.tolist()
    for pair in ((0, 1), (1, 0), (2, 0), (2, 1)):
        assert rate(many, *pair) == rate(few, *pair)
    assert rate(many, size - 1, 0) == 0


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 12), st.sampled_from([np.float32, np.float64]))
def test_laws(seed, size, dtype):
    rng = np.random.default_rng(seed)
    probabilities = rng.dirichlet(np.full(size, 0.3), 200).astype(dtype)
    labels = rng.integers(0, size, 200).astype(np.int32)
    counts = rng.integers(0, 200, (size, size))
    flow = from_matrix(counts)
    # A column keeps something of its own, and no pair flows both ways.
    assert np.isfinite(flow.rates).all()
    assert (flow.rates > 0).all()
    given_class, true_class = np.divmod(flow.codes, size)
    assert not np.isin(true_class * size + given_class, flow.codes).any()
    thresholds = rng.uniform(0.1, 1, size)
    found = quality(labels, probabilities, flow, thresholds)
    assert np.isfinite(found).all()
    assert ((found > 0) & (found <= 1)).all()
    # Each row for itself, whatever stands beside it.
    half = quality(labels[50:90], probabilities[50:90], flow, thresholds)
    assert half.tobytes() == found[50:90].tobytes()
    # The names of the classes mean nothing (ties for the second place aside).
    order = rng.permutation(size)
    place = np.argsort(order)
    again = quality(
        place[labels], probabilities[:, order], from_matrix(counts[np.ix_(order, order)]),
        thresholds[order],
    )  # fmt: skip
    np.testing.assert_allclose(again, found, rtol=1e-9)
    # Flow only makes a label more doubtful.
    assert (found <= quality(labels, probabilities, None, thresholds)).all()


def test_monotone_in_what_speaks_for_and_against_the_label():
    own = np.linspace(0.01, 0.6, 30)
    rows = np.column_stack([own, np.full(30, 0.3), 0.7 - own])
    first = OneWay(n_classes=3, codes=np.array([1]), rates=np.array([0.2]))
    rows = rows[rows[:, 2] < 0.3]
    assert (np.diff(quality(np.zeros(len(rows)), rows, first)) > 0).all()
    one = [[0.3, 0.5, 0.2]]
    assert quality([0], one, thresholds=[0.9, 1, 1]) < quality([0], one, thresholds=[0.3, 1, 1])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_probabilities_of_exactly_zero_and_one(dtype):
    rows = np.array([[1, 0, 0], [0, 1, 0], [0, 0.5, 0.5]], dtype=dtype)
    flow = OneWay(n_classes=3, codes=np.array([1]), rates=np.array([1e4]))
    for each in (None, flow):
        found = quality([0, 0, 0], rows, each)
        assert found[0] == 1
        assert ((found[1:] > 0) & (found[1:] < 1e-11)).all()
        assert found[1] < found[2]


def test_a_perfect_model_puts_every_right_label_first():
    probabilities = np.eye(4)[[0, 1, 2, 3] * 5]
    labels = np.array([0, 1, 2, 3] * 5)
    labels[7] = 0
    found = quality(labels, probabilities)
    assert found.argmin() == 7
    assert (np.delete(found, 7) == 1).all()


def test_a_random_model_finds_no_flow():
    rng = np.random.default_rng(0)
    assert len(from_matrix(rng.multinomial(900, np.ones(100) / 100, size=100)).codes) <= 20


def test_classes_without_examples_and_with_one():
    # Class 2 is never given, yet 40 rows labelled 0 are confidently in it; class 1 has one row.
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        flow = from_matrix([[60, 0, 40], [0, 1, 0], [0, 0, 0]])
    assert flow.codes.tolist() == [2]
    assert np.isfinite(flow.rates).all()
    assert from_matrix([[0, 0], [0, 0]], class_counts=[0, 0]).codes.tolist() == []


def test_one_class_only():
    flow = from_matrix([[5, 0], [0, 0]], class_counts=[5, 0])
    found = quality([0] * 3, [[0.5, 0.5], [0.9, 0.1], [0.1, 0.9]], flow, thresholds=[0.5, 2.0])
    assert np.argsort(found).tolist() == [2, 0, 1]


def test_two_classes():
    flow = from_matrix([[900, 100], [5, 995]])
    assert flow.codes.tolist() == [1]
    found = quality([0, 1], [[0.2, 0.8], [0.8, 0.2]], flow)
    assert found[0] < found[1]
