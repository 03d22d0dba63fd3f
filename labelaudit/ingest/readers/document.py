"""A JSON document that is read as a whole, and so only up to a size."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from labelaudit.core.errors import InputError
from labelaudit.core.text import printable
from labelaudit.ingest.readers.files import (
    fault,
    numbered_lines,
    open_bytes,
    reading,
    require_file,
)

# Of a document of this size Python makes some gigabytes of objects.
MOST_BYTES = 1 << 28
# JSON packs to a tenth or so: what packs much better is no export.
_MOST_RATIO, _FEW_BYTES = 100, 1 << 25
BOM = b"\xef\xbb\xbf"


def read_document(path: Path) -> Any:
    """Return what a JSON document holds, or say what is wrong with it."""
    require_file(path)
    with reading(path, "JSON document"), open_bytes(path) as stream:
        packed = path.stat().st_size
        most = MOST_BYTES
        if path.suffix.lower() == ".gz":
            most = min(most, max(_FEW_BYTES, _MOST_RATIO * packed))
        raw = stream.read(most + 1)
    if most < len(raw) <= MOST_BYTES:
        raise fault(
            path,
            f"would unpack from {packed:,} to more than {most:,} bytes, which is not done; "
            "give it without packing it",
        )
    if len(raw) > MOST_BYTES:
        raise fault(
            path,
            f"is more than {MOST_BYTES >> 20} MiB of JSON in one document, which is read as a "
            "whole; export it as JSON Lines or CSV, or in parts",
        )
    return parsed(raw.removeprefix(BOM), path)


def read_records(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield where each object of a list of objects stands, and the object.

    A file named `.jsonl` or `.ndjson`, also packed, has one a line, and is never held as a whole.
    """
    if is_lines(path):
        require_file(path)
        with reading(path, "JSON Lines file"), open_bytes(path) as stream:
            for number, line in numbered_lines(path, stream):
                bare = (line.removeprefix(BOM) if number == 1 else line).strip()
                if bare:
                    where = f"line {number}"
                    yield where, as_object(parsed(bare, path, where), path, where)
        return
    document = read_document(path)
    if not isinstance(document, list):
        raise fault(path, "is not a list of objects; export the list of all of them")
    for number, record in enumerate(document, 1):
        yield f"object {number}", as_object(record, path, f"object {number}")


def is_lines(path: Path) -> bool:
    """Say whether a file has one JSON object a line, by its name."""
    return path.name.lower().removesuffix(".gz").endswith((".jsonl", ".ndjson"))


def parsed(raw: bytes, path: Path, where: str = "") -> Any:
    """Return what a JSON text holds; `where` is its place in the file."""

    def refuse(problem: str) -> InputError:
        return fault(path, problem if where else f"is {problem}", where=where)

    try:
        return json.loads(raw.decode())
    except UnicodeDecodeError:
        raise refuse("not UTF-8; save the file as UTF-8") from None
    except MemoryError:
        raise refuse("more than memory holds; export it as JSON Lines, or in parts") from None
    except RecursionError:
        raise refuse("nested too deeply for what is expected here; export it again") from None
    except ValueError as error:
        reason = printable(error, 100)
        raise refuse(f"not JSON ({reason}); export it again") from None


def as_object(value: Any, path: Path, where: str) -> dict[str, Any]:
    """Return a value that must be a JSON object."""
    if not isinstance(value, dict):
        raise fault(path, f"not an object but {shown(value)}", where=where)
    return value


def shown(value: object) -> str:
    """Return a JSON value as a few harmless words; a long one is not written out."""
    match value:
        case dict():
            return "an object"
        case list():
            return f"a list of {len(value):,}"
        case str():
            return repr(printable(value, 40))
        case int() if not isinstance(value, bool) and abs(value) >= 10**20:
            return "a huge number"
        case _:
            return printable(json.dumps(value), 40)
