"""The classes, the suspects and the pairs of classes that are taken for each other."""

from collections.abc import Sequence
from itertools import islice

from labelaudit.core.results import Audit, Confusion, Detection, Finding, Kinship
from labelaudit.report import numbers
from labelaudit.report.pairs import verdict_on, verdicts_of
from labelaudit.report.parts import ClassRow, Confusions, MatrixRow, Pair, Suspect
from labelaudit.report.words import (
    FEW_LABELS,
    MATRIX_CLASSES,
    MOST_KIN,
    MOST_PAIRS,
    MOST_SUSPECTS,
    NO_SUSPECTS,
    named,
    part_of,
    plain,
    several,
    why_missing,
    why_no_detection,
)


def suspects_of(audit: Audit, detection: Detection | None) -> tuple[Suspect, ...]:
    if detection is None or audit.findings is None:
        return ()
    sampled = "neighbour_recall" in (detection.near_duplicates or {})
    near = "sampled neighbours" if sampled else "nearest neighbours"
    return tuple(_suspect(finding, near) for finding in islice(audit.findings, MOST_SUSPECTS))


def _suspect(finding: Finding, near: str) -> Suspect:
    given, suggested = named(finding.given_label), named(finding.suggested_label)
    threshold = _threshold(finding.suggested_threshold)
    return Suspect(
        rank=int(finding.rank),
        id=named(finding.id),
        given=given,
        suggested=suggested,
        quality=numbers.score(float(finding.label_quality)),
        beside=_beside(finding, suggested, near),
        given_probability=float(finding.given_probability),
        suggested_probability=float(finding.suggested_probability),
        given_threshold=_threshold(finding.given_threshold),
        suggested_threshold=threshold,
        gives_given=numbers.probability(finding.given_probability),
        gives_suggested=numbers.probability(finding.suggested_probability),
        needs=numbers.probability(threshold) if threshold is not None else "none",
    )


def _beside(finding: Finding, suggested: str, those_near: str) -> str:
    """Say what else there is than the model's probabilities, and who does not agree."""
    known, parts = finding.evidence, []
    near, said = known.get("neighbour_labels"), known.get("model_labels")
    for names, who in ((near, f"{those_near} are"), (said, "models say")):
        if names and names[0]:  # empty where a row was not looked at
            parts.append(
                f"{names.count(finding.suggested_label)} of {len(names)} {who} {suggested}"
            )
    if known.get("dissent", "none") != "none":
        parts.append(f"not: {plain(known['dissent'])}")
    return "; ".join(parts)


def _threshold(value: float) -> float | None:
    """Return a class's threshold; 2 is the code for a class without examples."""
    return float(value) if value <= 1.5 else None


def suspects_note(audit: Audit, detection: Detection | None) -> str:
    if detection is None:
        return f"Suspects are unknown: {why_no_detection(audit)}."
    if detection.n_flagged == 0:
        return NO_SUSPECTS
    if audit.findings is None:
        return f"The {numbers.count(detection.n_flagged)} suspects are not in this audit."
    total = len(audit.findings)
    if total > MOST_SUSPECTS:
        return (
            f"The first {MOST_SUSPECTS} of {numbers.count(total)}, most suspicious first; all "
            "are in the findings of the audit."
        )
    return f"All {numbers.count(total)}, most suspicious first." if total > 1 else "The only one."


def confusions_of(audit: Audit, detection: Detection | None) -> Confusions:
    if detection is None:
        return Confusions(
            note=why_no_detection(audit), names=(), matrix=(), pairs=(), more_pairs=""
        )
    names = audit.dataset.class_names
    counted = {(given, other): count for given, other, count in detection.flagged_pairs}
    chance = {(one.given, one.suggested): one for one in detection.confusions}
    ordered = sorted(counted.items(), key=lambda item: (-item[1], item[0]))
    more = len(ordered) - MOST_PAIRS
    verdicts = verdicts_of(audit)
    return Confusions(
        note="Rows are given labels, columns the class the model estimates. Numbers are the "
        "calibrated joint: its estimate of how many labels belong elsewhere. The pairs count "
        "suspects, which the joint sets but does not equal."
        if 2 < len(names) <= MATRIX_CLASSES
        else "Suspects by given label and the class they look like.",
        names=names if 2 < len(names) <= MATRIX_CLASSES else (),
        matrix=_matrix(audit, detection) if 2 < len(names) <= MATRIX_CLASSES else (),
        pairs=tuple(
            _pair(
                audit,
                pair,
                count,
                counted.get((pair[1], pair[0]), 0),
                chance.get(pair),
                verdict_on(verdicts, *pair),
            )
            for pair, count in ordered[:MOST_PAIRS]
        ),
        more_pairs=f"{several(more, 'more pair')} with at least one suspect" if more > 0 else "",
        kin=tuple(_kin(audit, kin) for kin in detection.kinships[:MOST_KIN]),
    )


def _kin(audit: Audit, kin: Kinship) -> str:
    given, other = (audit.dataset.class_names[code] for code in (kin.given, kin.other))
    there, back = numbers.share(kin.there), numbers.share(kin.back)
    shares = (
        f"of {given} that it places in either, it places {there} in {other}; of {other}, "
        f"{back} in {given}"
    )
    looks = f"{given} and {other} look like one class"
    if kin.kind == "two":
        looks = f"{given} looks like two classes, itself and {other}"
    return f"To the model {looks}: {shares}"


def _pair(
    audit: Audit,
    pair: tuple[int, int],
    count: int,
    reverse: int,
    known: Confusion | None,
    verdict: tuple[str, str, str],
) -> Pair:
    given, suggested = (audit.dataset.class_names[index] for index in pair)
    of = numbers.count(audit.dataset.class_counts[pair[0]])
    verb = "looks" if count == 1 else "look"
    back = f"; {numbers.count(reverse)} the reverse" if reverse else "; none the reverse"
    chance = ""
    # Where all suspects are of one class, say, there is nothing to choose.
    if known is not None and abs(known.expected - count) > 1e-6 * count:
        chance = f"{numbers.ratio(known.expected)} by chance"
        back += f"; {chance}{', systematic' if known.is_systematic else ''}"
    return Pair(
        given=given,
        suggested=suggested,
        count=count,
        reverse=reverse,
        by_chance=chance,
        sentence=f"{numbers.count(count)} of {of} labelled {given} {verb} like {suggested}{back}",
        reads_as=verdict[0],
        score=verdict[1],
        basis=verdict[2],
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


def class_rows(audit: Audit, detection: Detection | None) -> tuple[ClassRow, ...]:
    """Return every class, in the order of the dataset."""
    facts = audit.dataset
    largest = max((*facts.class_counts, 1))
    flagged = detection.flagged_by_class.tolist() if detection else None
    shares = [
        part_of(flagged[index], count) if flagged is not None and count else None
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
                share_of_labels=numbers.share(part_of(count, facts.n_examples)),
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
    return why_missing(audit, "suspect_share")[0]


def _assessable(count: int) -> str:
    if count < FEW_LABELS:
        return "not assessable" if count else "no labels"
    return "wide" if count < 30 else "yes"
