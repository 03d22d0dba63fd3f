"""A column that holds a list of numbers in each row is an array of its own."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from labelaudit import audit, open_dataset
from labelaudit.core.errors import InputError
from tests.made import noisy

N_ROWS = 40
CODES, PROBABILITIES = noisy(N_ROWS, 3, dtype=np.float32)
NAMES = np.array(["ape", "bee", "cat"])
POINTS = np.arange(N_ROWS * 2, dtype=np.float32).reshape(N_ROWS, 2)
IDS = [f"r{row}" for row in range(N_ROWS)]


def lists(matrix, fixed=False):
    kind = pa.list_(pa.float32(), matrix.shape[1]) if fixed else pa.list_(pa.float32())
    return pa.array(matrix.tolist(), type=kind)


def write(path, **columns):
    path.parent.mkdir(exist_ok=True)
    pq.write_table(pa.table(columns), path)


@pytest.mark.parametrize("fixed", [False, True])
@pytest.mark.parametrize("column", ["pred_probs", "probs", "Probabilities", "predictions"])
def test_probabilities_in_lists(tmp_path, column, fixed):
    write(tmp_path / "labels.parquet", id=IDS, label=NAMES[CODES])
    order = np.random.default_rng(0).permutation(N_ROWS)
    columns = {column: lists(PROBABILITIES[order], fixed), "split": ["train"] * N_ROWS}
    write(tmp_path / "preds.parquet", id=[IDS[row] for row in order], **columns)
    opened = open_dataset(tmp_path)
    assert opened.class_names == ("ape", "bee", "cat")
    assert (opened.probabilities.read(0, N_ROWS) == PROBABILITIES).all()
    assert opened.probabilities.column_at(1) == f"column '{column}', number 1 (from 0)"
    (tmp_path / "classes.txt").write_text("cat\nbee\nape\n")
    assert open_dataset(tmp_path).class_names == ("cat", "bee", "ape")


def test_labels_are_column_numbers(tmp_path):
    write(tmp_path / "train.parquet", label=CODES, probs=lists(PROBABILITIES))
    opened = open_dataset(tmp_path / "train.parquet")
    assert opened.class_names == ("0", "1", "2")
    assert opened.labels.tolist() == CODES.tolist()
    assert "predictions: train.parquet (in the labels file), matched by row order" in opened.notices


def test_lists_of_the_labels_table(tmp_path):
    for part in range(2):
        rows = slice(part * 25, part * 25 + 25)
        write(
            tmp_path / "data" / f"train-0000{part}-of-00002.parquet",
            id=IDS[rows],
            label=NAMES[CODES[rows]],
            pred_probs=lists(PROBABILITIES[rows]),
            embedding=lists(POINTS[rows]),
        )
    opened = open_dataset(tmp_path)
    assert (opened.probabilities.read(0, N_ROWS) == PROBABILITIES).all()
    assert (opened.embeddings.read(0, N_ROWS) == POINTS).all()
    assert opened.embeddings.rows is None
    assert opened.part_ends == (25, N_ROWS)
    assert opened.notices[2] == "embeddings: data (a column of lists), joined by id"
    assert [file.role for file in opened.inputs] == ["labels"]


def test_embeddings_beside_the_probabilities(tmp_path):
    write(tmp_path / "labels.parquet", id=IDS, label=NAMES[CODES])
    backwards = slice(None, None, -1)
    write(
        tmp_path / "preds.parquet",
        id=IDS[backwards],
        probs=lists(PROBABILITIES[backwards]),
        features=lists(POINTS[backwards]),
    )
    opened = open_dataset(tmp_path)
    assert (opened.embeddings.read(0, N_ROWS) == POINTS).all()
    assert (opened.probabilities.read(0, N_ROWS) == PROBABILITIES).all()
    assert len(audit(tmp_path).findings) == len(audit(tmp_path / "labels.parquet", predictions=(
        tmp_path / "preds.parquet").as_posix()).findings)  # fmt: skip


def test_embeddings_as_lists_in_a_file(tmp_path):
    write(tmp_path / "labels.parquet", id=IDS, label=NAMES[CODES])
    write(tmp_path / "embeddings.parquet", id=IDS, embedding=lists(POINTS, fixed=True))
    assert (open_dataset(tmp_path).embeddings.read(0, N_ROWS) == POINTS).all()


def test_predicted_labels_are_no_lists(tmp_path):
    write(
        tmp_path / "train.parquet", label=NAMES[CODES], predictions=NAMES[CODES], probs=[0.5] * 40
    )
    assert open_dataset(tmp_path).probabilities is None


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ([[0.5, 0.5], [1.0]], r"preds\.parquet, row 1 \(from 0\), column 'probs'"),
        ([[0.5], [1.0]], r"preds\.parquet: has shape 2 x 1; give one column of probabilities"),
        ([[], []], r"preds\.parquet: has shape 2 x 0: there are no numbers in it"),
        ([None, None], "no numbers in it"),
        ([None, [0.5, 0.5]], r"preds\.parquet, row 0 \(from 0\), column 'probs', number 0"),
    ],
)
def test_lists_that_are_no_probabilities(tmp_path, cells, said):
    write(tmp_path / "labels.parquet", label=["a", "b"])
    write(tmp_path / "preds.parquet", probs=pa.array(cells, type=pa.list_(pa.float64())))
    with pytest.raises(InputError, match=said):
        audit(tmp_path)


def test_parts_with_lists_of_another_length(tmp_path):
    write(tmp_path / "labels.parquet", label=["a", "b"])
    for part, cells in enumerate([[[0.5, 0.5]], [[0.5, 0.2, 0.3]]]):
        column = pa.array(cells, type=pa.list_(pa.float64()))
        write(tmp_path / "preds" / f"{part}.parquet", probs=column)
    with pytest.raises(
        InputError,
        match=r"preds/1\.parquet, column 'probs': holds lists of 3 numbers, but "
        r"preds/0\.parquet lists of 2 numbers",
    ):
        open_dataset(tmp_path)
