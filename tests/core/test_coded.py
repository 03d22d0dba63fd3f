"""Texts held as numbers are the same texts."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from labelaudit.core.arrow import column_of, table_of
from labelaudit.core.coded import Coded, Numbered, as_arrays

TEXTS = st.lists(st.text(min_size=1, max_size=5).filter(str.strip), min_size=1)


@given(texts=TEXTS)
def test_coded_texts_come_back(texts):
    coded = Coded.of(texts)
    assert coded.objects().tolist() == texts
    assert len(coded.distinct) == len(set(texts))
    assert coded.counts() == {text: texts.count(text) for text in texts}
    codes = {text: number for number, text in enumerate(sorted(set(texts)))}
    assert coded.recoded(codes).tolist() == [codes[text] for text in texts]


@given(texts=st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1))
def test_arrow_holds_them_as_plain_texts(texts):
    shown = [text if text.strip() else "x" for text in texts]
    rows = np.arange(len(texts), dtype=np.int64) * 7
    columns = {
        "coded": Coded.of(shown),
        "objects": np.array(shown, dtype=object),
        "row": Numbered(numbers=rows),
        "flag": rows % 2 == 0,
    }
    table = table_of(columns)
    back = {name: column_of(table.column(name)).tolist() for name in columns}
    assert back == {name: column.tolist() for name, column in as_arrays(columns).items()}


def test_blanks_have_no_text():
    coded = Coded.of(["a", None, " ", "b", "a"])
    assert coded.present.tolist() == [True, False, False, True, True]
    assert coded.counts() == {"a": 2, "b": 1}
