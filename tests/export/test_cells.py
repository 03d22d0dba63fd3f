"""CSV written by column and by block: to the byte what the csv module writes row by row."""

import csv
import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labelaudit import audit
from labelaudit.core.coded import Coded, Numbered
from labelaudit.core.texts import Texts
from labelaudit.export.cells import csv_blocks, guarded
from labelaudit.export.tables import flagged_csv, write_flagged_csv
from tests.made import noisy

ODD_TEXTS = [
    "",
    "=1",
    "'=1",
    "'a",
    "-",
    "a,b",
    'a"b',
    "a\nb",
    "a\rb",
    "\t",
    " a ",
    "é漢😀",
    "a'=",
    "|",
]
ODD_NUMBERS = [0.0, -0.0, 1.0, -1.0, 1e-4, 9.9e-5, 1e-5, 1e-6, 1.5e-7, 1e-10, 1e-37, 1e-45, 0.1]
ODD_NUMBERS += [999.5, 1000.5, 123456.7, 1e6, 1e16, 1e22, 3e38, np.inf, -np.inf, np.nan, 1 / 3]


def row_by_row(columns):
    """Return what the csv module makes of the same columns."""
    lists = []
    for values in columns.values():
        dtype = getattr(values, "dtype", np.dtype(object))
        if dtype == np.bool_:
            lists.append([str(value).lower() for value in values.tolist()])
        elif dtype == np.float32:
            lists.append(values.astype(str).tolist())
        elif dtype == np.dtype(object):
            lists.append([guarded(text) for text in values.tolist()])
        else:
            lists.append(values.tolist())
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*lists, strict=True))
    return buffer.getvalue()


def table(texts, numbers):
    """Return a table with every kind of column, as long as the longer of the two."""
    n_rows = max(len(texts), len(numbers))
    texts = [texts[row % len(texts)] for row in range(n_rows)]
    distinct = tuple(dict.fromkeys(texts))
    codes = np.array([distinct.index(text) for text in texts], dtype=np.int32)
    with np.errstate(over="ignore", under="ignore"):
        wide = np.resize(np.array(numbers, dtype=np.float64), n_rows)
        narrow = wide.astype(np.float32)
    return {
        "objects": np.array(texts, dtype=object),
        "coded": Coded(distinct=distinct, codes=codes),
        "texts": Texts.of(texts),
        "numbered": Numbered(numbers=np.arange(n_rows) * 3),
        "wide": wide,
        "narrow": narrow,
        "again": narrow.copy(),
        "other_sign": -narrow,
        "flag": codes % 2 == 0,
        "whole": codes.astype(np.int64) - 3,
    }


@pytest.mark.parametrize("block_rows", [1, 2, 7, 1 << 16])
def test_any_block_gives_the_bytes_of_the_csv_module(block_rows):
    columns = table(ODD_TEXTS, ODD_NUMBERS)
    assert "".join(csv_blocks(columns, block_rows)) == row_by_row(columns)


@given(
    texts=st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1),
    numbers=st.lists(st.floats() | st.floats(0, 1) | st.floats(0, 1, width=32), min_size=1),
    block_rows=st.integers(1, 9),
)
@settings(deadline=None)
def test_any_text_and_number(texts, numbers, block_rows):
    columns = table(texts, numbers)
    assert "".join(csv_blocks(columns, block_rows)) == row_by_row(columns)


def test_numbers_as_models_give_them():
    rng = np.random.default_rng(0)
    for dtype in (np.float32, np.float64):
        small = 10 ** rng.uniform(-12, 0, 20_000)
        columns = {"p": np.concatenate([small, rng.random(20_000), -rng.random(9)]).astype(dtype)}
        assert "".join(csv_blocks(columns, 9999)) == row_by_row(columns)


def test_a_surrogate_is_a_text_like_any_other():
    columns = {"text": np.array(["a\ud800b", "=\udfff", "c"], dtype=object)}
    assert "".join(csv_blocks(columns)) == "text\na\ud800b\n'=\udfff\nc\n"


@pytest.mark.parametrize("block_rows", [1, 3, 1000])
def test_a_file_of_blocks_is_the_text(tmp_path, block_rows):
    labels, probabilities = noisy(300, 3, dtype=np.float32)
    made = audit(labels, probabilities, ids=[f"=é{row}" for row in range(300)])
    write_flagged_csv(made, tmp_path / "flagged.csv", block_rows)
    assert (tmp_path / "flagged.csv").read_bytes() == flagged_csv(made).encode()
    assert len(flagged_csv(made).splitlines()) == len(made.findings) + 1 > 4
