"""Where numbers lie: mapped files and stacks of them read as the array they stand for."""

import os
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelaudit.core.errors import InputError
from labelaudit.core.rows import Mapped, Stacked, as_mapped, widened


@pytest.fixture
def written(tmp_path):
    def write(values, name="values.npy"):
        np.save(tmp_path / name, values)
        return as_mapped(np.load(tmp_path / name, mmap_mode="r"))

    return write


@pytest.mark.parametrize("order", ["C", "F"])
def test_a_mapped_file_reads_as_its_array(written, order):
    values = np.asarray(np.arange(60.0).reshape(20, 3), order=order)
    mapped = written(values)
    assert isinstance(mapped, Mapped)
    assert (mapped.shape, mapped.dtype, len(mapped), mapped.ndim) == ((20, 3), np.float64, 20, 2)
    assert (mapped[4:9] == values[4:9]).all()
    assert (mapped[np.array([7, 0, 7])] == values[[7, 0, 7]]).all()
    assert (np.asarray(mapped) == values).all()


def test_a_mapped_file_travels_as_its_path(written):
    values = np.random.default_rng(0).random((50_000, 8))
    mapped = written(values)
    assert (mapped[:3] == values[:3]).all()
    sent = pickle.dumps(mapped)
    assert len(sent) < 1_000
    assert (pickle.loads(sent)[-5:] == values[-5:]).all()


def test_a_part_of_a_mapped_array_stays_an_array(tmp_path):
    np.save(tmp_path / "values.npy", np.arange(10.0))
    part = np.load(tmp_path / "values.npy", mmap_mode="r")[2:5]
    assert not isinstance(as_mapped(part), Mapped)
    assert as_mapped(part).tolist() == [2, 3, 4]


@pytest.mark.parametrize("change", ["shorter", "touched", "gone"])
def test_a_file_that_changes_while_it_is_read_is_refused(written, change):
    mapped = written(np.random.default_rng(0).random((5_000, 3)))
    mapped[:10]
    path = mapped.stamp.path
    if change == "shorter":
        os.truncate(path, 5_000)
    elif change == "touched":
        os.utime(path, ns=(1, 1))
    else:
        path.unlink()
    said = {
        "shorter": "120,128 bytes and now has 5,000",
        "touched": "written to",
        "gone": "No such",
    }
    with pytest.raises(InputError, match=said[change]) as refused:
        mapped[4_990:]
    assert "values.npy" in str(refused.value)


def test_an_empty_file_is_read(written):
    assert written(np.empty((0, 4)))[0:0].shape == (0, 4)


@given(
    sizes=st.lists(st.integers(0, 7), min_size=1, max_size=5),
    wanted=st.lists(st.integers(0, 40), max_size=9),
    cut=st.tuples(st.integers(0, 40), st.integers(0, 40)),
)
def test_a_stack_reads_as_its_pieces_end_to_end(sizes, wanted, cut):
    whole = np.arange(2 * sum(sizes), dtype=np.float32).reshape(-1, 2)
    pieces = np.split(whole, np.cumsum(sizes)[:-1])
    stack = Stacked(pieces)
    assert stack.shape == whole.shape
    first, last = sorted(cut)
    assert (stack[first:last] == whole[first:last]).all()
    rows = np.array([row for row in wanted if row < len(whole)], dtype=np.int64)
    assert (stack[rows] == whole[rows]).all()
    assert stack[rows].dtype == whole.dtype
    assert (np.asarray(stack) == whole).all()
    stack.release(first, last)  # nothing to let go of


def test_half_precision_is_widened_to_the_bit():
    every = np.arange(65536, dtype=np.uint16).view(np.float16)
    finite = every[:0x7C00].reshape(-1, 4)
    bits = finite.astype(np.float32).view(np.uint32)
    assert (widened(finite).view(np.uint32) == bits).all()
    every = every.reshape(-1, 4)  # negative ones, infinities and what is no number, too
    assert np.array_equal(widened(every), every.astype(np.float32), equal_nan=True)
    single = np.ones((2, 2), dtype=np.float32)
    assert widened(single) is single
