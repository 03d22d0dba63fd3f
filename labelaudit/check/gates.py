"""Gates: a number of an audit against a limit, judged by a bound and not by the point.

A limit of at most 0.03 fails only where the lower bound of the 95 % interval is above it, passes
where the upper bound is not, and is inconclusive between. Intervals cover sampling only: what is
biased is not seen by them.
"""

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from labelaudit.check.readings import GATES, Read, Reading, Seen, of_measure
from labelaudit.check.verdict import Outcome
from labelaudit.core.errors import ConfigError
from labelaudit.core.text import did_you_mean, printable

ON_INCONCLUSIVE = ("warn", "fail", "pass")
_STATUS = {"warn": "warned", "fail": "failed", "pass": "passed"}
_SENSES = {"<=": "at most", ">=": "at least"}
_MEASURE = re.compile(r"measure\.([a-z0-9_]+)\s*(<=|>=)\s*(\S+)")


@dataclass(frozen=True, kw_only=True, slots=True)
class Gate:
    """A limit on what `read` reads; `sense` is "at most" or "at least"."""

    name: str
    limit: float
    sense: str
    unit: str
    read: Read


def gate(name: str, limit: str | float) -> Gate:
    """Return a gate of `GATES` with its limit: a number, a share also as `3%`.

    Raises
    ------
    ConfigError : there is no such gate, or no such limit for it.
    """
    if name not in GATES:
        raise ConfigError(
            f"{printable(name, 60)}: no such gate; there are {', '.join(GATES)} and measure.NAME"
            f"{did_you_mean(name, GATES)}"
        )
    unit, read = GATES[name]
    sense = "at least" if name.startswith("min_") else "at most"
    return Gate(name=name, limit=_limit(name, limit, unit), sense=sense, unit=unit, read=read)


def gate_of_measure(text: str, known: Iterable[str]) -> Gate:
    """Return the gate of `measure.NAME<=0.05` or `measure.NAME>=0.9`; `known` are the measures."""
    found = _MEASURE.fullmatch(text.strip())
    if found is None:
        raise ConfigError(
            f"--gate {printable(text, 80)}: write measure.NAME<=LIMIT or measure.NAME>=LIMIT"
        )
    name, sign, limit = found.groups()
    names = tuple(known)
    if name not in names:
        raise ConfigError(
            f"--gate measure.{name}: there is no measure of that name{did_you_mean(name, names)}"
        )
    return Gate(
        name=f"measure.{name}",
        limit=_limit(f"measure.{name}", limit, "score"),
        sense=_SENSES[sign],
        unit="score",
        read=of_measure(name),
    )


def _limit(name: str, limit: str | float, unit: str) -> float:
    shown = printable(str(limit), 40)
    text = str(limit).strip()
    is_percent = text.endswith("%")
    try:
        value = float(text.removesuffix("%")) / (100 if is_percent else 1)
    except ValueError:
        raise ConfigError(f"{name} {shown}: the limit is a number, such as 0.03 or 3%") from None
    if not math.isfinite(value) or (is_percent and unit in ("count", "ratio")):
        raise ConfigError(f"{name} {shown}: the limit is a number")
    if unit == "share" and not 0 <= value <= 1:
        raise ConfigError(f"{name} {shown}: the limit is a share, from 0 to 1 or 0% to 100%")
    if unit == "count" and (value < 0 or value != int(value)):
        raise ConfigError(f"{name} {shown}: the limit is a whole number from 0 on")
    if unit == "ratio" and value < 1:
        raise ConfigError(f"{name} {shown}: the limit is a ratio from 1 on")
    return value


def judge(
    seen: Seen,
    gates: Sequence[Gate],
    on_inconclusive: str = ON_INCONCLUSIVE[0],
    allow_skipped: Sequence[str] = (),
) -> tuple[Outcome, ...]:
    """Return what the gates say, in their order.

    A gate that reads several numbers, of classes or slices, has an outcome for each that does not
    pass, and one that counts those that do.
    """
    for column in seen.by:
        if column not in seen.audit.dataset.slices:
            known = seen.audit.dataset.slices
            raise ConfigError(
                f"--by {printable(column, 60)}: the audit is not cut by it, but by "
                f"{', '.join(printable(name, 60) for name in known) or 'nothing'}"
                f"{did_you_mean(column, known)}; audit with --by {printable(column, 60)}"
            )
    return tuple(
        outcome
        for one in gates
        for outcome in _outcomes(one, seen, on_inconclusive, one.name in allow_skipped)
    )


def _outcomes(one: Gate, seen: Seen, on_inconclusive: str, allowed: bool) -> list[Outcome]:
    judged = [_judged(one, reading, on_inconclusive, allowed) for reading in one.read(seen)]
    if len(judged) == 1:
        return judged
    passed = [outcome for outcome in judged if outcome.status == "passed"]
    others = [outcome for outcome in judged if outcome.status != "passed"]
    if passed:
        # The one nearest to the limit stands for those that pass.
        nearest = min(passed, key=lambda own: abs((own.value or 0.0) - one.limit))
        told = f"{len(passed):,} of {len(judged):,} pass"
        message = f"{told}; the nearest, {nearest.scope}: {nearest.message}"
        others.append(replace(nearest, scope="", message=message))
    return others


def _judged(one: Gate, reading: Reading, on_inconclusive: str, allowed: bool) -> Outcome:
    limit = f"limit {one.sense} {shown(one.limit, one.unit)}"
    if reading.value is None:
        status = "skipped"
        message = f"cannot be judged: {reading.why_not}"
    else:
        status, reason = _status(one, reading, on_inconclusive)
        message = f"{shown(reading.value, one.unit)}{_range(reading, one.unit)}, {limit}"
        message += f"; {reason}" if reason else ""
    return Outcome(
        gate=one.name,
        scope=reading.scope,
        status=status,
        value=reading.value,
        interval=reading.interval,
        limit=one.limit,
        sense=one.sense,
        unit=one.unit,
        basis=reading.basis,
        message=message,
        remedy=reading.remedy,
        allowed=allowed,
    )


def _status(one: Gate, reading: Reading, on_inconclusive: str) -> tuple[str, str]:
    """Return what a bound says, and a word on it where it says nothing sure."""
    assert reading.value is not None
    low, high = reading.interval or (reading.value, reading.value)
    low, high = min(low, reading.value), max(high, reading.value)
    if one.sense == "at least":
        fails, passes = high < one.limit, low >= one.limit
    else:
        fails, passes = low > one.limit, high <= one.limit
    if fails:
        return "failed", ""
    if passes:
        return "passed", ""
    return _STATUS[on_inconclusive], "inconclusive: the interval has the limit within it"


def _range(reading: Reading, unit: str) -> str:
    if reading.interval is None:
        return ""
    low, high = reading.interval
    return f" ({shown(low, unit)} to {shown(high, unit)})"


def shown(value: float, unit: str) -> str:
    """Return a number in its unit, as messages have it.

    >>> shown(0.0729, "share"), shown(1200, "count"), shown(0.12345, "score")
    ('7.29 %', '1,200', '0.1235')
    """
    if unit == "count":
        return f"{value:,.0f}"
    if unit == "share":
        return f"{100 * value:.3g} %" if value < 1 else "100 %"
    return f"{value:,.4g}"
