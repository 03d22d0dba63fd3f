"""Ids matched in partitions on disk are matched as they are at once."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labelaudit.core import texts as texts_module
from labelaudit.core.texts import Texts
from labelaudit.ingest import matching
from labelaudit.ingest.matching import MISSING, Ids, first_repeat, ids_of, match

ID = st.one_of(
    st.text(max_size=6),
    st.integers(0, 40).map(str),
    st.sampled_from(["ä", "a\u0308", "日本/1.png", "\x00", " a", "a "]),
)


def plainly_matched(own, other):
    where = {name: row for row, name in enumerate(other)}
    known = set(own)
    return [where.get(name, MISSING) for name in own], [name not in known for name in other]


def plainly_repeated(names):
    seen = {}
    for row, name in enumerate(names):
        if seen.setdefault(name, row) != row:
            return row, seen[name]
    return None


def partitioned(names, folder):
    return Ids(texts=Texts.of(names)).partitioned(folder)


@settings(max_examples=40, deadline=None)
@given(st.lists(ID, unique=True, max_size=60), st.lists(ID, unique=True, max_size=60))
def test_partitions_match_as_a_dictionary_does(tmp_path_factory, own, other):
    scratch = tmp_path_factory.mktemp("scratch")
    expected = plainly_matched(own, other)
    once = match(Ids(texts=Texts.of(own)), Ids(texts=Texts.of(other)))
    parts = match(partitioned(own, scratch), Ids(texts=Texts.of(other)), scratch)
    for rows, unmatched in (once, parts):
        assert rows.dtype == np.int64
        assert (rows.tolist(), unmatched.tolist()) == expected


@settings(max_examples=40, deadline=None)
@given(st.lists(ID, max_size=60))
def test_the_first_repeat_is_found_in_partitions_too(tmp_path_factory, names):
    scratch = tmp_path_factory.mktemp("scratch")
    expected = plainly_repeated(names)
    assert first_repeat(Ids(texts=Texts.of(names))) == expected
    assert first_repeat(partitioned(names, scratch)) == expected


@settings(deadline=None)
@given(st.permutations([f"é{row}" for row in range(50)]))
def test_any_order_is_found_again(names):
    ordered = [f"é{row}" for row in range(50)]
    rows, unmatched = match(Ids(texts=Texts.of(ordered)), Ids(texts=Texts.of(names)))
    assert [names[row] for row in rows] == ordered
    assert not unmatched.any()


def test_many_ids_are_partitioned_only_with_a_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(matching, "AT_ONCE", 3)
    monkeypatch.setattr(matching, "_BLOCK", 7)
    monkeypatch.setattr(texts_module, "_SPILL_ABOVE", 10)
    names = [str(row % 90) for row in range(100)]
    assert ids_of(Texts.of(names)).partitions is None
    assert ids_of(Texts.of(names[:3]), tmp_path).partitions is None
    ids = ids_of(Texts.of(names), tmp_path)
    assert ids.partitions is not None
    assert first_repeat(ids) == (90, 0)
    rows = np.concatenate([ids.partition(index)[1] for index in range(matching.PARTITIONS)])
    assert sorted(rows.tolist()) == list(range(100))


@pytest.mark.parametrize("names", [[], [""], ["", "a"]])
def test_the_same_ids_in_the_same_order_are_not_looked_up(names, monkeypatch):
    monkeypatch.setattr(matching, "_pairs", None)
    ids = Ids(texts=Texts.of(names))
    rows, unmatched = match(ids, Ids(texts=Texts.of(names)))
    assert rows.tolist() == list(range(len(names)))
    assert not unmatched.any()
