"""What a file held when it was read: so that a later command sees that it has changed."""

import hashlib
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path

from labelaudit.core.errors import InputError
from labelaudit.core.text import printable
from labelaudit.ingest.readers import find_images

FULL_HASH_BYTES = 100 * 1024 * 1024
_BLOCK = 1 << 16
_BLOCKS = 48


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fingerprint(
    path: Path, files: Sequence[Path] = (), whole: bool = False
) -> tuple[int, str | None, str]:
    """Return size in bytes, sha256 (None above 100 MB, of a folder and of parts), a fingerprint.

    `files` are the parts that a table or array is cut into. The fingerprint of much is a hash
    of the sizes and of 48 blocks spread over all of it: hashing 4 GB in full takes several
    times as long as auditing it. With `whole` it is hashed in full all the same.
    """
    try:
        if path.is_dir() and not files:
            return _folder(path)
        sizes = [file.stat().st_size for file in files or (path,)]
        if sum(sizes) > FULL_HASH_BYTES and not whole:
            return sum(sizes), None, _of_blocks(files or (path,), sizes)
        if files:
            digest = hashlib.sha256()
            for file in files:
                digest.update(f"{sha256(file)}\0".encode())
            return sum(sizes), None, f"parts:{digest.hexdigest()}"
        full = sha256(path)
        return sizes[0], full, f"sha256:{full}"
    except OSError as error:
        place = printable(error.filename or path)
        raise InputError(f"{place}: cannot be read: {error.strerror}") from None


def _of_blocks(files: Sequence[Path], sizes: Sequence[int]) -> str:
    digest = hashlib.sha256("\0".join(map(str, sizes)).encode())
    starts = list(accumulate(sizes, initial=0))
    for block in range(_BLOCKS):
        begin = max(starts[-1] - _BLOCK, 0) * block // (_BLOCKS - 1)
        part = bisect_right(starts, begin) - 1
        with files[part].open("rb") as file:
            file.seek(begin - starts[part])
            digest.update(file.read(_BLOCK))
    return f"blocks:{digest.hexdigest()}"


def _folder(root: Path) -> tuple[int, None, str]:
    """A folder is known by the paths and sizes of its images."""
    total = 0
    digest = hashlib.sha256()
    for image in find_images(root):
        size = (root / image.path).stat().st_size
        total += size
        digest.update(f"{image.id}\0{size}\0".encode())
    return total, None, f"names:{digest.hexdigest()}"
