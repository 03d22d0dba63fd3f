"""Argilla: exported records, as a JSON list or as JSON Lines.

Sources: docs.v1.argilla.io/en/v1.21.0 ("Export a dataset": records with `annotation`, feedback
records with a list of responses for each question, as `FeedbackDataset.format_as` writes them)
and docs.argilla.io/v2.1/how_to_guides/import_export with `GenericIO` and `Record.to_dict` of
Argilla 2 (`responses` by question, without their status, or columns `<question>.responses`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any

from labelaudit.core.text import did_you_mean, listed, printable
from labelaudit.ingest.columns import columns_of_records
from labelaudit.ingest.convention import Choices, Part, Plan
from labelaudit.ingest.exports import find_export, first_object, labels_of
from labelaudit.ingest.labelled import Labels
from labelaudit.ingest.readers.cells import CellError, cell_text
from labelaudit.ingest.readers.document import is_lines, read_records, shown
from labelaudit.ingest.readers.files import fault
from labelaudit.ingest.votes import BallotBox, Election

Record = tuple[str, dict[str, Any]]
_ANNOTATION = "annotation"  # what stands for the question where there is but one
_COLUMNS = ".responses"
_AGENTS = {"annotation_agent", "prediction_agent"}
# A discarded response is no answer, a draft not yet one.
_ANSWERED = (None, "submitted")


def find(path: Path) -> Part | None:
    """Return the export that a folder holds or a file is, if any."""
    endings = (".json", ".jsonl", ".ndjson")
    return find_export(path, "argilla", "Argilla export", endings, _is_export)


def read(part: Part, plan: Plan, choices: Choices, scratch: Path | None) -> Labels:
    """Read an export of any version; the ids are those of the records."""
    path = part.path
    held = None if is_lines(path) else list(read_records(path))  # lines are read twice instead
    election, question, n_unsaid = read_responses(
        path, lambda: held or read_records(path), choices.label_column, scratch
    )
    notice = (
        f"{n_unsaid:,} responses do not say whether they were submitted: drafts and discarded "
        "ones count, too; Argilla 2 writes that only with `to_list(flatten=True)` or `to_datasets`"
    )
    return labels_of(
        election,
        part,
        plan.shown(part),
        f"responses to `{printable(question, 60)}`",
        ids_are="of records",
        format="argilla",
        notices=(notice,) if n_unsaid else (),
        columns=columns_of_records(
            path,
            lambda: map(_flat, held or read_records(path)),
            bool(choices.slices),
            roles={"id": "ids", question: "labels"},
        ),
    )


def _flat(placed: Record) -> Record:
    """Return a record whose metadata stand beside what else it says, and before that."""
    where, record = placed
    metadata = record.get("metadata")
    return where, record | (metadata if isinstance(metadata, dict) else {})


def _is_export(path: Path) -> bool:
    first = first_object(path)
    return first is not None and is_record(first)


def is_record(record: dict[str, Any]) -> bool:
    """Say whether an object is a record of Argilla, of any version."""
    if _ANNOTATION in record and record.keys() >= _AGENTS:
        return True
    if isinstance(record.get("responses"), dict):
        return isinstance(record.get("fields"), dict)
    return any(
        _is_question(key, value) or (isinstance(value, list) and f"{key}-suggestion" in record)
        for key, value in record.items()
    )


def read_responses(
    path: Path,
    records: Callable[[], Iterable[Record]],
    column: str | None,
    scratch: Path | None = None,
) -> tuple[Election, str, int]:
    """Return the responses of all records to one question, its name, and how many have no status.

    Suggestions and predictions are no votes; a record without an `id` is known by its number,
    and then all are. `records` is asked for them twice.
    """
    question, named = _question(path, records(), column)
    box = BallotBox(printable(path.name), "record", scratch)
    n_unsaid = 0
    for where, record in records():
        row = box.item(_name(record) if named else None)
        if record.get("status") in ("Discarded", "discarded"):
            continue
        for value, who, is_said in _responses(path, where, record, question):
            box.vote(row, _label(path, where, value), who)
            n_unsaid += not is_said
    return box.count(), question, n_unsaid


def _is_question(key: str, value: object) -> bool:
    """Say whether a column of a record holds the responses to a question."""
    if key.endswith(_COLUMNS):
        return value is None or isinstance(value, list)
    return isinstance(value, list) and bool(value) and all(map(_is_response, value))


def _is_response(value: object) -> bool:
    return isinstance(value, dict) and {"value", "user_id"} <= value.keys()


def _questions(record: dict[str, Any]) -> Iterator[str]:
    if _ANNOTATION in record and record.keys() >= _AGENTS:
        yield _ANNOTATION
    responses = record.get("responses")
    if isinstance(responses, dict):
        yield from responses
    for key, value in record.items():
        if _is_question(key, value):
            yield key.removesuffix(_COLUMNS)


def _question(path: Path, records: Iterable[Record], column: str | None) -> tuple[str, bool]:
    """Return the one question, and whether every record has an id."""
    found: dict[str, None] = {}
    named = True
    for _, record in records:
        found |= dict.fromkeys(_questions(record))
        named = named and _name(record) is not None
    if column is not None and column not in found:
        raise fault(path, f"has no question {printable(column, 60)!r} (--label-column)"
                    f"{did_you_mean(column, found)}; it has {listed(found)}")  # fmt: skip
    if column is None and len(found) > 1:
        raise fault(path, f"has several questions: {listed(found)}; name the one that is the "
                    "label with --label-column")  # fmt: skip
    if not found:
        raise fault(path, "holds no response to any question; export annotated records")
    return column or next(iter(found)), named


def _responses(
    path: Path, where: str, record: dict[str, Any], question: str
) -> Iterator[tuple[object, str | None, bool]]:
    """Yield the values that were submitted, who did, and whether the file says that they were."""
    if question == _ANNOTATION and _ANNOTATION in record:
        yield record[_ANNOTATION], _text(record.get("annotation_agent")), True
        return
    by_question = record.get("responses")
    answers = by_question.get(question) if isinstance(by_question, dict) else record.get(question)
    flat = question + _COLUMNS
    if flat in record:
        lists = [record.get(flat), record.get(flat + ".users"), record.get(flat + ".status")]
        columns = [_list(path, where, each) for each in lists]
        answers = [
            {"value": value, "user_id": who, "status": status}
            for value, who, status in zip_longest(*columns)
        ][: len(columns[0])]
    for answer in _list(path, where, answers):
        if not isinstance(answer, dict) or "value" not in answer:
            raise fault(path, f"a response to {printable(question, 60)!r} is {shown(answer)}, "
                        "not an object with a `value`", where=where)  # fmt: skip
        if answer.get("status") in _ANSWERED:
            is_said = answer.get("status") is not None
            yield answer["value"], _text(answer.get("user_id")), is_said


def _list(path: Path, where: str, value: object) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise fault(path, f"responses are not a list but {shown(value)}", where=where)
    return value


def _label(path: Path, where: str, value: object) -> str:
    if isinstance(value, list) and len(value) < 2:
        value = value[0] if value else None
    try:
        return cell_text(value) or ""
    except CellError as error:
        raise fault(path, str(error), where=where) from None


def _text(value: object) -> str | None:
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else None


def _name(record: dict[str, Any]) -> str | None:
    name = _text(record.get("id", record.get("external_id")))
    return name if name and name.strip() else None
