"""Numbers out of Arrow.

Arrow's own way to numpy, `to_numpy`, imports pandas; its buffers do not.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa


def floats(array: Any, dtype: npt.DTypeLike = np.float64) -> npt.NDArray[Any]:
    """Return an Arrow array of numbers as numpy has them, a null as nan."""
    if array.null_count == len(array):
        return np.full(len(array), np.nan, dtype=dtype)
    wanted = pa.float32() if np.dtype(dtype) == np.float32 else pa.float64()
    if array.type != wanted:
        if pa.types.is_float16(array.type):
            array = array.cast(pa.float32())
        array = array.cast(wanted, safe=False)
    values = _buffer(array, dtype)
    if array.null_count:
        values = values.copy()
        values[_buffer(array.is_null().cast(pa.uint8()), np.uint8).astype(bool)] = np.nan
    return values


def fill(matrix: npt.NDArray[Any], blocks: Iterable[Sequence[npt.NDArray[Any]]]) -> int:
    """Write blocks of columns into the rows of a matrix, one below the other; return how many.

    A block that does not fit is a ValueError: the file's own number of rows was wrong.
    """
    start = 0
    for columns in blocks:
        stop = start + len(columns[0])
        np.stack(columns, axis=1, out=matrix[start:stop])
        start = stop
    return start


def _buffer(array: Any, dtype: npt.DTypeLike) -> npt.NDArray[Any]:
    stop = array.offset + len(array)
    return np.frombuffer(array.buffers()[1], dtype=dtype, count=stop)[array.offset :]
