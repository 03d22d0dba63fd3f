"""Figures held against limits: what passes, warns, fails or cannot be judged."""

from collections.abc import Sequence
from itertools import groupby

from labelaudit.check.figures import AT_MOST, Case, Figure, Figures, Unjudged, known_gates
from labelaudit.check.gates import of_measure
from labelaudit.check.limits import (
    MEASURE,
    RULE,
    Gate,
    expect_columns,
    expect_gates,
    expect_on_inconclusive,
)
from labelaudit.check.verdict import Matched, Outcome
from labelaudit.core.results import Audit

MOST_NAMED = 20  # classes or slices of one gate that are told one by one
_AS = {"fail": "failed", "warn": "warned", "pass": "passed"}


def judge(
    audit: Audit,
    gates: Sequence[Gate],
    on_inconclusive: str = "warn",
    allow_skipped: Sequence[str] = (),
    *,
    by: Sequence[str] = (),
    baseline: Matched | None = None,
    count_moved: bool = False,
) -> tuple[Outcome, ...]:
    """Return what each gate says of an audit, in the order of the gates.

    A limit "at most" fails only where the lower bound of a figure's interval exceeds it, passes
    where the upper bound is at or below it, and is inconclusive between: then `on_inconclusive`
    (fail, warn, pass) decides. "At least" is the mirror image. A figure without an interval is
    judged as it stands. Raises ConfigError for a name that is not known.
    """
    expect_on_inconclusive(on_inconclusive)
    expect_gates(allow_skipped, gates)
    expect_columns(by, audit.dataset.slices)
    case = Case(audit=audit, by=tuple(by), baseline=baseline, count_moved=count_moved)
    return tuple(
        outcome
        for gate in gates
        for outcome in _outcomes(
            gate, figures_of(gate.name, case), on_inconclusive, gate.name in allow_skipped
        )
    )


def figures_of(name: str, case: Case) -> Figures:
    """Return what the gate of a name looks at."""
    if name.startswith(MEASURE):
        return of_measure(case, name.removeprefix(MEASURE))
    return known_gates()[name].figures(case)


def standing(figure: Figure, gate: Gate) -> str:
    """Return passed, failed or inconclusive: on which side of the limit a figure's interval lies.

    >>> noise = Gate(name="max_model_noise", sense="at most", limit=0.03, unit="share")
    >>> [
    ...     standing(Figure(value=0.03, interval=bounds, what="", basis=""), noise)
    ...     for bounds in ((0.01, 0.03), (0.03, 0.05), (0.031, 0.05))
    ... ]
    ['passed', 'inconclusive', 'failed']
    """
    low, high = figure.interval or (figure.value, figure.value)
    if gate.sense == AT_MOST:
        return "failed" if low > gate.limit else "passed" if high <= gate.limit else "inconclusive"
    return "failed" if high < gate.limit else "passed" if low >= gate.limit else "inconclusive"


def _outcomes(gate: Gate, figures: Figures, on_inconclusive: str, allowed: bool) -> list[Outcome]:
    if isinstance(figures, Unjudged):
        return [_skipped(gate, figures, allowed)]
    found: list[Outcome] = []
    for family, group in groupby(figures, key=lambda figure: figure.family):
        judged = [(standing(figure, gate), figure) for figure in group]
        told = [_told(gate, figure, stood, on_inconclusive) for stood, figure in judged]
        found += _family(gate, family, told) if family else told
    return found


def _family(gate: Gate, family: str, told: list[Outcome]) -> list[Outcome]:
    """Return those that fail or warn, worst first, or one outcome where all pass."""
    sign = -1 if gate.sense == AT_MOST else 1
    told = sorted(told, key=lambda one: sign * (one.value or 0))
    kept: list[Outcome] = []
    for status in ("failed", "warned"):
        some = [one for one in told if one.status == status]
        kept += some[:MOST_NAMED]
        if rest := some[MOST_NAMED:]:
            kept.append(_many(rest[0], status, f"{len(rest):,} more, each a {family}", rest[0]))
    return kept or [_many(told[0], "passed", f"every {family}", told[0], len(told))]


def _many(
    first: Outcome, status: str, scope: str, worst: Outcome, n_passed: int | None = None
) -> Outcome:
    """Return several outcomes as one, with the figure of the worst."""
    lead = f"all {n_passed:,} pass" if n_passed is not None else f"{scope}, {status}"
    return Outcome(
        gate=first.gate,
        scope=scope,
        status=status,
        value=worst.value,
        interval=worst.interval,
        limit=first.limit,
        sense=first.sense,
        unit=first.unit,
        basis=first.basis,
        message=f"{lead}; the first of them: {worst.message}",
        remedy="" if status == "passed" else worst.remedy,
    )


def _told(gate: Gate, figure: Figure, stood: str, on_inconclusive: str) -> Outcome:
    status = _AS[on_inconclusive] if stood == "inconclusive" else stood
    basis = f"{figure.basis}; {RULE}" if figure.interval is not None else figure.basis
    return Outcome(
        gate=gate.name,
        scope=figure.scope,
        status=status,
        value=figure.value,
        interval=figure.interval,
        limit=gate.limit,
        sense=gate.sense,
        unit=gate.unit,
        basis=basis,
        message=_message(gate, figure, stood),
        remedy="" if status == "passed" else figure.remedy,
    )


def _message(gate: Gate, figure: Figure, stood: str) -> str:
    value = written(figure.value, gate.unit, gate.limit)
    limit = written(gate.limit, gate.unit)
    where = f" of {figure.scope}" if figure.scope else ""
    if figure.interval is None:
        return f"{figure.what}{where} is {value}; the limit is {gate.sense} {limit}"
    low, high = (written(end, gate.unit, gate.limit) for end in figure.interval)
    ending = {
        "passed": "",
        "inconclusive": ", which lies inside the interval: so many rows cannot tell",
        "failed": ", and the whole interval is beyond it",
    }[stood]
    return (
        f"{figure.what}{where} is {value} ({low} to {high}); the limit is {gate.sense} "
        f"{limit}{ending}"
    )


def _skipped(gate: Gate, why: Unjudged, allowed: bool) -> Outcome:
    return Outcome(
        gate=gate.name,
        status="skipped",
        value=None,
        limit=gate.limit,
        sense=gate.sense,
        unit=gate.unit,
        basis="not judged",
        message=why.reason,
        remedy=why.remedy,
        allowed=allowed,
    )


def written(value: float, unit: str, beside: float | None = None) -> str:
    """Return a figure as people read it; as exactly as it takes to differ from one beside it.

    >>> written(0.0393, "share"), written(1060, "count"), written(0.030004, "share", 0.03)
    ('3.93 %', '1,060', '3.0004 %')
    """
    if unit == "count":
        return f"{int(value):,}"
    scale, ending = (100, " %") if unit == "share" else (1, "")
    for digits in range(3, 17):
        text = f"{scale * value:.{digits}g}"
        if beside is None or value == beside or text != f"{scale * beside:.{digits}g}":
            break
    return f"{float(text):,.12g}{ending}" if "e+" in text else f"{text}{ending}"
