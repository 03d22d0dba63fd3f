"""Fixed bins of probabilities: never out of order, and counted as they occur."""

import copy
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labelaudit.engine import histogram
from labelaudit.engine.histogram import BINS, FineBins, bins_of


@given(
    st.lists(st.floats(0, 1), max_size=50),
    st.sampled_from([np.float32, np.float64]),
)
@settings(max_examples=200, deadline=None)
def test_bins_never_turn_an_order_round(values, dtype):
    ends = [0, np.nextafter(0, 1), 1e-30, 0.5, np.nextafter(0.5, 0), np.nextafter(0.5, 1), 1]
    ordered = np.sort(np.array([*values, *ends], dtype=dtype))
    bins = bins_of(ordered).astype(int)
    assert (np.diff(bins) >= 0).all()
    assert bins[0] == 0
    assert bins[-1] == BINS - 1
    inside = (ordered > 0) & (ordered < 1)
    assert ((bins[inside] > 0) & (bins[inside] < BINS - 1)).all()


def test_bins_are_narrow_at_both_ends_and_as_wide_as_said():
    edges = 2 * (np.arange(BINS // 2) / BINS) ** 2
    inner = edges[1:] * (1 + 1e-12)
    assert (bins_of(inner) == np.arange(1, BINS // 2)).all()
    assert (bins_of(1 - inner) == BINS - 1 - np.arange(1, BINS // 2)).all()
    assert np.diff(edges).max() < 3.1e-5
    assert edges[1] < 5e-10


def test_what_is_let_through_beyond_0_and_1_counts_as_these():
    assert bins_of(np.array([-1e-6, 1 + 1e-5])).tolist() == [0, BINS - 1]


@pytest.mark.parametrize("n_classes", [3, 40])
def test_every_value_is_counted_once(n_classes, monkeypatch):
    # With 40 classes the table has 500 bins of each: what lies above is counted elsewhere.
    monkeypatch.setattr(histogram, "_LOW", 20_000 if n_classes == 40 else 1 << 22)
    monkeypatch.setattr(histogram, "_LEAST", 100)
    monkeypatch.setattr(histogram, "_WAITING", 3000)
    generator = np.random.default_rng(n_classes)
    bins = bins_of(generator.dirichlet(np.full(n_classes, 0.3), 1000))
    labels = generator.integers(0, n_classes, 1000).astype(np.int32)
    own = bins[np.arange(1000), labels]

    every, some = FineBins(n_classes), FineBins(n_classes)
    assert len(pickle.dumps(every)) < 1000
    for rows in np.array_split(np.arange(1000), 13):
        part, apart = copy.deepcopy(FineBins(n_classes)), FineBins(n_classes)
        part.add(bins[rows])
        apart.add_one_each(labels[rows], own[rows])
        every.merge(pickle.loads(pickle.dumps(part)))
        some.merge(pickle.loads(pickle.dumps(apart)))

    for filled, codes in ((every, np.arange(n_classes) * BINS + bins), (some, labels * BINS + own)):
        expected, counts = np.unique(codes.astype(np.int64), return_counts=True)
        parts = list(filled.in_parts())
        assert np.concatenate([found for _, found, _ in parts]).tolist() == expected.tolist()
        assert np.concatenate([times for _, _, times in parts]).tolist() == counts.tolist()
        assert [k for classes, _, _ in parts for k in classes] == list(range(n_classes))
