"""Columns by the rules of the Dataset Nutrition Label's prototype: methods.md, section 2."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelaudit.core.coded import Coded
from labelaudit.core.variables import Entry, nominal, numeric


def column(words):
    coded = Coded.of(words)
    return nominal("x", coded.counts(), int((~coded.present).sum()))


def test_the_check_value_of_words():
    found = column(["a", "b", "a", "", "c"])
    assert (found.count, found.unique, found.missing) == (5, 4, 1)
    assert found.most == Entry(value="a", count=2)
    assert found.least == Entry(why="several")
    assert found.missing / found.count == 0.2


def test_the_check_value_of_numbers():
    found = numeric("x", np.array([1, 2, np.nan, 4]))
    assert (found.kind, found.count, found.missing, found.zeros) == ("discrete", 4, 1, 0)
    assert (found.low, found.median, found.high) == (1, 2, 4)
    assert found.mean is not None
    assert found.deviation is not None
    assert round(found.mean, 2) == 2.33
    assert round(found.deviation, 2) == 1.25
    assert found.missing / found.count == 0.25


@pytest.mark.parametrize(
    ("words", "most", "least"),
    [
        (["a", "b"], Entry(why="all unique"), Entry(why="all unique")),
        (["a", "a"], Entry(value="a", count=2), Entry(why="one entry")),
        (["a"], Entry(value="a", count=1), Entry(why="one entry")),
        (["a", "a", "b", "b", "c"], Entry(why="several"), Entry(value="c", count=1)),
        (["a", "", "", ""], Entry(value=None, count=3), Entry(value="a", count=1)),
    ],
)
def test_the_most_and_the_least_frequent(words, most, least):
    found = column(words)
    assert (found.most, found.least) == (most, least)


def test_what_has_no_mean_has_none():
    for values in ([], [math.nan], [1.0, math.inf]):
        found = numeric("x", np.array(values))
        assert (found.mean, found.low, found.zeros) == (None, None, None)
        assert found.count == len(values)


@given(st.lists(st.floats(-1e6, 1e6) | st.just(math.nan), max_size=40))
def test_numbers_agree_with_numpy(values):
    found = numeric("x", np.array(values, dtype=float))
    own = [value for value in values if not math.isnan(value)]
    assert found.count == len(values)
    assert found.missing == len(values) - len(own)
    if own:
        assert found.median == float(np.median(own))
        assert found.low == min(own)
        assert found.zeros == own.count(0.0)
        assert (found.kind == "discrete") == all(value == round(value) for value in own)
