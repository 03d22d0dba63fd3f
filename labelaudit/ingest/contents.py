"""What the rows are of, image files or texts, as numbers that are equal where the bytes are."""

import hashlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from labelaudit.core.dataset import Contents
from labelaudit.core.errors import InputError
from labelaudit.ingest.folder import Plan
from labelaudit.ingest.labels import Labels
from labelaudit.ingest.readers import TableFile

MOST_FILES = 100_000
MOST_BYTES = 1 << 30

Numbers = npt.NDArray[np.uint64]
Kept = npt.NDArray[np.int64] | None


def contents_of(
    parts: Plan, labels: Labels, kept: Kept, text_column: str | None
) -> Contents | None:
    """Return what compares the inputs of the kept rows (None: of all); nothing is read yet."""
    folder = parts.labels.path if parts.labels.is_images else None
    if folder is None and parts.images is not None:
        folder = parts.images.path
    if folder is not None and labels.ids is not None:
        ids, where, root = labels.ids.texts, folder, parts.root
        return Contents(
            kind="image files",
            marks=lambda: marks_of_files(where, ids if kept is None else ids.take(kept), root),
        )
    table = labels.table
    if table is None or text_column is None:
        return None
    return Contents(kind="texts", marks=lambda: _kept(marks_of_texts(table, text_column), kept))


def _kept(marks: Numbers, kept: Kept) -> Numbers:
    return marks if kept is None else marks[kept]


def marks_of_texts(table: TableFile, column: str) -> Numbers:
    """Return a 64-bit hash of the text of every row; rows without one are like no other."""
    if table.path.is_file() and table.path.stat().st_size > MOST_BYTES:
        raise InputError("texts of more than 1 GiB are not compared")
    marks: list[int] = []
    for block in table.texts(column):
        for text in block:
            known = text is not None and text.strip()
            content = text.encode("utf-8", "surrogatepass") if text and known else None
            marks.append(_mark(content if content is not None else _nothing(len(marks))))
    return np.array(marks, dtype=np.uint64)


def marks_of_files(folder: Path, names: Sequence[str], root: Path | None = None) -> Numbers:
    """Return a number for every file: a hash of its bytes where another is as long.

    A name stands for a file of the folder, with or without its ending; it may say the folder,
    too, as seen from `root`. A file that is not there is like no other.
    """
    if len(names) > MOST_FILES:
        raise InputError(f"more than {MOST_FILES:,} image files are not compared")
    found = list(_found(folder, names, root))
    if names and all(path is None for path, _ in found):
        raise InputError("no image file was found by its id, so none is compared")
    sizes: dict[int, int] = {}
    for _, size in found:
        sizes[size] = sizes.get(size, 0) + 1
    if sum(size * count for size, count in sizes.items() if count > 1 and size > 0) > MOST_BYTES:
        raise InputError("image files of more than 1 GiB are of equal sizes: not compared")
    marks = []
    for row, (path, size) in enumerate(found):
        content = _nothing(row)
        if path is not None and size > 0 and sizes[size] > 1:
            try:
                content = hashlib.sha256(path.read_bytes()).digest()
            except OSError:
                content = _nothing(row)
        marks.append(_mark(content))
    return np.array(marks, dtype=np.uint64)


def _found(
    folder: Path, names: Sequence[str], root: Path | None
) -> Iterator[tuple[Path | None, int]]:
    """Yield path and size of each file: none outside of the folder, none that is no file."""
    inside = os.path.realpath(folder)
    above = os.path.realpath(root) if root is not None else inside
    by_stem: dict[str, str] = {}
    try:
        with os.scandir(folder) as entries:
            by_stem = {Path(entry.name).stem: entry.name for entry in entries}
    except OSError:
        pass
    for name in names:
        path = None
        for base, own in ((inside, name), (above, name), (inside, by_stem.get(name))):
            try:
                tried = Path(os.path.realpath(os.path.join(base, own))) if own else None
                if tried is not None and tried.is_relative_to(inside) and tried.is_file():
                    path = tried
                    break
            except (OSError, ValueError):  # a name that no file can have
                continue
        yield path, path.stat().st_size if path is not None else -1


def _nothing(row: int) -> bytes:
    return b"no content, row %d" % row


def _mark(content: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(content, digest_size=8).digest(), "little")
