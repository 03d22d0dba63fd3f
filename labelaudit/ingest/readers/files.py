"""What every reader needs: a file that can be opened, and faults worded in one way."""

from __future__ import annotations

import gzip
import stat
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from labelaudit.core.errors import InputError
from labelaudit.core.text import did_you_mean, printable


def fault(path: Path, problem: str, *, where: str = "", column: str | None = None) -> InputError:
    """Return the error that says on one line where something is wrong, what, and what to do."""
    place = printable(path)
    if where:
        place += f", {where}"
    if column is not None:
        place += f", column '{printable(column, 60)}'"
    return InputError(
        f"{place}: {problem}" if where or column is not None else f"{place} {problem}"
    )


# What unpacks to so much, and to so many times what it is, holds nothing but a trap.
BOMB_BYTES, BOMB_RATIO = 10**9, 200
# What is read of a text at once: no row is longer, but what is no text of lines is.
MOST_LINE = 1 << 25


def require_file(path: Path) -> None:
    """Refuse what is missing, a folder, a device, empty or not ours to read."""
    with reading(path, "file", ValueError):
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise IsADirectoryError
        if not stat.S_ISREG(status.st_mode):
            raise fault(path, "is a pipe or a device; save it as a file first")
        if status.st_size == 0:
            raise fault(path, "is empty (0 bytes); write it again")
        path.open("rb").close()


def require_columns(path: Path, names: Sequence[str], wanted: Sequence[str]) -> None:
    """Refuse a column that the file lacks."""
    known = frozenset(names)
    for column in wanted:
        if column not in known:
            hint = did_you_mean(column, names)
            raise fault(path, f"has no column '{printable(column, 60)}'{hint}")


def open_bytes(path: Path) -> BinaryIO:
    """Open a file for reading, unpacked if its name ends in `.gz`."""
    if path.suffix.lower() == ".gz":
        return cast(BinaryIO, gzip.open(path, "rb"))
    return path.open("rb")


def numbered_lines(
    path: Path, stream: BinaryIO, most: int = MOST_LINE
) -> Iterator[tuple[int, bytes]]:
    """Yield the number (from 1) and the bytes of each line, however long the file is."""
    number = 0
    while line := stream.readline(most + 1):
        number += 1
        if len(line) > most:
            raise line_too_long(path, number, most)
        yield number, line


def line_too_long(path: Path, number: int, most: int = MOST_LINE) -> InputError:
    problem = f"more than {most >> 20} MiB without an end of line; write one row a line"
    return fault(path, problem, where=f"line {number}")


@contextmanager
def reading(path: Path, kind: str, *damage: type[Exception]) -> Iterator[None]:
    """Word what the system, or a library that meets a damaged file, raises meanwhile.

    `kind` is what the file ought to be; `damage` what the library raises beside OSError.
    """
    expected: tuple[type[Exception], ...] = (OSError, *damage)
    try:
        yield
    except InputError:
        raise
    except FileNotFoundError as error:
        raise fault(path, "does not exist; check the path") from error
    except IsADirectoryError as error:
        raise fault(path, "is a folder; give a file") from error
    except PermissionError as error:
        raise fault(path, "cannot be read: permission denied; change its permissions") from error
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise fault(path, f"is cut short or damaged{_reason(error)}; write it again") from error
    except MemoryError as error:
        raise fault(
            path,
            f"claims, or needs, more memory than there is{_reason(error)}; if it is not damaged, "
            "write it in smaller pieces",
        ) from error
    except expected as error:
        raise fault(path, f"is not a readable {kind}{_reason(error)}; write it again") from error


def _reason(error: Exception) -> str:
    """Return the library's own first words in brackets, where it has any."""
    said = getattr(error, "strerror", None) or str(error)
    first_line = said.strip().partition("\n")[0].rstrip(" .:;")
    return f" ({printable(first_line, 120)})" if first_line else ""
