"""What can be fetched: files by their name below a URL, and which of them ingest could read."""

import os
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from labelaudit.core.text import listed
from labelaudit.ingest.readers import is_array, is_json, is_table
from labelaudit.ingest.readers.images import is_image

BLOCK_BYTES = 1 << 20
# Of tools whose exports are known by their structure (`ingest.layouts`), `classes.txt`, and trees
# of classes.
_EXPORTS = re.compile(r"\.(txt|xml|train|valid|test|ft|svm|svmlight|libsvm|dat|scale|ya?ml)\Z")
# What leads to another folder, or what no file here can have in its name.
_NOT_IN_A_NAME = re.compile(r"[\x00-\x1f\x7f\\]" if os.name != "nt" else r'[\x00-\x1f\\:*?"<>|]')
_LONGEST_NAME = 255  # bytes

# A file being read: its size in bytes, where that is known, and its blocks.
Opened = tuple[int | None, Iterator[bytes]]


@dataclass(frozen=True, kw_only=True, slots=True)
class RemoteFile:
    """A file at a URL: its name below it ('' for the URL itself), what it is called in messages.

    `opened()` raises an InputError where it cannot be read, and so do its blocks.
    """

    name: str
    url: str
    size: int | None
    opened: Callable[[], AbstractContextManager[Opened]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """What lies at a URL: one file, or a folder of `files`; `left_out` is not fetched."""

    files: Sequence[RemoteFile]
    is_folder: bool
    left_out: Sequence[str] = ()

    @property
    def size(self) -> int | None:
        """Bytes of all files; None where some are not known before they are fetched."""
        sizes = [file.size for file in self.files]
        return None if None in sizes else sum(size for size in sizes if size is not None)


def is_readable(name: str) -> bool:
    """Say whether ingest could read a file, by the end of its name."""
    if not name:
        return False
    path = Path(name)
    known = is_table(path) or is_array(path) or is_json(path) or is_image(name)
    return known or _EXPORTS.search(name.lower()) is not None


def is_safe(name: str) -> bool:
    """Say whether the parts of a name can be those of a path that stays in its folder."""
    return all(
        part not in ("", ".", "..")
        and _NOT_IN_A_NAME.search(part) is None
        and len(part.encode("utf-8", "replace")) <= _LONGEST_NAME
        for part in name.split("/")
    )


def is_wanted(name: str, named: Collection[str]) -> bool:
    """Say whether a file of a folder is fetched: one that the user named, or that can be read.

    None whose name is hidden or leads out of its folder.
    """
    hidden = any(part.startswith(".") for part in name.split("/"))
    return not hidden and is_safe(name) and (name in named or is_readable(name))


def said_left_out(names: Sequence[str]) -> str:
    """Return the words of a notice on what was not fetched, or an empty string."""
    if not names:
        return ""
    return f"; {len(names):,} not fetched, as not read or of no safe name: {listed(names, most=5)}"
