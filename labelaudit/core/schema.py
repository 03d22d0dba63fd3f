"""Audit to JSON and back; the one place that knows how `audit.json` is written."""

import json
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np

from labelaudit.core.dataset import Check, InputFile
from labelaudit.core.errors import InputError
from labelaudit.core.results import (
    SCHEMA_VERSION,
    Alert,
    Audit,
    DatasetFacts,
    Detection,
    Measurement,
    Skipped,
)
from labelaudit.core.settings import Setting
from labelaudit.core.text import printable

TOOL = "labelaudit"
_DENSE_CLASSES = 100


def to_json(audit: Audit) -> str:
    """Return the text of `audit.json`: the same audit gives the same bytes."""
    return json.dumps(to_document(audit), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def to_document(audit: Audit) -> dict[str, Any]:
    """Return an audit as plain JSON values; parts that have not run are None."""
    return {
        "tool": TOOL,
        "tool_version": audit.tool_version,
        "schema_version": SCHEMA_VERSION,
        "dataset": _plain(audit.dataset) | {"n_classes": audit.dataset.n_classes},
        "contract": [_plain(check) for check in audit.contract],
        "detection": _detection(audit.detection) if audit.detection is not None else None,
        "measurements": _measurements(audit) if audit.measurements is not None else None,
        "alerts": [_plain(alert) for alert in audit.alerts],
        "provenance": {
            "inputs": [_plain(file) for file in audit.inputs],
            "settings": {name: _plain(value) for name, value in audit.settings.items()},
        },
    }


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, np.generic):
        return value.item()
    return value


def _detection(detection: Detection) -> dict[str, Any]:
    document: dict[str, Any] = _plain(detection)
    joint = detection.confident_joint
    document["confident_joint"] = _matrix(joint)
    few = len(joint) <= _DENSE_CLASSES
    document |= {
        "noise_matrix": _plain(detection.noise_matrix) if few else None,
        "inverse_noise_matrix": _plain(detection.inverse_noise_matrix) if few else None,
        "estimated_prior": _plain(detection.estimated_prior),
    }
    # A class without examples has no threshold: 2 is the code for "never".
    document["class_thresholds"] = [t if t <= 1.5 else None for t in document["class_thresholds"]]
    return document


def _matrix(joint: Any) -> Any:
    if len(joint) <= _DENSE_CLASSES:
        return joint.tolist()
    rows, columns = np.nonzero(joint)
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
        alerts = [Alert(**_tuples(alert)) for alert in document["alerts"]]
        return Audit(
            dataset=DatasetFacts(**_tuples(facts)),
            contract=tuple(Check(**check) for check in document["contract"]),
            inputs=tuple(InputFile(**file) for file in document["provenance"]["inputs"]),
            settings={
                name: Setting(**value) for name, value in document["provenance"]["settings"].items()
            },
            tool_version=document["tool_version"],
            detection=_read_detection(document["detection"]),
            measurements=_read_measurements(document["measurements"], alerts),
            folder=folder,
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
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
        matrix = np.zeros(joint["shape"], dtype=np.int64)
        for row, column, count in joint["coordinates"]:
            matrix[row, column] = count
    else:
        matrix = np.array(joint, dtype=np.int64)
    own = dict(document) | {
        "confident_joint": matrix,
        "class_thresholds": np.array(
            [2.0 if value is None else value for value in document["class_thresholds"]]
        ),
        "flagged_by_class": np.array(document["flagged_by_class"], dtype=np.int64),
        "flagged_pairs": tuple(tuple(pair) for pair in document["flagged_pairs"]),
    }
    for derived in ("noise_matrix", "inverse_noise_matrix", "estimated_prior"):
        own.pop(derived)
    return Detection(**own)


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
