"""The ladder of counts: how many there are of what, so that no count is taken for another."""

from labelaudit.core.results import Audit, Detection
from labelaudit.core.text import UNKNOWN
from labelaudit.report.figures import Document, said
from labelaudit.report.parts import Count
from labelaudit.report.words import FILTERS, NOT_REVIEWED, why_no_detection

_REVIEWS = "/label/ground_truth_correlation"


def counts_of(audit: Audit, doc: Document, detection: Detection | None) -> tuple[Count, ...]:
    not_reviewed = Count(
        name="Reviewed by people",
        value=NOT_REVIEWED,
        gloss="Only people decide which suspects are errors; of those in ten well-known test sets "
        "they upheld about half.",
        kind="people",
        bar=None,
    )
    if detection is None:
        why = why_no_detection(audit)
        return (
            Count(name="Suspected", value=UNKNOWN, gloss=why, kind="suspected", bar=None),
            not_reviewed,
        )
    most = max(detection.n_predicted_neq_given, detection.n_flagged, 1)
    return (
        Count(
            name="Model disagrees with the label",
            value=doc.figure("/detection/n_predicted_neq_given", "count"),
            gloss="Top class differs from the given label: wrong labels and the model's own "
            "mistakes, mixed.",
            kind="other",
            bar=detection.n_predicted_neq_given / most,
        ),
        Count(
            name="Suspected",
            value=doc.figure("/detection/n_flagged", "count"),
            gloss=_flagged_by(detection, doc),
            kind="suspected",
            bar=detection.n_flagged / most,
        ),
        *(_reviewed(audit, doc, most) or (not_reviewed,)),
    )


def _flagged_by(detection: Detection, doc: Document) -> str:
    rule = FILTERS.get(detection.filter, "")
    flagged = said("Flagged by {}{}.", doc.text("/detection/filter"), f": {rule}" if rule else "")
    if detection.top is None or detection.n_filtered is None:
        return flagged
    return said(
        "{} It flags {}; these are the most doubtful, for a budget of {}.",
        flagged,
        doc.figure("/detection/n_filtered", "count"),
        doc.text("/detection/top"),
    )


def _reviewed(audit: Audit, doc: Document, most: int) -> tuple[Count, ...]:
    reviews = audit.reviews
    if reviews is None or not reviews.n_reviewed:
        return ()
    none = doc.figure(f"{_REVIEWS}/no_agreement", "count")
    other = doc.figure(f"{_REVIEWS}/other_verdict", "count")
    return (
        Count(
            name="Reviewed by people",
            value=doc.figure(f"{_REVIEWS}/reviewed", "count"),
            gloss="Strong part: label not upheld. Pale part: label stands.",
            kind="people",
            bar=reviews.n_reviewed / most,
            strong=reviews.n_not_upheld / most,
        ),
        Count(
            name="Not upheld",
            value=doc.figure(f"{_REVIEWS}/not_upheld", "count"),
            gloss=said(
                "{}: {} another verdict, {} no agreement.",
                doc.text("/reviews/rule"), other, none,
            ),
            kind="people",
            bar=reviews.n_not_upheld / most,
        ),
    )  # fmt: skip
