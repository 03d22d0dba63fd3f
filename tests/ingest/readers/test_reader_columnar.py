import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labelaudit.core.errors import InputError
from labelaudit.ingest.readers import open_table

FORMATS = ["parquet", "feather", "arrow-file", "arrow-stream"]


def written(folder: Path, table: Any, kind: str = "parquet", rows_per_batch: int = 2) -> Path:
    path = folder / f"t.{kind.partition('-')[0]}"
    if kind == "parquet":
        pq.write_table(table, path, row_group_size=rows_per_batch)
    elif kind == "feather":
        pyarrow.feather.write_feather(table, path, chunksize=rows_per_batch)
    else:
        new = pa.ipc.new_file if kind == "arrow-file" else pa.ipc.new_stream
        with pa.OSFile(str(path), "wb") as sink, new(sink, table.schema) as writer:
            writer.write_table(table, max_chunksize=rows_per_batch)
    return path


def labelled(names: object, codes: list[int | None]) -> Any:
    features = {"label": {"_type": "ClassLabel", "names": names}}
    metadata = {"huggingface": json.dumps({"info": {"features": features}})}
    schema = pa.schema([("label", pa.int64())], metadata=metadata)
    return pa.table({"label": pa.array(codes, pa.int64())}, schema=schema)


@pytest.mark.parametrize("kind", FORMATS)
def test_reads_text_and_numbers(tmp_path: Path, kind: str) -> None:
    table = pa.table(
        {
            "id": ["007", "NA", None, " x"],
            "code": pa.array([3, None, -1, 2**60]),
            "whole": [1.0, 2.5, None, float("nan")],
            "p": pa.array([0.1, None, 1, 3], pa.float32()),
            "q": pa.array([0.1, 0.2, 0.3, 0.4], pa.float32()),
            "flag": [True, False, None, True],
            "bytes": pa.array([b"a", b"b", None, b"c"]),
            "text": ["1", " 0.5 ", "", None],
            "none": pa.nulls(4),
            "day": pa.array([0, 1, None, 2], pa.date32()),
            "big": pa.array(["a", "b", None, "d"], pa.large_string()),
        }
    )
    read = open_table(written(tmp_path, table, kind))
    assert read.names == tuple(table.column_names)
    assert read.n_rows() == 4
    assert read.text("id") == ["007", "NA", None, " x"]
    assert read.text("code") == ["3", None, "-1", str(2**60)]
    assert read.text("whole") == ["1", "2.5", None, None]
    assert read.text("p") == ["0.1", None, "1", "3"]
    assert read.text("flag") == ["True", "False", None, "True"]
    assert read.text("bytes") == ["a", "b", None, "c"]
    assert read.text("none") == [None] * 4
    assert read.text("day") == ["1970-01-01", "1970-01-02", None, "1970-01-03"]
    assert read.text("big") == ["a", "b", None, "d"]
    assert read.class_names("id") is None
    assert read.where(15) == "row 15 (from 0)"

    narrow = read.numbers(["q", "p"])
    assert narrow.dtype == np.float32
    assert narrow.flags.c_contiguous
    expected = np.array([[0.1, 0.1], [0.2, np.nan], [0.3, 1], [0.4, 3]], np.float32)
    np.testing.assert_array_equal(narrow, expected)
    wide = read.numbers(["code", "text", "none", "p"])
    assert wide.dtype == np.float64
    np.testing.assert_array_equal(wide[:, 0], [3, np.nan, -1, 2.0**60])
    np.testing.assert_array_equal(wide[:, 1], [1, 0.5, np.nan, np.nan])
    assert np.isnan(wide[:, 2]).all()
    np.testing.assert_array_equal(wide[:, 3], expected[:, 1].astype(np.float64))
    assert read.numbers([]).shape == (4, 0)


@pytest.mark.parametrize("kind", FORMATS)
def test_an_empty_table_has_no_rows(tmp_path: Path, kind: str) -> None:
    table = pa.table({"a": pa.array([], pa.string()), "p": pa.array([], pa.float32())})
    read = open_table(written(tmp_path, table, kind))
    assert (read.n_rows(), read.text("a"), read.numbers(["p"]).shape) == (0, [], (0, 1))


@pytest.mark.parametrize("kind", FORMATS)
def test_names_of_hugging_face_are_read(tmp_path: Path, kind: str) -> None:
    read = open_table(written(tmp_path, labelled(["cat", "dog"], [1, 0, -1, None, 1]), kind))
    assert read.class_names("label") == ("cat", "dog")
    assert read.text("label") == ["dog", "cat", None, None, "dog"]


def test_a_code_without_a_name_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, labelled(["cat", "dog"], [1, 0, 1, 7]))
    with pytest.raises(
        InputError, match=r"t.parquet, row 3 \(from 0\), column 'label': the code 7"
    ):
        open_table(path).text("label")


@pytest.mark.parametrize("names", [None, "cat", [1, 2], {"0": "cat"}])
def test_names_of_another_form_are_no_names(tmp_path: Path, names: object) -> None:
    read = open_table(written(tmp_path, labelled(names, [1, 0])))
    assert read.class_names("label") is None
    assert read.text("label") == ["1", "0"]


@pytest.mark.parametrize("metadata", [b"{", b"\xff", b"[]", b"[" * 100_000])
def test_metadata_that_is_damaged_names_nothing(tmp_path: Path, metadata: bytes) -> None:
    table = pa.table({"label": [1]}).replace_schema_metadata({b"huggingface": metadata})
    assert open_table(written(tmp_path, table, "feather")).class_names("label") is None


@pytest.mark.parametrize("ordered", [False, True])
@pytest.mark.parametrize("kind", FORMATS)
def test_categories_are_class_names(tmp_path: Path, kind: str, ordered: bool) -> None:
    column = pa.DictionaryArray.from_arrays(
        pa.array([2, 0, None, 2], pa.int8()), ["z", "unused", "a"], ordered=ordered
    )
    read = open_table(written(tmp_path, pa.table({"label": column}), kind))
    assert read.class_names("label") == ("z", "unused", "a")
    assert read.text("label") == ["a", "z", None, "a"]


@pytest.mark.parametrize("kind", FORMATS[1:])  # Parquet keeps categories of text alone
def test_categories_of_numbers_are_numbers_too(tmp_path: Path, kind: str) -> None:
    table = pa.table({"label": pa.array([5, 3, 5]).dictionary_encode()})
    read = open_table(written(tmp_path, table, kind))
    assert read.class_names("label") == ("5", "3")
    np.testing.assert_array_equal(read.numbers(["label"]), [[5], [3], [5]])


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize(
    ("column", "said"),
    [
        (pa.array([None, ["a"]]), "row 1 (from 0), column 'x': a list of labels per row (multi-"),
        (pa.array([[1, 2]] * 2, pa.list_(pa.int8(), 2)), "row 0 (from 0), column 'x': a list of"),
        (pa.array([{"a": 1}] * 2), "row 0 (from 0), column 'x': an object where one value"),
        (pa.array([b"a", b"\xff"]), "row 1 (from 0), column 'x': bytes that are not UTF-8"),
    ],
)
def test_a_cell_that_is_no_text_is_refused(
    tmp_path: Path, kind: str, column: Any, said: str
) -> None:
    path = written(tmp_path, pa.table({"x": column}), kind)
    with pytest.raises(InputError) as caught:
        open_table(path).text("x")
    assert str(caught.value).startswith(f"{path}, {said}")


@pytest.mark.parametrize("cells", [["1", "2", "x"], [None, None, True], [None, None, [1]]])
def test_a_cell_that_is_no_number_is_named(tmp_path: Path, cells: list[Any]) -> None:
    path = written(tmp_path, pa.table({"a": [1, 2, 3], "x": cells}))
    with pytest.raises(
        InputError, match=r"t.parquet, row 2 \(from 0\), column 'x': '.*' is not a n"
    ):
        open_table(path).numbers(["a", "x"])


def test_columns_are_told_apart(tmp_path: Path) -> None:
    table = pa.table({"a.b": [1], "a": [2], "b": [3]})
    np.testing.assert_array_equal(
        open_table(written(tmp_path, table)).numbers(["b", "a", "a.b"]), [[3, 2, 1]]
    )
    twice = pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["a", "a"])
    for kind in ("parquet", "arrow-file"):
        with pytest.raises(InputError, match="has several columns named 'a'; give each"):
            open_table(written(tmp_path, twice, kind))
    with pytest.raises(InputError, match=r"has no column 'labl'; did you mean 'label'\?"):
        open_table(written(tmp_path, labelled(["x"], [0]))).text("labl")


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("content", [b"", b"garbage", b"PAR1", b"ARROW1\0\0", b"\0" * 99])
def test_a_file_of_another_kind_is_refused(tmp_path: Path, kind: str, content: bytes) -> None:
    path = tmp_path / f"t.{kind.partition('-')[0]}"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"is empty|is not a readable (Parquet|Arrow or)"):
        open_table(path)


@pytest.mark.parametrize("kind", FORMATS)
def test_a_file_cut_short_is_refused(tmp_path: Path, kind: str) -> None:
    path = written(tmp_path, pa.table({"a": [str(k) * 9 for k in range(200)]}), kind, 50)
    content = path.read_bytes()
    for share in (0.1, 0.5, 0.9):
        path.write_bytes(content[: int(len(content) * share)])
        with pytest.raises(InputError, match="is not a readable"):
            open_table(path).text("a")


cells = st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=8)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(cells, st.none() | st.floats(), st.floats(width=32)), max_size=9),
    st.sampled_from(FORMATS),
)
def test_what_arrow_writes_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, rows: list[Any], kind: str
) -> None:
    text, wide, narrow = ([row[k] for row in rows] for k in range(3))
    table = pa.table(
        {
            "t": pa.array(text, pa.string()),
            "w": pa.array(wide, pa.float64()),
            "n": pa.array(narrow, pa.float32()),
        }
    )
    read = open_table(written(tmp_path_factory.mktemp("columnar"), table, kind, 4))
    assert read.text("t") == text
    assert read.n_rows() == len(rows)
    np.testing.assert_array_equal(read.numbers(["w"])[:, 0], np.array(wide, np.float64))
    np.testing.assert_array_equal(read.numbers(["n"])[:, 0], np.array(narrow, np.float32))
