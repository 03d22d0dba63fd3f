"""The label: what an audit found, in words and figures, computed once for every renderer.

Every string of the dataset has passed `printable` here: one line, no control or invisible
characters. Each renderer escapes it for its own format. A suspect is not an error: people
decide that, and until they have, the rate of errors is "not yet reviewed".
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import numpy as np

from labelaudit.core.dataset import Check
from labelaudit.core.results import Alert, Audit, Detection, Finding, Measurement, Skipped
from labelaudit.core.text import printable
from labelaudit.report import numbers

NOT_REVIEWED = "not yet reviewed"
DETECT_NOT_RUN = "not run yet: `labelaudit detect`"
MEASURE_NOT_RUN = "not run yet: `labelaudit measure`"
NOT_APPLICABLE = "no predictions; give --predictions FILE"
NOISE_NOTE = "the model's estimate, bias unknown, not an interval for the error rate"
NO_SUSPECTS = "No label is suspected. This rule finds only errors the model can see."

MOST_SUSPECTS = 200
MOST_PAIRS = 25
MOST_CLASSES = 1000
MATRIX_CLASSES = 30
FEW_LABELS = 10  # a class of fewer labels is not assessable
NAME_LIMIT = 80
TEXT_LIMIT = 400

FILTERS = {
    "prune_by_noise_rate": "the largest margins of each class pair, as many as the joint says",
    "prune_by_class": "the least self-confident of each class, as many as the joint says",
    "both": "what prune_by_noise_rate and prune_by_class agree on",
    "confident_learning": "what counts off the diagonal of the confident joint",
    "predicted_neq_given": "every row whose top class differs from its label",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Fact:
    """One named figure with a short gloss; `note` stands beside it, quieter."""

    name: str
    gloss: str
    value: str
    note: str = ""
    known: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class ClassRow:
    """A class: how many labels it has, how many are suspected, what they look like.

    `bar` is the suspected share over the largest shown, `size` its labels over the largest.
    """

    name: str
    n_labels: int
    labels: str
    share_of_labels: str
    size: float
    tier: str
    flagged: str
    share: str
    bar: float
    low: float | None
    high: float | None
    interval: str
    assessable: str
    looks_like: str
    looks_like_count: str
    estimated: str
    shift: str
    flagged_share: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Panel:
    """The front of the label."""

    title: str
    dataset: str
    size: str
    suspected: str
    suspected_known: bool
    share: str
    human_rate: str
    human_note: str
    noise: str
    noise_note: str
    facts: tuple[Fact, ...]
    classes: tuple[ClassRow, ...]
    more_classes: str
    footnotes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Count:
    """A rung of the ladder of counts; `bar` is its part of the largest count."""

    name: str
    value: str
    gloss: str
    kind: str  # other | suspected | people
    bar: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Warned:
    """An alert, ready to print."""

    severity: str
    message: str
    mitigation: str
    uses: str
    rule: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Suspect:
    """A suspected label and the evidence for it; thresholds are None where a class has none."""

    rank: int
    id: str
    given: str
    suggested: str
    quality: str
    evidence: str
    given_probability: float
    suggested_probability: float
    given_threshold: float | None
    suggested_threshold: float | None
    gives_given: str
    gives_suggested: str
    needs: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Pair:
    """Suspects labelled `given` that look like `suggested`, and how many the reverse."""

    given: str
    suggested: str
    count: int
    reverse: int
    sentence: str


@dataclass(frozen=True, kw_only=True, slots=True)
class MatrixRow:
    """A row of the calibrated joint; `steps` shade the cells from 0 (none) to 6."""

    name: str
    cells: tuple[int, ...]
    steps: tuple[int, ...]
    diagonal: int
    off_diagonal: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Confusions:
    """Which classes are taken for which."""

    note: str
    names: tuple[str, ...]
    matrix: tuple[MatrixRow, ...]
    pairs: tuple[Pair, ...]
    more_pairs: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Balance:
    """The classes, by size."""

    note: str
    facts: tuple[Fact, ...]
    classes: tuple[ClassRow, ...]
    axis: float
    more_classes: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Bin:
    """A bin of the reliability plot."""

    rows: int
    confidence: float
    agreement: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Section:
    """Facts about one thing, and a notice: why there are none, or how to read them."""

    note: str
    facts: tuple[Fact, ...] = ()
    bins: tuple[Bin, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Measure:
    """Any measure, whatever its name: its figure, or why there is none."""

    name: str
    title: str
    value: str
    unit: str
    interval: str
    sample: str
    source: str
    details: tuple[tuple[str, str], ...]
    skipped: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Provenance:
    """What was read, how it was checked, which settings were used."""

    inputs: tuple[tuple[str, str, str, str, str], ...]  # role, path, how, bytes, sha256
    notices: tuple[str, ...]
    checks: tuple[tuple[str, str, str], ...]  # status, name, message
    settings: tuple[tuple[str, str, str], ...]  # name, value, origin
    tool: str
    format: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Label:
    """The whole label, section by section."""

    refused: bool
    panel: Panel
    verdict: tuple[str, ...]
    counts: tuple[Count, ...]
    alerts: tuple[Warned, ...]
    alert_totals: str
    suspects: tuple[Suspect, ...]
    suspects_note: str
    confusions: Confusions
    balance: Balance
    separability: Section
    calibration: Section
    measures: tuple[Measure, ...]
    measures_note: str
    provenance: Provenance
    modules: tuple[tuple[str, str], ...]
    glossary: tuple[tuple[str, str], ...]


def label_of(audit: Audit) -> Label:
    """Return the label of an audit; the same audit gives the same label."""
    audit = _harmless_names(audit)
    refused = [check for check in audit.contract if check.status == "refused"]
    detection = None if refused else audit.detection
    alerts = tuple(_warned(alert) for alert in audit.alerts)
    classes = _class_rows(audit, detection)
    return Label(
        refused=bool(refused),
        panel=_panel(audit, detection, classes, bool(refused)),
        verdict=_verdict(audit, detection, refused),
        counts=_counts(audit, detection),
        alerts=alerts,
        alert_totals=", ".join(
            f"{sum(alert.severity == level for alert in alerts)} {level}"
            for level in ("critical", "caution", "info")
        ),
        suspects=_suspects(audit, detection),
        suspects_note=_suspects_note(audit, detection),
        confusions=_confusions(audit, detection),
        balance=_balance(audit, classes),
        separability=_separability(audit),
        calibration=_calibration(audit),
        measures=tuple(_measure(audit, measured) for measured in audit.measurements or ()),
        measures_note="" if audit.measurements is not None else MEASURE_NOT_RUN,
        provenance=_provenance(audit),
        modules=MODULES,
        glossary=GLOSSARY,
    )


def _harmless_names(audit: Audit) -> Audit:
    """Return the audit with the names of its classes and itself made harmless, once."""
    names = tuple(_name(name) for name in audit.dataset.class_names)
    facts = replace(audit.dataset, name=_name(audit.dataset.name), class_names=names)
    return replace(audit, dataset=facts)


def _name(text: object) -> str:
    return printable(text, NAME_LIMIT) or "(empty name)"


def _text(text: object) -> str:
    return printable(text, TEXT_LIMIT)


# The front panel ---------------------------------------------------------------------------


def _panel(
    audit: Audit, detection: Detection | None, classes: Sequence[ClassRow], refused: bool
) -> Panel:
    facts = audit.dataset
    unlabelled = f"; {numbers.count(facts.n_unlabelled)} without" if facts.n_unlabelled else ""
    shown, more = _worst(classes, facts.n_classes)
    return Panel(
        title="Label Facts",
        dataset=facts.name,
        size=f"{_several(facts.n_examples, 'example')} in "
        f"{_several(facts.n_classes, 'class', 'classes')}, one label each{unlabelled}",
        suspected=numbers.count(detection.n_flagged) if detection else numbers.UNKNOWN,
        suspected_known=detection is not None,
        share=numbers.share(_part(detection.n_flagged, facts.n_examples))
        if detection
        else _why_no_detection(audit),
        human_rate=NOT_REVIEWED,
        human_note=_review_advice(detection),
        noise=numbers.share(detection.model_noise_estimate) if detection else numbers.UNKNOWN,
        noise_note=NOISE_NOTE if detection else _why_no_detection(audit),
        facts=_facts(audit, classes),
        classes=() if refused else shown,
        more_classes="" if refused else more,
        footnotes=_footnotes(audit, detection),
    )


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
    basis = _text(detection.model_noise_basis)
    return (
        "* A suspect is a label that the model's evidence speaks against. It is not an error "
        "until a person has decided so.",
        f"† {NOISE_NOTE[0].upper()}{NOISE_NOTE[1:]}. Basis: {basis}.",
    )


def _facts(audit: Audit, classes: Sequence[ClassRow]) -> tuple[Fact, ...]:
    imbalance = audit.measurement("class_balance")
    neighbours = audit.measurement("knn_disagreement")
    calibration = audit.measurement("calibration")
    agree = 1 - neighbours.value if neighbours and neighbours.value is not None else None
    return (
        _fact(
            audit,
            "class_balance",
            "Imbalance",
            "largest ÷ smallest class",
            numbers.ratio(imbalance.value) if imbalance else None,
            _absent_note(audit),
        ),
        _hardest(audit, classes),
        _fact(
            audit,
            "knn_disagreement",
            "Separability",
            "nearest neighbours agree",
            numbers.share(agree) if neighbours else None,
        ),
        _fact(
            audit,
            "calibration",
            "Calibration",
            "gap, confidence to agreement",
            numbers.score(calibration.value) if calibration else None,
            _lean(calibration) if calibration else "",
        ),
        _contract_fact(audit.contract),
    )


def _fact(
    audit: Audit, measure: str, name: str, gloss: str, value: str | None, note: str = ""
) -> Fact:
    if value is not None:
        return Fact(name=name, gloss=gloss, value=value, note=note, known=value != numbers.UNKNOWN)
    return Fact(
        name=name,
        gloss=gloss,
        value=numbers.UNKNOWN,
        note=_why_missing(audit, measure)[0],
        known=False,
    )


def _absent_note(audit: Audit) -> str:
    absent = sum(count == 0 for count in audit.dataset.class_counts)
    return f"leaves out {_several(absent, 'absent class', 'absent classes')}" if absent else ""


def _hardest(audit: Audit, classes: Sequence[ClassRow]) -> Fact:
    judged = [row for row in classes if row.n_labels >= FEW_LABELS and row.flagged_share]
    gloss = "most suspects for its size"
    if judged:
        top = max(judged, key=lambda row: row.flagged_share or 0.0)
        return Fact(name="Hardest class", gloss=gloss, value=top.name, note=top.share)
    why = _why_no_detection(audit) if audit.detection is None else "no class has a suspect"
    if audit.detection is not None and audit.detection.n_flagged:
        why = f"every class with suspects has fewer than {FEW_LABELS} labels"
    return Fact(name="Hardest class", gloss=gloss, value=numbers.UNKNOWN, note=why, known=False)


def _lean(calibration: Measurement) -> str:
    confidence = calibration.details.get("mean_confidence")
    agreement = calibration.details.get("agreement")
    if confidence is None or agreement is None or abs(confidence - agreement) < 0.01:
        return ""
    return "too sure" if confidence > agreement else "not sure enough"


def _contract_fact(contract: Sequence[Check]) -> Fact:
    tally = {status: sum(check.status == status for check in contract) for status in STATUSES}
    worst = next((status for status in STATUSES if tally[status] and status != "not_testable"), "")
    value = {
        "refused": "failed",
        "alerted": _several(tally["alerted"], "alert"),
        "repaired": "repaired",
        "passed": "passed",
    }.get(worst, numbers.UNKNOWN)
    note = f"{tally['not_testable']} not testable" if tally["not_testable"] else ""
    return Fact(
        name="Input contract",
        gloss=_several(len(contract), "check"),
        value=value,
        note=note,
        known=worst != "",
    )


STATUSES = ("refused", "alerted", "repaired", "passed", "not_testable")


# Verdict and counts ------------------------------------------------------------------------


def _verdict(
    audit: Audit, detection: Detection | None, refused: Sequence[Check]
) -> tuple[str, ...]:
    if refused:
        return (
            "The input contract failed, so nothing was counted.",
            f"{_text(refused[0].name)}: {_text(refused[0].message)}.",
        )
    if detection is None and "probabilities" not in audit.dataset.has:
        return ("No label was checked: there are no predictions.",)
    if detection is None:
        return ("No label was checked yet: run `labelaudit detect`.",)
    if detection.n_flagged == 0:
        return tuple(f"{sentence}." for sentence in NO_SUSPECTS.rstrip(".").split(". "))
    total, flagged = audit.dataset.n_examples, detection.n_flagged
    if total <= 100 or total < 2 * flagged:
        first = f"The model suspects {numbers.count(flagged)} of {_several(total, 'label')}."
    else:
        first = f"The model suspects 1 label in {numbers.count(round(total / flagged))}."
    few = "100" if flagged > 100 else "it" if flagged == 1 else f"all {flagged}"
    second = f"Nobody has checked yet: review {few} to learn the error rate."
    return (first, second) if total > 100 else (first, second, "Too few labels to rank classes.")


def _counts(audit: Audit, detection: Detection | None) -> tuple[Count, ...]:
    reviewed = Count(
        name="Reviewed by people",
        value=NOT_REVIEWED,
        gloss="Only people decide which suspects are errors.",
        kind="people",
        bar=None,
    )
    if detection is None:
        why = _why_no_detection(audit)
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
            gloss=f"Flagged by {_text(detection.filter)}{': ' if rule else ''}{rule}.",
            kind="suspected",
            bar=detection.n_flagged / most,
        ),
        reviewed,
    )


def _warned(alert: Alert) -> Warned:
    raised = _text(alert.id)
    if alert.value is not None and alert.threshold is not None:
        raised += f": {numbers.figure(alert.value)}, limit {numbers.figure(alert.threshold)}"
    return Warned(
        severity=_text(alert.severity),
        message=_text(alert.message),
        mitigation=_text(alert.mitigation),
        uses=", ".join(_text(use) for use in alert.use_cases),
        rule=raised,
    )


# Suspects and confusions -------------------------------------------------------------------


def _suspects(audit: Audit, detection: Detection | None) -> tuple[Suspect, ...]:
    if detection is None or audit.findings is None:
        return ()
    return tuple(_suspect(finding) for finding in islice(audit.findings, MOST_SUSPECTS))


def _suspect(finding: Finding) -> Suspect:
    given, suggested = _name(finding.given_label), _name(finding.suggested_label)
    threshold = _threshold(finding.suggested_threshold)
    line = (
        f"its threshold for `{suggested}` is {numbers.probability(threshold)}"
        if threshold is not None
        else f"it has no threshold for `{suggested}`: no example"
    )
    return Suspect(
        rank=int(finding.rank),
        id=_name(finding.id),
        given=given,
        suggested=suggested,
        quality=numbers.score(float(finding.label_quality)),
        evidence=f"model gives `{suggested}` {numbers.probability(finding.suggested_probability)} "
        f"and `{given}` {numbers.probability(finding.given_probability)}; {line}",
        given_probability=float(finding.given_probability),
        suggested_probability=float(finding.suggested_probability),
        given_threshold=_threshold(finding.given_threshold),
        suggested_threshold=threshold,
        gives_given=numbers.probability(finding.given_probability),
        gives_suggested=numbers.probability(finding.suggested_probability),
        needs=numbers.probability(threshold) if threshold is not None else "none",
    )


def _threshold(value: float) -> float | None:
    """Return a class's threshold; 2 is the code for a class without examples."""
    return float(value) if value <= 1.5 else None


def _suspects_note(audit: Audit, detection: Detection | None) -> str:
    if detection is None:
        return f"Suspects are unknown: {_why_no_detection(audit)}."
    if detection.n_flagged == 0:
        return NO_SUSPECTS
    if audit.findings is None:
        return f"The {numbers.count(detection.n_flagged)} suspects are not in this audit."
    total = len(audit.findings)
    if total > MOST_SUSPECTS:
        return (
            f"The first {MOST_SUSPECTS} of {numbers.count(total)}, most suspicious first; all "
            "are in findings.parquet."
        )
    return f"All {numbers.count(total)}, most suspicious first." if total > 1 else "The only one."


def _confusions(audit: Audit, detection: Detection | None) -> Confusions:
    if detection is None:
        return Confusions(
            note=_why_no_detection(audit), names=(), matrix=(), pairs=(), more_pairs=""
        )
    names = audit.dataset.class_names
    counted = {(given, other): count for given, other, count in detection.flagged_pairs}
    ordered = sorted(counted.items(), key=lambda item: (-item[1], item[0]))
    more = len(ordered) - MOST_PAIRS
    return Confusions(
        note="Rows are given labels, columns the class the model estimates. Numbers are the "
        "calibrated joint: its estimate of how many labels belong elsewhere."
        if 2 < len(names) <= MATRIX_CLASSES
        else "Suspects by given label and the class they look like.",
        names=names if 2 < len(names) <= MATRIX_CLASSES else (),
        matrix=_matrix(audit, detection) if 2 < len(names) <= MATRIX_CLASSES else (),
        pairs=tuple(
            _pair(audit, pair, count, counted.get((pair[1], pair[0]), 0))
            for pair, count in ordered[:MOST_PAIRS]
        ),
        more_pairs=f"{_several(more, 'more pair')} with at least one suspect" if more > 0 else "",
    )


def _pair(audit: Audit, pair: tuple[int, int], count: int, reverse: int) -> Pair:
    given, suggested = (audit.dataset.class_names[index] for index in pair)
    of = numbers.count(audit.dataset.class_counts[pair[0]])
    verb = "looks" if count == 1 else "look"
    back = f"; {numbers.count(reverse)} the reverse" if reverse else "; none the reverse"
    return Pair(
        given=given,
        suggested=suggested,
        count=count,
        reverse=reverse,
        sentence=f"{numbers.count(count)} of {of} labelled {given} {verb} like {suggested}{back}",
    )


def _matrix(audit: Audit, detection: Detection) -> tuple[MatrixRow, ...]:
    joint = detection.confident_joint
    scale = max(audit.dataset.n_examples, 1) / 10_000
    rows = []
    for index, name in enumerate(audit.dataset.class_names):
        cells = tuple(int(cell) for cell in joint[index])
        steps = tuple(
            0 if other == index else _step(cell, scale) for other, cell in enumerate(cells)
        )
        off = sum(cells) - cells[index]
        rows.append(
            MatrixRow(name=name, cells=cells, steps=steps, diagonal=index, off_diagonal=off)
        )
    return tuple(rows)


def _step(cell: int, scale: float) -> int:
    if cell == 0:
        return 0
    return 1 + sum(cell / scale > cut for cut in (1, 3, 6, 10, 20))


# Classes -----------------------------------------------------------------------------------


def _class_rows(audit: Audit, detection: Detection | None) -> tuple[ClassRow, ...]:
    """Return every class, in the order of the dataset."""
    facts = audit.dataset
    largest = max((*facts.class_counts, 1))
    flagged = detection.flagged_by_class.tolist() if detection else None
    shares = [
        _part(flagged[index], count) if flagged is not None and count else None
        for index, count in enumerate(facts.class_counts)
    ]
    top = max((part for part in shares if part is not None), default=0.0)
    looks: dict[int, tuple[int, int]] = {}
    for given, other, count in detection.flagged_pairs if detection else ():
        looks.setdefault(given, (other, count))
    balance = audit.measurement("class_balance")
    tiers = balance.per_class.get("tier") if balance else None
    intervals = _intervals(audit, facts.n_classes)
    estimated = _estimated(audit, detection)
    rows = []
    for index, name in enumerate(facts.class_names):
        count, part = facts.class_counts[index], shares[index]
        low, high = intervals[index]
        known = flagged is not None
        rows.append(
            ClassRow(
                name=name,
                n_labels=count,
                labels=numbers.count(count),
                share_of_labels=numbers.share(_part(count, facts.n_examples)),
                size=count / largest,
                tier="absent" if count == 0 else str(tiers[index]) if tiers else numbers.UNKNOWN,
                flagged=numbers.count(flagged[index]) if flagged is not None else numbers.UNKNOWN,
                share=numbers.share(part) if count else "no labels" if known else numbers.UNKNOWN,
                bar=part / top if part is not None and top else 0.0,
                low=low,
                high=high,
                interval=_interval_text(audit, count, low, high),
                assessable=_assessable(count),
                looks_like=_looks_like(facts.class_names, looks.get(index), known),
                looks_like_count=numbers.count(looks[index][1]) if index in looks else "",
                estimated=numbers.count(estimated[index]) if estimated else numbers.UNKNOWN,
                shift=numbers.signed(estimated[index] - count) if estimated else "",
                flagged_share=part,
            )
        )
    return tuple(rows)


def _looks_like(names: Sequence[str], look: tuple[int, int] | None, known: bool) -> str:
    if look is not None:
        return names[look[0]]
    return "no suspect" if known else numbers.UNKNOWN


def _estimated(audit: Audit, detection: Detection | None) -> list[int] | None:
    if detection is None:
        return None
    return [round(part * audit.dataset.n_examples) for part in detection.estimated_prior.tolist()]


def _intervals(audit: Audit, n_classes: int) -> list[tuple[float | None, float | None]]:
    measured = audit.measurement("suspect_share")
    if measured is None or not {"low", "high"} <= set(measured.per_class):
        return [(None, None)] * n_classes
    return list(zip(measured.per_class["low"], measured.per_class["high"], strict=True))


def _interval_text(audit: Audit, count: int, low: float | None, high: float | None) -> str:
    if count < FEW_LABELS:
        return "not assessable"
    if low is not None and high is not None:
        return numbers.share_range(low, high)
    return _why_missing(audit, "suspect_share")[0]


def _assessable(count: int) -> str:
    if count < FEW_LABELS:
        return "not assessable" if count else "no labels"
    return "wide" if count < 30 else "yes"


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
    return tuple(shown), f"{_several(len(rest), 'more class', 'more classes')}{mean}"


def _balance(audit: Audit, classes: Sequence[ClassRow]) -> Balance:
    ordered = sorted(classes, key=lambda row: -row.n_labels)
    highest = max((row.high for row in ordered if row.high is not None), default=0.0)
    axis = min(1.0, np.ceil(highest * 20) / 20) if highest else 1.0
    measured = audit.measurement("class_balance")
    more = len(ordered) - MOST_CLASSES
    return Balance(
        note="How large the classes are, how large the model estimates them, and what share of "
        "each is suspected. Intervals cover the sampling of rows only; a suspect is not an error.",
        facts=_balance_facts(audit, measured),
        classes=tuple(ordered[:MOST_CLASSES]),
        axis=float(axis),
        more_classes=f"{_several(more, 'smaller class', 'smaller classes')} not shown"
        if more > 0
        else "",
    )


def _balance_facts(audit: Audit, measured: Measurement | None) -> tuple[Fact, ...]:
    if measured is None:
        return ()
    details = measured.details
    tiers = [str(tier) for tier in measured.per_class.get("tier", ())]
    tally = " / ".join(numbers.count(tiers.count(tier)) for tier in ("head", "medium", "tail"))
    return (
        Fact(
            name="Imbalance ratio",
            gloss=_absent_note(audit) or "largest ÷ smallest class",
            value=numbers.ratio(measured.value),
        ),
        Fact(
            name="Evenness",
            gloss="1 = all classes equal",
            value=numbers.score(details.get("evenness")),
        ),
        Fact(
            name="Effective classes",
            gloss="how many classes it feels like",
            value=numbers.ratio(details.get("effective_classes_entropy")),
            note=f"of {numbers.count(audit.dataset.n_classes)}",
        ),
        Fact(
            name="Always guess the largest",
            gloss="accuracy to beat",
            value=numbers.share(details.get("majority_baseline")),
        ),
        Fact(
            name="Head / medium / tail",
            gloss=_text(details.get("tier_rule", "")),
            value=tally,
        ),
    )


# Separability, calibration, every measure --------------------------------------------------


def _why_no_detection(audit: Audit) -> str:
    if any(check.status == "refused" for check in audit.contract):
        return "not computed: the input contract failed"
    return DETECT_NOT_RUN if "probabilities" in audit.dataset.has else NOT_APPLICABLE


def _why_missing(audit: Audit, name: str) -> tuple[str, str]:
    """Return why a measure has no value, and what would supply it."""
    if audit.measurements is None:
        return MEASURE_NOT_RUN, "labelaudit measure"
    for measured in audit.measurements:
        if measured.name == name and isinstance(measured, Skipped):
            return f"skipped: {_text(measured.reason)}", _text(measured.remedy)
    return "not measured by this version", "run the audit again"


def _missing_note(audit: Audit, name: str) -> str:
    why, remedy = _why_missing(audit, name)
    if audit.measurements is None:
        return f"{why[0].upper()}{why[1:]}."
    return f"{why[0].upper()}{why[1:]}. Supply it with: {remedy}"


def _separability(audit: Audit) -> Section:
    measured = audit.measurement("knn_disagreement")
    if measured is None or measured.value is None:
        return Section(note=_missing_note(audit, "knn_disagreement"))
    low, high = measured.interval or (None, None)
    interval = f"{numbers.share_range(1 - high, 1 - low)}" if low is not None and high else ""
    worst, best = _extremes(audit, measured.per_class.get("mean", ()))
    agree = {"worst": worst, "best": best}
    facts = [
        Fact(
            name="Nearest neighbours agree",
            gloss="neighbours with the same label; 100 % is separable",
            value=numbers.share(1 - measured.value),
            note=interval,
        )
    ]
    for name, found in (("Hardest to tell", agree["worst"]), ("Easiest to tell", agree["best"])):
        if found is not None:
            facts.append(
                Fact(
                    name=name,
                    gloss="class by agreement of its neighbours",
                    value=found[0],
                    note=numbers.share(1 - found[1]),
                )
            )
    k, metric = measured.details.get("k"), measured.details.get("metric")
    how = f" {numbers.figure(k)} neighbours by {_text(metric)} distance." if k and metric else ""
    sample = _sample(measured.sample)
    return Section(
        note=f"Measured between embeddings.{how}" + (f" Rows: {sample}." if sample else ""),
        facts=tuple(facts),
    )


def _extremes(
    audit: Audit, column: Sequence[Any]
) -> tuple[tuple[str, float] | None, tuple[str, float] | None]:
    """Return the classes with the highest and the lowest figure of a per-class column."""
    named = [
        (name, float(value))
        for name, value in zip(audit.dataset.class_names, column, strict=False)
        if isinstance(value, int | float) and not isinstance(value, bool)
    ]
    if not named:
        return None, None
    return max(named, key=lambda item: item[1]), min(named, key=lambda item: item[1])


def _calibration(audit: Audit) -> Section:
    measured = audit.measurement("calibration")
    if measured is None or measured.value is None:
        return Section(note=_missing_note(audit, "calibration"))
    details = measured.details
    facts = [
        Fact(
            name="Calibration error",
            gloss=f"mean gap over {details.get('bins', 'its')} bins; 0 is perfect",
            value=numbers.score(measured.value),
            note=_lean(measured),
        )
    ]
    for name, title, gloss in (
        ("adaptive_calibration", "Adaptive", "bins of equal count"),
        ("classwise_calibration", "Class-wise", "mean over classes"),
    ):
        other = audit.measurement(name)
        facts.append(
            _fact(audit, name, title, gloss, numbers.score(other.value) if other else None)
        )
    facts += [
        Fact(
            name="Brier score",
            gloss="squared error, 0 to 2; 0 is best",
            value=numbers.score(details.get("brier")),
        ),
        Fact(
            name="Log-likelihood, negative",
            gloss="nats; 0 is best",
            value=numbers.score(details.get("negative_log_likelihood")),
        ),
    ]
    columns = [details.get(f"bin_{name}", ()) for name in ("rows", "confidence", "agreement")]
    return Section(
        note="Whether the model's confidence can be trusted. Measured against the given labels, so "
        "label errors are in it: read scores as ranks, not probabilities.",
        facts=tuple(facts),
        bins=tuple(
            Bin(rows=int(rows), confidence=float(confidence), agreement=float(agreement))
            for rows, confidence, agreement in zip(*columns, strict=True)
            if rows
        ),
    )


def _measure(audit: Audit, measured: Measurement | Skipped) -> Measure:
    if isinstance(measured, Skipped):
        return Measure(
            name=_text(measured.name),
            title=_text(measured.title),
            value="skipped",
            unit=f"{_text(measured.reason)}; supply it with: {_text(measured.remedy)}",
            interval="",
            sample="",
            source="",
            details=(),
            skipped=True,
        )
    low, high = measured.interval or (None, None)
    kind = _text(measured.interval_kind)
    bounds = "" if low is None else f"{numbers.figure(low)} to {numbers.figure(high)}"
    return Measure(
        name=_text(measured.name),
        title=_text(measured.title),
        value=numbers.figure(measured.value),
        unit=_text(measured.unit),
        interval=f"{bounds} ({kind})" if bounds else kind,
        sample=_sample(measured.sample),
        source=_text(measured.source) or numbers.UNKNOWN,
        details=(*_details(measured.details), *_per_class(audit, measured.per_class)),
        skipped=False,
    )


def _sample(sample: Mapping[str, int]) -> str:
    if not {"size", "of"} <= set(sample):
        return "all rows"
    if sample["size"] == sample["of"]:
        return f"all {numbers.count(sample['of'])}"
    seed = f", seed {sample['seed']}" if "seed" in sample else ""
    return f"{numbers.count(sample['size'])} of {numbers.count(sample['of'])}{seed}"


def _details(details: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    for name, value in details.items():
        if isinstance(value, list | tuple | dict | np.ndarray):
            yield _words(name), f"{_several(len(value), 'value')} (in audit.json)"
        else:
            yield _words(name), _text(numbers.figure(value))


def _per_class(audit: Audit, columns: Mapping[str, tuple[Any, ...]]) -> Iterable[tuple[str, str]]:
    for name, column in columns.items():
        high, low = _extremes(audit, column)
        if high is None or low is None:
            words = sorted({_text(value) for value in column if isinstance(value, str)})
            yield f"{_words(name)}, per class", ", ".join(words[:5]) or numbers.UNKNOWN
        else:
            lowest, highest = numbers.figure(low[1]), numbers.figure(high[1])
            yield f"{_words(name)}, per class", f"{lowest} ({low[0]}) to {highest} ({high[0]})"


def _words(name: str) -> str:
    return _text(name).replace("_", " ")


# Provenance --------------------------------------------------------------------------------


def _provenance(audit: Audit) -> Provenance:
    return Provenance(
        inputs=tuple(
            (
                _text(file.role),
                _text(file.path),
                _text(file.how),
                numbers.count(file.n_bytes),
                _text(file.sha256) if file.sha256 else "not computed",
            )
            for file in audit.inputs
        ),
        notices=tuple(_text(notice) for notice in audit.dataset.notices),
        checks=tuple(
            (_words(check.status), _words(check.name), _text(check.message))
            for check in audit.contract
        ),
        settings=tuple(
            (_text(name), _text(numbers.figure(setting.value)), _text(setting.origin))
            for name, setting in audit.settings.items()
        ),
        tool=f"labelaudit {_text(audit.tool_version)}",
        format=_text(audit.dataset.format),
    )


def _part(count: int, total: int) -> float | None:
    return count / total if total else None


def _several(count: int, one: str, many: str = "") -> str:
    return f"{numbers.count(count)} {one if count == 1 else many or one + 's'}"


# The seven modules of the Dataset Nutrition Label (Holland et al. 2018), and where each is.
MODULES = (
    ("Metadata", "front panel: name, size, classes"),
    ("Provenance", "Provenance: files, checks, settings"),
    ("Variables", "Balance: the label and its classes, one row each"),
    ("Statistics", "Balance and Measures"),
    ("Pair plots", "Confusions: classes in pairs"),
    ("Probabilistic model", "Calibration and Separability"),
    ("Ground-truth correlation", "not provided"),
)

GLOSSARY = (
    (
        "Suspect",
        "A label that the model's evidence speaks against. Not an error until a person "
        "has looked and decided.",
    ),
    ("Given label", "The label in the dataset."),
    ("Suggested label", "The class that the model finds most probable instead."),
    (
        "Label quality",
        "0 to 1, the probability that the model gives to the given label. Low is "
        "doubtful. Read it as a rank.",
    ),
    (
        "Threshold of a class",
        "The mean probability that the model gives to a class over the rows "
        "labelled so. Above it, the model counts as confident.",
    ),
    (
        "Confident joint",
        "Counts of rows by given label and confidently estimated class, scaled to "
        "the size of each class.",
    ),
    (
        "Model noise estimate",
        "The share of the confident joint off its diagonal: " + NOISE_NOTE + ".",
    ),
    (
        "Jeffreys interval",
        "The range of shares that a count is compatible with, at 95 %. It says "
        "nothing about errors.",
    ),
    (
        "Calibration error",
        "The mean gap between the model's confidence and how often it agrees with the given label.",
    ),
    ("Imbalance ratio", "Labels of the largest class for each one of the smallest that occurs."),
    ("Head, medium, tail", "Classes of many, some and few labels."),
    ("Not assessable", f"A class of fewer than {FEW_LABELS} labels: too few to judge."),
)
