"""Numbers that must be converted once: written as `.npy`, then mapped and never held."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from labelaudit.core.errors import InputError
from labelaudit.core.rows import Array, Rows, as_mapped
from labelaudit.core.text import printable


def keep(
    blocks: Iterable[Array],
    width: int,
    scratch: Path | None,
    path: Path,
    dtype: npt.DTypeLike = np.float64,
) -> Rows:
    """Return blocks of rows as one matrix (rows, width): in `scratch`, else in memory.

    `path` is the file they come from. An InputError says that `scratch` cannot hold them.
    """
    if scratch is None:
        return np.concatenate([np.empty((0, width), dtype=dtype), *blocks])
    with new_file(scratch, path) as (stream, name):
        n_rows = 0
        header = {"descr": np.dtype(dtype).str, "fortran_order": False, "shape": (n_rows, width)}
        np.lib.format.write_array_header_1_0(stream, header)
        begin = stream.tell()
        for block in blocks:
            stream.write(np.ascontiguousarray(block, dtype=dtype).data)
            n_rows += len(block)
        stream.seek(0)  # numpy leaves room for the number of rows to grow
        np.lib.format.write_array_header_1_0(stream, header | {"shape": (n_rows, width)})
        assert stream.tell() == begin
    return as_mapped(np.lib.format.open_memmap(name, mode="r"))


@contextmanager
def new_file(scratch: Path, path: Path) -> Iterator[tuple[BinaryIO, Path]]:
    """Open a file of its own name in `scratch` for what is in `path`; on a fault it is removed."""
    name: Path | None = None
    try:
        handle, made = tempfile.mkstemp(suffix=".npy", prefix="numbers-", dir=scratch)
        name = Path(made)
        with os.fdopen(handle, "wb") as stream:
            yield stream, name
    except BaseException as error:
        if name is not None:
            name.unlink(missing_ok=True)
        if not isinstance(error, OSError):
            raise
        raise InputError(
            f"{printable(scratch)}: cannot hold the numbers of {printable(path)} "
            f"({error.strerror or error}); make room there, or choose another folder"
        ) from error
