"""The lines of a text file, one at a time, however long the file is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from labelaudit.ingest.readers.files import (
    fault,
    numbered_lines,
    open_bytes,
    reading,
    require_file,
)

MOST_LINE = 1 << 24
_BOM = b"\xef\xbb\xbf"


def lines_of(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the number (from 1) and the text of each line that is not blank, stripped."""
    require_file(path)
    with reading(path, "text file"), open_bytes(path) as stream:
        for number, line in numbered_lines(path, stream, MOST_LINE):
            try:
                text = (line.removeprefix(_BOM) if number == 1 else line).decode().strip()
            except UnicodeDecodeError:
                raise fault(
                    path, "not UTF-8; save the file as UTF-8", where=f"line {number}"
                ) from None
            if text:
                yield number, text


def first_line(path: Path, comment: str | None = None) -> str:
    """Return the beginning of the first line that is not blank, nor a comment; or an empty text."""
    with open_bytes(path) as stream:
        head = stream.read(1 << 12).removeprefix(_BOM).decode(errors="replace")
    lines = (line.strip() for line in head.splitlines())
    return next((line for line in lines if line and not (comment and line[0] == comment)), "")
