"""The lines of a CSV file as they are: its delimiter, its header, its records."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from labelaudit.core.text import listed
from labelaudit.ingest.readers.files import (
    MOST_LINE,
    fault,
    line_too_long,
    open_bytes,
    reading,
)

_DELIMITERS = ",;\t|"
_QUOTED = re.compile(r'"[^"]*(?:"|$)')
_CLOSE = re.compile(r'[^"]*(?:""[^"]*)*"')
_ESCAPED = '\\"'
ESCAPED = _ESCAPED.encode()
_END = "\0"  # follows the last line; no line holds one

csv.field_size_limit(MOST_LINE)  # the text of a document is longer than the module's 128 KiB


def find_delimiter(path: Path) -> str:
    """Return the delimiter that occurs in the header, outside of quotes.

    Of several, the one that cuts the next line into as many cells, then the one that cuts most.
    """
    order = sorted(_DELIMITERS, key="\t".__ne__) if ".tsv" in path.name.lower() else _DELIMITERS
    header = next((line for line in _lines(path) if line.strip("\r\n\0")), "")
    bare = _QUOTED.sub("", header)
    found = [delimiter for delimiter in order if delimiter in bare] or [order[0]]

    def fitness(delimiter: str) -> tuple[bool, int]:
        filled = (cells for _, cells in records(path, delimiter) if cells)
        widths = [len(cells) for cells in islice(filled, 2)]
        return len(set(widths)) == 1, widths[0]

    return found[0] if len(found) == 1 else max(found, key=fitness)


def escapes_quotes(path: Path, delimiter: str) -> bool:
    """Say whether a file with `\\"` in it means a quote by that, as Spark and others write it.

    It does where such a quote could otherwise not stand: in a cell that is not quoted, or before
    something else than the end of a cell. Else `"C:\\"` is a cell that ends in a backslash.
    """
    inside = False
    for line in _lines(path):
        at = 0
        while '"' in line and at <= len(line):
            if inside:
                close = _CLOSE.match(line, at)
                if close is None:
                    break  # the cell goes on in the next line
                inside, at = False, close.end()
                if line[at : at + 1] not in (delimiter, "\r", "\n", ""):
                    return line[at - 2 : at] == _ESCAPED
                at += 1
            elif line.startswith('"', at):
                inside, at = True, at + 1
            else:
                cell, _, _ = line[at:].partition(delimiter)
                if '"' in cell:
                    return cell[: cell.index('"') + 1].endswith(_ESCAPED)
                at += len(cell) + 1
    return inside


def read_header(path: Path, delimiter: str, escapes: bool = False) -> tuple[tuple[str, ...], int]:
    """Return the names of the columns and at which byte the rows begin."""
    found = records(path, delimiter, escapes)
    first, names = next((record for record in found if record[1]), (0, []))
    if not names:
        raise fault(path, "has no header; name the columns in its first line")
    if not all(map(is_utf8, names)):
        raise fault(path, "not UTF-8; save the file as UTF-8", where=f"line {first}")
    repeated = [name for name in dict.fromkeys(names) if names.count(name) > 1]
    if repeated:
        shown = listed([f"'{name}'" for name in repeated])
        raise fault(path, f"has several columns named {shown}; give each its own name")
    below = next(found, None)
    with reading(path, "CSV file"), _open_text(path, "utf-8") as text:
        header = islice(text, below[0] - 1 if below else None)
        return tuple(names), sum(len(line.encode("utf-8", "surrogateescape")) for line in header)


def records(path: Path, delimiter: str, escapes: bool = False) -> Iterator[tuple[int, list[str]]]:
    """Yield the first line and the cells of each record, header and empty lines included.

    `escapes` says that a backslash stands before a quote that is part of a cell.
    """
    escape = "\\" if escapes else None
    reader = csv.reader(_lines(path), delimiter=delimiter, escapechar=escape)
    first = 1
    unclosed = 'a quote (") opens here and is never closed; close it, or double it'
    try:
        for cells in reader:
            if cells == [_END]:
                return
            if cells and cells[-1].endswith(_END):
                raise fault(path, unclosed, where=f"line {first}")
            yield first, cells
            first = reader.line_num + 1
    except csv.Error:  # a cell is longer than any may be
        raise fault(path, unclosed, where=f"line {first}") from None


def _lines(path: Path) -> Iterator[str]:
    """Yield the lines of a file as they are, and then _END; bytes not UTF-8 are surrogates."""
    with reading(path, "CSV file"), _open_text(path, "utf-8-sig") as text:
        number = 0
        while line := text.readline(MOST_LINE + 1):
            number += 1
            if len(line) > MOST_LINE:
                raise line_too_long(path, number)
            if "\0" in line:
                problem = "a NUL byte, which no text holds; save the file as UTF-8 text"
                raise fault(path, problem, where=f"line {number}")
            yield line
    yield _END


def _open_text(path: Path, encoding: str) -> io.TextIOWrapper:
    return io.TextIOWrapper(
        open_bytes(path), encoding=encoding, errors="surrogateescape", newline=""
    )


def is_utf8(text: str) -> bool:
    return text.isascii() or not any("\udc80" <= character <= "\udcff" for character in text)
