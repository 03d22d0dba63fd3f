"""A column of texts, read in blocks or coded, is the column read as a whole."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labelaudit.core.coded import Coded
from labelaudit.core.rows import Mapped
from labelaudit.ingest.readers import open_table
from tests.ingest.readers.formats import COLUMNAR, WRITERS, small_blocks, written

texts = st.none() | st.sampled_from(["", " ", "cat", "dog", "é", "'=1", "0", "x\ny", 'a"b'])


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_a_coded_column_is_that_of_its_text(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from([*WRITERS]))
    cells: list[Any] = data.draw(st.lists(texts, min_size=1, max_size=20))
    column = pa.array(cells, pa.string())
    if name in COLUMNAR:
        whole = st.none() | st.sampled_from([0.0, -0.0, 1.0, 2.5, float("nan")])
        number = pa.array([data.draw(whole) for _ in cells])
        column = data.draw(st.sampled_from([column, column.dictionary_encode(), number]))
    elif name.startswith("t.csv"):
        column = pa.array([cell or "" for cell in cells])
    path = written(
        tmp_path_factory.mktemp("coded"), name, pa.table({"n": [1] * len(cells), "t": column})
    )
    with small_blocks(data.draw(st.sampled_from([0, 1 << 20]))):
        opened = open_table(path)
        whole_text = opened.text("t")
        expected, found = Coded.of(whole_text), opened.coded("t")
        assert found.distinct == expected.distinct
        assert found.codes.dtype == np.int32
        np.testing.assert_array_equal(found.codes, expected.codes)
        blocks = list(opened.texts("t"))
        assert [cell for block in blocks for cell in block] == whole_text


@pytest.mark.parametrize("cell", ["an open quote", "a bad cell"])
def test_what_arrow_cannot_read_is_read_slowly_in_blocks(tmp_path: Path, cell: str) -> None:
    path = tmp_path / "t.csv"
    bad = '5" disk' if cell == "an open quote" else "x" * (2 << 20)  # more than a block
    lines = [f"r{row},{row}" for row in range(40_000)]
    lines[30_000] = f"{bad},30000"
    path.write_text("a,b\n" + "\n".join(lines))
    opened = open_table(path)
    blocks = list(opened.texts("a"))
    assert len(blocks) > 3
    names = [name for block in blocks for name in block]
    assert names == [line.rpartition(",")[0] for line in lines]
    assert opened.coded("a").distinct == tuple(names)
    rows = opened.rows(["b"], tmp_path)
    assert isinstance(rows, Mapped)
    np.testing.assert_array_equal(rows[:][:, 0], np.arange(40_000))
    assert len(list(tmp_path.glob("*.npy"))) == 1
