"""Counts of codes: dense or sparse, in any pieces, merged in any order."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from labelaudit.engine import counts as module
from labelaudit.engine.counts import CodeCounts


@given(
    pieces=st.lists(st.lists(st.integers(0, 9), max_size=12), max_size=6),
    few=st.sampled_from([0, 1 << 16]),
    room=st.sampled_from([2, 1 << 20]),
)
def test_counts_are_those_of_all_codes_together(pieces, few, room):
    before = module._FEW, module._ROOM
    module._FEW, module._ROOM = few, room
    try:
        one, other = CodeCounts(10), CodeCounts(10)
        for place, piece in enumerate(pieces):
            (one if place % 2 else other).add(np.array(piece, dtype=np.int64))
        one.merge(other)
        codes, found = one.result()
    finally:
        module._FEW, module._ROOM = before
    together = np.array([code for piece in pieces for code in piece], dtype=np.int64)
    expected = np.unique(together, return_counts=True)
    assert codes.tolist() == expected[0].tolist()
    assert found.tolist() == expected[1].tolist()
