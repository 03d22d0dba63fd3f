"""Do rows and columns of the predictions lie as the labels do? Other orders are tried and compared.

All hypotheses are judged by the agreement of labels and predicted classes: as given, shifted by
some rows, read from the end, columns in another order. One that fits better is believed only if
the difference can be no chance and is large where the two differ: significance alone is a trap
where rows are sorted or labels are noisy.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from labelaudit.core.text import listed, printable

# At most so likely by chance, whatever number of orders is tried.
CHANCE = 1e-3
# Of the rows on which two orders differ, so many must speak for the other.
EFFECT = 0.6
# A model that is better than guessing by less than this part of what is possible shows no order.
LIFT = 0.2
WINDOW = 1_000
# Shifts whose agreement differs by less than this are named together.
_AS_GOOD = 0.005
Codes = npt.NDArray[np.int32]


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """Another order of rows or columns: in words, how well it fits, and against what.

    `better` and `worse` count the rows on which only it, or only the given order, agrees.
    """

    words: str
    agreement: float
    better: int
    worse: int
    tried: float  # the logarithm of how many orders of its kind there are

    @property
    def effect(self) -> float:
        """The share of the rows on which the two differ that speak for this one."""
        return self.better / max(self.better + self.worse, 1)

    @property
    def described(self) -> dict[str, str | float | int]:
        """What stands in the evidence of a check."""
        return {
            "order": self.words,
            "agreement": self.agreement,
            "only_this_agrees": self.better,
            "only_the_given_agrees": self.worse,
        }

    @property
    def beats(self) -> bool:
        """Whether it fits better than the given order, by more than chance, and by much."""
        return self.effect >= EFFECT and log_chance(
            self.better, self.worse
        ) + self.tried < math.log(CHANCE)


def log_chance(better: int, worse: int) -> float:
    """Return a bound on the logarithm of the chance of so uneven a split, or a worse one.

    Chernoff's bound on the sign test: exp(-n KL(better/n || 1/2)).
    """
    total = better + worse
    if better <= worse:
        return 0.0
    parts = (better / total, worse / total)
    return -total * sum(part * math.log(2 * part) for part in parts if part)


def reach(n_rows: int, window: int = WINDOW) -> int:
    """Return by how many rows a shift is tried."""
    return min(window, n_rows // 4)


def shifts(labels: Codes, predicted: Codes, window: int = WINDOW) -> list[Order]:
    """Return the best shift forwards and backwards, of consecutive rows int32[n] of both."""
    window = reach(len(labels), window)
    found = []
    for sign in (1, -1):
        fits = []
        for distance in range(1, window + 1):
            ours, theirs = _moved(labels, predicted, sign * distance)
            fits.append(np.count_nonzero(ours == theirs) / len(ours))
        if fits:
            best = int(np.argmax(fits))
            shifted = shifted_by(labels, predicted, sign * (best + 1), tried=math.log(2 * window))
            found.append(replace(shifted, words=_shift_words(fits, best, sign)))
    return found


def _shift_words(fits: Sequence[float], best: int, sign: int) -> str:
    """Name the best shift, or the range of neighbouring ones that fit as well."""
    first = last = best
    while first > 0 and fits[first - 1] > fits[best] - _AS_GOOD:
        first -= 1
    while last + 1 < len(fits) and fits[last + 1] > fits[best] - _AS_GOOD:
        last += 1
    way = "late" if sign > 0 else "early"
    if first < last:
        return (
            f"the predictions come about {best + 1} rows too {way} ({first + 1} to {last + 1} "
            "fit as well, because rows lie sorted)"
        )
    return f"the predictions come {best + 1} row{'s' if best else ''} too {way}"


def shifted_by(labels: Codes, predicted: Codes, distance: int, tried: float = 0.0) -> Order:
    """Return how well the predictions fit so many rows later (earlier, if below 0)."""
    ours, theirs = _moved(labels, predicted, distance)
    _, given = _moved(labels, predicted, 0)
    given = given[: len(ours)] if distance > 0 else given[-len(ours) :]
    return _compared(f"shifted by {distance}", ours, given, theirs, tried)


def _moved(labels: Codes, predicted: Codes, distance: int) -> tuple[Codes, Codes]:
    """Return rows of `labels` and those of `predicted` that lie `distance` rows after them."""
    if distance > 0:
        return labels[:-distance], predicted[distance:]
    return labels[-distance:], predicted[: distance or None]


def reversal(labels: Codes, predicted: Codes) -> Order:
    """Return how well the predictions fit when read from the end."""
    return _compared("the rows are reversed", labels, predicted, predicted[::-1], math.log(2))


def _compared(words: str, labels: Codes, given: Codes, other: Codes, tried: float) -> Order:
    now, then = labels == given, labels == other
    return Order(
        words=words,
        agreement=float(then.mean()),
        better=int((then & ~now).sum()),
        worse=int((now & ~then).sum()),
        tried=tried,
    )


def column_orders(confusion: npt.NDArray[np.int64], names: tuple[str, ...]) -> list[Order]:
    """Return other orders of columns that may fit: all rotated, reversed, or the best of all.

    `confusion` int64[K, K] counts rows by label and predicted class.
    """
    whole = _whole_orders(confusion) if len(confusion) > 2 else []
    best = _best_order(confusion, names)
    if best is None or any(one.agreement >= best.agreement for one in whole):
        return whole
    return [*whole, best]


def _best_order(confusion: npt.NDArray[np.int64], names: tuple[str, ...]) -> Order | None:
    """Return the order of columns that fits better than the given one, if there is one.

    The best assignment of columns to classes is taken apart into its cycles, and each must beat
    the given order by itself: so two swapped columns among a hundred are seen, and a noisy
    class is not.
    """
    if (confusion.diagonal() >= confusion.max(axis=0)).all():
        return None  # no column fits another class better than its own
    from scipy.optimize import linear_sum_assignment

    rows, columns = linear_sum_assignment(confusion, maximize=True)
    belongs = np.empty(len(confusion), dtype=np.int64)  # the class that each column fits
    belongs[columns] = rows
    size = len(confusion)
    moved: list[int] = []
    better = worse = 0
    seen: set[int] = set()
    for start in range(size):
        cycle = []
        while start not in seen:
            seen.add(start)
            cycle.append(start)
            start = int(belongs[start])
        own = Order(
            words="",
            agreement=0.0,
            better=int(sum(confusion[belongs[column], column] for column in cycle)),
            worse=int(sum(confusion[column, column] for column in cycle)),
            tried=math.lgamma(size + 1) - math.lgamma(size - len(cycle) + 1),
        )
        if len(cycle) > 1 and own.beats:
            moved += cycle
            better, worse = better + own.better, worse + own.worse
    if not moved:
        return None
    return Order(
        words=_column_words(sorted(moved), belongs, names),
        agreement=(int(confusion.trace()) + better - worse) / int(confusion.sum()),
        better=better,
        worse=worse,
        tried=math.lgamma(size + 1) - math.lgamma(size - len(moved) + 1),
    )


def _whole_orders(confusion: npt.NDArray[np.int64]) -> list[Order]:
    """Return the best rotation of all columns, and their reversal: few orders, so easily seen."""
    size = len(confusion)
    columns = np.arange(size)
    total = max(int(confusion.sum()), 1)
    worse = int(confusion.trace())
    rotations = [int(confusion[(columns - r) % size, columns].sum()) for r in range(size)]
    best = 1 + int(np.argmax(rotations[1:]))
    found = {
        f"all columns are moved by {best}": rotations[best],
        "the columns are reversed": int(confusion[size - 1 - columns, columns].sum()),
    }
    return [
        Order(
            words=words, agreement=better / total, better=better, worse=worse, tried=math.log(size)
        )
        for words, better in found.items()
    ]


def _column_words(moved: list[int], belongs: npt.NDArray[np.int64], names: tuple[str, ...]) -> str:
    if len(moved) == 2:
        one, other = (printable(names[column], 40) for column in moved)
        return f"the columns of {one!r} and {other!r} are swapped"
    first = [
        f"that of {printable(names[column], 40)!r} fits {printable(names[belongs[column]], 40)!r}"
        for column in moved
    ]
    return f"{len(moved)} columns are in another order ({listed(first, 3)})"


def chance_agreement(confusion: npt.NDArray[np.int64]) -> float:
    """Return the agreement that the same labels and predictions have in a random order."""
    total = max(int(confusion.sum()), 1)
    return float((confusion.sum(axis=0) / total) @ (confusion.sum(axis=1) / total))


def shows_nothing(confusion: npt.NDArray[np.int64]) -> bool:
    """Say whether labels and predictions agree no better than in a random order.

    Both must hold: the agreement may well be chance, and, were there a lift over chance of 0.2,
    so little agreement would be seen once in a thousand times at most.
    """
    total = int(confusion.sum())
    chance = chance_agreement(confusion)
    agreement = int(confusion.trace()) / max(total, 1)
    spread = math.sqrt(max(chance * (1 - chance), 1e-12) / max(total, 1))
    expected = chance + LIFT * (1 - chance)
    spread_then = math.sqrt(max(expected * (1 - expected), 1e-12) / max(total, 1))
    return agreement < chance + 3.09 * spread and agreement < expected - 3.09 * spread_then
