"""Numbers, texts and lists out of Arrow.

Arrow's own way to numpy, `to_numpy`, imports pandas; its buffers do not.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from labelaudit.core.arrow import array_of
from labelaudit.core.text import printable
from labelaudit.ingest.readers.cells import CellError, cell_number, list_fault

Array = npt.NDArray[Any]

_WORDED = {np.dtype(np.float16): pa.float16(), np.dtype(np.float32): pa.float32()}


class CellFault(CellError):
    """What is wrong with a cell, which stands in row `at` of the array that was converted."""

    def __init__(self, at: int, error: object) -> None:
        super().__init__(str(error))
        self.at = at


def floats(array: Any, dtype: npt.DTypeLike = np.float64) -> Array:
    """Return an Arrow array of numbers as numpy has them, a null as nan."""
    if array.null_count == len(array):
        return np.full(len(array), np.nan, dtype=dtype)
    wanted = _WORDED.get(np.dtype(dtype), pa.float64())
    if array.type != wanted:
        if pa.types.is_float16(array.type):
            array = array.cast(pa.float32())
        array = array.cast(wanted, safe=False)
    values = _buffer(array, dtype)
    if array.null_count:
        values = values.copy()
        values[_missing(array)] = np.nan
    return values


def numbers(array: Any, dtype: npt.DTypeLike = np.float64) -> Array:
    """Return an Arrow array of any type as numbers, shape (rows,), or raise a CellFault."""
    array = plain(array)
    if is_numeric(array.type) or pa.types.is_null(array.type):
        return floats(array, dtype)
    found: list[float] = []
    try:
        for value in values(array):
            found.append(cell_number(value))
    except CellError as error:
        raise CellFault(len(found), error) from None
    return np.array(found, dtype=dtype)


def lists(array: Any, width: int, dtype: npt.DTypeLike = np.float64) -> Array:
    """Return an Arrow array of lists of numbers, shape (rows, width), or raise a CellFault.

    A null is a row of nan; float32 lists of a fixed size without nulls are not copied.
    """
    array = plain(array)
    present = ~_missing(array) if array.null_count else np.ones(len(array), dtype=np.bool_)
    if not pa.types.is_fixed_size_list(array.type):
        lengths = np.diff(_buffer(array.offsets, _offset_dtype(array.type)))
        wrong = present & (lengths != width)
        if wrong.any():
            at = int(wrong.argmax())
            raise CellFault(at, list_fault(int(lengths[at]), width))
    held = floats(array.flatten(), dtype).reshape(int(present.sum()), width)
    if not array.null_count:
        return held
    matrix = np.full((len(array), width), np.nan, dtype=dtype)
    matrix[present] = held
    return matrix


def positions(rows: npt.NDArray[np.int64]) -> Any:
    """Return row numbers as Arrow takes them; `pa.array` would import pandas."""
    own = np.ascontiguousarray(rows, dtype=np.int64)
    return pa.Array.from_buffers(pa.int64(), len(own), [None, pa.py_buffer(own)])


def values(array: Any) -> list[Any]:
    """Return an Arrow array as Python values that `cell_text` and `cell_number` know.

    Dates and other types that Python lacks come as text.
    """
    array = plain(array)
    kind = array.type
    types = pa.types
    if types.is_floating(kind):  # through text: the float32 0.1 is '0.1'
        shown = array.cast(pa.string()).to_pylist()
        return [None if text is None else float(text) for text in shown]
    if types.is_nested(kind) or types.is_binary(kind) or types.is_large_binary(kind):
        return list(array.to_pylist())
    simple = types.is_integer, types.is_boolean, types.is_decimal, types.is_null
    if any(is_simple(kind) for is_simple in simple):
        return list(array.to_pylist())
    try:
        return list(array.cast(pa.large_string()).to_pylist())
    except pa.ArrowNotImplementedError:
        raise CellError(f"cells of type {printable(kind, 40)} are not supported") from None


def first_seen(array: Any) -> tuple[Any, Array, Array] | None:
    """Return the distinct values of an Arrow array in order of first appearance.

    And the row at which each is first seen, and the position of each row's value among them
    (-1: null). None where Arrow cannot tell such values apart.
    """
    array = _kept_simply(array)
    if not pa.types.is_dictionary(array.type):
        if pa.types.is_nested(array.type):
            return None
        try:
            array = array.dictionary_encode()
        except pa.ArrowNotImplementedError:
            return None
    codes = _codes(array.indices)
    size = len(array.dictionary)
    seen = np.full(size + 1, len(codes), dtype=np.int64)  # the last one is that of the nulls
    seen[codes[::-1]] = np.arange(len(codes) - 1, -1, -1)  # of equals the last written stays
    order = np.argsort(seen[:size], kind="stable")
    order = order[: int((seen[:size] < len(codes)).sum())]
    position = np.full(size + 1, -1, dtype=np.int32)
    position[order] = np.arange(len(order), dtype=np.int32)
    return array.dictionary.take(array_of(order)), seen[order], position[codes]


def plain(array: Any) -> Any:
    """Return an Arrow array without what is only a wrapping: extension type, dictionary."""
    while True:
        array = _kept_simply(array)
        if not pa.types.is_dictionary(array.type):
            return array
        array = array.dictionary_decode()


def _kept_simply(array: Any) -> Any:
    """Return an array as its storage; views of text as text: Arrow cannot select from views."""
    while True:
        kind = array.type
        if isinstance(kind, pa.BaseExtensionType):
            array = array.storage
        elif _is_view(kind):
            is_text = pa.types.is_string_view(kind)
            return array.cast(pa.large_string() if is_text else pa.large_binary())
        elif pa.types.is_dictionary(kind) and _is_view(kind.value_type):
            return pa.DictionaryArray.from_arrays(array.indices, _kept_simply(array.dictionary))
        else:
            return array


def _is_view(kind: Any) -> bool:
    return bool(pa.types.is_string_view(kind) or pa.types.is_binary_view(kind))


def storage_type(kind: Any) -> Any:
    """Return the type that an extension type wraps, or the type itself."""
    return kind.storage_type if isinstance(kind, pa.BaseExtensionType) else kind


def is_numeric(kind: Any) -> bool:
    types = pa.types
    return bool(types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind))


def is_list_of_numbers(kind: Any) -> bool:
    types = pa.types
    is_list = types.is_fixed_size_list(kind) or types.is_list(kind) or types.is_large_list(kind)
    return bool(is_list and is_numeric(kind.value_type))


def _codes(indices: Any) -> npt.NDArray[np.int64]:
    """Return the indices of a dictionary, -1 for a null."""
    if indices.null_count == len(indices):
        return np.full(len(indices), -1, dtype=np.int64)
    codes = _buffer(indices.cast(pa.int64()), np.int64)
    return np.where(_missing(indices), -1, codes) if indices.null_count else codes


def _missing(array: Any) -> npt.NDArray[np.bool_]:
    return _buffer(array.is_null().cast(pa.uint8()), np.uint8).astype(np.bool_)


def _offset_dtype(kind: Any) -> npt.DTypeLike:
    return np.int64 if pa.types.is_large_list(kind) else np.int32


def _buffer(array: Any, dtype: npt.DTypeLike) -> Array:
    stop = array.offset + len(array)
    if stop == 0:
        return np.empty(0, dtype=dtype)
    return np.frombuffer(array.buffers()[1], dtype=dtype, count=stop)[array.offset :]
