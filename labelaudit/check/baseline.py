"""A baseline: the suspects that somebody accepted, and the rows as they were then.

A suspect is known again by a fingerprint of its id and given label, never by its row or score,
so a dataset may be shuffled or extended. Thresholds are of all rows: wrong labels that come in
make rows suspects that nobody touched. So a suspect is *new* only on a row that was added or
relabelled since, for which the baseline holds 64 bits of every row; the others have *moved*.
"""

import base64
import binascii
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from labelaudit.check.suspicions import Inputs, fingerprint
from labelaudit.check.verdict import Matched, Suspicion
from labelaudit.core.errors import InputError, NothingJudged
from labelaudit.core.folder import SCORES_FOLDER, read_scores, write_text
from labelaudit.core.results import Audit
from labelaudit.core.text import printable

FILE = "labelaudit-baseline.json"
SCHEMA_VERSION = 1
_MOST_BYTES = 2**30
_LINE = 76  # characters, so that a change is a change of few lines to git
_NOTES = ("reviewer", "date", "reason", "expires")

RESTS_ON = {
    "ids": "rows are known by id and label",
    "inputs": "rows have no ids and are known by their input and label: equal inputs count as one, "
    "and one that is changed looks new",
    "rows": "rows have no ids and are known by row number and label: one that is put in or taken "
    "out makes those after it look new",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Baseline:
    """Accepted suspects by fingerprint, and the fingerprints uint64 of all rows, ascending.

    `accepted` has id, given and suggested of each, and what people wrote beside: reviewer, date,
    reason, expires.
    """

    rests_on: str  # ids | inputs | rows
    rows: npt.NDArray[np.uint64]
    accepted: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def baseline_of(
    audit: Audit, before: Baseline | None = None, inputs: Inputs | None = None
) -> Baseline:
    """Return the baseline that accepts every suspect of an audit; notes of one before stay.

    Raises
    ------
    NothingJudged : no label was checked, so there is nothing to accept.
    """
    if audit.findings is None:
        raise NothingJudged("no label was checked: there is nothing to write a baseline of")
    notes = before.accepted if before is not None else {}
    accepted = {}
    numbers = audit.findings.columns["row"].tolist()
    names = inputs.names(numbers) if inputs is not None else audit.findings.columns["id"].tolist()
    for finding, name in zip(audit.findings, names, strict=True):
        own = fingerprint(name, finding.given_label)
        kept = {name: note for name, note in notes.get(own, {}).items() if name in _NOTES}
        accepted[own] = {
            "id": finding.id,
            "given": finding.given_label,
            "suggested": finding.suggested_label,
        } | kept
    rows, by_id = _rows(audit, inputs)
    rests_on = "inputs" if inputs is not None else "ids" if by_id else "rows"
    return Baseline(rests_on=rests_on, rows=rows, accepted=accepted)


def _rows(audit: Audit, inputs: Inputs | None) -> tuple[npt.NDArray[np.uint64], bool]:
    """Return the fingerprints of all rows, ascending, and whether rows have ids of their own."""
    columns = audit.scores
    if columns is None:
        if audit.folder is None:
            raise NothingJudged("the audit has no scores: audit again")
        columns = read_scores(audit.folder / SCORES_FOLDER)
    found = np.empty(len(columns["row"]), dtype=np.uint64)
    by_id = False
    for at, (row, id, label) in enumerate(_told(columns, inputs)):
        found[at] = int(fingerprint(id, label), 16)
        by_id = by_id or id != str(row)
    return np.sort(found), by_id


def _told(
    columns: Mapping[str, Any], inputs: Inputs | None, block: int = 1 << 16
) -> Iterator[tuple[int, str, str]]:
    for start in range(0, len(columns["row"]), block):
        some = slice(start, start + block)
        rows, ids, labels = (columns[name][some].tolist() for name in ("row", "id", "given_label"))
        yield from zip(rows, ids if inputs is None else inputs.names(rows), labels, strict=True)


def matched(
    suspicions: Iterable[Suspicion], baseline: Baseline, path: str, today: date
) -> tuple[tuple[Suspicion, ...], Matched]:
    """Return the suspects that are new or have moved, and how all compare with a baseline.

    An entry that has expired by `today` accepts nothing any more. Equal rows count as one.
    """
    told: list[Suspicion] = []
    found: set[str] = set()
    n_known = n_expired = 0
    for one in suspicions:
        found.add(one.fingerprint)
        entry = baseline.accepted.get(one.fingerprint)
        expired = entry is not None and _has_expired(entry, today)
        if entry is not None and not expired:
            n_known += 1
            continue
        n_expired += expired
        was_there = not expired and _holds(baseline.rows, one.fingerprint)
        told.append(replace(one, state="moved" if was_there else "new"))
    return tuple(told), Matched(
        path=path,
        n_new=sum(one.state == "new" for one in told),
        n_moved=sum(one.state == "moved" for one in told),
        n_known=n_known,
        n_expired=n_expired,
        stale=tuple(own for own in baseline.accepted if own not in found),
        rests_on=RESTS_ON[baseline.rests_on],
    )


def _holds(rows: npt.NDArray[np.uint64], own: str) -> bool:
    wanted = np.uint64(int(own, 16))
    at = int(np.searchsorted(rows, wanted))
    return at < len(rows) and bool(rows[at] == wanted)


def _has_expired(entry: Mapping[str, str], today: date) -> bool:
    return "expires" in entry and date.fromisoformat(entry["expires"]) < today


def without(baseline: Baseline, stale: Sequence[str]) -> Baseline:
    """Return a baseline without some of its entries."""
    gone = set(stale)
    kept = {own: entry for own, entry in baseline.accepted.items() if own not in gone}
    return replace(baseline, accepted=kept)


def write(baseline: Baseline, path: Path) -> None:
    """Write a baseline, whole or not at all: sorted, the same bytes for the same content."""
    packed = base64.b64encode(baseline.rows.astype("<u8").tobytes()).decode("ascii")
    document = {
        "tool": "labelaudit",
        "schema_version": SCHEMA_VERSION,
        "rests_on": baseline.rests_on,
        "accepted": [
            {"fingerprint": own} | dict(entry) for own, entry in sorted(baseline.accepted.items())
        ],
        "rows": [packed[at : at + _LINE] for at in range(0, len(packed), _LINE)],
    }
    # ASCII, so that half of a character (a lone surrogate) does no harm.
    write_text(path, json.dumps(document, indent=1) + "\n")


def read(path: Path) -> Baseline:
    """Read what `write` wrote, and people may have edited.

    Raises
    ------
    InputError : one line that says what is wrong with the file.
    """
    shown = printable(path, 200)
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise InputError(f"{shown}: is larger than 1 GiB; is it a baseline?")
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{shown}: is not there; make it with --write-baseline") from None
    except OSError as error:
        raise InputError(f"{shown}: cannot be read ({error.strerror})") from None
    except (ValueError, RecursionError):
        raise InputError(f"{shown}: is not JSON; write it again with --write-baseline") from None
    if not isinstance(document, dict) or document.get("tool") != "labelaudit":
        raise InputError(f"{shown}: is no baseline of labelaudit; make one with --write-baseline")
    if document.get("schema_version") != SCHEMA_VERSION:
        raise InputError(f"{shown}: is of another version of labelaudit; write it again")
    try:
        accepted = dict(_entry(entry, shown) for entry in document["accepted"])
        packed = base64.b64decode("".join(document["rows"]), validate=True)
        rows = np.sort(np.frombuffer(packed, dtype="<u8").astype(np.uint64))
        rests_on = document["rests_on"]
        if rests_on not in RESTS_ON:
            raise ValueError(rests_on)
    except (LookupError, TypeError, ValueError, binascii.Error):
        raise InputError(
            f"{shown}: is not as labelaudit writes it; write it again with --write-baseline"
        ) from None
    return Baseline(rests_on=rests_on, rows=rows, accepted=accepted)


def _entry(entry: Any, shown: str) -> tuple[str, dict[str, str]]:
    own = {name: value for name, value in entry.items() if name != "fingerprint"}
    fingerprint = entry["fingerprint"]
    int(fingerprint, 16)
    for name, value in own.items():
        if not isinstance(value, str):
            raise InputError(
                f"{shown}: {printable(name, 40)} of {printable(fingerprint, 20)} is no text; "
                "write it between quotation marks"
            )
    if "expires" in own:
        try:
            date.fromisoformat(own["expires"])
        except ValueError:
            raise InputError(
                f"{shown}: expires of {printable(fingerprint, 20)} is "
                f"{printable(own['expires'], 40)}; write a day as 2026-12-31"
            ) from None
    return fingerprint, own
