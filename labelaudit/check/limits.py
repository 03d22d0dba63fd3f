"""The limits that a user sets, from flags or a configuration: read and validated in one place."""

import math
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from labelaudit.check.figures import AT_LEAST, AT_MOST, known_gates
from labelaudit.core.errors import ConfigError
from labelaudit.core.text import did_you_mean, listed, printable

ON_INCONCLUSIVE = ("warn", "fail", "pass")
MEASURE = "measure."
RULE = (
    "fails only where the whole interval is beyond the limit, warns where the limit lies inside; "
    "the interval covers the sampling of rows only"
)
_NUMBER = re.compile(r"\+?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:e[+-]?[0-9]{1,3})?", re.IGNORECASE)
_MEASURE_GATE = re.compile(r"\s*([\w.-]+?)\s*([<>]=)\s*(\S.*?)\s*", re.ASCII)
_SENSES = {"<=": AT_MOST, ">=": AT_LEAST}


@dataclass(frozen=True, kw_only=True, slots=True)
class Gate:
    """A gate that was asked for: its name, `at most` or `at least`, the limit and its unit."""

    name: str
    sense: str
    limit: float
    unit: str


def gate_of(name: str, limit: object, where: str | None = None) -> Gate:
    """Return the gate of a name; `where` is what a complaint calls it, a flag say."""
    kinds = known_gates()
    if name not in kinds:
        raise ConfigError(
            f"gate {printable(name, 60)}: there is no gate of that name"
            f"{did_you_mean(name, kinds)}; `labelaudit explain` lists all"
        )
    kind = kinds[name]
    value = _limit(limit, kind.unit, where or name)
    return Gate(name=name, sense=kind.sense, limit=value, unit=kind.unit)


def measure_gate(text: str, where: str = "--gate") -> Gate:
    """Return the gate that `measure.calibration<=0.05` is."""
    found = _MEASURE_GATE.fullmatch(text)
    if found is None or not found[1].startswith(MEASURE) or found[1] == MEASURE:
        raise ConfigError(
            f"{where} {printable(text, 60)}: write a measure, >= or <= and a number, as in "
            "'measure.knn_accuracy>=0.8'"
        )
    value = _number(found[3], f"{where} {found[1]}", signed=True)
    return Gate(name=found[1], sense=_SENSES[found[2]], limit=value, unit="score")


def gates_of(table: Mapping[str, Any]) -> tuple[Gate, ...]:
    """Return the gates of a table `[gates]`; its further keys are no business of this function.

    `measure` is a table of measures, each `"<= 0.05"` or `">= 0.8"`.
    """
    found = []
    for name, value in table.items():
        if name == "measure":
            if not isinstance(value, Mapping):
                raise ConfigError('gates.measure: give a table, as in calibration = "<= 0.05"')
            found += [
                measure_gate(f"{MEASURE}{measure}{limit}", "gates")
                for measure, limit in value.items()
            ]
        elif name not in ("on_inconclusive", "allow_skipped", "by", "count_moved"):
            found.append(gate_of(name, value))
    return tuple(found)


def expect_on_inconclusive(value: str) -> None:
    """Raise ConfigError where it is none of fail, warn, pass."""
    if value not in ON_INCONCLUSIVE:
        raise ConfigError(
            f"on-inconclusive {printable(value, 60)}: not one of {', '.join(ON_INCONCLUSIVE)}"
            f"{did_you_mean(value, ON_INCONCLUSIVE)}"
        )


def expect_measures(gates: Iterable[Gate], known: Collection[str]) -> None:
    """Raise ConfigError where a gate is on a measure that is not known."""
    for gate in gates:
        name = gate.name.removeprefix(MEASURE)
        if gate.name.startswith(MEASURE) and name not in known:
            raise ConfigError(
                f"gate {printable(gate.name, 60)}: there is no measure of that name"
                f"{did_you_mean(name, known)}; `labelaudit explain` lists all"
            )


def expect_gates(names: Iterable[str], asked: Iterable[Gate]) -> None:
    """Raise ConfigError where a gate that may be skipped is none."""
    known = [*known_gates(), *(gate.name for gate in asked)]
    for name in names:
        if name not in known:
            raise ConfigError(
                f"allow-skipped {printable(name, 60)}: there is no gate of that name"
                f"{did_you_mean(name, known)}; `labelaudit explain` lists all"
            )


def expect_columns(by: Iterable[str], known: Collection[str]) -> None:
    """Raise ConfigError where the audit is not cut by a column."""
    for column in by:
        if column not in known:
            cut = f"it is cut by {listed(known)}" if known else "it is cut by none"
            raise ConfigError(
                f"by {printable(column, 60)}: the audit is not cut by this column, {cut}"
                f"{did_you_mean(column, known)}; `labelaudit audit --by` cuts it"
            )


def _limit(limit: object, unit: str, where: str) -> float:
    value = _number(limit, where)
    if unit == "share" and value > 1:
        meant = f"; for {value:g} % write {value:g}%" if value <= 100 else ""
        raise ConfigError(f"{where} {printable(limit, 40)}: a share is from 0 to 1{meant}")
    if unit == "score" and value > 1:
        raise ConfigError(f"{where} {printable(limit, 40)}: is from 0 to 1")
    if unit == "ratio" and value < 1:
        raise ConfigError(f"{where} {printable(limit, 40)}: a ratio is 1 or more")
    if unit == "count" and (value != int(value) or "%" in str(limit)):
        raise ConfigError(f"{where} {printable(limit, 40)}: give a whole number, 0 or more")
    return value


def _number(limit: object, where: str, signed: bool = False) -> float:
    """Return a limit as a number: .03, 3% or a number of a configuration."""
    if isinstance(limit, bool) or not isinstance(limit, int | float | str):
        raise ConfigError(f"{where} {printable(limit, 40)}: give a number, as .03 or 3%")
    text = str(limit).strip()
    bare = text[:-1].rstrip() if text.endswith("%") else text
    if not _NUMBER.fullmatch(bare.removeprefix("-") if signed else bare):
        below = "a limit is not below 0" if _NUMBER.fullmatch(bare.lstrip("-")) else ""
        raise ConfigError(
            f"{where} {printable(limit, 40)}: {below or 'give a number, as .03 or 3%'}"
        )
    # Divided last: 3% is .03, not the neighbour of it that 3 * .01 may be.
    value = float(bare) / 100 if text.endswith("%") else float(bare)
    if not math.isfinite(value):
        raise ConfigError(f"{where} {printable(limit, 40)}: give a number, as .03 or 3%")
    return value
