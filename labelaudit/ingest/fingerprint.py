"""What a file held when it was read: so that a later command sees that it has changed."""

import hashlib
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


def fingerprint(path: Path) -> tuple[int, str | None, str]:
    """Return size in bytes, sha256 (None above 100 MB or for a folder), and a fingerprint.

    The fingerprint of a large file is a hash of its size and of 48 blocks spread over it:
    hashing 4 GB in full takes several times as long as auditing it.
    """
    try:
        if path.is_dir():
            return _folder(path)
        size = path.stat().st_size
        if size <= FULL_HASH_BYTES:
            full = sha256(path)
            return size, full, f"sha256:{full}"
        digest = hashlib.sha256(str(size).encode())
        with path.open("rb") as file:
            for block in range(_BLOCKS):
                file.seek((size - _BLOCK) * block // (_BLOCKS - 1))
                digest.update(file.read(_BLOCK))
        return size, None, f"blocks:{digest.hexdigest()}"
    except OSError as error:
        raise InputError(f"{printable(path)}: cannot be read: {error.strerror}") from None


def _folder(root: Path) -> tuple[int, None, str]:
    """A folder is known by the paths and sizes of its images."""
    total = 0
    digest = hashlib.sha256()
    for image in find_images(root):
        size = (root / image.path).stat().st_size
        total += size
        digest.update(f"{image.id}\0{size}\0".encode())
    return total, None, f"names:{digest.hexdigest()}"
