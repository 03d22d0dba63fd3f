"""Predictions that list some classes, read from columns of lists and from sparse matrices."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scipy.sparse import csc_array, csr_array, save_npz

import labelaudit
from labelaudit.core.errors import InputError
from labelaudit.core.schema import to_document
from tests.made import noisy

K, LISTED = 12, 4
NAMES = [f"kind {number}" for number in range(K)]


def made(folder, labels=None, names=NAMES):
    """Write labels, and return which classes each row lists and their probabilities."""
    numbers, probabilities = noisy(300, K, seed=6)
    folder.mkdir(exist_ok=True)
    np.save(folder / "labels.npy", numbers if labels is None else labels(numbers))
    if names:
        (folder / "classes.txt").write_text("\n".join(names), encoding="utf-8")
    columns = np.argsort(-probabilities, axis=1)[:, :LISTED]
    return columns, np.take_along_axis(probabilities, columns, axis=1)


def write_columns(folder, columns, values, name="pred_probs.parquet", **more):
    lists = {"top_classes": columns, "top_probs": values}
    table = {key: pa.array(list(value)) for key, value in lists.items()} | more
    pq.write_table(pa.table(table), folder / name)


def write_sparse(folder, columns, values, width=K, kind=csr_array):
    rows = np.repeat(np.arange(len(columns)), columns.shape[1])
    entries = (values.ravel(), (rows, columns.ravel()))
    save_npz(folder / "pred_probs.npz", kind(entries, shape=(len(columns), width)))


def answer(folder, **choices):
    audit = labelaudit.audit(folder, **choices)
    return sorted(finding.row for finding in audit.findings), audit


def test_columns_and_sparse_matrix_say_the_same_as_full_rows(tmp_path):
    columns, values = made(tmp_path / "columns")
    write_columns(tmp_path / "columns", columns, values)
    made(tmp_path / "sparse")
    write_sparse(tmp_path / "sparse", columns, values)
    made(tmp_path / "full")
    order = np.argsort(columns, axis=1)  # to the bit: the rest is what is left in class order
    total = sum(np.take_along_axis(values, order, axis=1).T)
    full = np.repeat(((1 - total) / (K - LISTED))[:, None], K, axis=1)
    np.put_along_axis(full, columns, values, axis=1)
    np.save(tmp_path / "full" / "pred_probs.npy", full)
    rows, audit = answer(tmp_path / "full")
    for kind in ("columns", "sparse"):
        found, other = answer(tmp_path / kind)
        assert found == rows
        ours, theirs = to_document(other), to_document(audit)
        for name in ("detection", "measurements"):
            assert json.dumps(ours[name]) == json.dumps(theirs[name])
        assert any("list" in notice for notice in other.dataset.notices)


def test_lists_are_joined_by_id(tmp_path):
    columns, values = made(tmp_path, labels=lambda numbers: numbers)
    numbers = np.load(tmp_path / "labels.npy")
    (tmp_path / "labels.npy").unlink()
    ids = [f"row {row}" for row in range(300)]
    lines = [f"{name},{NAMES[number]}" for name, number in zip(ids, numbers, strict=True)]
    (tmp_path / "labels.csv").write_text("\n".join(["id,label", *lines]), encoding="utf-8")
    write_columns(tmp_path, columns, values, id=pa.array(ids))
    rows, _ = answer(tmp_path)
    order = np.random.default_rng(0).permutation(300)
    shuffled = pa.array([ids[row] for row in order])
    write_columns(tmp_path, columns[order], values[order], id=shuffled)
    assert answer(tmp_path)[0] == rows


def test_without_names_classes_are_their_numbers(tmp_path):
    columns, values = made(tmp_path, names=None)
    write_columns(tmp_path, columns, values)
    _, audit = answer(tmp_path)
    assert audit.dataset.class_names == tuple(map(str, range(K)))


def test_more_names_than_listed_classes(tmp_path):
    columns, values = made(tmp_path, names=[*NAMES, "never listed"])
    write_columns(tmp_path, columns, values)
    _, audit = answer(tmp_path)
    assert audit.dataset.n_classes == K + 1
    assert audit.dataset.class_counts[-1] == 0


def test_lists_in_the_table_of_labels(tmp_path):
    columns, values = made(tmp_path)
    numbers = np.load(tmp_path / "labels.npy")
    (tmp_path / "labels.npy").unlink()
    texts = pa.array([NAMES[number] for number in numbers])
    write_columns(tmp_path, columns, values, name="train.parquet", label=texts)
    assert len(answer(tmp_path)[0]) > 10


def test_rows_may_list_different_numbers_of_classes(tmp_path):
    columns, values = made(tmp_path)
    values[::2, -1] = 0  # a sparse matrix keeps no zeros: these rows list one class less
    rows = np.repeat(np.arange(300), LISTED)
    kept = values.ravel() > 0
    entries = (values.ravel()[kept], (rows[kept], columns.ravel()[kept]))
    save_npz(tmp_path / "pred_probs.npz", csr_array(entries, shape=(300, K)))
    assert len(answer(tmp_path)[0]) > 10


def wrong_class(columns, values):
    columns[7, 2] = 40
    return columns, values


def twice(columns, values):
    columns[7, 2] = columns[7, 0]
    return columns, values


def too_much(columns, values):
    values[7, 0] = 0.99
    values[7, 1] = 0.5
    return columns, values


def shorter(columns, values):
    return columns, values[:, 1:]


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (wrong_class, "40"),
        (twice, "row 7 .from 0.: class .* is listed twice"),
        (too_much, "row 7.*sum"),
        (shorter, "lists 4 classes.* 3 probabilities"),
    ],
)
def test_spoilt_lists_are_refused_in_one_line(tmp_path, spoil, said):
    write_columns(tmp_path, *spoil(*made(tmp_path)))
    with pytest.raises(InputError, match=said) as refused:
        answer(tmp_path)
    assert "\n" not in str(refused.value)


def test_other_sparse_formats_are_refused_with_the_way_out(tmp_path):
    write_sparse(tmp_path, *made(tmp_path), kind=csc_array)
    with pytest.raises(InputError, match=r"csc.*matrix\.tocsr"):
        answer(tmp_path)


def test_a_sparse_matrix_of_another_width_is_refused(tmp_path):
    write_sparse(tmp_path, *made(tmp_path), width=K + 3)
    with pytest.raises(InputError, match=r"15 columns, but classes\.txt names 12"):
        answer(tmp_path)


def turned(pointers, row):
    pointers = pointers.copy()
    pointers[row] += LISTED + 1
    return pointers


@pytest.mark.parametrize(
    ("key", "damage", "said"),
    [
        ("indptr", lambda a: a[:-1], "its `indptr` has 300 numbers for 300 rows, not one more"),
        ("indptr", lambda a: a + 1, "its `indptr` begins with 1, not 0"),
        ("indptr", lambda a: turned(a, 7), r"its `indptr` descends at row 7 \(from 0\)"),
        ("indptr", lambda a: a.astype(float), "its `indptr` is of type float64"),
        ("indices", lambda a: a[:-1], "its `indices` has 1,199 numbers, `data` 1,200"),
        ("indices", lambda a: a[:, None], "its `indices` has 2 dimensions, not 1"),
        ("data", lambda a: a.astype("S9"), r"its `data` is of type \|S9"),
        ("shape", lambda a: a[:1], "its `shape` has 1 numbers, not 2"),
    ],
)
def test_a_damaged_sparse_matrix_is_refused(tmp_path, key, damage, said):
    columns, values = made(tmp_path)
    arrays = {
        "indices": columns.ravel(),
        "indptr": np.arange(0, 1201, LISTED),
        "data": values.ravel(),
        "shape": np.array([300, K]),
        "format": np.array(b"csr"),
    }
    arrays[key] = damage(arrays[key])
    np.savez(tmp_path / "pred_probs.npz", **arrays)
    with pytest.raises(InputError, match=rf"damaged sparse matrix \(CSR\): {said}; write it again"):
        answer(tmp_path)
