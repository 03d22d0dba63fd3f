"""What the columns of a dataset hold: the tables of the Dataset Nutrition Label, as raw numbers.

Source: Holland et al. 2018, the prototype's statistics module: nominal columns by their entries,
discrete and continuous ones by their moments. A missing value is an entry of its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """The entry that is most or least frequent, or `why` there is none.

    `value` is None where the missing values are meant; `count` how often it occurs, None where
    there is none because all are unique, several share the place, or there is but one entry.
    """

    value: str | None = None
    count: int | None = None
    why: str = ""  # all unique | several | one entry


@dataclass(frozen=True, kw_only=True, slots=True)
class Variable:
    """A column: `count` rows, `missing` of them empty.

    Of a nominal one `unique` entries, a missing value among them; of numbers the moments without
    the missing: `deviation` is that of the population, `zeros` a count.
    """

    name: str
    kind: str  # nominal | discrete | continuous
    count: int
    missing: int
    unique: int | None = None
    most: Entry | None = None
    least: Entry | None = None
    low: float | None = None
    median: float | None = None
    high: float | None = None
    mean: float | None = None
    deviation: float | None = None
    zeros: int | None = None


def nominal(name: str, counts: Mapping[str, int], missing: int) -> Variable:
    """Return a column of words by how often each occurs."""
    entries: list[tuple[str | None, int]] = [(word, n) for word, n in counts.items() if n]
    if missing:
        entries.append((None, missing))
    total = sum(n for _, n in entries)
    unique = len(entries)
    if unique == total > 1:
        most = least = Entry(why="all unique")
    else:
        most = _the_one(entries, max((n for _, n in entries), default=0))
        least = Entry(why="one entry")
        if unique > 1:
            least = _the_one(entries, min(n for _, n in entries))
    return Variable(
        name=name,
        kind="nominal",
        count=total,
        missing=missing,
        unique=unique,
        most=most,
        least=least,
    )


def _the_one(entries: list[tuple[str | None, int]], count: int) -> Entry:
    found = [word for word, n in entries if n == count]
    return Entry(value=found[0], count=count) if len(found) == 1 else Entry(why="several")


def numeric(name: str, values: npt.NDArray[np.floating]) -> Variable:
    """Return a column of numbers, missing ones as nan; discrete where all are whole."""
    own = values[~np.isnan(values)].astype(np.float64)
    missing = len(values) - len(own)
    finite = own[np.isfinite(own)]
    if not len(finite) or len(finite) < len(own):  # infinity has no mean
        return Variable(name=name, kind="continuous", count=len(values), missing=missing)
    whole = bool((finite == np.round(finite)).all())
    return Variable(
        name=name,
        kind="discrete" if whole else "continuous",
        count=len(values),
        missing=missing,
        low=float(finite.min()),
        median=float(np.median(finite)),
        high=float(finite.max()),
        mean=float(finite.mean()),
        deviation=float(finite.std()),
        zeros=int((finite == 0).sum()),
    )
