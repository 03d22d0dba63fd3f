"""The suspected labels of an audit, as a check points at them."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath, PurePosixPath
from typing import Any

import numpy as np
import numpy.typing as npt

from labelaudit.check.verdict import STATES, Suspicion
from labelaudit.core.dataset import InputFile
from labelaudit.core.results import Audit

# Lines above the first row of data, by the ending of a text file that has a line for each row.
_LINES_ABOVE = {".csv": 2, ".tsv": 2, ".jsonl": 1, ".ndjson": 1}

# How the fingerprint of an input of several files begins, and of a folder of images.
_SEVERAL, _NAMES = "parts:", "names:"


@dataclass(frozen=True, kw_only=True, slots=True)
class Inputs:
    """What rows without ids are known by: `marks` uint64[N], a hash of the input of each row.

    `rows` int64[N] are their numbers, ascending; `kind` says what was hashed: texts, embeddings.
    """

    kind: str
    rows: npt.NDArray[np.int64]
    marks: npt.NDArray[np.uint64]

    def names(self, rows: Sequence[Any]) -> list[str]:
        """Return what stands for an id of these rows."""
        wanted = np.asarray(rows, dtype=np.int64)
        return [f"input {mark:016x}" for mark in self.marks[np.searchsorted(self.rows, wanted)]]


def has_ids(audit: Audit) -> bool:
    """Say whether the rows of an audit have ids, and are not known by their number alone."""
    found = audit.findings
    if found is None:
        return True
    rows, names = (found.columns[name][:1000].tolist() for name in ("row", "id"))
    return any(name != str(row) for row, name in zip(rows, names, strict=True)) or not rows


def suspicions_of(
    audit: Audit, lines: Mapping[int, int] | None = None, inputs: Inputs | None = None
) -> tuple[Suspicion, ...]:
    """Return every finding of an audit, most suspicious first, all of them new.

    `lines` are the lines of the labels file by row, where the file was looked at. Without them
    a line is counted from the row: row + 2 in CSV and TSV, whose header is line 1, row + 1 in JSON
    Lines. That is wrong below a record of several lines or a blank line. Other formats have no
    lines. Of an image folder the path is that of the image; of labels in several files it is
    their folder, for an audit does not know which row is in which. `inputs` are what fingerprints
    are of where rows have no ids; without them they are of the row number.
    """
    found = audit.findings
    if found is None:
        return ()
    files = [file for file in audit.inputs if file.role == "labels"]
    path = _path(files)
    above = lines_above(files)
    told = (
        found.columns[name].tolist()
        for name in ("rank", "row", "id", "given_label", "suggested_label", "label_quality")
    )
    columns = list(told)
    known_by = inputs.names(columns[1]) if inputs is not None else list(map(str, columns[2]))
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
            fingerprint=fingerprint(known, given),
        )
        for known, rank, row, name, given, suggested, quality in zip(
            known_by, *columns, strict=True
        )
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
