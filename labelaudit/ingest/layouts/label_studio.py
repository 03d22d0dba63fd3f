"""Label Studio: its JSON export, a list of tasks, and its JSON-MIN, a list of annotations.

Source: labelstud.io/guide/task_format and labelstud.io/guide/export ("JSON", "JSON_MIN").
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from labelaudit.core.text import did_you_mean, listed, printable
from labelaudit.ingest.columns import columns_of_records
from labelaudit.ingest.convention import Choices, Part, Plan
from labelaudit.ingest.exports import find_export, first_object, labels_of
from labelaudit.ingest.labelled import Labels
from labelaudit.ingest.readers.cells import CellError, cell_text
from labelaudit.ingest.readers.document import as_object, read_records, shown
from labelaudit.ingest.readers.files import fault
from labelaudit.ingest.votes import BallotBox, Election

Record = tuple[str, dict[str, Any]]
# What JSON-MIN writes after the answers of an annotation.
_AFTER = ("annotator", "annotation_id", "created_at", "updated_at", "lead_time")


def find(path: Path) -> Part | None:
    """Return the export that a folder holds or a file is, if any."""
    return find_export(path, "label_studio", "Label Studio export", (".json",), _is_export)


def read(part: Part, plan: Plan, choices: Choices, scratch: Path | None) -> Labels:
    """Read an export of either form; the ids are those of the tasks."""
    path, column = part.path, choices.label_column
    everything = list(read_records(path))
    if not everything:
        raise fault(path, "holds no task; export the project again")
    if is_minimal(everything[0][1]):
        election, key = read_minimal(path, everything, column, scratch)
        what = f"answers `{printable(key, 60)}` of its JSON-MIN"
    else:
        election, key = read_tasks(path, everything, column, scratch)
        what = f"choices of `{printable(key, 60)}`"
    return labels_of(
        election,
        part,
        plan.shown(part),
        what,
        ids_are="of tasks",
        format="label studio",
        columns=columns_of_records(
            path,
            lambda: _items(everything, election.ballots is not None),
            bool(choices.slices),
            roles={"id": "ids", key: "labels"},
        ),
    )


def _items(records: Iterable[Record], several: bool) -> Iterator[Record]:
    """Yield what is said of each task once, in order: its data and meta beside the rest.

    Where tasks have `several` votes, who gave one and when is not said of the task.
    """
    seen: set[Any] = set()
    for where, record in records:
        if is_minimal(record):
            name = str(record.get("id"))
            if name in seen:  # a further annotation of a task
                continue
            seen.add(name)
        parts = [record.get(key) for key in ("meta", "data")]
        voted = several and is_minimal(record)
        own = {name: value for name, value in record.items() if not (voted and name in _AFTER)}
        for part in parts:
            own |= part if isinstance(part, dict) else {}
        yield where, own


def _is_export(path: Path) -> bool:
    first = first_object(path)
    return first is not None and (is_tasks(first) or is_minimal(first))


def is_tasks(record: dict[str, Any]) -> bool:
    """Say whether an object is a task of the JSON export; `completions` is its old name."""
    answers = record.get("annotations", record.get("completions"))
    return isinstance(record.get("data"), dict) and isinstance(answers, list)


def is_minimal(record: dict[str, Any]) -> bool:
    """Say whether an object is an annotation of the JSON-MIN export."""
    return {"id", "annotator", "annotation_id"} <= record.keys()


def read_tasks(
    path: Path, records: Iterable[Record], column: str | None, scratch: Path | None = None
) -> tuple[Election, str]:
    """Return the choices of all tasks, and the name of the control they were made with.

    Skipped annotations (`was_cancelled`), drafts and predictions are no votes.
    """
    tasks = list(records)
    control = _control(path, tasks, column)
    box = BallotBox(printable(path.name), "task", scratch)
    for where, task in tasks:
        name = _name(path, where, task)
        row = box.item(name)
        place = f"task {printable(name, 60)}"
        for who, results in _annotations(path, where, task):
            labels = {
                label: None
                for result in results
                if _is_choice(result) and str(result.get("from_name")) == control
                for label in _one(path, place, result["value"]["choices"])
            }
            for label in _one(path, place, list(labels)):
                box.vote(row, label, who)
    return box.count(), control


def read_minimal(
    path: Path, records: Iterable[Record], column: str | None, scratch: Path | None = None
) -> tuple[Election, str]:
    """Return the choices of all annotations, and the key they stand under."""
    key = None
    box = BallotBox(printable(path.name), "task", scratch)
    rows: dict[str, int] = {}
    for where, record in records:
        key = key or _answer(path, where, record, column)
        name = _name(path, where, record)
        row = rows.get(name)
        if row is None:
            row = rows[name] = box.item(name)
        place = f"task {printable(name, 60)}"
        chosen = record.get(key)
        if isinstance(chosen, dict) and "choices" in chosen:
            chosen = chosen["choices"]
        for label in _one(path, place, chosen):
            box.vote(row, label, _annotator(record.get("annotator")))
    return box.count(), str(key)


def _annotations(
    path: Path, where: str, task: dict[str, Any]
) -> Iterator[tuple[str | None, list[dict[str, Any]]]]:
    """Yield who made each annotation that was not skipped, and its results."""
    annotations = task.get("annotations", task.get("completions"))
    for annotation in _list(path, where, annotations, "`annotations`"):
        as_object(annotation, path, where)
        if annotation.get("was_cancelled") is not True:
            results = _list(path, where, annotation.get("result"), "`result`")
            yield (
                _annotator(annotation.get("completed_by")),
                [as_object(result, path, where) for result in results],
            )


def _list(path: Path, where: str, value: object, what: str) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise fault(path, f"{what} is not a list but {shown(value)}", where=where)
    return value


def _is_choice(result: dict[str, Any]) -> bool:
    value = result.get("value")
    return isinstance(value, dict) and "choices" in value


def _control(path: Path, tasks: list[Record], column: str | None) -> str:
    """Return the one control whose choices are the labels."""
    controls: dict[str, None] = {}
    others: dict[str, None] = {}
    for where, task in tasks:
        for result in (each for _, some in _annotations(path, where, task) for each in some):
            if _is_choice(result):
                controls[str(result.get("from_name"))] = None
            else:
                others[str(result.get("type"))] = None
    if not controls:
        what = f"its results are {listed(others, 5)}" if others else "no task has a result"
        raise fault(path, f"is a Label Studio export without choices: {what}; export a project "
                    "that classifies, with a control `Choices`")  # fmt: skip
    if column is not None:
        if column in controls:
            return column
        raise fault(path, f"has no choices named {printable(column, 60)!r} (--label-column)"
                    f"{did_you_mean(column, controls)}; it has {listed(controls)}")  # fmt: skip
    if len(controls) > 1:
        raise fault(path, f"has choices of several controls: {listed(controls)}; name the one "
                    "that is the label with --label-column")  # fmt: skip
    return next(iter(controls))


def _answer(path: Path, where: str, record: dict[str, Any], column: str | None) -> str:
    """Return the key of the answers: they stand between the task's `id` and `annotator`."""
    if column is not None:
        if column in record:
            return column
        raise fault(path, f"has no key {printable(column, 60)!r} (--label-column)"
                    f"{did_you_mean(column, record)}; it has {listed(record)}")  # fmt: skip
    keys = list(record)
    answers = keys[keys.index("id") + 1 : keys.index("annotator")] if is_minimal(record) else []
    answers = [key for key in answers if key not in _AFTER]
    if len(answers) == 1:
        return answers[0]
    what = f"one of {listed(answers)}" if answers else "which key is the label"
    raise fault(path, f"cannot tell {what}; name it with --label-column", where=where)


def _name(path: Path, where: str, task: dict[str, Any]) -> str:
    name = task.get("id")
    if isinstance(name, bool) or not isinstance(name, str | int) or not str(name).strip():
        raise fault(path, f"task has no `id` but {shown(name)}; export it again", where=where)
    return str(name)


def _annotator(by: object) -> str | None:
    """Return who annotated: a number, an address, or an object that has them."""
    if isinstance(by, dict):
        by = by.get("email") or by.get("id")
    return str(by) if isinstance(by, str | int) and not isinstance(by, bool) else None


def _one(path: Path, place: str, chosen: object) -> list[str]:
    """Return the one choice, or none; several on one annotation are refused."""
    choices = chosen if isinstance(chosen, list) else [chosen]
    if len(choices) > 1:
        raise fault(path, f"one annotation has {len(choices):,} choices (multi-label), which "
                    "is not supported yet; give one label per annotation", where=place)  # fmt: skip
    try:
        texts = [cell_text(choice) for choice in choices]
    except CellError:
        raise fault(path, f"a choice is {shown(choices[0])}, not a text", where=place) from None
    return [text for text in texts if text is not None]
