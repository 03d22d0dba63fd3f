"""The n largest of each key, against plain sorting, with ties of every kind."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from labelaudit.engine.top import NthLargest, TopPerKey

ENTRIES = st.lists(
    st.tuples(
        st.integers(0, 3),
        st.sampled_from([0.0, -0.0, 0.5, 0.5 + 1e-12, 0.5 - 1e-12, -1.0, 1e-300, 1.0]),
    ),
    max_size=40,
)


def plain(entries, limits):
    best = []
    for key, limit in enumerate(limits):
        own = [(-value, row) for row, (k, value) in enumerate(entries) if k == key]
        best += [(key, row) for _, row in sorted(own)[:limit]]
    return sorted(best)


@given(entries=ENTRIES, limits=st.lists(st.integers(0, 6), min_size=4, max_size=4))
def test_the_best_are_the_first_of_a_sorted_list(entries, limits):
    keys = np.array([key for key, _ in entries], dtype=np.int64)
    values = np.array([value for _, value in entries], dtype=np.float64)
    rows = np.arange(len(entries))
    top = TopPerKey(np.array(limits))
    half = len(entries) // 2
    other = TopPerKey(np.array(limits))
    top.add(keys[half:], values[half:], rows[half:])
    other.add(keys[:half], values[:half], rows[:half])
    top.merge(other)
    found = top.result()
    assert sorted(zip(found[0].tolist(), found[2].tolist(), strict=True)) == plain(entries, limits)
    bound = NthLargest(np.array(limits))
    bound.add(keys, values)
    for key, limit in enumerate(limits):
        own = sorted((value for k, value in entries if k == key), reverse=True)
        low = bound.result()[key]
        if 0 < limit <= len(own):
            assert low <= own[limit - 1] <= max(low + 1e-6, low * (1 - 1e-6))
        else:
            assert low == -np.inf
