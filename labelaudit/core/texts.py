"""Very many texts, compactly: their bytes one after the other, and where each begins."""

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, overload

import numpy as np
import numpy.typing as npt

from labelaudit.core.rows import Array, Mapped, Rows

_BLOCK = 1 << 14
# More bytes than these do not stay in memory where there is a folder for them: a worker that is
# sent the texts shall be sent little.
_SPILL_ABOVE = 1 << 20


class Texts(Sequence[str]):
    """Texts laid out as Arrow lays out a column: 8 bytes each, and their own bytes.

    `offsets` int64[N + 1] say where each begins and ends in `data` uint8: arrays, or files that
    are mapped. Then they pickle as their paths.
    """

    def __init__(self, offsets: Rows, data: Rows) -> None:
        self.offsets = offsets
        self.data = data

    @classmethod
    def of(cls, texts: Sequence[str]) -> "Texts":
        """Return texts in memory; what has no bytes in UTF-8 is a UnicodeEncodeError."""
        written = TextsWriter()
        written.add(texts)
        return written.texts()

    @classmethod
    def of_arrow(cls, array: Any) -> "Texts":
        """Return an Arrow array of large_string without nulls as it lies."""
        _, offsets, data = array.buffers()
        if not len(array):
            return cls.of([])
        return cls(
            np.frombuffer(offsets, dtype=np.int64, count=array.offset + len(array) + 1)[
                array.offset :
            ],
            np.frombuffer(data, dtype=np.uint8) if data is not None else np.empty(0, np.uint8),
        )

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @overload
    def __getitem__(self, index: int, /) -> str: ...
    @overload
    def __getitem__(self, index: slice, /) -> "Texts": ...
    def __getitem__(self, index: int | slice, /) -> "str | Texts":
        if isinstance(index, slice):
            start, stop, step = index.indices(len(self))
            if step == 1:
                return Texts.of_arrow(self.arrow(start, max(start, stop)))
            return self.take(np.arange(start, stop, step))
        row = range(len(self))[index]
        start, stop = self.offsets[row : row + 2].tolist()
        return bytes(self.data[start:stop]).decode()

    def __iter__(self) -> Iterator[str]:
        for start in range(0, len(self), _BLOCK):
            yield from self.arrow(start, start + _BLOCK).to_pylist()

    def tolist(self) -> list[str]:
        """Return the texts themselves, as an array would."""
        return list(self)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence) or isinstance(other, str):
            return NotImplemented
        if isinstance(other, Texts):
            return self.is_same_as(other)
        return len(self) == len(other) and all(
            own == others for own, others in zip(self, other, strict=True)
        )

    def __repr__(self) -> str:
        more = f", ... {len(self):,} in all" if len(self) > 3 else ""
        return f"Texts({', '.join(map(repr, self[:3]))}{more})"

    def is_same_as(self, other: "Texts") -> bool:
        """Say whether these are the same texts in the same order, by their bytes."""
        if len(self) != len(other):
            return False
        return all(
            (self.lengths(start, start + _BLOCK) == other.lengths(start, start + _BLOCK)).all()
            and (self.bytes(start, start + _BLOCK) == other.bytes(start, start + _BLOCK)).all()
            for start in range(0, len(self), _BLOCK)
        )

    def lengths(self, start: int, stop: int) -> npt.NDArray[np.int64]:
        """Return how many bytes each of these texts has."""
        return np.asarray(np.diff(self.offsets[start : stop + 1]))

    def bytes(self, start: int, stop: int) -> Array:
        """Return the bytes uint8 of these texts, one after the other."""
        offsets = self.offsets[start : stop + 1]
        return np.asarray(self.data[int(offsets[0]) : int(offsets[-1])])

    def arrow(self, start: int = 0, stop: int | None = None) -> Any:
        """Return texts as an Arrow array of large_string, not copied."""
        import pyarrow as pa

        stop = len(self) if stop is None else min(stop, len(self))
        offsets = np.asarray(self.offsets[start : stop + 1])
        if offsets[0]:
            offsets = offsets - offsets[0]
        data = self.bytes(start, stop)
        buffers = [None, pa.py_buffer(offsets), pa.py_buffer(data)]
        return pa.Array.from_buffers(pa.large_string(), stop - start, buffers)

    def release(self, start: int, stop: int) -> None:
        """Let go of what these texts were read from, where it is a large file."""
        offsets = self.offsets[start : stop + 1]
        for values, first, last in (
            (self.data, int(offsets[0]), int(offsets[-1])),
            (self.offsets, start, start + len(offsets) - 1),
        ):
            if (release := getattr(values, "release", None)) is not None:
                release(first, last)

    def take(self, rows: npt.NDArray[np.int64], /) -> "Texts":
        """Return the texts of these rows, in memory."""
        import pyarrow as pa

        wanted = np.ascontiguousarray(rows, dtype=np.int64)
        indices = pa.Array.from_buffers(pa.int64(), len(wanted), [None, pa.py_buffer(wanted)])
        return Texts.of_arrow(self.arrow().take(indices))


class TextsWriter:
    """Takes texts a block at a time, and gives them back as Texts.

    They are kept in memory while they are few or there is no folder, else in two files there.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._offsets: list[Array] = [np.zeros(1, dtype=np.int64)]
        self._data: list[bytes] = []
        self._n_rows = 0
        self._n_bytes = 0
        self._files: tuple[BinaryIO, BinaryIO] | None = None

    def __len__(self) -> int:
        return self._n_rows

    def add(self, texts: Sequence[str]) -> None:
        """Add a block of texts."""
        if isinstance(texts, Texts):
            lengths, data = texts.lengths(0, len(texts)), texts.bytes(0, len(texts)).tobytes()
        else:
            lengths, data = _encoded(texts)
        offsets = self._n_bytes + np.cumsum(lengths, dtype=np.int64)
        self._n_rows += len(texts)
        self._n_bytes += len(data)
        self._offsets.append(offsets)
        self._data.append(data)
        if self._folder is not None and self._n_bytes > _SPILL_ABOVE:
            self._write(self._folder)

    def texts(self) -> Texts:
        """Return all that was added; nothing can be added any more."""
        if self._files is None:
            data = np.frombuffer(b"".join(self._data), dtype=np.uint8)
            return Texts(np.concatenate(self._offsets), data)
        offsets, data_file = self._files
        offsets.close()
        data_file.close()
        return Texts(
            Mapped(Path(offsets.name), np.int64, (self._n_rows + 1,)),
            Mapped(Path(data_file.name), np.uint8, (self._n_bytes,)),
        )

    def _write(self, folder: Path) -> None:
        if self._files is None:
            self._files = (_new_file(folder, ".offsets"), _new_file(folder, ".utf8"))
        for array in self._offsets:
            self._files[0].write(array.tobytes())
        self._files[1].writelines(self._data)
        self._offsets, self._data = [], []


def _encoded(texts: Sequence[str]) -> tuple[Array, bytes]:
    joined = "".join(texts)
    if joined.isascii():  # a byte for each character
        return np.fromiter(map(len, texts), dtype=np.int64, count=len(texts)), joined.encode()
    encoded = [text.encode() for text in texts]
    lengths = np.fromiter(map(len, encoded), dtype=np.int64, count=len(texts))
    return lengths, b"".join(encoded)


def _new_file(folder: Path, ending: str) -> BinaryIO:
    """Open a new file for writing, of a name that nobody else has."""
    folder.mkdir(parents=True, exist_ok=True)
    return tempfile.NamedTemporaryFile(  # type: ignore[return-value]
        mode="wb", dir=folder, prefix="texts-", suffix=ending, delete=False
    )
