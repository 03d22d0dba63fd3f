"""The label: what an audit found, in words and figures, computed once for every renderer.

Every string of the dataset has passed `printable` here: one line, no control or invisible
characters. Each renderer escapes it for its own format. A suspect is not an error: people
decide that, and until they have, the rate of errors is "not yet reviewed".

Every number is read from `audit.json` by its place there (`Document`), so what is printed can be
looked up and formatted again.
"""

from dataclasses import replace

from labelaudit.core.results import Audit
from labelaudit.core.schema import to_document
from labelaudit.report.calibrated import calibration_of
from labelaudit.report.confused import confusions_of
from labelaudit.report.evidence import class_rows, suspects_of
from labelaudit.report.figures import Document, named
from labelaudit.report.front import panel_of, verdict_of
from labelaudit.report.ladder import counts_of
from labelaudit.report.measured import balance_of, measure_of, separability_of
from labelaudit.report.origin import (
    alert_totals,
    alerts_of,
    badge_rows,
    modules_shown,
    provenance_of,
)
from labelaudit.report.parts import Label
from labelaudit.report.slices import slices_of
from labelaudit.report.steps import steps_of
from labelaudit.report.variables import columns_of
from labelaudit.report.words import GLOSSARY, MEASURE_NOT_RUN


def label_of(audit: Audit) -> Label:
    """Return the label of an audit; the same audit gives the same label."""
    doc = Document(to_document(audit))
    audit = _harmless_names(audit)
    refused = [check for check in audit.contract if check.status == "refused"]
    detection = None if refused else audit.detection
    classes = class_rows(audit, doc, detection)
    return Label(
        refused=bool(refused),
        panel=panel_of(audit, doc, detection, classes, bool(refused)),
        verdict=verdict_of(audit, doc, detection, refused),
        steps=steps_of(audit, doc, detection),
        counts=counts_of(audit, doc, detection),
        alerts=alerts_of(audit, doc),
        alert_totals=alert_totals(doc),
        badges=() if refused else badge_rows(audit, doc),
        suspects=suspects_of(audit, doc, detection),
        confusions=confusions_of(audit, doc, detection),
        balance=balance_of(audit, doc, classes),
        columns=() if refused else columns_of(audit, doc),
        slices=() if refused else slices_of(audit, doc),
        separability=separability_of(audit, doc),
        calibration=calibration_of(audit, doc),
        measures=tuple(measure_of(audit, doc, measured) for measured in audit.measurements or ()),
        measures_note="" if audit.measurements is not None else MEASURE_NOT_RUN,
        provenance=provenance_of(audit, doc),
        modules=modules_shown(audit, doc),
        glossary=GLOSSARY,
    )


def _harmless_names(audit: Audit) -> Audit:
    """Return the audit with the names of its classes and itself made harmless, once."""
    names = tuple(named(name) for name in audit.dataset.class_names)
    facts = replace(audit.dataset, name=named(audit.dataset.name), class_names=names)
    return replace(audit, dataset=facts)
