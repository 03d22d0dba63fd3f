"""The label: what an audit found, in words and figures, computed once for every renderer.

Every string of the dataset has passed `printable` here: one line, no control or invisible
characters. Each renderer escapes it for its own format. A suspect is not an error: people
decide that, and until they have, the rate of errors is "not yet reviewed".
"""

from dataclasses import replace

from labelaudit.core.results import Audit
from labelaudit.report.evidence import class_rows, confusions_of, suspects_note, suspects_of
from labelaudit.report.front import counts_of, panel_of, verdict_of
from labelaudit.report.measured import (
    badge_rows,
    balance_of,
    calibration_of,
    measure_of,
    provenance_of,
    separability_of,
    warned,
)
from labelaudit.report.parts import Label
from labelaudit.report.slices import slices_of
from labelaudit.report.words import GLOSSARY, MEASURE_NOT_RUN, MODULES, named


def label_of(audit: Audit) -> Label:
    """Return the label of an audit; the same audit gives the same label."""
    audit = _harmless_names(audit)
    refused = [check for check in audit.contract if check.status == "refused"]
    detection = None if refused else audit.detection
    alerts = tuple(warned(alert) for alert in audit.alerts)
    classes = class_rows(audit, detection)
    return Label(
        refused=bool(refused),
        panel=panel_of(audit, detection, classes, bool(refused)),
        verdict=verdict_of(audit, detection, refused),
        counts=counts_of(audit, detection),
        alerts=alerts,
        alert_totals=", ".join(
            f"{sum(alert.severity == level for alert in alerts)} {level}"
            for level in ("critical", "caution", "info")
        ),
        badges=() if refused else badge_rows(audit),
        suspects=suspects_of(audit, detection),
        suspects_note=suspects_note(audit, detection),
        confusions=confusions_of(audit, detection),
        balance=balance_of(audit, classes),
        slices=() if refused else slices_of(audit),
        separability=separability_of(audit),
        calibration=calibration_of(audit),
        measures=tuple(measure_of(audit, measured) for measured in audit.measurements or ()),
        measures_note="" if audit.measurements is not None else MEASURE_NOT_RUN,
        provenance=provenance_of(audit),
        modules=MODULES,
        glossary=GLOSSARY,
    )


def _harmless_names(audit: Audit) -> Audit:
    """Return the audit with the names of its classes and itself made harmless, once."""
    names = tuple(named(name) for name in audit.dataset.class_names)
    facts = replace(audit.dataset, name=named(audit.dataset.name), class_names=names)
    return replace(audit, dataset=facts)
