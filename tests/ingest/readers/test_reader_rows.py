"""Rows read some at a time are the rows of the whole table, in every format."""

import pickle
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labelaudit.core.errors import InputError
from labelaudit.core.rows import reads_forward
from labelaudit.ingest.readers import columnar, open_table
from labelaudit.ingest.readers.batches import ParquetBatches
from labelaudit.ingest.readers.tiled import Tiled
from tests.ingest.readers.formats import COLUMNAR, TEXT, WRITERS, small_blocks, written


@pytest.fixture(params=WRITERS)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def two_columns(n_rows: int, dtype: str = "float64") -> Any:
    values = np.random.default_rng(n_rows).random((2, n_rows)).astype(dtype)
    return pa.table({"p": values[0], "q": values[1]})


numbers = st.none() | st.floats(width=16, allow_nan=False)
dtypes = st.sampled_from([pa.float16(), pa.float32(), pa.float64()])


@st.composite
def reads(draw: st.DrawFn, n_rows: int) -> slice | np.ndarray:
    rows = st.integers(0, n_rows)
    if n_rows == 0 or draw(st.booleans()):
        return slice(draw(rows), draw(rows), draw(st.sampled_from([None, 1, 1, 3])))
    wanted = draw(st.lists(st.integers(0, n_rows - 1), max_size=8))
    return np.array(sorted(wanted) if draw(st.booleans()) else wanted, dtype=np.int64)


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_any_cut_of_rows_is_that_of_the_numbers(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from([*WRITERS]))
    n_rows = data.draw(st.integers(1 if name in TEXT else 0, 23))
    kinds = data.draw(st.lists(dtypes, min_size=1, max_size=3))
    if name in TEXT:
        kinds = [pa.float64()] * len(kinds)
    columns = [data.draw(st.lists(numbers, min_size=n_rows, max_size=n_rows)) for _ in kinds]
    table = pa.table(
        {f"c{k}": pa.array(columns[k], kind) for k, kind in enumerate(kinds)}
        | {"t": pa.array(["x"] * n_rows, pa.string())}
    )
    path = written(tmp_path_factory.mktemp("rows"), name, table)
    scratch = path.parent if data.draw(st.booleans()) else None
    with small_blocks(data.draw(st.sampled_from([0, 1 << 20]))):
        opened = open_table(path)
        wanted = data.draw(st.permutations(opened.names[:-1]))
        expected = opened.numbers(wanted)
        rows = opened.rows(wanted, scratch)
        assert (rows.shape, len(rows)) == (expected.shape, n_rows)
        narrow = {pa.float16(): np.float16, pa.float32(): np.float32}
        assert rows.dtype == (narrow.get(kinds[0], np.float64) if len(set(kinds)) == 1 else float)
        for _ in range(4):
            cut = data.draw(reads(n_rows))
            found = rows[cut]
            assert found.dtype == rows.dtype
            np.testing.assert_array_equal(found.astype(expected.dtype), expected[cut])
        again = pickle.loads(pickle.dumps(rows))
        assert (again.dtype, reads_forward(again)) == (rows.dtype, reads_forward(rows))
        np.testing.assert_array_equal(np.asarray(again[:]), np.asarray(rows[:]))


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_a_column_of_lists_is_a_matrix(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from([*COLUMNAR, "t.jsonl"]))
    width = data.draw(st.integers(1, 4))
    lists = st.none() | st.lists(numbers, min_size=width, max_size=width)
    cells = [[0.5] * width, *data.draw(st.lists(lists, max_size=20))]
    kind = data.draw(dtypes) if name in COLUMNAR else pa.float64()
    make = data.draw(st.sampled_from([pa.list_, pa.large_list, lambda kind: pa.list_(kind, width)]))
    table = pa.table({"t": ["x"] * len(cells), "e": pa.array(cells, make(kind))})
    path = written(tmp_path_factory.mktemp("lists"), name, table)
    blank = [None] * width
    expected = np.array([cell or blank for cell in cells], np.float64).astype(
        kind.to_pandas_dtype()
    )
    with small_blocks(data.draw(st.sampled_from([0, 1 << 20]))):
        opened = open_table(path)
        assert (opened.list_width("e"), opened.list_width("t")) == (width, None)
        rows = opened.rows(["e"])
        assert (rows.shape, rows.dtype) == (expected.shape, expected.dtype)
        for _ in range(3):
            cut = data.draw(reads(len(cells)))
            np.testing.assert_array_equal(rows[cut], expected[cut])


@pytest.mark.parametrize("name", [*COLUMNAR, "t.jsonl"])
def test_a_list_of_another_length_is_named(tmp_path: Path, name: str) -> None:
    cells = [None, [1.0, 2.0], [3.0, 4.0], [5.0]]
    opened = open_table(written(tmp_path, name, pa.table({"e": cells})))
    assert opened.list_width("e") == 2
    place = "line 4" if name == "t.jsonl" else r"row 3 \(from 0\)"
    with pytest.raises(InputError, match=rf"{name}, {place}, column 'e': a list of 1 where 2 are "):
        opened.rows(["e"])[:]
    one_cell = open_table(written(tmp_path, name, pa.table({"a": [1.0], "e": [["x"]]})))
    assert (one_cell.list_width("a"), one_cell.list_width("e")) == (None, None)
    with pytest.raises(InputError, match=r"column 'e': '.*' is not a number"):
        one_cell.rows(["e"])[:]


def test_lists_and_numbers_stand_side_by_side(tmp_path: Path, name: str) -> None:
    if name.startswith("t.csv"):
        pytest.skip("a CSV holds no lists")
    table = pa.table({"a": [1.0, 2.0], "e": [[3.0, 4.0], None]})
    rows = open_table(written(tmp_path, name, table)).rows(["e", "a"])
    np.testing.assert_array_equal(rows[:], [[3, 4, 1], [np.nan, np.nan, 2]])


def test_lists_that_are_all_missing_have_no_width(tmp_path: Path) -> None:
    table = pa.table({"e": pa.array([None, None], pa.list_(pa.float32()))})
    opened = open_table(written(tmp_path, "t.parquet", table))
    assert (opened.list_width("e"), opened.rows(["e"])[:].shape) == (0, (2, 0))


@pytest.mark.parametrize("name", ["t.csv", "t.jsonl"])
def test_text_is_converted_into_scratch_or_not_at_all(tmp_path: Path, name: str) -> None:
    path = written(tmp_path, name, pa.table({"p": ["0.5", "0.25", "x"]}))
    opened = open_table(path)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    with pytest.raises(InputError, match="'x' is not a number"):
        opened.rows(["p"], scratch)
    assert list(scratch.iterdir()) == []
    opened = open_table(written(tmp_path, name, two_columns(9)))
    with pytest.raises(InputError, match=r"none: cannot hold the numbers of .*\(No such file"):
        opened.rows(["p"], tmp_path / "none")
    one, two = (opened.rows(columns, scratch) for columns in (["p", "q"], ["q"]))
    files = sorted(scratch.iterdir())
    assert len(files) == 2
    assert all(np.load(file, mmap_mode="r").shape[0] == 9 for file in files)
    np.testing.assert_array_equal(one[:][:, 1:], two[:])
    assert len(pickle.dumps(one)) < 1000


def test_a_change_between_reads_is_noticed(tmp_path: Path, name: str) -> None:
    path = written(tmp_path, name, two_columns(40))
    opened = open_table(path)
    rows = opened.rows(["p"], tmp_path)
    packed = pickle.dumps(rows)
    assert rows[3:5].shape == (2, 1)
    path.write_bytes(path.read_bytes() + b"\n")
    questions: list[Callable[[], object]] = [
        lambda: opened.coded("p"),
        lambda: opened.rows(["p"], tmp_path)[:],
        lambda: opened.text("p"),
    ]
    if name in COLUMNAR:  # else the rows are a copy
        questions += [lambda: rows[5:7], lambda: pickle.loads(packed)]
    for ask in questions:
        with pytest.raises(InputError, match=r"changed while it was being read: it had [\d,]+ by"):
            ask()
    if name in COLUMNAR:
        path.unlink()
        with pytest.raises(InputError, match="cannot be read any more"):
            rows[5:7]


@pytest.mark.parametrize("name", COLUMNAR)
def test_rows_travel_as_their_path(tmp_path: Path, name: str) -> None:
    path = written(tmp_path, name, two_columns(5000))
    rows = open_table(path).rows(["p", "q"])
    np.array(rows[:])
    packed = pickle.dumps(rows)
    assert len(packed) < 1000
    np.testing.assert_array_equal(pickle.loads(packed)[4000:], rows[4000:])


def test_an_ascending_pass_decodes_once(tmp_path: Path) -> None:
    path = written(tmp_path, "t.parquet", two_columns(100))
    expected = open_table(path).numbers(["q"])
    begun: list[int] = []
    since = ParquetBatches.since

    def counted(self: ParquetBatches, row: int, *rest: Any, **more: Any) -> Any:
        begun.append(row)
        return since(self, row, *rest, **more)

    with mock.patch.object(ParquetBatches, "since", counted), small_blocks():
        rows = open_table(path).rows(["q"])
        for start in range(0, 100, 7):
            np.testing.assert_array_equal(rows[start : start + 7], expected[start : start + 7])
        assert begun == [0]
        for start in range(0, 60, 3):
            wanted = np.arange(start, start + 3, 2)
            np.testing.assert_array_equal(rows[wanted], expected[wanted])
        assert begun == [0, 0]
        np.testing.assert_array_equal(rows[93:], expected[93:])  # row groups are passed over
        assert begun == [0, 0, 93]
        rows.release(0, 100)
        assert rows._cursors.own is None


def test_a_row_that_is_not_there_is_a_bug(tmp_path: Path) -> None:
    rows = open_table(written(tmp_path, "t.parquet", two_columns(9))).rows(["q"])
    for wrong in (-1, 9):
        with pytest.raises(IndexError, match="of 9"):
            rows[np.array([0, wrong])]
    with pytest.raises(ValueError, match="read-only"):
        rows[0:3][0] = 1


def test_threads_have_cursors_of_their_own(tmp_path: Path, name: str) -> None:
    rows = open_table(written(tmp_path, name, two_columns(300))).rows(["p", "q"], tmp_path)
    expected = np.array(rows[:])
    wrong: list[int] = []

    def read(first: int) -> None:
        for start in range(first, 300, 11):
            if not np.array_equal(rows[start : start + 9], expected[start : start + 9]):
                wrong.append(start)

    threads = [threading.Thread(target=read, args=(first,)) for first in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


@pytest.mark.parametrize("name", COLUMNAR)
def test_damage_is_an_input_error_when_it_is_read(tmp_path: Path, name: str) -> None:
    path = written(tmp_path, name, pa.table({"p": np.random.default_rng(0).random(5000)}))
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 4000] = bytes(4000)
    path.write_bytes(content)
    said = f" is not a readable {'Parquet' if name == 't.parquet' else 'Arrow or Feather'} file"
    with pytest.raises(InputError) as caught:
        np.array(open_table(path).rows(["p"])[:])
    assert str(caught.value).startswith(f"{path}{said}")


MEASURE = """
import re, sys
from pathlib import Path
from labelaudit.ingest.readers import open_table

def private_mb():
    return int(re.search(r"RssAnon:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) / 1024

table = open_table(Path(sys.argv[1]))
rows = table.rows(table.names)
rows[:1]
before, most = private_mb(), 0
for start in range(0, len(rows), 4096):
    rows[start : start + 4096]
    most = max(most, private_mb())
print(most - before)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="measured on Linux")
@pytest.mark.parametrize("name", ["t.parquet", "file.arrow"])
def test_memory_stays_flat_however_large_the_file(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    column = np.random.default_rng(0).random(3_200_000, dtype=np.float32)
    table = pa.table({f"p{k}": column for k in range(16)})
    if name == "t.parquet":
        pq.write_table(table, path, use_dictionary=False, compression="none")
    else:
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table)  # one record batch
    assert path.stat().st_size > 200e6
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, path], check=True, capture_output=True, text=True
    )
    assert float(done.stdout) < (80 if name == "t.parquet" else 20)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_columns_too_many_to_decode_at_once_are_converted(tmp_path: Path, dtype: str) -> None:
    values = np.random.default_rng(0).random((23, 7)).astype(dtype)
    table = pa.table({f"c{k}": values[:, k] for k in range(7)})
    path = written(tmp_path, "t.parquet", table)
    two = 2 * ParquetBatches(path).held_bytes("c0") + 9
    with mock.patch.multiple(columnar, _MOST_HELD=1, _HELD_BYTES=two), small_blocks():
        opened = open_table(path)
        assert not isinstance(opened.rows(opened.names), Tiled)
        rows = opened.rows(opened.names, tmp_path)
        assert isinstance(rows, Tiled)
        assert rows._widths == (2, 2, 2, 1)
    assert len(list(tmp_path.glob("*.npy"))) == 1
    assert (rows.dtype, rows.shape, reads_forward(rows)) == (dtype, (23, 7), False)
    assert len(pickle.dumps(rows)) < 1000
    again = pickle.loads(pickle.dumps(rows))
    for cut in (slice(None), slice(3, 9), slice(5, 5), np.array([4, 1, 22])):
        np.testing.assert_array_equal(again[cut], values[cut])
    rows.release(0, 23)
    np.testing.assert_array_equal(np.asarray(rows), values)


def test_a_table_without_rows_has_none_to_read(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,b\n")
    empty = pa.table({"a": pa.array([], pa.float32()), "b": pa.array([], pa.float32())})
    paths = [tmp_path / "t.csv", *(written(tmp_path, name, empty) for name in COLUMNAR)]
    for path in paths:
        opened = open_table(path)
        rows = opened.rows(["a", "b"], tmp_path)
        assert rows[0:0].shape == rows[:].shape == rows[np.array([], np.int64)].shape == (0, 2)
        assert pickle.loads(pickle.dumps(rows)).shape == (0, 2)
        assert (len(opened.coded("a")), list(opened.texts("a"))) in ((0, []), (0, [[]]))
        assert opened.rows([]).shape == (0, 0)
