"""Exports of an audit in memory and in a folder."""

import csv
import io

import numpy as np
import pyarrow.parquet as pq
import pytest

from labelaudit import audit
from labelaudit.core.coded import as_arrays
from labelaudit.core.errors import InputError, NothingJudged
from labelaudit.core.results import FINDING_COLUMNS, SCORE_COLUMNS
from labelaudit.export.tables import EVIDENCE_IN_CSV, flagged_csv, scores_csv, write_table
from tests.made import noisy


@pytest.fixture(scope="module", params=[np.float32, np.float64])
def made(request):
    return audit(*noisy(100, 3, dtype=request.param))


@pytest.mark.parametrize("table_format", ["csv", "parquet"])
@pytest.mark.parametrize("rows", ["flagged", "all"])
def test_numbers_survive(made, tmp_path, table_format, rows):
    path = tmp_path / "table"
    write_table(made, path, table_format, rows)
    names = FINDING_COLUMNS if rows == "flagged" else SCORE_COLUMNS
    values = as_arrays(made.findings.columns if rows == "flagged" else made.scores)
    if table_format == "parquet":
        with pq.ParquetFile(path) as file:
            read = file.read().to_pydict()
        assert tuple(read)[: len(names)] == names
        assert set(read) - set(names) == set(made.findings.further if rows == "flagged" else ())
        assert all(read[name] == values[name].tolist() for name in names)
        return
    table = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))
    for name in names:
        cells = [row[name] for row in table]
        if values[name].dtype.kind == "f":
            assert (np.array(cells, dtype=values[name].dtype) == values[name]).all()
        elif values[name].dtype.kind == "b":
            assert cells == [str(value).lower() for value in values[name].tolist()]
        else:
            assert cells == [str(value) for value in values[name].tolist()]


def test_text_and_file_are_the_same(made, tmp_path):
    write_table(made, tmp_path / "a", "csv", "flagged")
    write_table(made, tmp_path / "b", "csv", "all")
    assert (tmp_path / "a").read_text() == flagged_csv(made)
    assert (tmp_path / "b").read_text() == scores_csv(made)
    assert len(scores_csv(made).splitlines()) == 101


def test_no_suspect_is_a_table_of_no_rows(tmp_path):
    labels = np.array([0, 1] * 20)
    clean = audit(labels, np.eye(2)[labels])
    assert flagged_csv(clean) == ",".join((*FINDING_COLUMNS, *EVIDENCE_IN_CSV)) + "\n"
    write_table(clean, tmp_path / "x.parquet", "parquet", "flagged")
    with pq.ParquetFile(tmp_path / "x.parquet") as file:
        assert file.read().num_rows == 0


def test_what_was_not_checked_is_not_exported(tmp_path):
    unchecked = audit([0, 1, 0])
    for rows in ("flagged", "all"):
        with pytest.raises(NothingJudged):
            write_table(unchecked, tmp_path / "x", "parquet", rows)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("table_format", ["csv", "parquet"])
def test_a_file_is_whole_or_not_there(made, tmp_path, table_format):
    with pytest.raises(InputError, match="cannot be written"):
        write_table(made, tmp_path / "no" / "where", table_format, "all")
    with pytest.raises(InputError, match="Is a directory"):
        write_table(made, tmp_path, table_format, "all")
    assert list(tmp_path.iterdir()) == []
