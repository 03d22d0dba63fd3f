"""The parts of the label that are drawn: floats and whole numbers are geometry, not printed."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Bin:
    """A bin of the reliability plot; `low` to `high` is the interval of its agreement."""

    n_rows: int
    confidence: float
    agreement: float
    low: float | None = None
    high: float | None = None
    rows: str
    stated: str
    agrees: str
    interval: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Histogram:
    """Rows by the probability of the given label: suspects and the others, in equal bins."""

    suspected: tuple[int, ...]
    others: tuple[int, ...]
    n_suspected: str
    n_others: str
    note: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Agreeing:
    """A class and how its rows agree: nearest neighbours, and people where they were asked."""

    name: str
    model: float
    shown: str
    people: float | None = None
    people_shown: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ClassMap:
    """A map of rows in two axes, whole numbers from 0 to 1000, and where each class lies."""

    x: tuple[int, ...]
    y: tuple[int, ...]
    is_suspect: tuple[bool, ...]
    classes: tuple[tuple[str, float, float], ...]  # name, x, y: those to be named
    caption: str
