"""Audit to JSON and back; the one place that knows how `audit.json` is written."""

import json
from collections.abc import Iterable
from dataclasses import fields, is_dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from labelaudit.core.badges import badges_of
from labelaudit.core.dataset import Check, InputFile
from labelaudit.core.errors import InputError
from labelaudit.core.hierarchy import Hierarchy
from labelaudit.core.listed import FEW_CLASSES
from labelaudit.core.modules import detectors_in, modules_of
from labelaudit.core.results import (
    FINDING_COLUMNS,
    SCHEMA_VERSION,
    Alert,
    Audit,
    Confusion,
    DatasetFacts,
    Detection,
    Finding,
    Findings,
    Kinship,
    Measurement,
    Skipped,
)
from labelaudit.core.reviews import Review, Reviews
from labelaudit.core.settings import Setting
from labelaudit.core.text import printable
from labelaudit.core.variables import Entry, Variable

TOOL = "labelaudit"
MOST_FINDINGS = 200  # written in full into audit.json: those that the report shows
_DENSE_CLASSES = 100
_AGREEING = ("agree", "dissent")
_PLAIN = frozenset({bool, float, int, str, type(None)})


def to_json(audit: Audit) -> str:
    """Return the text of `audit.json`: the same audit gives the same bytes."""
    return indented(to_document(audit)) + "\n"


def published() -> str:
    """Return the text of the JSON Schema (draft 2020-12) that `audit.json` keeps to."""
    here = files("labelaudit.core").joinpath("audit.schema.json")
    return here.read_text(encoding="utf-8").replace("\r\n", "\n")


def indented(value: Any, depth: int = 0) -> str:
    """Return plain values as JSON indented by 1, to the byte as `json.dumps` has them.

    `json.dumps` indents in Python, number by number. Here a list of numbers and texts, or of
    such lists, is one call whose separator is the line break: no text holds a bare one.
    """
    outer, inner, deeper = ("\n" + " " * (depth + more) for more in range(3))
    if isinstance(value, dict) and value:
        items = [f"{_dumps(key)}: {indented(item, depth + 1)}" for key, item in value.items()]
        return f"{{{inner}{f',{inner}'.join(items)}{outer}}}"
    if not isinstance(value, list) or not value:
        return _dumps(value)
    if _is_flat(value):
        return f"[{inner}{_dumps(value, f',{inner}')[1:-1]}{outer}]"
    if all(isinstance(item, list) and item and _is_flat(item) for item in value):
        rows = _dumps(value, f",{deeper}")[2:-2].replace(
            f"],{deeper}[", f"{inner}],{inner}[{deeper}"
        )
        return f"[{inner}[{deeper}{rows}{inner}]{outer}]"
    items = [indented(item, depth + 1) for item in value]
    return f"[{inner}{f',{inner}'.join(items)}{outer}]"


def _is_flat(values: Iterable[Any]) -> bool:
    return _PLAIN.issuperset(map(type, values))


def _dumps(value: Any, separator: str = ", ") -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(separator, ": "))


def to_document(audit: Audit) -> dict[str, Any]:
    """Return an audit as plain JSON values; parts that have not run are None."""
    return {
        "tool": TOOL,
        "tool_version": audit.tool_version,
        "schema_version": SCHEMA_VERSION,
        "dataset": _plain(audit.dataset) | {"n_classes": audit.dataset.n_classes},
        "contract": [_plain(check) for check in audit.contract],
        "detection": _detection(audit.detection) if audit.detection is not None else None,
        "findings": _first_findings(audit) if audit.findings is not None else None,
        "measurements": _measurements(audit) if audit.measurements is not None else None,
        "alerts": [_plain(alert) for alert in audit.alerts],
        "reviews": _plain(audit.reviews),
        "label": modules_of(audit),
        "badges": [_plain(badge) for badge in badges_of(audit)],
        "provenance": {
            "inputs": [_plain(file) for file in audit.inputs],
            "settings": {name: _plain(value) for name, value in audit.settings.items()},
        },
    }


def refused_json(audit: Audit) -> str:
    """Return the text of `refused.json`: what was read and checked, and no count or measure."""
    whole = to_document(audit)
    kept = ("tool", "tool_version", "schema_version")
    document = {name: whole[name] for name in kept} | {
        "refused": [check.name for check in audit.contract if check.status == "refused"],
        "dataset": {"name": audit.dataset.name},
        "contract": whole["contract"],
        "provenance": whole["provenance"],
    }
    return indented(document) + "\n"


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        if _is_flat(value):  # a column of a thousand classes, as it is
            return list(value)
        return [_plain(item) for item in value]
    if isinstance(value, np.ndarray):
        return value.tolist() if value.dtype != object else _plain(value.tolist())
    if isinstance(value, np.generic):
        return value.item()
    return value


def _detection(detection: Detection) -> dict[str, Any]:
    joint = detection.confident_joint
    few = joint.shape[0] <= _DENSE_CLASSES
    document: dict[str, Any] = {
        field.name: _matrix(joint)
        if field.name == "confident_joint"
        else _plain(getattr(detection, field.name))
        for field in fields(detection)
    }
    document |= {
        "noise_matrix": _plain(detection.noise_matrix) if few else None,
        "inverse_noise_matrix": _plain(detection.inverse_noise_matrix) if few else None,
        "estimated_prior": _plain(detection.estimated_prior),
    }
    # A class without examples has no threshold: 2 is the code for "never".
    document["class_thresholds"] = [t if t <= 1.5 else None for t in document["class_thresholds"]]
    return document


def _first_findings(audit: Audit) -> list[dict[str, Any]]:
    """Return the most doubtful rows with all evidence; all of them are in findings.parquet."""
    assert audit.findings is not None
    return [
        {name: _known(value) for name, value in (_flat(finding) | _tallies(finding)).items()}
        for finding in audit.findings[:MOST_FINDINGS]
    ]


def listed_findings(document: dict[str, Any]) -> Findings | None:
    """Return the findings that `audit.json` itself lists: the most doubtful ones, at most 200.

    Raises
    ------
    InputError : they are not as labelaudit writes them.
    """
    told = document.get("findings")
    if told is None:
        return None
    texts = {"id", "given_label", "suggested_label", *_AGREEING}
    further = [name for name in _AGREEING if told and all(name in one for one in told)]
    try:
        return Findings(
            columns={
                name: np.array(
                    [one[name] for one in told], dtype=object if name in texts else np.float64
                )
                for name in (*FINDING_COLUMNS, *further)
            }
        )
    except (LookupError, TypeError, ValueError):
        raise InputError("audit.json: its findings cannot be read; run the audit again") from None


def _tallies(finding: Finding) -> dict[str, list[int]]:
    """Return how many of the neighbours, models and detectors speak against the given label.

    Each as two counts: those that do, and all that were asked.
    """
    known = finding.evidence
    counted: dict[str, list[int]] = {}
    for column, name in (("neighbour_labels", "neighbours"), ("model_labels", "models")):
        labels = known.get(column)
        if labels and labels[0]:  # empty where a row was not looked at
            counted[f"{name}_suggesting"] = [labels.count(finding.suggested_label), len(labels)]
    if "agree" in known:
        agree, dissent = (detectors_in(known[name]) for name in ("agree", "dissent"))
        counted["detectors_agreeing"] = [len(agree), len(agree) + len(dissent)]
    return counted


def _read_variable(own: dict[str, Any]) -> Variable:
    entries = {key: Entry(**own[key]) for key in ("most", "least") if own[key] is not None}
    return Variable(**own | entries)


def _read_reviews(document: dict[str, Any] | None) -> Reviews | None:
    if document is None:
        return None
    by_row = {int(row): Review(**review) for row, review in document["by_row"].items()}
    return Reviews(**(document | {"by_row": by_row}))


def _known(value: Any) -> Any:
    """Return a value, None in place of what is no number."""
    if isinstance(value, list):
        return [_known(item) for item in value]
    return None if value != value else value


def _flat(finding: Finding) -> dict[str, Any]:
    own: dict[str, Any] = _plain(finding)
    evidence: dict[str, Any] = own.pop("evidence")
    evidence.pop("evidence", None)  # a sentence for a table; its figures stand beside it
    return own | evidence


def _matrix(joint: Any) -> Any:
    if joint.shape[0] <= _DENSE_CLASSES:
        return joint.tolist()
    rows, columns = joint.nonzero()
    order = np.lexsort((columns, rows))
    rows, columns = rows[order], columns[order]
    return {
        "shape": list(joint.shape),
        "coordinates": np.column_stack([rows, columns, joint[rows, columns]]).tolist(),
    }


def _measurements(audit: Audit) -> dict[str, Any]:
    document = {}
    for measured in audit.measurements or ():
        own = _plain(measured)
        own.pop("name")
        own.pop("alerts", None)  # they stand in the one list of alerts
        status = "measured" if isinstance(measured, Measurement) else "skipped"
        document[measured.name] = {"status": status} | own
    return document


def from_document(document: dict[str, Any], folder: Path | None = None) -> Audit:
    """Return the audit that a parsed `audit.json` describes, without findings and scores."""
    version = document.get("schema_version")
    if version != SCHEMA_VERSION:
        raise InputError(
            f"audit.json: has schema version {printable(version, 20)}, this labelaudit reads "
            f"{SCHEMA_VERSION}; run the audit again"
        )
    try:
        facts = dict(document["dataset"])
        facts.pop("n_classes")
        tree = facts.pop("hierarchy", None)
        hierarchy = Hierarchy(**_tuples(tree)) if tree is not None else None
        facts["slices"] = {name: tuple(own) for name, own in facts.get("slices", {}).items()}
        variables = tuple(map(_read_variable, facts.pop("variables", ())))
        alerts = [Alert(**_tuples(alert)) for alert in document["alerts"]]
        return Audit(
            dataset=DatasetFacts(**_tuples(facts), hierarchy=hierarchy, variables=variables),
            contract=tuple(Check(**check) for check in document["contract"]),
            inputs=tuple(InputFile(**file) for file in document["provenance"]["inputs"]),
            settings={
                name: Setting(**value) for name, value in document["provenance"]["settings"].items()
            },
            tool_version=document["tool_version"],
            detection=_read_detection(document["detection"]),
            measurements=_read_measurements(document["measurements"], alerts),
            reviews=_read_reviews(document.get("reviews")),
            folder=folder,
        )
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise InputError(
            f"audit.json: is not as labelaudit writes it ({type(error).__name__}: "
            f"{printable(error, 80)}); run the audit again"
        ) from None


def _tuples(values: dict[str, Any]) -> dict[str, Any]:
    return {
        key: tuple(value) if isinstance(value, list) else value for key, value in values.items()
    }


def _read_detection(document: dict[str, Any] | None) -> Detection | None:
    if document is None:
        return None
    joint = document["confident_joint"]
    if isinstance(joint, dict):
        matrix = _from_coordinates(np.array(joint["coordinates"], dtype=np.int64), joint["shape"])
    else:
        matrix = np.array(joint, dtype=np.int64)
    own = dict(document) | {
        "confident_joint": matrix,
        "class_thresholds": np.array(
            [2.0 if value is None else value for value in document["class_thresholds"]]
        ),
        "model_noise_interval": _pair(document.get("model_noise_interval")),
        "flagged_by_class": np.array(document["flagged_by_class"], dtype=np.int64),
        "flagged_pairs": tuple(tuple(pair) for pair in document["flagged_pairs"]),
        "model_weights": _as_tuple(document.get("model_weights")),
        "confusions": tuple(Confusion(**one) for one in document.get("confusions", ())),
        "kinships": tuple(Kinship(**one) for one in document.get("kinships", ())),
        "flagged_by_slice": _tuples(document.get("flagged_by_slice", {})),
        "expected_by_slice": _tuples(document.get("expected_by_slice", {})),
    }
    for derived in ("noise_matrix", "inverse_noise_matrix", "estimated_prior"):
        own.pop(derived)
    return Detection(**own)


def _as_tuple(values: list[float] | None) -> tuple[float, ...] | None:
    return None if values is None else tuple(values)


def _pair(values: list[float] | None) -> tuple[float, float] | None:
    return None if values is None else (values[0], values[1])


def _from_coordinates(entries: Any, shape: list[int]) -> Any:
    rows, columns, counts = entries.reshape(-1, 3).T
    if shape[0] > FEW_CLASSES:
        from scipy.sparse import csr_array

        return csr_array((counts, (rows, columns)), shape=shape)
    matrix = np.zeros(shape, dtype=np.int64)
    matrix[rows, columns] = counts
    return matrix


def _read_measurements(
    document: dict[str, Any] | None, alerts: list[Alert]
) -> tuple[Measurement | Skipped, ...] | None:
    if document is None:
        return None
    read: list[Measurement | Skipped] = []
    for name, values in document.items():
        own = _tuples(values) | {"name": name}
        if own.pop("status") == "skipped":
            read.append(Skipped(**own))
            continue
        own["per_class"] = _tuples(own["per_class"])
        own["alerts"] = tuple(alert for alert in alerts if alert.id.startswith(f"{name}."))
        read.append(Measurement(**own))
    return tuple(read)
