"""Texts as bytes: the same sequence, wherever it lies."""

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labelaudit.core import rows
from labelaudit.core import texts as texts_module
from labelaudit.core.texts import Texts, TextsWriter

TEXTS = st.lists(st.text(max_size=8), max_size=30)


def written(blocks, folder=None):
    writer = TextsWriter(folder)
    for block in blocks:
        writer.add(block)
    return writer.texts()


@settings(deadline=None)
@given(TEXTS, st.data())
def test_texts_are_the_list_they_were_made_of(plain, data):
    texts = Texts.of(plain)
    assert len(texts) == len(plain)
    assert list(texts) == plain
    assert texts == plain
    assert texts == Texts.of(plain)
    assert texts != [*plain, "one more"]
    rows = data.draw(st.lists(st.integers(0, len(plain) - 1))) if plain else []
    assert texts.take(np.array(rows, dtype=np.int64)) == [plain[row] for row in rows]
    cut = data.draw(st.slices(len(plain)))
    assert texts[cut] == plain[cut]
    assert texts[cut].take(np.arange(len(plain[cut]))[::-1]) == plain[cut][::-1]
    for row in range(-len(plain), len(plain)):
        assert texts[row] == plain[row]
    assert pickle.loads(pickle.dumps(texts[cut])) == plain[cut]


def test_no_such_text():
    with pytest.raises(IndexError):
        Texts.of(["a"])[1]
    assert Texts.of(["a"]) != "a"
    assert Texts.of(["a"]) != Texts.of(["b"])
    assert Texts.of(["ab", "c"]) != Texts.of(["a", "bc"])
    with pytest.raises(UnicodeEncodeError):
        Texts.of(["\ud800"])


def test_many_texts_lie_in_files_and_travel_as_their_paths(tmp_path, monkeypatch):
    monkeypatch.setattr(texts_module, "_SPILL_ABOVE", 100)
    blocks = [[f"id-{row}-ü" for row in range(start, start + 50)] for start in range(0, 500, 50)]
    plain = [text for block in blocks for text in block]
    texts = written(blocks, tmp_path / "new")
    assert len(list((tmp_path / "new").iterdir())) == 2
    assert texts == plain == list(written(blocks))
    assert texts[-1] == plain[-1]
    assert texts.take(np.array([499, 0])) == [plain[499], plain[0]]
    monkeypatch.setattr(rows, "LET_GO_ABOVE", 0)
    for start in range(0, 500, 100):
        texts.release(start, start + 100)
        assert texts[start : start + 100] == plain[start : start + 100]
    sent = pickle.dumps(texts)
    assert len(sent) < 1_000
    assert pickle.loads(sent) == plain
    assert repr(texts) == "Texts('id-0-ü', 'id-1-ü', 'id-2-ü', ... 500 in all)"


def test_few_texts_stay_in_memory(tmp_path):
    assert written([["a"], Texts.of(["b", "c"])[1:], []], tmp_path) == ["a", "c"]
    assert not list(tmp_path.iterdir())
