"""The suspects and the classes, each with what speaks for and against it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

from labelaudit.core.examples import Example
from labelaudit.core.modules import detectors_in
from labelaudit.core.results import Audit, Detection, Finding
from labelaudit.core.reviews import Review
from labelaudit.core.text import UNKNOWN, printable
from labelaudit.report.figures import Document, Said, joined, named, said
from labelaudit.report.parts import ClassRow, Says, Suspect, Suspects, Verdict
from labelaudit.report.words import (
    DETECTORS,
    FEW_LABELS,
    MOST_SUSPECTS,
    NO_SUSPECTS,
    VERDICTS,
    plain,
    why_missing,
    why_no_detection,
)


def suspects_of(audit: Audit, doc: Document, detection: Detection | None) -> Suspects:
    note = suspects_note(audit, doc, detection)
    rows: tuple[Suspect, ...] = ()
    if detection is not None and audit.findings is not None:
        sampled = "neighbour_recall" in (detection.near_duplicates or {})
        near = "sampled neighbours" if sampled else "nearest neighbours"
        rows = tuple(
            _suspect(audit, doc, index, finding, near)
            for index, finding in enumerate(islice(audit.findings, MOST_SUSPECTS))
        )
    asked = [name for row in rows[:1] for name, _ in row.detectors]
    kinds = {row.example.kind for row in rows if row.example is not None}
    return Suspects(
        note=note,
        rows=rows,
        detectors=tuple((name, DETECTORS.get(name, "")) for name in asked),
        is_reviewed=any(row.verdict is not None for row in rows),
        has_pictures="image" in kinds,
        has_words=bool(kinds & {"text", "table"}),
    )


def _suspect(audit: Audit, doc: Document, index: int, finding: Finding, near: str) -> Suspect:
    place = f"/findings/{index}"
    given, suggested = named(finding.given_label), named(finding.suggested_label)
    review = audit.reviews.by_row.get(finding.row) if audit.reviews is not None else None
    detectors = _detectors(finding.evidence)
    known = doc.at(place)
    return Suspect(
        rank=doc.figure(f"{place}/rank", "count"),
        id=named(finding.id),
        given=given,
        suggested=suggested,
        quality=doc.figure(f"{place}/label_quality", "score"),
        score=float(finding.label_quality),
        why=_why(doc, place, finding, suggested),
        beside=_beside(doc, place, known, suggested, near),
        says=_says(doc, place, finding, given, suggested),
        agree=doc.figure(f"{place}/detectors_agreeing", "of") if detectors else "",
        detectors=detectors,
        dissent=", ".join(name for name, agrees in detectors if not agrees),
        verdict=_verdict(doc, finding.row, review),
        example=_example(audit.examples.get(finding.row)),
        gives_given=doc.figure(f"{place}/given_probability", "prob"),
        gives_suggested=doc.figure(f"{place}/suggested_probability", "prob"),
        needs=doc.figure(f"{place}/suggested_threshold", "limit"),
    )


def _example(shown: Example | None) -> Example | None:
    """Return what a row looks like, in words that do no harm wherever they came from."""
    if shown is None:
        return None
    return replace(
        shown,
        text=printable(shown.text, 400),
        features=tuple((printable(n, 30), printable(v, 40)) for n, v in shown.features[:12]),
        problem=printable(shown.problem, 80),
    )


def _detectors(evidence: Mapping[str, Any]) -> tuple[tuple[str, bool], ...]:
    """Return every detector that was asked about a row, and whether it agrees."""
    told = []
    for column, agrees in (("agree", True), ("dissent", False)):
        names = detectors_in(evidence.get(column, "none"))
        told += [(plain(name), agrees) for name in names]
    return tuple(sorted(told, key=lambda one: list(DETECTORS).index(one[0])
                        if one[0] in DETECTORS else len(DETECTORS)))  # fmt: skip


def _why(doc: Document, place: str, finding: Finding, suggested: str) -> Said:
    """Say why a row is flagged, so that a reader can disagree."""
    needs = doc.figure(f"{place}/suggested_threshold", "limit")
    if needs == "none":
        return said("{} has no threshold: no example", suggested)
    if finding.suggested_probability >= finding.suggested_threshold - 1e-6:
        return said("{} passes its threshold, {}", suggested, needs)
    return said("{} is below its threshold, {}: likelier, not likely", suggested, needs)


def _says(
    doc: Document, place: str, finding: Finding, given: str, suggested: str
) -> tuple[Says, ...]:
    """Return what the model gives to the suggested, the next and the given class."""
    told = [
        Says(
            name=suggested,
            kind="suggested",
            shown=doc.figure(f"{place}/suggested_probability", "prob"),
            probability=float(finding.suggested_probability),
            threshold=_threshold(finding.suggested_threshold),
        )
    ]
    following = finding.evidence.get("next_label")
    if following:
        told.append(
            Says(
                name=named(following),
                kind="other",
                shown=doc.figure(f"{place}/next_probability", "prob"),
                probability=float(finding.evidence["next_probability"]),
                threshold=None,
            )
        )
    told.append(
        Says(
            name=given,
            kind="given",
            shown=doc.figure(f"{place}/given_probability", "prob"),
            probability=float(finding.given_probability),
            threshold=_threshold(finding.given_threshold),
        )
    )
    return tuple(told)


def _beside(doc: Document, place: str, known: Mapping[str, Any], suggested: str, near: str) -> Said:
    """Say what else there is than the model's probabilities."""
    parts = []
    for name, who in (("neighbours", f"{near} are"), ("models", "models say")):
        if f"{name}_suggesting" in known:
            counts = doc.figure(f"{place}/{name}_suggesting", "of")
            parts.append(said("{} {} {}", counts, who, suggested))
    return joined("; ", parts)


def _verdict(doc: Document, row: int, review: Review | None) -> Verdict | None:
    if review is None:
        return None
    place = f"/reviews/by_row/{row}"
    words = [
        said("{} {}", doc.figure(f"{place}/votes/{option}", "count"), option)
        for option, count in review.votes.items()
        if count
    ]
    total = sum(review.annotators.values())
    shares = [
        said("{} {}", named(name), doc.figure(f"{place}/annotators/{name}", "count"))
        for name, _ in sorted(review.annotators.items(), key=lambda item: -item[1])[:3]
    ]
    return Verdict(
        name=VERDICTS.get(review.verdict, plain(review.verdict)),
        is_wrong=review.verdict in ("suggested", "neither"),
        votes=tuple((plain(option), int(count)) for option, count in review.votes.items()),
        words=joined(", ", words),
        annotators=said("annotators: {}", joined(", ", shares)) if total else "",
    )


def _threshold(value: float) -> float | None:
    """Return a class's threshold; 2 is the code for a class without examples."""
    return float(value) if value <= 1.5 else None


def suspects_note(audit: Audit, doc: Document, detection: Detection | None) -> str:
    if detection is None:
        return f"Suspects are unknown: {why_no_detection(audit)}."
    if detection.n_flagged == 0:
        return NO_SUSPECTS
    total = doc.figure("/detection/n_flagged", "count")
    if audit.findings is None:
        return said("The {} suspects are not in this audit.", total)
    if len(audit.findings) > MOST_SUSPECTS:
        return said(
            "The first two hundred of {}, most suspicious first; all are in the findings of the "
            "audit and in flagged.csv.",
            total,
        )
    if len(audit.findings) == 1:
        return "The only one."
    return said("{} suspects, most suspicious first.", total)


def class_rows(audit: Audit, doc: Document, detection: Detection | None) -> tuple[ClassRow, ...]:
    """Return every class, in the order of the dataset."""
    facts = audit.dataset
    largest = max((*facts.class_counts, 1))
    shares = doc.at("/label/statistics/flagged_share") or [None] * facts.n_classes
    top = max((part for part in shares if part is not None), default=0.0)
    looks: dict[int, tuple[int, int]] = {}
    pairs = detection.flagged_pairs if detection else ()
    for index, (given, other, _) in enumerate(pairs):
        looks.setdefault(given, (other, index))
    balance = audit.measurement("class_balance")
    tiers = balance.per_class.get("tier") if balance else None
    lows, highs = _intervals(audit, facts.n_classes)
    missing = why_missing(audit, doc, "suspect_share")[0]
    known = detection is not None
    estimated = doc.at("/label/statistics/estimated")
    rows = []
    for index, name in enumerate(facts.class_names):
        count, part, low, high = facts.class_counts[index], shares[index], lows[index], highs[index]
        place = f"/label/statistics/{{}}/{index}"
        rows.append(
            ClassRow(
                name=name,
                n_labels=count,
                labels=doc.figure(f"/dataset/class_counts/{index}", "count"),
                share_of_labels=doc.figure(f"/label/variables/share/{index}", "share"),
                size=count / largest,
                tier="absent" if count == 0 else str(tiers[index]) if tiers else UNKNOWN,
                flagged=doc.figure(f"/detection/flagged_by_class/{index}", "count")
                if known
                else UNKNOWN,
                share=_share(doc, place.format("flagged_share"), count, known),
                bar=part / top if part is not None and top else 0.0,
                low=low,
                high=high,
                interval=_interval_text(doc, index, count, low, missing),
                assessable=_assessable(count),
                looks_like=facts.class_names[looks[index][0]]
                if index in looks
                else "no suspect"
                if known
                else UNKNOWN,
                looks_like_count=doc.figure(
                    f"/detection/flagged_pairs/{looks[index][1]}/2", "count"
                )
                if index in looks
                else "",
                estimated=doc.figure(place.format("estimated"), "count") if estimated else UNKNOWN,
                shift=doc.figure(place.format("shift"), "signed") if estimated else "",
                n_estimated=estimated[index] if estimated else None,
                flagged_share=part,
            )
        )
    return tuple(rows)


def _share(doc: Document, place: str, count: int, known: bool) -> str:
    if not known:
        return UNKNOWN
    return doc.figure(place, "share") if count else "no labels"


def _intervals(audit: Audit, n: int) -> tuple[Sequence[float | None], Sequence[float | None]]:
    measured = audit.measurement("suspect_share")
    if measured is None or not {"low", "high"} <= set(measured.per_class):
        return [None] * n, [None] * n
    return measured.per_class["low"], measured.per_class["high"]


def _interval_text(doc: Document, index: int, count: int, low: float | None, missing: str) -> str:
    if count < FEW_LABELS:
        return "not assessable"
    if low is None:
        return missing
    place = "/measurements/suspect_share/per_class"
    return said(
        "{} to {}",
        doc.figure(f"{place}/low/{index}", "share_number"),
        doc.figure(f"{place}/high/{index}", "share"),
    )


def _assessable(count: int) -> str:
    if count < FEW_LABELS:
        return "not assessable" if count else "no labels"
    return "wide" if count < 30 else "yes"
