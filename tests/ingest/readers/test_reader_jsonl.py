import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from labelaudit.core.errors import InputError
from labelaudit.ingest.readers import jsonl, open_table


@pytest.fixture(autouse=True, params=[True, False], ids=["small", "large"])
def _held_or_read_again(request: pytest.FixtureRequest) -> Iterator[None]:
    """Read every file both ways: its objects held, and as a file too large for that."""
    with mock.patch.object(jsonl, "_HELD_BYTES", jsonl._HELD_BYTES if request.param else 0):
        yield


def written(folder: Path, content: str | bytes, name: str = "t.jsonl") -> Path:
    path = folder / name
    raw = content.encode() if isinstance(content, str) else content
    path.write_bytes(gzip.compress(raw) if name.endswith(".gz") else raw)
    return path


@pytest.mark.parametrize("name", ["t.jsonl", "t.ndjson", "t.jsonl.gz", "t.ndjson.gz"])
def test_reads_text_and_numbers(tmp_path: Path, name: str) -> None:
    lines = [
        '{"id": "007", "label": 3, "p": 0.5}',
        "",
        '{"id": "NA", "label": 2.0, "p": NaN, "q": 1}',
        '{"id": null, "label": true, "p": -Infinity, "q": "0.25"}\r',
        '{"id": " x", "id": "last", "label": 0.5, "p": 1e999}',
    ]
    table = open_table(written(tmp_path, "\ufeff" + "\n".join(lines), name))
    assert table.names == ("id", "label", "p", "q")
    assert table.text("id") == ["007", "NA", None, "last"]
    assert table.text("label") == ["3", "2", "True", "0.5"]
    assert table.text("p") == ["0.5", None, "-inf", "inf"]
    nan, inf = np.nan, np.inf
    expected = [[0.5, nan], [nan, 1], [-inf, 0.25], [inf, nan]]
    np.testing.assert_array_equal(table.numbers(["p", "q"]), expected)
    assert table.n_rows() == 4
    assert [table.where(row) for row in (0, 1, 3, 4)] == [
        "line 1",
        "line 3",
        "line 5",
        "row 4 (from 0)",
    ]
    assert table.class_names("label") is None


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"[1, 2]", ", line 3: not an object but [1, 2]; write one object a line"),
        (b"{'a': 1}", ", line 3: not JSON (Expecting property name"),
        (b'{"a": "\xff"}', ", line 3: not UTF-8; save the file as UTF-8"),
        (b'{"a": "\x00"}', ", line 3: not JSON ("),
        (b'{"a": "\\ud800"}', ", line 3: half of a surrogate pair"),
        (b'{"\\udc00": 1}', ", line 3: half of a surrogate pair"),
        (b"[" * 200_000, ", line 3: nested too deeply"),
        (b'{"a": ' + b"9" * 5000 + b"}", ", line 3: not JSON ("),
        (b'{"b": 1}', " has no column 'x'"),
    ],
)
def test_a_line_that_is_no_row_is_named(tmp_path: Path, line: bytes, said: str) -> None:
    path = written(tmp_path, b'{"a": 1}\n\n' + line + b"\n")
    with pytest.raises(InputError) as caught:
        open_table(path).text("x")
    assert str(caught.value).startswith(f"{path}{said}")
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ('["a", "b"]', "a list of labels per row (multi-label) is not supported yet;"),
        ('{"b": 1}', "an object where one value is meant;"),
    ],
)
def test_a_cell_of_many_values_is_no_text(tmp_path: Path, cell: str, said: str) -> None:
    path = written(tmp_path, f'{{"x": 1}}\n\n{{"x": {cell}}}\n')
    with pytest.raises(InputError) as caught:
        open_table(path).text("x")
    assert str(caught.value).startswith(f"{path}, line 3, column 'x': {said}")


@pytest.mark.parametrize("cell", ["true", '"high"', "[0.5]", "{}", "9" * 400])
def test_a_cell_that_is_no_number_is_named(tmp_path: Path, cell: str) -> None:
    path = written(tmp_path, f'{{"x": 1}}\n{{"x": {cell}}}\n')
    with pytest.raises(InputError, match=r", line 2, column 'x': '.*' is not a number;"):
        open_table(path).numbers(["x"])


def test_an_escaped_pair_is_one_character(tmp_path: Path) -> None:
    assert open_table(written(tmp_path, '{"a": "\\ud83d\\ude00"}')).text("a") == ["\U0001f600"]


def test_a_file_without_rows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no row; write one JSON object a line"):
        open_table(written(tmp_path, "\n \n"))
    with pytest.raises(InputError, match="is empty"):
        open_table(written(tmp_path, ""))


def test_a_gz_cut_short_is_named(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"a": 1}\n' * 100)[:-12])
    with pytest.raises(InputError, match="is cut short or damaged"):
        open_table(path)


keys = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
values = st.none() | keys | st.integers(-(2**63), 2**64)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.dictionaries(keys, values, min_size=1), min_size=1, max_size=8), st.booleans())
def test_what_json_writes_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, object]], ascii_only: bool
) -> None:
    content = "\n".join(json.dumps(row, ensure_ascii=ascii_only) for row in rows)
    table = open_table(written(tmp_path_factory.mktemp("jsonl"), content))
    assert set(table.names) == {key for row in rows for key in row}
    for name in table.names:
        cells = [row.get(name) for row in rows]
        assert table.text(name) == [None if cell is None else str(cell) for cell in cells]
