"""Some rows of a table are what all rows are, taken apart."""

import csv
import gzip
import json

import numpy as np
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest

from labelaudit.core.errors import InputError
from labelaudit.ingest.readers import open_table
from labelaudit.ingest.readers.cells import cell_text
from labelaudit.ingest.readers.sharded import ShardedTable

N = 500
TEXTS = [f'text "{k}", of\nlines' if k % 7 else "=1" for k in range(N)]
NUMBERS = [k / 8 for k in range(N)]


def _csv(path, delimiter=","):
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=delimiter)
        writer.writerow(["text", "number"])
        writer.writerows(zip(TEXTS, NUMBERS, strict=True))


def _quotes_open(path):
    _csv(path)
    text = path.read_text("utf-8")
    path.write_text(text + '\\"odd,1\n', encoding="utf-8")


def _gzipped(path):
    _csv(path)
    path.write_bytes(gzip.compress(path.read_bytes()))


def _lines(path):
    rows = ({"text": t, "number": n} for t, n in zip(TEXTS, NUMBERS, strict=True))
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")


def _document(path):
    rows = [{"text": t, "number": n} for t, n in zip(TEXTS, NUMBERS, strict=True)]
    path.write_text(json.dumps(rows), encoding="utf-8")


def _arrow():
    return pa.table({"text": TEXTS, "number": pa.array(NUMBERS, pa.float32())})


WRITERS = {
    "t.csv": _csv,
    "slow.csv": _quotes_open,
    "t.tsv": lambda path: _csv(path, "\t"),
    "t.csv.gz": _gzipped,
    "t.jsonl": _lines,
    "t.json": _document,
    "t.parquet": lambda path: pq.write_table(_arrow(), path, row_group_size=33),
    "t.feather": lambda path: pyarrow.feather.write_feather(_arrow(), path, chunksize=33),
}


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("n_files", [1, 3])
def test_cells_are_those_of_the_columns(tmp_path, name, n_files):
    paths = [tmp_path / f"{part}-{name}" for part in range(n_files)]
    for path in paths:
        WRITERS[name](path)
    table = open_table(paths[0])
    if n_files > 1:
        table = ShardedTable(paths, [path.name for path in paths])
    columns = ["number", "text"]
    whole = list(zip(*(table.text(column) for column in columns), strict=True))
    generator = np.random.default_rng(0)
    for n_rows in (0, 1, 2, 40, len(whole)):
        rows = np.sort(generator.choice(len(whole), n_rows, replace=False)).astype(np.int64)
        found = table.cells(columns, rows)
        assert [tuple(map(cell_text, cells)) for cells in found] == [whole[row] for row in rows]
    for row in (0, len(whole) - 1):
        (cells,) = table.cells(["text"], np.array([row]))
        assert cells == [whole[row][1]]


@pytest.mark.parametrize("name", WRITERS)
def test_a_column_that_is_not_there_is_named(tmp_path, name):
    WRITERS[name](tmp_path / name)
    with pytest.raises(InputError, match="absent"):
        open_table(tmp_path / name).cells(["absent"], np.array([0]))
