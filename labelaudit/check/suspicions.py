"""The suspected labels of an audit, as a check points at them."""

import hashlib
from collections.abc import Mapping
from pathlib import PurePath, PurePosixPath

from labelaudit.check.verdict import STATES, Suspicion
from labelaudit.core.dataset import InputFile
from labelaudit.core.results import Audit

# Lines above the first row of data, by the ending of a text file that has a line for each row.
_LINES_ABOVE = {".csv": 2, ".tsv": 2, ".jsonl": 1, ".ndjson": 1}

# How the fingerprint of an input of several files begins, and of a folder of images.
_SEVERAL, _NAMES = "parts:", "names:"


def suspicions_of(audit: Audit, lines: Mapping[int, int] | None = None) -> tuple[Suspicion, ...]:
    """Return every finding of an audit, most suspicious first, all of them new.

    `lines` are the lines of the labels file by row, where the file was looked at. Without them
    a line is counted from the row: row + 2 in CSV and TSV, whose header is line 1, row + 1 in JSON
    Lines. That is wrong below a record of several lines or a blank line. Other formats have no
    lines. Of an image folder the path is that of the image; of labels in several files it is
    their folder, for an audit does not know which row is in which.
    """
    found = audit.findings
    if found is None:
        return ()
    files = [file for file in audit.inputs if file.role == "labels"]
    path = _path(files)
    above = lines_above(files)
    columns = (
        found.columns[name].tolist()
        for name in ("rank", "row", "id", "given_label", "suggested_label", "label_quality")
    )
    return tuple(
        Suspicion(
            rank=rank,
            row=row,
            id=str(name),
            given=given,
            suggested=suggested,
            quality=quality,
            path=_posix(str(name)) if path is None else path,
            line=lines.get(row) if lines is not None else above and row + above,
            state=STATES[0],
            fingerprint=fingerprint(str(name), given),
        )
        for rank, row, name, given, suggested, quality in zip(*columns, strict=True)
    )


def lines_above(files: list[InputFile]) -> int | None:
    """Return the line of row 0, where the labels lie in one text file with a row on each line."""
    if len(files) != 1 or _is_several(files[0]):
        return None
    return _LINES_ABOVE.get(PurePath(files[0].path).suffix.lower())


def _path(files: list[InputFile]) -> str | None:
    """Return the path of all suspects; None where each is an image, whose path is its id."""
    if not files:
        return "."
    if files[0].fingerprint.startswith(_NAMES):
        return None
    path = _posix(files[0].path)
    return (
        PurePosixPath(path.partition(", ")[0]).parent.as_posix() if _is_several(files[0]) else path
    )


def _is_several(file: InputFile) -> bool:
    """Say whether an input is several files: `train-*.csv`, or `train.csv, test.csv`."""
    return file.fingerprint.startswith(_SEVERAL) or "*" in file.path or ", " in file.path


def _posix(path: str) -> str:
    return path.replace("\\", "/")


def fingerprint(name: str, given: str) -> str:
    """Return 16 hex digits that stand for an id and its given label, whatever row or score.

    Each text is hashed behind its length in bytes, so that no two pairs run into one.
    """
    mark = hashlib.blake2b(digest_size=8)
    for text in (name, given):
        raw = text.encode("utf-8", "surrogatepass")
        mark.update(len(raw).to_bytes(8, "big") + raw)
    return mark.hexdigest()
