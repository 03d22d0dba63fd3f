"""Where numbers lie: in memory, in a mapped file, in many files one after the other."""

import mmap
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from labelaudit.core.errors import InputError
from labelaudit.core.text import printable

Array = npt.NDArray[Any]
Wanted = slice | npt.NDArray[np.int64]

_LARGEST_HALF = 0x7BFF

# Letting go costs a fault for every page that is read again: worth it for large files only.
LET_GO_ABOVE = 1 << 30


class Rows(Protocol):
    """Numbers of shape (rows, ...) that are read some rows at a time; an array is one.

    What lies in a file pickles as its path: so rows do not travel, each process reads its own.
    Two attributes are optional: `forward` says that rows are decoded on the way, so that reading
    on is cheap and going back is not; `release(start, stop)` lets go of what was read.
    """

    @property
    def shape(self) -> tuple[int, ...]: ...

    @property
    def dtype(self) -> np.dtype[Any]: ...

    def __len__(self) -> int: ...

    def __getitem__(self, rows: Wanted, /) -> Any: ...


def widened(block: Array) -> Array:
    """Return float16 as float32, to the bit as numpy would, but several times faster.

    Much of what a softmax in float16 leaves is subnormal, which processors convert one by one.
    Other types are returned as they are.
    """
    if block.dtype != np.float16 or not len(block):
        return block
    bits = block.view(np.uint16)
    if bits.max(initial=0) > _LARGEST_HALF:  # a sign, infinite, or no number
        return block.astype(np.float32)
    # Sign off, and all others in their place: what is left is to correct the exponent.
    return (bits.astype(np.uint32) << np.uint32(13)).view(np.float32) * np.float32(2.0**112)


def reads_forward(rows: Rows) -> bool:
    """Say whether reading must go on and not back to be cheap."""
    return bool(getattr(rows, "forward", False))


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a file was when it was opened, so that a change is noticed and never audited."""

    path: Path
    size: int
    mtime_ns: int

    @classmethod
    def of(cls, path: Path) -> "Stamp":
        path = path.absolute()
        found = path.stat()
        return cls(path, found.st_size, found.st_mtime_ns)

    def check(self) -> None:
        """Raise an InputError that says what differs, where the file is not as it was."""
        try:
            found = os.stat(self.path)
        except OSError as error:
            raise InputError(
                f"{printable(self.path)}: cannot be read any more: {error.strerror}; it must stay, "
                "at this path, for everyone who takes part"
            ) from None
        if found.st_size != self.size:
            differs = f"it had {self.size:,} bytes and now has {found.st_size:,}"
        elif found.st_mtime_ns != self.mtime_ns:
            differs = "it was written to"
        else:
            return
        raise InputError(
            f"{printable(self.path)}: changed while it was being read: {differs}; run again when "
            "it is complete"
        )


class Mapped:
    """An array in a file, mapped when it is first read; pickles as its path.

    `offset` is where its first byte lies; `order` "C" or "F" as numpy writes it.
    """

    def __init__(
        self,
        path: Path,
        dtype: npt.DTypeLike,
        shape: tuple[int, ...],
        offset: int = 0,
        order: str = "C",
    ) -> None:
        self.stamp = Stamp.of(path)
        self.dtype = np.dtype(dtype)
        self.shape = shape
        self.offset = offset
        self.order = order
        self._array: Array | None = None

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_array": None}

    def __len__(self) -> int:
        return self.shape[0]

    @property
    def ndim(self) -> int:
        return len(self.shape)

    def __getitem__(self, rows: Any, /) -> Any:
        self.stamp.check()  # a mapped file that shrinks would end the process, not the audit
        return self._mapped()[rows]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return np.array(self[:], dtype=dtype) if copy or dtype else np.asarray(self[:])

    def _mapped(self) -> Array:
        if self._array is None:
            if 0 in self.shape:
                return np.empty(self.shape, dtype=self.dtype)
            self._array = np.memmap(
                self.stamp.path,
                dtype=self.dtype,
                mode="r",
                offset=self.offset,
                shape=self.shape,
                order="F" if self.order == "F" else "C",
            )
        return self._array

    def release(self, start: int, stop: int) -> None:
        """Let go of the pages that rows `start` to `stop` were read from.

        They stay in the system's cache; only this process no longer counts them as its own, so
        that its resident memory does not grow with the file.
        """
        if self.stamp.size < LET_GO_ABOVE or self.order != "C" or self._array is None:
            return
        mapped = getattr(self._array, "_mmap", None)
        if mapped is None or not hasattr(mapped, "madvise"):  # Windows
            return
        page = mmap.PAGESIZE
        row_bytes = self._array.strides[0]
        begin = self.offset % mmap.ALLOCATIONGRANULARITY
        first = -(-(begin + start * row_bytes) // page) * page
        last = (begin + stop * row_bytes) // page * page
        if last > first:
            mapped.madvise(mmap.MADV_DONTNEED, first, last - first)


def as_mapped(array: Any) -> Rows:
    """Return an array that numpy has mapped from a file as one that pickles as its path."""
    base: Any = getattr(array, "base", None)
    if not isinstance(array, np.memmap) or not isinstance(base, mmap.mmap):
        return np.asarray(array)
    order = "C" if array.flags.c_contiguous else "F"
    return Mapped(Path(str(array.filename)), array.dtype, array.shape, array.offset, order)


class Stacked:
    """Several pieces of one width, one after the other, read as one."""

    def __init__(self, pieces: Sequence[Rows]) -> None:
        self.pieces: Sequence[Rows] = tuple(pieces)
        self.starts = np.cumsum([0, *(len(piece) for piece in pieces)])
        self.dtype = np.result_type(*{np.dtype(piece.dtype) for piece in pieces})
        self.shape = (int(self.starts[-1]), *pieces[0].shape[1:])
        self.forward = any(reads_forward(piece) for piece in pieces)

    def __len__(self) -> int:
        return self.shape[0]

    @property
    def ndim(self) -> int:
        return len(self.shape)

    def __getitem__(self, rows: Any, /) -> Any:
        if isinstance(rows, slice):
            start, stop, _ = rows.indices(len(self))
            within = self._within(start, stop)
            if len(within) == 1:
                piece, own = within[0]
                return self.pieces[piece][own]
            joined = np.empty((max(stop - start, 0), *self.shape[1:]), dtype=self.dtype)
            for piece, own in within:  # copied at once: what is held may be an open file
                begin = int(self.starts[piece]) - start
                joined[begin + own.start : begin + own.stop] = self.pieces[piece][own]
            return joined
        at = np.searchsorted(self.starts, rows, side="right") - 1
        if len(at) and at[0] == at[-1] and (at == at[0]).all():
            return self.pieces[at[0]][rows - self.starts[at[0]]]
        taken = np.empty((len(rows), *self.shape[1:]), dtype=self.dtype)
        for piece in np.unique(at):
            own = at == piece
            taken[own] = self.pieces[piece][rows[own] - self.starts[piece]]
        return taken

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return np.asarray(self[:], dtype=dtype)

    def release(self, start: int, stop: int) -> None:
        """Let go of what rows `start` to `stop` were read from."""
        for piece, own in self._within(start, stop):
            if (release := getattr(self.pieces[piece], "release", None)) is not None:
                release(own.start, own.stop)

    def _within(self, start: int, stop: int) -> list[tuple[int, slice]]:
        """Return which pieces hold rows `start` to `stop`, and which of their rows these are."""
        first = int(np.searchsorted(self.starts, start, side="right")) - 1
        found = []
        for piece in range(first, len(self.pieces)):
            begin = int(self.starts[piece])
            if begin >= stop:
                break
            own = slice(max(start - begin, 0), min(stop - begin, len(self.pieces[piece])))
            if own.stop > own.start:
                found.append((piece, own))
        return found
