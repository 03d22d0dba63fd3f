"""Calibration in the label: whether the model's confidence can be trusted."""

from collections.abc import Mapping
from typing import Any

from labelaudit.core.results import Audit
from labelaudit.core.text import UNKNOWN
from labelaudit.report.drawn import Bin, Histogram
from labelaudit.report.figures import Document, said
from labelaudit.report.measured import fact_of, lean
from labelaudit.report.parts import Fact, Section
from labelaudit.report.words import missing_note

_CALIBRATION = "/measurements/calibration"


def calibration_of(audit: Audit, doc: Document) -> Section:
    measured = audit.measurement("calibration")
    if measured is None or measured.value is None:
        return Section(note=missing_note(audit, doc, "calibration"))
    details = measured.details
    gloss: str = "mean gap over its bins; none is perfect"
    if "bins" in details:
        bins = doc.figure(f"{_CALIBRATION}/details/bins", "count")
        gloss = said("mean gap over {} bins", bins)
    if measured.interval:
        spread = doc.figure(f"{_CALIBRATION}/interval", "score_range")
        gloss = said("{}; 95 %: {}", gloss, spread)
    facts = [
        Fact(
            name="Calibration error",
            gloss=gloss,
            value=doc.figure(f"{_CALIBRATION}/value", "score"),
            note=lean(measured),
        )
    ]
    for name, title, gloss in (
        ("adaptive_calibration", "Adaptive", "bins of equal count"),
        ("classwise_calibration", "Class-wise", "mean over classes"),
        ("brier_score", "Brier score", "squared error, up to two; low is best"),
        ("temperature", "Temperature", "would fit the given labels; not applied"),
    ):
        place = f"/measurements/{name}/value"
        facts.append(fact_of(audit, doc, name, title, gloss, place, "score"))
    if "negative_log_likelihood" in details:
        place = f"{_CALIBRATION}/details/negative_log_likelihood"
        facts.append(
            Fact(
                name="Log-likelihood, negative",
                gloss="nats; low is best",
                value=doc.figure(place, "score"),
            )
        )
    return Section(
        note="Whether the model's confidence can be trusted. Measured against the given labels, so "
        "label errors are in it: read scores as ranks, not probabilities.",
        facts=tuple(facts),
        bins=_bins(doc, details),
        histogram=_histogram(audit, doc),
    )


def _bins(doc: Document, details: Mapping[str, Any]) -> tuple[Bin, ...]:
    place = f"{_CALIBRATION}/details"
    rows = details.get("bin_rows", ())
    unknown = [None] * len(rows)
    lows, highs = (details.get(f"bin_{name}", unknown) for name in ("low", "high"))
    return tuple(
        Bin(
            n_rows=int(count),
            confidence=float(details["bin_confidence"][at]),
            agreement=float(details["bin_agreement"][at]),
            low=lows[at],
            high=highs[at],
            rows=doc.figure(f"{place}/bin_rows/{at}", "count"),
            stated=doc.figure(f"{place}/bin_confidence/{at}", "share"),
            agrees=doc.figure(f"{place}/bin_agreement/{at}", "share"),
            interval=said(
                "{} to {}",
                doc.figure(f"{place}/bin_low/{at}", "share_number"),
                doc.figure(f"{place}/bin_high/{at}", "share"),
            )
            if lows[at] is not None
            else UNKNOWN,
        )
        for at, count in enumerate(rows)
        if count
    )


def _histogram(audit: Audit, doc: Document) -> Histogram | None:
    measured = audit.measurement("given_probability")
    if measured is None or "bin_suspected" not in measured.details:
        return None
    details = measured.details
    place = "/measurements/given_probability/details"
    note = ""
    if details.get("highest_suspected") is not None:
        note = said(
            "No suspect's label gets more than {}, yet {} at or below that are not suspects: "
            "doubt alone does not make one, the rule asks how many errors each pair of classes "
            "should have.",
            doc.figure(f"{place}/highest_suspected", "share"),
            doc.several(f"{place}/others_below_highest", "label"),
        )
    return Histogram(
        suspected=tuple(details["bin_suspected"]),
        others=tuple(details["bin_others"]),
        n_suspected=doc.several(f"{place}/n_suspected", "suspect"),
        n_others=doc.several(f"{place}/n_others", "label not suspected", "labels not suspected"),
        note=note,
    )
