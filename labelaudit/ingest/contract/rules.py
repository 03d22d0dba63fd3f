"""What checks there are, and the one place that decides what a failed one means.

A check is a function with the decorator `rule`, whose docstring explains it: its name is what
`--allow` and `labelaudit explain` call it.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, TypeVar

from labelaudit.core.dataset import Check
from labelaudit.core.errors import ConfigError, Refusal
from labelaudit.core.settings import Options
from labelaudit.core.text import did_you_mean, printable

_Checking = TypeVar("_Checking", bound=Callable[..., Any])


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """A check of the contract: its name, how grave a failure is, and whether `--allow` takes it.

    What no audit can work with, a value that is no number, say, cannot be allowed.
    """

    name: str
    severity: str  # info | caution | critical
    check: Callable[..., Any]
    may_be_allowed: bool = True


_RULES: dict[str, Rule] = {}


def rule(severity: str, may_be_allowed: bool = True) -> Callable[[_Checking], _Checking]:
    """Make a function a check of the contract, under its own name."""

    def noted(check: _Checking) -> _Checking:
        name = check.__name__
        _RULES[name] = Rule(
            name=name, severity=severity, check=check, may_be_allowed=may_be_allowed
        )
        return check

    return noted


def known_rules() -> dict[str, Rule]:
    """Return every check by name."""
    package = import_module("labelaudit.ingest.contract")
    for module in iter_modules(package.__path__):
        import_module(f"{package.__name__}.{module.name}")
    return dict(sorted(_RULES.items()))


def expect_known(names: Iterable[str]) -> None:
    """Raise a ConfigError where `--allow` names no check, or one that cannot be allowed."""
    known = known_rules()
    able = [name for name, one in known.items() if one.may_be_allowed]
    for name in names:
        if name not in known:
            raise ConfigError(
                f"--allow {printable(name, 60)}: there is no check of that name"
                f"{did_you_mean(name, able)}; `labelaudit explain` lists them"
            )
        if name not in able:
            raise ConfigError(
                f"--allow {name}: no audit can work with what this check finds; mend the file"
            )


def outcome(
    name: str,
    status: str,
    message: str,
    evidence: dict[str, Any] | None = None,
    *,
    severity: str | None = None,
    mitigation: str | None = None,
) -> Check:
    """Return what a check came to; how grave an alert is, its rule says, unless this says it."""
    own = dict(evidence or {})
    if status in ("alerted", "refused"):
        own["severity"] = severity or _RULES[name].severity
    if mitigation is not None:
        own["mitigation"] = mitigation
    return Check(name=name, status=status, message=message, evidence=own)


def decide(checks: Sequence[Check], options: Options) -> tuple[Check, ...]:
    """Return the checks as the user's word leaves them; raise a Refusal where one fails.

    `--strict` makes failures of alerts, but for those that only inform; a failed check that is
    allowed is an alert that says so.
    """
    judged = tuple(_judged(check, options) for check in checks)
    failed = [check for check in judged if check.status == "refused"]
    if not failed:
        return judged
    first, more = failed[0], [check.name for check in failed[1:]]
    line = first.message
    if more:
        line += f" (also refused: {', '.join(more)})"
    ways = [check.name for check in failed if _may_be_allowed(check.name)]
    if len(ways) == len(failed):
        line += f"; to audit all the same: {' '.join(f'--allow {name}' for name in ways)}"
    raise Refusal(line, judged)


def _judged(check: Check, options: Options) -> Check:
    allowed = check.name in options.allow and _may_be_allowed(check.name)
    if check.status == "refused" and allowed:
        return replace(
            check,
            status="alerted",
            message=f"{check.message}; allowed by --allow",
            evidence=dict(check.evidence) | {"severity": "critical", "allowed": True},
        )
    grave = check.status == "alerted" and check.evidence.get("severity", "caution") != "info"
    if not (options.strict and grave):
        return check
    if allowed:
        return replace(
            check,
            message=f"{check.message}; allowed by --allow",
            evidence=dict(check.evidence) | {"allowed": True},
        )
    return replace(
        check,
        status="refused",
        message=f"{check.message}; refused by --strict",
        evidence=dict(check.evidence) | {"strict": True},
    )


def _may_be_allowed(name: str) -> bool:
    known = _RULES.get(name)
    return known is None or known.may_be_allowed
