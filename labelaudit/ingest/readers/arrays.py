"""numpy's own files, without ever loading a pickle."""

from __future__ import annotations

import shutil
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from labelaudit.core.text import printable
from labelaudit.ingest.readers.files import (
    BOMB_BYTES,
    BOMB_RATIO,
    fault,
    reading,
    require_file,
)
from labelaudit.ingest.readers.scratch import new_file

Array = npt.NDArray[Any]

_LARGE_BYTES = 1 << 26


def read_npy(path: Path) -> Array:
    """Return the array of a `.npy` file, mapped into memory and read-only."""
    require_file(path)
    with _reading(path, "npy file"):
        array = np.lib.format.open_memmap(path, mode="r")
    said, size = array.offset + array.nbytes, path.stat().st_size
    if size != said:
        raise fault(
            path,
            f"is damaged: it has {size - said:,} bytes more than the {said:,} that its header "
            "tells of; write it again",
        )
    return _plain(path, array)


def read_npz(path: Path, scratch: Path | None = None) -> dict[str, Array]:
    """Return the arrays of a `.npz` file by key, read-only; large ones lie in `scratch`."""
    require_file(path)
    arrays: dict[str, Array] = {}
    with _reading(path, "npz file"):
        with zipfile.ZipFile(path) as archive:
            _refuse_bomb(path, archive)
            large = {member.filename for member in archive.infolist() if _is_large(member)}
        with np.load(path, allow_pickle=False) as archive:
            for key in archive.files:
                member = key if key in large else f"{key}.npy"
                if scratch is not None and member in large:
                    arrays[key] = _plain(path, _unpacked(path, member, scratch))
                    continue
                array = archive[key]
                if not isinstance(array, np.ndarray):
                    shown = printable(key, 60)
                    raise fault(path, f"holds '{shown}', which is no array; save arrays only")
                arrays[key] = _plain(path, array)
    for array in arrays.values():
        array.setflags(write=False)
    return arrays


def _is_large(member: zipfile.ZipInfo) -> bool:
    return member.filename.endswith(".npy") and member.file_size > _LARGE_BYTES


def _unpacked(path: Path, member: str, scratch: Path) -> Array:
    """Return an array of an archive, unpacked piece by piece into a file of its own, mapped."""
    with (
        zipfile.ZipFile(path) as archive,
        archive.open(member) as packed,
        new_file(scratch, path) as (stream, name),
    ):
        shutil.copyfileobj(packed, stream, 1 << 20)
    return np.lib.format.open_memmap(name, mode="r")


@contextmanager
def _reading(path: Path, kind: str) -> Iterator[None]:
    """Word what numpy raises: a damaged header makes it raise nearly anything."""
    with warnings.catch_warnings(), reading(path, kind, Exception):
        warnings.simplefilter("ignore")  # about files of Python 2, which are read all the same
        try:
            yield
        except ValueError as error:
            if "object" not in str(error).lower():
                raise
            raise fault(
                path,
                "holds Python objects (a pickle), which is never loaded; "
                "save it with a plain dtype, e.g. labels.astype(str)",
            ) from error


def _refuse_bomb(path: Path, archive: zipfile.ZipFile) -> None:
    """Refuse an archive that would unpack to far more than it is."""
    members = archive.infolist()
    unpacked = sum(member.file_size for member in members)
    packed = sum(member.compress_size for member in members)
    if unpacked > BOMB_BYTES and unpacked > BOMB_RATIO * packed:
        raise fault(
            path,
            f"would unpack from {packed:,} to {unpacked:,} bytes, which is not done; "
            "save the arrays with np.savez or as .npy files",
        )


def _plain(path: Path, array: Array) -> Array:
    if array.dtype.kind == "V":
        dtype = printable(array.dtype, 60)
        raise fault(path, f"holds records (dtype {dtype}); save one plain array per field")
    return array
