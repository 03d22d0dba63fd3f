"""The names of rows, as a file gives them: none missing, none twice."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from labelaudit.core.errors import InputError
from labelaudit.core.texts import Texts, TextsWriter
from labelaudit.ingest.contract.ids import ids_missing, ids_repeated
from labelaudit.ingest.matching import Ids, first_repeat, ids_of
from labelaudit.ingest.readers import TableFile
from labelaudit.ingest.readers.sharded import ShardedTable

_BLOCK = 1 << 16


def place_of(table: TableFile, file: str, row: int) -> str:
    """Say in which file a row stands, and where."""
    where = table.where(row)
    return where if isinstance(table, ShardedTable) else f"{file}, {where}"


def read_ids(
    table: TableFile, column: str, file: str, scratch: Path | None = None, repeats: bool = False
) -> Ids:
    """Return the ids of a table: none missing, and without `repeats` none twice."""
    written = TextsWriter(scratch)
    blank = None
    for block in table.texts(column):
        names = [name for name in block if name is not None]
        if len(names) < len(block) or not all(map(str.strip, names)):
            at = next(i for i, name in enumerate(block) if name is None or not name.strip())
            blank = len(written) + at
            written.add(names[:at])
            break
        written.add(names)
    if repeats:
        ids = ids_of(written.texts(), scratch)
    else:
        texts = written.texts()
        ids = _unique(texts, lambda row: place_of(table, file, row), table.where, scratch)
    if blank is not None:
        raise ids_missing(place_of(table, file, blank), column)
    return ids


def unique_ids(names: Sequence[str], file: str, scratch: Path | None = None) -> Ids:
    """Return ids of an array: none twice."""
    blocks = (names[start : start + _BLOCK] for start in range(0, len(names), _BLOCK))
    return _unique(
        texts_in(blocks, file, scratch),
        lambda row: f"{file}, row {row} (from 0)",
        lambda row: f"row {row}",
        scratch,
    )


def texts_in(blocks: Iterable[Sequence[str]], file: str, scratch: Path | None = None) -> Texts:
    """Return blocks of texts as one."""
    written = TextsWriter(scratch)
    try:
        for block in blocks:
            written.add(block)
    except UnicodeEncodeError:
        raise InputError(
            rf"{file}: an id holds half of a surrogate pair (\ud800 to \udfff), which is no text"
        ) from None
    return written.texts()


def _unique(
    texts: Texts,
    place: Callable[[int], str],
    where: Callable[[int], str],
    scratch: Path | None,
) -> Ids:
    ids = ids_of(texts, scratch)
    repeat = first_repeat(ids)
    if repeat is not None:
        row, first = repeat
        raise ids_repeated(place(row), texts[row], where(first))
    return ids
