"""Pairs of classes beside what chance would make of them; classes that are kin."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array
from scipy.stats import betabinom

from labelaudit.detect import confusions as module
from labelaudit.detect.confusions import chance, confusions, independent, kinships


def pairs_of(table):
    found = [(i, j, int(n)) for (i, j), n in np.ndenumerate(np.array(table)) if n]
    return tuple(sorted(found, key=lambda one: -one[2]))


def test_a_pair_far_above_chance_is_systematic():
    table = np.full((8, 8), 5) - 5 * np.eye(8, dtype=int)
    table[0, 1] = 40
    found = confusions(pairs_of(table), 8)
    assert (found[0].given, found[0].suggested, found[0].count) == (0, 1, 40)
    assert found[0].is_systematic
    assert found[0].expected == pytest.approx(10)  # a seventh of its 70 suspects, as of others
    assert not any(one.is_systematic for one in found[1:])


def test_where_given_says_nothing_of_suggested_all_is_as_expected():
    rows, columns = np.array([10, 20, 40]), np.array([1, 2, 3])
    table = np.outer(rows, columns)
    np.fill_diagonal(table, 0)
    found = confusions(pairs_of(table), 3)
    assert [one.expected for one in found] == pytest.approx([one.count for one in found])
    assert not any(one.is_systematic for one in found)


def test_with_two_classes_nothing_is_left_to_chance():
    found = confusions(((0, 1, 90), (1, 0, 3)), 2)
    assert [one.expected for one in found] == pytest.approx([90, 3])
    assert confusions((), 2) == ()


@settings(max_examples=60, deadline=None)
@given(st.integers(3, 7), st.integers(0, 10_000))
def test_expected_counts_have_the_sums_of_those_found(n_classes, seed):
    generator = np.random.default_rng(seed)
    table = generator.integers(1, 30, (n_classes, n_classes))
    np.fill_diagonal(table, 0)
    given_, suggested = np.nonzero(table)
    rows, columns = independent(given_, suggested, table[given_, suggested], n_classes)
    expected = np.outer(rows, columns)
    np.fill_diagonal(expected, 0)
    assert expected.sum(axis=1) == pytest.approx(table.sum(axis=1), rel=1e-6)
    assert expected.sum(axis=0) == pytest.approx(table.sum(axis=0), rel=1e-6)


def left_out(table, i, j):
    """Return the share of row i that column j has, by fitting a whole table without the cell."""
    n_classes = len(table)
    there = ~np.eye(n_classes, dtype=bool)
    there[i, j] = False
    fitted = there.astype(float)
    for _ in range(5000):
        for axis in (0, 1):
            wanted = np.where(there, table, 0).sum(axis=axis, keepdims=True)
            fitted = fitted * wanted / np.maximum(fitted.sum(axis=axis, keepdims=True), 1e-300)
    # b_j and the others, up to one factor: those of another row that may have both.
    rows, columns = np.ones(n_classes), np.ones(n_classes)
    for _ in range(5000):
        columns = fitted.sum(axis=0) / (there * rows[:, None]).sum(axis=0)
        rows = fitted.sum(axis=1) / (there * columns).sum(axis=1)
    return columns[j] / (columns.sum() - columns[i])


@settings(max_examples=10, deadline=None)
@given(st.integers(4, 6), st.integers(0, 10_000))
def test_the_pair_itself_is_left_out_of_what_chance_makes(n_classes, seed):
    generator = np.random.default_rng(seed)
    table = generator.integers(1, 30, (n_classes, n_classes))
    np.fill_diagonal(table, 0)
    for one in confusions(pairs_of(table), n_classes)[:3]:
        share = left_out(table, one.given, one.suggested)
        assert one.expected == pytest.approx(table[one.given].sum() * share, rel=1e-3)


def test_a_planted_pair_does_not_explain_itself():
    """18 of the 20 suspects of a class look like one other: chance would make 2 of them."""
    table = np.random.default_rng(0).poisson(1.0, (10, 10))
    np.fill_diagonal(table, 0)
    table[3] = 0
    table[3, [5, 8]] = 18, 2
    found = confusions(pairs_of(table), 10)
    assert (found[0].given, found[0].suggested, found[0].count) == (3, 5, 18)
    assert found[0].expected == pytest.approx(2, abs=0.5)
    assert [one.is_systematic for one in found] == [True] + [False] * (len(found) - 1)


def test_where_nothing_else_is_known_all_classes_are_as_likely():
    (only,) = confusions(((0, 1, 18),), 10)
    assert only.expected == pytest.approx(18 / 9)
    assert only.is_systematic
    (single,) = confusions(((0, 1, 1),), 10)
    assert not single.is_systematic


def test_a_single_suspect_is_no_habit():
    """In a sparse table each column is suggested but once or twice."""
    generator = np.random.default_rng(2)
    table = np.zeros((200, 200), dtype=int)
    table[generator.integers(0, 200, 120), generator.integers(0, 200, 120)] = 1
    np.fill_diagonal(table, 0)
    assert not any(one.is_systematic for one in confusions(pairs_of(table), 200))


def test_chance_is_seldom_taken_for_a_habit():
    """Of tables without any habit about one of a hundred has a systematic pair."""
    alarms = 0
    for seed in range(100):
        generator = np.random.default_rng(seed)
        table = generator.poisson(np.outer(generator.gamma(1, 3, 10), generator.gamma(1, 1, 10)))
        np.fill_diagonal(table, 0)
        alarms += any(one.is_systematic for one in confusions(pairs_of(table), 10))
    assert alarms <= 4


@pytest.mark.parametrize("blocks", [1, 1 << 18])
def test_pairs_are_fitted_in_blocks_of_any_size(monkeypatch, blocks):
    table = np.random.default_rng(1).poisson(2.0, (12, 12))
    np.fill_diagonal(table, 0)
    whole = confusions(pairs_of(table), 12)
    monkeypatch.setattr(module, "_CELLS", blocks)
    for one, other in zip(whole, confusions(pairs_of(table), 12), strict=True):
        assert one.expected == pytest.approx(other.expected, rel=1e-4)
        assert one.is_systematic == other.is_systematic


def test_the_chance_of_so_many_or_more_is_beta_binomial():
    for count, total, share, known in ((5, 20, 0.1, 4.0), (18, 20, 0.2, 0.5), (3, 3, 0.3, 40.0)):
        theirs = betabinom.sf(count - 1, total, known, known * (1 - share) / share)
        assert chance(count, total, share, known) == pytest.approx(theirs, rel=1e-9)
    assert chance(2, 20, 0.2, 4.0) == 1.0  # fewer than by chance
    assert chance(9, 9, 1.0, 4.0) == 1.0
    assert chance(500_000, 10**6, 0.1, 1e5) < 1e-12


JOINT = np.array([[60, 40, 0, 0], [30, 70, 0, 0], [0, 0, 70, 30], [0, 0, 2, 98]])


@pytest.mark.parametrize("kind", [np.array, csr_array])
def test_kin(kind):
    one, two = kinships(kind(JOINT))
    assert (one.kind, one.given, one.other) == ("one", 0, 1)
    assert (one.there, one.back) == pytest.approx((0.4, 0.3))
    assert (two.kind, two.given, two.other) == ("two", 2, 3)
    assert (two.there, two.back) == pytest.approx((0.3, 0.02))


def test_small_and_clean_classes_have_no_kin():
    assert kinships(np.diag([50, 50])) == ()
    assert kinships(np.array([[5, 4], [4, 5]])) == ()
