"""numpy columns to Arrow and back.

Arrow's own ways, `pa.array`, `pa.table` and `to_numpy`, import pandas; its buffers do not.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from labelaudit.core.coded import Coded, Column, Flat, Grouped, Numbered
from labelaudit.core.texts import Texts


def table_of(columns: Mapping[str, Column]) -> Any:
    """Return an Arrow table of columns: numbers, booleans, or texts as objects or coded."""
    import pyarrow as pa

    return pa.Table.from_arrays([array_of(c) for c in columns.values()], list(columns))


def array_of(values: Column) -> Any:
    """Return a column as an Arrow array; coded texts stay coded."""
    import pyarrow as pa

    if isinstance(values, Grouped):
        return pa.FixedSizeListArray.from_arrays(_array(values.values), values.width)
    if not isinstance(values, Coded):
        return _array(values)
    distinct = _array(np.array(values.distinct, dtype=object))
    return pa.DictionaryArray.from_arrays(_array(values.codes), distinct)


def _array(values: Flat) -> Any:
    import pyarrow as pa

    if isinstance(values, Texts):
        return values.arrow()
    if isinstance(values, Numbered):
        return _array(values.numbers).cast(pa.large_string())
    if isinstance(values, Coded):
        distinct = _array(np.array(values.distinct, dtype=object))
        return pa.DictionaryArray.from_arrays(_array(values.codes), distinct).dictionary_decode()
    if values.dtype == object:
        texts = [text.encode() for text in values.tolist()]
        offsets = np.zeros(len(texts) + 1, dtype=np.int64)
        np.cumsum([len(text) for text in texts], out=offsets[1:])
        buffers = [None, pa.py_buffer(offsets), pa.py_buffer(b"".join(texts))]
        return pa.Array.from_buffers(pa.large_string(), len(texts), buffers)
    if values.dtype == np.bool_:
        packed = np.packbits(values, bitorder="little")
        return pa.Array.from_buffers(pa.bool_(), len(values), [None, pa.py_buffer(packed)])
    kind = getattr(pa, values.dtype.name)()
    data = pa.py_buffer(np.ascontiguousarray(values))
    return pa.Array.from_buffers(kind, len(values), [None, data])


def texts_counted(column: Column) -> dict[str, int]:
    """Return how often each text of a column occurs, wherever the column came from."""
    import pyarrow.compute as pc

    values, counts = pc.value_counts(array_of(column)).flatten()
    return dict(zip(values.to_pylist(), counts.to_pylist(), strict=True))


def column_of(column: Any) -> npt.NDArray[Any]:
    """Return an Arrow column without nulls as numpy has it: numbers of one chunk in place."""
    import pyarrow as pa

    if pa.types.is_dictionary(column.type):
        return coded_of(column).objects()
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        return np.array(column.to_pylist(), dtype=object)
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.uint8())
        return _numbers(column).astype(np.bool_)
    return _numbers(column)


def held_column_of(column: Any) -> Column:
    """Return an Arrow column without nulls; texts stay where they are until they are taken."""
    import pyarrow as pa

    if pa.types.is_list(column.type) or pa.types.is_fixed_size_list(column.type):
        parts = [chunk.flatten() for chunk in column.chunks]
        flat = pa.chunked_array(parts, type=column.type.value_type)
        return Grouped(values=_held(flat), width=max(len(flat) // max(len(column), 1), 1))
    return _held(column)


def _held(column: Any) -> Flat:
    import pyarrow as pa

    if pa.types.is_dictionary(column.type):
        return coded_of(column)
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        return Texts.of_arrow(column.cast(pa.large_string()).combine_chunks())
    return column_of(column)


def coded_of(column: Any) -> Coded:
    """Return a dictionary column of Arrow as coded texts."""
    import pyarrow as pa

    chunks = column.unify_dictionaries().chunks
    distinct = tuple(chunks[0].dictionary.to_pylist()) if chunks else ()
    codes = _numbers(pa.chunked_array([chunk.indices for chunk in chunks], type=pa.int32()))
    return Coded(distinct=distinct, codes=codes)


def _numbers(column: Any) -> npt.NDArray[Any]:
    chunks = [np.from_dlpack(chunk) for chunk in column.chunks if len(chunk)]
    if len(chunks) == 1:
        return np.asarray(chunks[0])
    return np.concatenate(chunks) if chunks else np.empty(0, dtype=str(column.type))
