"""What every reader has in common."""

import gzip
import random
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest

from labelaudit.core.errors import InputError
from labelaudit.ingest.readers import is_array, is_table, open_arrays, open_table

CSV = "id,label,p0,p1\n" + '1,cat,0.5,0.5\n"2\n3","do""g",0.25,\n4,NA,1e-5,1\n' * 3
JSONL = '{"id": "\\u00e9", "label": 3, "p0": 0.5, "p1": null, "lists": [1, 0.5]}\n' * 5


def _table() -> object:
    return pa.table(
        {
            "id": [f"row {k}" for k in range(20)],
            "label": pa.array(["cat", "dog", None, "cat"] * 5).dictionary_encode(),
            "p0": pa.array([0.5, 0.25, None, 1] * 5, pa.float32()),
            "p1": [0.5] * 20,
            "wide": pa.array([[0.5, 1], None, [2, None], [3, 4]] * 5, pa.list_(pa.float32(), 2)),
            "lists": [[0.5, 1], [1, 2], None, [3, None]] * 5,
        }
    )


def _arrow(path: Path) -> None:
    table = _table()
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=7)


WRITERS: dict[str, Callable[[Path], object]] = {
    "t.csv": lambda path: path.write_text(CSV),
    "t.tsv": lambda path: path.write_text(CSV.replace(",", "\t")),
    "t.csv.gz": lambda path: path.write_bytes(gzip.compress(CSV.encode())),
    "t.jsonl": lambda path: path.write_text(JSONL),
    "t.jsonl.gz": lambda path: path.write_bytes(gzip.compress(JSONL.encode())),
    "t.parquet": lambda path: pq.write_table(_table(), path, row_group_size=7),
    "t.feather": lambda path: pyarrow.feather.write_feather(_table(), path),
    "raw.feather": lambda path: pyarrow.feather.write_feather(
        _table(), path, compression="uncompressed", chunksize=7
    ),
    "t.arrow": _arrow,
    "t.npy": lambda path: np.save(path, np.eye(5)),
    "t.npz": lambda path: np.savez_compressed(path, a=np.eye(9), b=np.array(["x", "y"])),
}
N_MUTATIONS = 30  # of each of the eleven files


def read_all(path: Path) -> None:
    """Ask a file for all that it holds."""
    if is_array(path):
        for array in open_arrays(path).values():
            np.array(array)
        return
    table = open_table(path)
    questions: list[Callable[[str], object]] = [
        table.text,
        table.class_names,
        lambda name: table.numbers([name]),
        lambda name: list(table.texts(name)),
        lambda name: np.array(table.rows([name])[:]),
        table.coded,
        table.list_width,
    ]
    for name in table.names:
        for ask in questions:
            _only_input_errors(ask, name)
    _only_input_errors(table.numbers, table.names)
    table.where(3)
    table.n_rows()


def _only_input_errors(ask: Callable[..., object], argument: object) -> None:
    message = ""
    try:
        ask(argument)
    except InputError as error:
        message = str(error)
    assert message.isprintable()


def mutations(content: bytes, dice: random.Random) -> Iterable[bytes]:
    for _ in range(N_MUTATIONS):
        mutated = bytearray(content)
        for _ in range(dice.choice([1, 1, 3, 10])):
            spot = dice.randrange(len(mutated))
            match dice.randrange(5):
                case 0:
                    mutated[spot] = dice.randrange(256)
                case 1:
                    mutated[spot] ^= 1 << dice.randrange(8)
                case 2:
                    mutated[spot:spot] = dice.choice(
                        [b"\0", b'"', b"\xff", b"\n", b"\r", b"'", b","]
                    )
                case 3:
                    del mutated[spot : spot + dice.randrange(1, 9)]
                case _:
                    del mutated[max(spot, 1) :]
            if not mutated:
                break
        yield bytes(mutated)


@pytest.mark.parametrize("name", WRITERS)
def test_only_an_input_error_comes_out_of_a_damaged_file(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    WRITERS[name](path)
    read_all(path)
    dice = random.Random(name)
    for content in mutations(path.read_bytes(), dice):
        path.write_bytes(content)
        _only_input_errors(read_all, path)


@pytest.mark.parametrize("name", WRITERS)
def test_a_reader_imports_nothing_that_is_not_needed(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    WRITERS[name](path)
    script = f"""
import sys
from pathlib import Path
from labelaudit.ingest import readers
heavy = {{"numpy", "pyarrow"}} & set(sys.modules)
assert not heavy, heavy
path = Path({str(path)!r})
if readers.is_array(path):
    readers.open_arrays(path)
else:
    table = readers.open_table(path)
    table.text("label"), table.class_names("label"), table.numbers(["p0", "p1"]), table.n_rows()
    table.coded("label"), table.rows(["p0", "p1"])[:], [*map(table.list_width, table.names)]
heavy = {{"pandas", "sklearn", "cleanlab"}} & set(sys.modules)
assert not heavy, heavy
"""
    subprocess.run([sys.executable, "-c", script], check=True, cwd=Path(__file__).parents[3])


@pytest.mark.parametrize(
    ("name", "table", "array"),
    [
        ("a.csv", True, False),
        ("A.TSV", True, False),
        ("a.b.csv.gz", True, False),
        ("a.ndjson.GZ", True, False),
        ("a.parquet", True, False),
        ("a.parquet.gz", False, False),
        ("a.npy", False, True),
        ("a.npz", False, True),
        ("a.npy.gz", False, False),
        ("csv", False, False),
        (".csv", False, False),
        ("a.json", False, False),
    ],
)
def test_a_format_is_told_by_the_end_of_the_name(name: str, table: bool, array: bool) -> None:
    assert (is_table(Path(name)), is_array(Path(name))) == (table, array)
