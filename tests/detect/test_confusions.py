"""Pairs of classes beside what chance would make of them; classes that are kin."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from labelaudit.detect.confusions import confusions, independent, kinships


def pairs_of(table):
    found = [(i, j, int(n)) for (i, j), n in np.ndenumerate(np.array(table)) if n]
    return tuple(sorted(found, key=lambda one: -one[2]))


def test_a_pair_far_above_chance_is_systematic():
    table = np.full((8, 8), 5) - 5 * np.eye(8, dtype=int)
    table[0, 1] = 40
    found = confusions(pairs_of(table), 8)
    assert (found[0].given, found[0].suggested, found[0].count) == (0, 1, 40)
    assert found[0].is_systematic
    assert found[0].expected < 30
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
