"""What a gate looks at, and how each gate is known by its name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from labelaudit.check.verdict import Matched
from labelaudit.core.results import Audit

AT_MOST, AT_LEAST = "at most", "at least"


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """One number that is held against a limit.

    `interval` covers the sampling of rows only; None of an exact count. `what` names the number
    in a sentence, `basis` says what it rests on. `scope` is as in an `Outcome`; figures of one
    `family`, all classes say, are told together.
    """

    value: float
    what: str
    basis: str
    interval: tuple[float, float] | None = None
    scope: str = ""
    family: str = ""
    remedy: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Unjudged:
    """Why a gate cannot be judged, and what would supply what it lacks."""

    reason: str
    remedy: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """What there is to judge by: an audit, the columns of `--by`, and a baseline where one is.

    With `count_moved` findings that were only moved by the model count as new.
    """

    audit: Audit
    by: tuple[str, ...] = ()
    baseline: Matched | None = None
    count_moved: bool = False


Figures = tuple[Figure, ...] | Unjudged


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind:
    """A kind of gate: what its limit is, and the function whose docstring explains it."""

    name: str
    sense: str
    unit: str
    figures: Callable[[Case], Figures]


_KINDS: dict[str, Kind] = {}


def gate(sense: str, unit: str) -> Callable[[Callable[[Case], Figures]], Callable[[Case], Figures]]:
    """Make a function the gate of its name; `unit` is of share, count, ratio, score."""

    def named(figures: Callable[[Case], Figures]) -> Callable[[Case], Figures]:
        name = figures.__name__
        _KINDS[name] = Kind(name=name, sense=sense, unit=unit, figures=figures)
        return figures

    return named


def known_gates() -> Mapping[str, Kind]:
    """Return every gate by its name, in the order in which they are judged."""
    from labelaudit.check import gates, gates_of_classes  # noqa: F401  (they name themselves)

    return _KINDS
