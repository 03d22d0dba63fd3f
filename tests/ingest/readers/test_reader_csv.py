import csv
import gzip
import io
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labelaudit.core.errors import InputError
from labelaudit.ingest.readers import TableFile, open_table


def written(folder: Path, content: str | bytes, name: str = "t.csv") -> Path:
    path = folder / name
    raw = content.encode() if isinstance(content, str) else content
    path.write_bytes(gzip.compress(raw) if name.endswith(".gz") else raw)
    return path


def refused(path: Path, *columns: str, numbers: bool = False) -> str:
    """Return the message that opening the file, or reading the columns, is refused with."""

    def read() -> None:
        table = open_table(path)
        if numbers:
            table.numbers(columns)
        for column in columns:
            table.text(column)

    with pytest.raises(InputError) as caught:
        read()
    message = str(caught.value)
    assert message.isprintable()
    assert message.startswith(str(path))
    return message.removeprefix(str(path))


@pytest.mark.parametrize("name", ["t.csv", "t.csv.gz", "T.CSV"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("bom", ["", "\ufeff"])
def test_reads_text_and_numbers(tmp_path: Path, name: str, end: str, bom: str) -> None:
    lines = ["id,label,p0,p1", "007,NA,0.5,1e-5", "", 'b," x",.25,', '"a,""b",,nan, 3 ']
    table = open_table(written(tmp_path, bom + end.join(lines) + end, name))
    assert table.names == ("id", "label", "p0", "p1")
    assert table.text("id") == ["007", "b", 'a,"b']
    assert table.text("label") == ["NA", " x", ""]
    numbers = table.numbers(["p1", "p0"])
    assert numbers.dtype == np.float64
    assert numbers.flags.c_contiguous
    np.testing.assert_array_equal(numbers, [[1e-5, 0.5], [np.nan, 0.25], [3, np.nan]])
    assert table.n_rows() == 3
    assert [table.where(row) for row in range(4)] == [
        "line 2",
        "line 4",
        "line 5",
        "row 3 (from 0)",
    ]
    assert table.class_names("label") is None


@pytest.mark.parametrize(
    ("name", "content", "names"),
    [
        ("t.csv", "a;b;c,d\n1;2;3\n", ("a", "b", "c,d")),
        ("t.csv", "a|b\n1|2\n", ("a", "b")),
        ("t.csv", '"a;b;c",d\n1,2\n', ("a;b;c", "d")),
        ("t.csv", "id,p_x|y|z\n1,2\n", ("id", "p_x|y|z")),
        ("t.tsv", "a,x\tb,y\n1\t2\n", ("a,x", "b,y")),
        ("t.tsv.gz", "a\n1\t2\n"[:2], ("a",)),
        ("t.csv", "only\nx;y\n", ("only",)),
        ("t.csv", '"two\nlines",b\n1,2\n', ("two\nlines", "b")),
    ],
)
def test_finds_the_delimiter_in_the_header(
    tmp_path: Path, name: str, content: str, names: tuple[str, ...]
) -> None:
    table = open_table(written(tmp_path, content, name))
    assert table.names == names
    assert table.text(names[0]) in ([], ["1"], ["x;y"])


def test_a_header_alone_has_no_rows(tmp_path: Path) -> None:
    for content in ("a,b", "a,b\n", "a,b\n\n\n"):
        table = open_table(written(tmp_path, content))
        assert table.n_rows() == 0
        assert table.text("a") == []
        assert table.numbers(["a", "b"]).shape == (0, 2)


def test_an_empty_line_is_a_row_only_of_a_single_column(tmp_path: Path) -> None:
    assert open_table(written(tmp_path, "a\nx\n\ny\n")).text("a") == ["x", "", "y"]
    assert open_table(written(tmp_path, "a,b\n1,2\n\n3,4\n")).text("a") == ["1", "3"]


def test_a_row_is_placed_by_the_first_line_of_its_record(tmp_path: Path) -> None:
    table = open_table(written(tmp_path, 'a,b\n"x\ny\r\nz",1\nq,2\n'))
    assert [table.where(0), table.where(1)] == ["line 2", "line 5"]
    assert table.text("a") == ["x\ny\r\nz", "q"]


def test_guards_against_formulas_are_undone_in_text(tmp_path: Path) -> None:
    table = open_table(written(tmp_path, "a,b\n'=1+1,1\n'@x,2\n'tis,3\n-,4\n"))
    assert table.text("a") == ["=1+1", "@x", "'tis", "-"]


def test_reads_slowly_what_arrow_will_not_read_or_should_not(tmp_path: Path) -> None:
    long = "x" * 200_000
    table = open_table(written(tmp_path, f'a,b\n5" disk,+1\n{long},2\n'))
    assert table.text("a") == ['5" disk', long]
    np.testing.assert_array_equal(table.numbers(["b"]), [[1], [2]])


def test_numbers_of_no_columns(tmp_path: Path) -> None:
    assert open_table(written(tmp_path, "a,b\n1,2\n")).numbers([]).shape == (1, 0)


def test_many_blocks_are_one_matrix(tmp_path: Path) -> None:
    values = np.random.default_rng(0).random((60_000, 40))
    lines = [
        ",".join(f"p{k}" for k in range(40)),
        *(",".join(map(repr, r)) for r in values.tolist()),
    ]
    table = open_table(written(tmp_path, "\n".join(lines)))
    np.testing.assert_array_equal(table.numbers(table.names), values)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"a,b\n1,2\n3\n", ", line 3: the line has 1 cell, the header has 2;"),
        (b"a,b\n\n1,2\n3,4,5\n", ", line 4: the line has 3 cells, the header has 2;"),
        (b"a,b\nx,\xff\nz,1\n", ", line 2, column 'b': not UTF-8; save the file as UTF-8"),
        (b"a,\xff\n1,2\n", ", line 1: not UTF-8; save the file as UTF-8"),
        (b"a,b\n1,2\n3,4\x00\n", ", line 3: a NUL byte, which no text holds;"),
        ("a,b\n1,2\n".encode("utf-16"), ", line 1: a NUL byte"),
        (b'a,b\n1,2\n3,"4\n5,6\n', ', line 3: a quote (") opens here and is never closed;'),
        (b"a,b,a,b,c\n1,2,3,4,5\n", " has several columns named 'a', 'b';"),
        (b"\n\n", " has no header; name the columns in its first line"),
        (b"\xef\xbb\xbf", " has no header; name the columns in its first line"),
        (b"", " is empty (0 bytes); write it again"),
        (b"a,c\n1,2\n", " has no column 'b'"),
    ],
)
def test_a_fault_is_named_with_its_line(tmp_path: Path, content: bytes, said: str) -> None:
    for name in ("t.csv", "t.csv.gz") if content else ("t.csv",):
        assert refused(written(tmp_path, content, name), "b").startswith(said)


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("abc", "'abc' is not a number; correct the cell or leave this column out"),
        ("0x1p3", "'0x1p3' is not a number"),
        ("1_0", "'1_0' is not a number"),
        ("\u0661", "'\u0661' is not a number"),
        ("0,5", "'0,5' is not a number; write decimals with a point, not a comma"),
        ("\x1b[31m" + "9" * 99 + "x", "'\\x1b[31m999"),
    ],
)
def test_a_cell_that_is_no_number_is_named(tmp_path: Path, cell: str, said: str) -> None:
    path = written(tmp_path, f'id;p\n"a\nb";0.5\nc;{cell}\n')
    message = refused(path, "p", numbers=True)
    assert message.startswith(f", line 4, column 'p': {said}")
    assert len(message) < 150


def test_a_file_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    assert refused(tmp_path / "no.csv") == " does not exist; check the path"
    (tmp_path / "d.csv").mkdir()
    assert refused(tmp_path / "d.csv") == " is a folder; give a file"
    (tmp_path / "a").write_text("a")
    assert refused(tmp_path / "a" / "x.csv").startswith(" is not a readable file (Not a directory)")
    os.mkfifo(tmp_path / "pipe.csv")
    assert refused(tmp_path / "pipe.csv") == " is a pipe or a device; save it as a file first"
    said = refused(written(tmp_path, "x", "t.xlsx"))
    assert said.startswith(" is no table that can be read; give one of .csv, .tsv")


def test_a_file_without_permission_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    path = written(tmp_path, "a\n1\n")
    monkeypatch.setattr(Path, "open", forbidden)
    assert refused(path).startswith(" cannot be read: permission denied")


@pytest.mark.parametrize("cut", [5, 14, 40, -9, -1])
def test_a_gz_cut_short_is_named(tmp_path: Path, cut: int) -> None:
    packed = gzip.compress(b"a,b\n" + b"1,2\n" * 1000)
    path = written(tmp_path, packed[:cut], "t.csv")
    path = path.rename(tmp_path / "t.csv.gz")
    assert refused(path, "a").startswith(" is cut short or damaged (")
    path.write_bytes(b"a,b\n1,2\n")
    assert refused(path, "a").startswith(" is cut short or damaged (Not a gzipped file")


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
# What begins with a quote may be the guard of a formula, which is undone.
cells = texts.filter(lambda text: not text.startswith("'"))


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_what_the_csv_module_writes_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    width = data.draw(st.integers(2, 4))
    names = [f"c{index}" for index in range(width)]
    rows = data.draw(st.lists(st.lists(cells, min_size=width, max_size=width), max_size=6))
    delimiter = data.draw(st.sampled_from(",;\t|"))
    end = data.draw(st.sampled_from(["\n", "\r\n"]))
    with io.StringIO(newline="") as stream:
        # Before Python 3.13 the module leaves a lone CR unquoted where lines end in LF.
        quoting = csv.QUOTE_MINIMAL if end == "\r\n" else csv.QUOTE_ALL
        writer = csv.writer(stream, delimiter=delimiter, lineterminator=end, quoting=quoting)
        writer.writerows([names, *rows])
        content = stream.getvalue()
    table: TableFile = open_table(written(tmp_path_factory.mktemp("csv"), content))
    assert table.names == tuple(names)
    assert [table.text(name) for name in names] == [[row[k] for row in rows] for k in range(width)]
    assert table.n_rows() == len(rows)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(), min_size=1, max_size=20))
def test_numbers_are_read_to_the_last_bit(
    tmp_path_factory: pytest.TempPathFactory, values: list[float]
) -> None:
    content = "i,p\n" + "".join(f"{k},{value!r}\n" for k, value in enumerate(values))
    table = open_table(written(tmp_path_factory.mktemp("csv"), content))
    np.testing.assert_array_equal(table.numbers(["p"])[:, 0], values)


ESCAPED = 'id,label,"a \\"text\\""\n1,"say \\"hi, you\\"",x\n2,5\\" pipe,"y\nz"\n'


def test_quotes_behind_a_backslash_are_read_as_spark_writes_them(tmp_path: Path) -> None:
    table = open_table(written(tmp_path, ESCAPED))
    assert table.names == ("id", "label", 'a "text"')
    assert table.text("label") == ['say "hi, you"', '5" pipe']
    assert table.coded("label").distinct == ('say "hi, you"', '5" pipe')
    assert table.numbers(["id"]).tolist() == [[1], [2]]
    assert table.n_rows() == 2
    below = open_table(written(tmp_path, ESCAPED.replace('"a \\"text\\""', "c"), "below.csv"))
    assert below.coded("label").distinct == ('say "hi, you"', '5" pipe')


@pytest.mark.parametrize(
    "row",
    ['"C:\\",x', '"a\\""b",x', "a\\b,x", '5" \\,x', '"a\nb\\",x', 'a"b\\"c,x', "\\,x"],
)
def test_a_backslash_is_a_character_where_quotes_pair_without_it(tmp_path: Path, row: str) -> None:
    table = open_table(written(tmp_path, f'label,other\n{row}\n"D:\\",y\n'))
    plain = list(csv.reader(io.StringIO(f'{row}\n"D:\\",y\n', newline="")))
    assert table.text("label") == [cells[0] for cells in plain]
    assert table.coded("label").tolist() == [cells[0] for cells in plain]


def test_a_mark_in_the_first_cell_stays(tmp_path: Path) -> None:
    table = open_table(written(tmp_path, "label,p\n\ufeffx,1\ny,2\n"))
    assert table.text("label") == ["\ufeffx", "y"]
    assert table.coded("label").tolist() == ["\ufeffx", "y"]


def test_what_has_no_end_of_line_or_cell_is_never_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("labelaudit.ingest.readers.csvlines.MOST_LINE", 50)
    long = "x" * 60
    assert ", line 1: more than" in refused(written(tmp_path, f"{long}\n1\n"))
    assert ", line 3: more than" in refused(written(tmp_path, f'a,b\n1,2\n{long},"\n'), "a")
