"""Suspects as a check names them: where they stand in which file, and what they are known by."""

from collections.abc import Iterable
from hashlib import blake2b
from pathlib import PurePath

from labelaudit.check.verdict import Suspicion
from labelaudit.core.results import Audit

# A record with line breaks within it moves the lines that follow; the row never moves.
_FIRST_LINE = {".csv": 2, ".tsv": 2, ".jsonl": 1, ".ndjson": 1}


def suspicions_of(audit: Audit, folder: str = "") -> Iterable[Suspicion]:
    """Return every flagged row, most suspicious first, each as pointed at in its file.

    `folder` is that of the dataset, relative to where results are read, a repository say.
    """
    path = (PurePath(folder) / _labels_file(audit)).as_posix()
    first = _FIRST_LINE.get(PurePath(path).suffix.lower())
    for finding in audit.findings or ():
        yield Suspicion(
            rank=finding.rank,
            row=finding.row,
            id=finding.id,
            given=finding.given_label,
            suggested=finding.suggested_label,
            quality=finding.label_quality,
            path=path,
            line=finding.row + first if first is not None else None,
            state="new",
            fingerprint=fingerprint(finding.id, finding.given_label),
        )


def fingerprint(id: str, given: str) -> str:
    """Return 16 hex digits of an id and its label, the same on every machine."""
    parts = (id.encode("utf-8", "surrogatepass"), given.encode("utf-8", "surrogatepass"))
    digest = blake2b(digest_size=8)
    for part in parts:  # with its length, so that no two pairs run together
        digest.update(len(part).to_bytes(8, "little") + part)
    return digest.hexdigest()


def _labels_file(audit: Audit) -> str:
    """Return the name of the file of labels, relative to the dataset; the dataset's own else."""
    for file in audit.inputs:
        if file.role == "labels":
            return PurePath(file.path).as_posix().lstrip("/") or audit.dataset.name
    return audit.dataset.name
