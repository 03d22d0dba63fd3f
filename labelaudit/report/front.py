"""The front of the label: panel, verdict, the ladder of counts."""

from collections.abc import Sequence

from labelaudit.core.dataset import Check
from labelaudit.core.results import Audit, Detection
from labelaudit.report import numbers
from labelaudit.report.measured import absent_note, fact_of, found_note, lean
from labelaudit.report.parts import ClassRow, Count, Fact, Panel
from labelaudit.report.words import (
    FEW_LABELS,
    FILTERS,
    NO_SUSPECTS,
    NOISE_NOTE,
    NOT_REVIEWED,
    part_of,
    plain,
    several,
    spoken,
    why_no_detection,
)


def panel_of(
    audit: Audit, detection: Detection | None, classes: Sequence[ClassRow], refused: bool
) -> Panel:
    facts = audit.dataset
    unlabelled = f"; {numbers.count(facts.n_unlabelled)} without" if facts.n_unlabelled else ""
    shown, more = _worst(classes, facts.n_classes)
    return Panel(
        title="Label Facts",
        dataset=facts.name,
        size="not counted"
        if refused
        else f"{several(facts.n_examples, 'example')} in "
        f"{several(facts.n_classes, 'class', 'classes')}, one label each{unlabelled}",
        suspected=numbers.count(detection.n_flagged) if detection else numbers.UNKNOWN,
        suspected_known=detection is not None,
        share=numbers.share(part_of(detection.n_flagged, facts.n_examples))
        if detection
        else why_no_detection(audit),
        human_rate=NOT_REVIEWED,
        human_note=_review_advice(detection),
        noise=_noise(detection),
        noise_note=_noise_note(detection) if detection else why_no_detection(audit),
        facts=_facts(audit, classes),
        classes=() if refused else shown,
        more_classes="" if refused else more,
        footnotes=_footnotes(audit, detection),
    )


def _noise(detection: Detection | None) -> str:
    if detection is None or detection.model_noise_estimate is None:
        return numbers.UNKNOWN
    return numbers.share(detection.model_noise_estimate)


def _noise_note(detection: Detection) -> str:
    if detection.model_noise_estimate is None:
        return plain(detection.model_noise_basis)
    if detection.model_noise_interval is None:
        return NOISE_NOTE
    spread = numbers.share_range(*detection.model_noise_interval)
    return f"{NOISE_NOTE}; by sampling alone {spread}"


def _review_advice(detection: Detection | None) -> str:
    if detection is None:
        return "no person's verdict is in this audit"
    if detection.n_flagged == 0:
        return "there is no suspect to review"
    few = min(100, detection.n_flagged)
    return f"reviewed by people: 0 of {numbers.count(detection.n_flagged)}; review {few} for a rate"


def _footnotes(audit: Audit, detection: Detection | None) -> tuple[str, ...]:
    if detection is None:
        return ("Nothing here says that a label is right or wrong.",)
    basis = plain(detection.model_noise_basis)
    return (
        "* A suspect is a label that the model's evidence speaks against. It is not an error "
        "until a person has decided so.",
        f"† Not a rate of errors. Basis: {basis}.",
    )


def _facts(audit: Audit, classes: Sequence[ClassRow]) -> tuple[Fact, ...]:
    imbalance = audit.measurement("class_balance")
    neighbours = audit.measurement("knn_disagreement")
    calibration = audit.measurement("calibration")
    agree = 1 - neighbours.value if neighbours and neighbours.value is not None else None
    return (
        fact_of(
            audit,
            "class_balance",
            "Imbalance",
            "largest ÷ smallest class",
            numbers.ratio(imbalance.value) if imbalance else None,
            absent_note(audit),
        ),
        _hardest(audit, classes),
        fact_of(
            audit,
            "knn_disagreement",
            "Separability",
            "nearest neighbours agree",
            numbers.share(agree) if neighbours else None,
            found_note(neighbours),
        ),
        fact_of(
            audit,
            "calibration",
            "Calibration",
            "gap to agreement",
            numbers.score(calibration.value) if calibration else None,
            lean(calibration) if calibration else "",
        ),
        _contract_fact(audit.contract),
    )


def _hardest(audit: Audit, classes: Sequence[ClassRow]) -> Fact:
    judged = [row for row in classes if row.n_labels >= FEW_LABELS and row.flagged_share]
    gloss = "most suspects for its size"
    if judged:
        top = max(judged, key=lambda row: row.flagged_share or 0.0)
        return Fact(name="Hardest class", gloss=gloss, value=top.name, note=top.share)
    why = (
        why_no_detection(audit).split(";")[0]
        if audit.detection is None
        else "no class has a suspect"
    )
    if audit.detection is not None and audit.detection.n_flagged:
        why = f"every class with suspects has fewer than {FEW_LABELS} labels"
    return Fact(name="Hardest class", gloss=gloss, value=numbers.UNKNOWN, note=why, known=False)


def _contract_fact(contract: Sequence[Check]) -> Fact:
    tally = {status: sum(check.status == status for check in contract) for status in STATUSES}
    worst = next((status for status in STATUSES if tally[status] and status != "not_testable"), "")
    value = {
        "refused": "failed",
        "alerted": several(tally["alerted"], "alert"),
        "repaired": "repaired",
        "passed": "passed",
    }.get(worst, numbers.UNKNOWN)
    notes = [f"{tally['not_testable']} not testable"] if tally["not_testable"] else []
    notes += [f"allowed: {', '.join(map(spoken, names))}"] if (names := allowed(contract)) else []
    return Fact(
        name="Input contract",
        gloss=several(len(contract), "check"),
        value=value,
        note="; ".join(notes),
        known=worst != "",
    )


def allowed(contract: Sequence[Check]) -> list[str]:
    """Return the checks that failed, and that the user allowed to."""
    return [check.name for check in contract if check.evidence.get("allowed") is True]


STATUSES = ("refused", "alerted", "repaired", "passed", "not_testable")


def _worst(classes: Sequence[ClassRow], n_classes: int) -> tuple[tuple[ClassRow, ...], str]:
    """Return the classes of the front panel, by suspected share, and a line on the rest.

    A class too small to be judged comes after those that are not: one suspect among two labels
    must not head the list.
    """
    known = any(row.flagged_share is not None for row in classes)

    def place(row: ClassRow) -> tuple[bool, float]:
        amount = (row.flagged_share or 0.0) if known else float(row.n_labels)
        return (known and row.n_labels < FEW_LABELS, -amount)

    ordered = sorted(classes, key=place)
    shown, rest = ordered[:10], ordered[10:]
    if n_classes == 11:
        shown, rest = ordered, []
    if not rest:
        return tuple(shown), ""
    parts = [row.flagged_share for row in rest if row.flagged_share is not None]
    mean = f", {numbers.share(sum(parts) / len(parts))} suspected on average" if parts else ""
    return tuple(shown), f"{several(len(rest), 'more class', 'more classes')}{mean}"


def verdict_of(
    audit: Audit, detection: Detection | None, refused: Sequence[Check]
) -> tuple[str, ...]:
    if refused:
        return (
            "The input contract failed, so nothing was counted.",
            f"{plain(refused[0].name)}: {plain(refused[0].message)}.",
        )
    if names := allowed(audit.contract):
        failed = f"The input contract failed and was allowed to: {', '.join(map(spoken, names))}."
        return (failed, *_judged(audit, detection))
    return _judged(audit, detection)


def _judged(audit: Audit, detection: Detection | None) -> tuple[str, ...]:
    if detection is None and "probabilities" not in audit.dataset.has:
        return ("No label was checked: there are no predictions.",)
    if detection is None:
        return ("No label was checked yet: run `labelaudit detect`.",)
    if detection.n_flagged == 0:
        return tuple(f"{sentence}." for sentence in NO_SUSPECTS.rstrip(".").split(". "))
    total, flagged = audit.dataset.n_examples, detection.n_flagged
    if detection.top is not None and detection.n_filtered is not None:
        first = (
            f"These are the {numbers.count(flagged)} most doubtful of "
            f"{several(detection.n_filtered, 'label')} that the rule flags: a budget of "
            f"{plain(detection.top)}."
        )
    elif total <= 100 or total < 2 * flagged:
        first = f"The model suspects {numbers.count(flagged)} of {several(total, 'label')}."
    else:
        first = f"The model suspects 1 label in {numbers.count(round(total / flagged))}."
    few = "100" if flagged > 100 else "it" if flagged == 1 else f"all {flagged}"
    second = f"Nobody has checked yet: review {few} to learn the error rate."
    return (first, second) if total > 100 else (first, second, "Too few labels to rank classes.")


def _budget(detection: Detection) -> str:
    if detection.top is None or detection.n_filtered is None:
        return ""
    return (
        f" It flags {numbers.count(detection.n_filtered)}; these are the most doubtful, for a "
        f"budget of {plain(detection.top)}."
    )


def counts_of(audit: Audit, detection: Detection | None) -> tuple[Count, ...]:
    reviewed = Count(
        name="Reviewed by people",
        value=NOT_REVIEWED,
        gloss="Only people decide which suspects are errors.",
        kind="people",
        bar=None,
    )
    if detection is None:
        why = why_no_detection(audit)
        return (
            Count(name="Suspected", value=numbers.UNKNOWN, gloss=why, kind="suspected", bar=None),
            reviewed,
        )
    most = max(detection.n_predicted_neq_given, detection.n_flagged, 1)
    rule = FILTERS.get(detection.filter, "")
    return (
        Count(
            name="Model disagrees with the label",
            value=numbers.count(detection.n_predicted_neq_given),
            gloss="Top class differs from the given label. Mixes label errors with the model's "
            "own mistakes.",
            kind="other",
            bar=detection.n_predicted_neq_given / most,
        ),
        Count(
            name="Suspected",
            value=numbers.count(detection.n_flagged),
            gloss=f"Flagged by {plain(detection.filter)}{': ' if rule else ''}{rule}."
            + _budget(detection),
            kind="suspected",
            bar=detection.n_flagged / most,
        ),
        reviewed,
    )
