"""What measures found, alerts, and where everything came from."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from labelaudit.core.badges import badges_of
from labelaudit.core.results import Alert, Audit, Measurement, Skipped
from labelaudit.report import numbers
from labelaudit.report.pairs import first_pairs, hard_pairs_of
from labelaudit.report.parts import (
    Balance,
    Bin,
    ClassRow,
    Fact,
    Marked,
    Measure,
    Provenance,
    Section,
    Warned,
)
from labelaudit.report.words import (
    BADGES,
    MOST_CLASSES,
    missing_note,
    plain,
    several,
    spoken,
    why_missing,
)


def lean(calibration: Measurement) -> str:
    confidence = calibration.details.get("mean_confidence")
    agreement = calibration.details.get("agreement")
    if confidence is None or agreement is None or abs(confidence - agreement) < 0.01:
        return ""
    return "too sure" if confidence > agreement else "not sure enough"


def absent_note(audit: Audit) -> str:
    absent = sum(count == 0 for count in audit.dataset.class_counts)
    return f"leaves out {several(absent, 'absent class', 'absent classes')}" if absent else ""


def fact_of(
    audit: Audit, measure: str, name: str, gloss: str, value: str | None, note: str = ""
) -> Fact:
    if value is not None:
        return Fact(name=name, gloss=gloss, value=value, note=note, known=value != numbers.UNKNOWN)
    return Fact(
        name=name,
        gloss=gloss,
        value=numbers.UNKNOWN,
        note=why_missing(audit, measure)[0],
        known=False,
    )


def balance_of(audit: Audit, classes: Sequence[ClassRow]) -> Balance:
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
        more_classes=f"{several(more, 'smaller class', 'smaller classes')} not shown"
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
            gloss=absent_note(audit) or "largest ÷ smallest class",
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
            gloss=plain(details.get("tier_rule", "")),
            value=tally,
        ),
        *_point_of_recall(audit, measured),
    )


def _point_of_recall(audit: Audit, measured: Measurement) -> Iterable[Fact]:
    """Say what evaluation pays: how many examples a point of recall is in the smallest class."""
    points = measured.per_class.get("examples_per_point", ())
    named = zip(points, audit.dataset.class_names, strict=False)
    present = [(point, name) for point, name in named if point]
    if present:
        point, name = min(present)
        yield Fact(
            name="One point of recall",
            gloss="in the smallest class, in examples",
            value=f"{point:,.2g}" if point < 10 else numbers.ratio(point),
            note=name,
        )


def separability_of(audit: Audit) -> Section:
    measured = audit.measurement("knn_disagreement")
    if measured is None or measured.value is None:
        return Section(note=missing_note(audit, "knn_disagreement"), pairs=hard_pairs_of(audit))
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
    how = f" {numbers.figure(k)} neighbours by {plain(metric)} distance." if k and metric else ""
    sample = f" Rows: {_sample(measured)}."
    return Section(
        note=f"Measured between embeddings.{how}{sample}{_how_exact(measured.details)}",
        facts=tuple(facts),
        pairs=hard_pairs_of(audit),
    )


def calibration_of(audit: Audit) -> Section:
    measured = audit.measurement("calibration")
    if measured is None or measured.value is None:
        return Section(note=missing_note(audit, "calibration"))
    details = measured.details
    facts = [
        Fact(
            name="Calibration error",
            gloss=f"mean gap over {details.get('bins', 'its')} bins; 0 is perfect",
            value=numbers.score(measured.value),
            note=lean(measured),
        )
    ]
    if measured.interval:
        facts[0] = replace(facts[0], gloss=f"{facts[0].gloss}; 95 %: {_scores(measured.interval)}")
    for name, title, gloss in (
        ("adaptive_calibration", "Adaptive", "bins of equal count"),
        ("classwise_calibration", "Class-wise", "mean over classes"),
        ("brier_score", "Brier score", "squared error, 0 to 2; 0 is best"),
        ("temperature", "Temperature", "would fit the given labels; not applied"),
    ):
        other = audit.measurement(name)
        facts.append(
            fact_of(audit, name, title, gloss, numbers.score(other.value) if other else None)
        )
    facts.append(
        Fact(
            name="Log-likelihood, negative",
            gloss="nats; 0 is best",
            value=numbers.score(details.get("negative_log_likelihood")),
        )
    )
    columns = [details.get(f"bin_{name}", ()) for name in ("rows", "confidence", "agreement")]
    unknown = [None] * len(columns[0])
    columns += [details.get(f"bin_{name}", unknown) for name in ("low", "high")]
    return Section(
        note="Whether the model's confidence can be trusted. Measured against the given labels, so "
        "label errors are in it: read scores as ranks, not probabilities.",
        facts=tuple(facts),
        bins=tuple(
            Bin(
                rows=int(rows),
                confidence=float(confidence),
                agreement=float(agreement),
                low=low,
                high=high,
                interval=numbers.share_range(low, high),
            )
            for rows, confidence, agreement, low, high in zip(*columns, strict=True)
            if rows
        ),
    )


def _scores(interval: tuple[float, float]) -> str:
    return f"{numbers.score(interval[0])} to {numbers.score(interval[1])}"


def measure_of(audit: Audit, measured: Measurement | Skipped) -> Measure:
    if isinstance(measured, Skipped):
        return Measure(
            name=plain(measured.name),
            title=plain(measured.title),
            value="skipped",
            unit=f"{plain(measured.reason)} ({plain(measured.remedy)})",
            interval="",
            sample="",
            source="",
            details=(),
            skipped=True,
        )
    low, high = measured.interval or (None, None)
    kind = plain(measured.interval_kind)
    bounds = "" if low is None else f"{numbers.figure(low)} to {numbers.figure(high)}"
    return Measure(
        name=plain(measured.name),
        title=plain(measured.title),
        value=numbers.figure(measured.value),
        unit=plain(measured.unit),
        interval=f"{bounds} ({kind})" if bounds else kind,
        sample=_sample(measured),
        source=plain(measured.source) or numbers.UNKNOWN,
        details=(*_details(measured.details), *_per_class(audit, measured.per_class)),
        skipped=False,
    )


def _sample(measured: Measurement) -> str:
    sample = measured.sample
    if not {"size", "of"} <= set(sample):
        return "all rows"
    if sample["size"] == sample["of"]:
        return f"all {numbers.count(sample['of'])}"
    seed = f", seed {sample['seed']}" if "seed" in sample else ""
    found = found_note(measured)
    rows = f"{numbers.count(sample['size'])} of {numbers.count(sample['of'])}{seed}"
    return f"{rows}; {found}" if found else rows


def found_note(measured: Measurement | None) -> str:
    """Say which share of the true neighbours a search among a sample has found."""
    recall = measured.details.get("neighbour_recall") if measured else None
    return f"{numbers.share(recall)} of neighbours found" if recall is not None else ""


def _how_exact(details: Mapping[str, Any]) -> str:
    """Say how the share of neighbours that were found is known, and what would find all."""
    told = ""
    if "neighbour_recall_basis" in details:
        told += f" Neighbours found, {plain(details['neighbour_recall_basis'])}."
    if details.get("disagreement_shift") is not None:
        told += (
            " The disagreement of a row is off by "
            f"{numbers.score(details['disagreement_shift'])} on average."
        )
    if "exact_with" in details:
        told += f" `{plain(details['exact_with'])}` compares all rows."
    return told


def _details(details: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    for name, value in details.items():
        if isinstance(value, list | tuple | dict | np.ndarray):
            pairs = first_pairs(value) if isinstance(value, list) else ""
            yield spoken(name), pairs or f"{several(len(value), 'value')} (in audit.json)"
        else:
            yield spoken(name), plain(numbers.figure(value))


def _per_class(audit: Audit, columns: Mapping[str, tuple[Any, ...]]) -> Iterable[tuple[str, str]]:
    for name, column in columns.items():
        high, low = _extremes(audit, column)
        if high is None or low is None:
            words = sorted({plain(value) for value in column if isinstance(value, str)})
            yield f"{spoken(name)}, per class", ", ".join(words[:5]) or numbers.UNKNOWN
        else:
            lowest, highest = numbers.figure(low[1]), numbers.figure(high[1])
            yield f"{spoken(name)}, per class", f"{lowest} ({low[0]}) to {highest} ({high[0]})"


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


def provenance_of(audit: Audit) -> Provenance:
    return Provenance(
        inputs=tuple(
            (
                plain(file.role),
                plain(file.path),
                plain(file.how),
                numbers.count(file.n_bytes),
                plain(file.sha256) if file.sha256 else "not computed",
            )
            for file in audit.inputs
        ),
        notices=tuple(plain(notice) for notice in audit.dataset.notices),
        checks=tuple(
            (spoken(check.status), spoken(check.name), plain(check.message))
            for check in audit.contract
        ),
        settings=tuple(
            (plain(name), _set_to(setting.value), plain(setting.origin))
            for name, setting in audit.settings.items()
        ),
        tool=f"labelaudit {plain(audit.tool_version)}",
        format=plain(audit.dataset.format),
    )


def _set_to(value: Any) -> str:
    if value is None or value in ([], ()):
        return "none"
    if isinstance(value, list | tuple):
        return plain(", ".join(map(str, value)))
    return plain(numbers.figure(value))


def warned(alert: Alert) -> Warned:
    raised = plain(alert.id)
    if alert.value is not None and alert.threshold is not None:
        raised += f": {numbers.figure(alert.value)}, limit {numbers.figure(alert.threshold)}"
        raised += f" ({plain(alert.basis)})" if alert.basis else ""
    return Warned(
        severity=plain(alert.severity),
        message=plain(alert.message),
        mitigation=plain(alert.mitigation),
        uses=", ".join(plain(use) for use in alert.use_cases),
        rule=raised,
    )


def badge_rows(audit: Audit) -> tuple[Marked, ...]:
    return tuple(
        Marked(name=BADGES[badge.key], state=badge.state, evidence=plain(badge.evidence))
        for badge in badges_of(audit)
    )
