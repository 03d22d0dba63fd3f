"""Exports of annotation tools: which file of a folder is one, and labels made of its votes."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from labelaudit.core.errors import ConfigError, InputError
from labelaudit.core.text import listed, printable
from labelaudit.ingest.convention import Choices, Part
from labelaudit.ingest.labelled import Labels
from labelaudit.ingest.readers.document import BOM, is_lines
from labelaudit.ingest.readers.files import open_bytes
from labelaudit.ingest.votes import Election

_HEAD = 1 << 20  # the first object of a document is looked for in so many bytes
_BLOCK = 1 << 22
# Where tools put the file of annotations, beside that of images.
_INSIDE = "annotations"


def find_export(
    path: Path, layout: str, tool: str, endings: tuple[str, ...], fits: Callable[[Path], bool]
) -> Part | None:
    """Return the one file of a folder, or the file itself, that `fits`; several are refused.

    A folder is asked for files with one of the `endings`, also in its folder `annotations`.
    """
    found = [file for file in _files(path, endings) if _fits(file, fits)]
    if not found:
        return None
    if len(found) > 1:
        names = listed(file.relative_to(path).as_posix() for file in found)
        raise InputError(
            f"{printable(path)}: several files could be the labels ({tool}): {names}; "
            "choose one with --labels"
        )
    return Part(path=found[0], how=f"{tool}, known by its structure", layout=layout)


def require_no_column(choices: Choices, tool: str) -> None:
    """Refuse a choice of a column where there are none."""
    if choices.label_column is not None:
        raise ConfigError(f"--label-column: goes with a table; {tool} has no columns")


def labels_of(
    election: Election, part: Part, shown: str, what: str, *, ids_are: str, **more: Any
) -> Labels:
    """Return the outcome of votes as labels; `what` says which of the file's answers they are."""
    ids = ids_are if election.ids is not None else "row numbers"
    voted = f"; {election.how}" if election.how else ""
    return Labels(
        texts=election.texts,
        ids=election.ids,
        how=f"{printable(shown)} ({part.how}), {what}, ids: {ids}{voted}",
        votes=election.ballots,
        **more,
    )


def labels_of_votes(
    election: Election, part: Part, file: str, column: str, id_column: str
) -> Labels:
    """Return the outcome of a long table, a row for each vote, as labels of its items."""
    what = f"a row for each vote, column `{printable(column, 60)}`"
    return labels_of(
        election, part, file, what, ids_are=f"column `{printable(id_column, 60)}`", format="votes"
    )


def first_object(path: Path) -> dict[str, Any] | None:
    """Return the first object of a list of objects, or of JSON Lines; None where there is none."""
    with open_bytes(path) as stream:
        raw = stream.read(_HEAD).removeprefix(BOM)
    head = raw.decode(errors="replace").lstrip()
    if not is_lines(path):
        if not head.startswith("["):
            return None
        head = head[1:].lstrip()
    try:
        value, _ = json.JSONDecoder().raw_decode(head)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def mentions(path: Path, *wanted: bytes) -> bool:
    """Say whether a file is a JSON object that mentions all of these anywhere."""
    missing = set(wanted)
    overlap = max(map(len, wanted))
    with open_bytes(path) as stream:
        block = stream.read(_BLOCK)
        if not block.removeprefix(BOM).lstrip().startswith(b"{"):
            return False
        while missing and block:
            missing = {each for each in missing if each not in block}
            more = stream.read(_BLOCK)
            block = block[-overlap:] + more if more else b""
    return not missing


def _fits(file: Path, fits: Callable[[Path], bool]) -> bool:
    try:
        return fits(file)
    except (OSError, EOFError, InputError):  # damaged or not ours: who reads it will say so
        return False


def _files(path: Path, endings: tuple[str, ...]) -> list[Path]:
    if not path.is_dir():
        return [path] if path.is_file() and _ends(path.name, endings) else []
    found = []
    for folder in (path, path / _INSIDE):
        if not folder.is_dir():
            continue
        with os.scandir(folder) as entries:
            for entry in entries:
                hidden = entry.name.startswith((".", "_"))
                if not hidden and _ends(entry.name, endings) and (folder / entry.name).is_file():
                    found.append(folder / entry.name)
    return sorted(found)


def _ends(name: str, endings: tuple[str, ...]) -> bool:
    return name.lower().removesuffix(".gz").endswith(endings)
