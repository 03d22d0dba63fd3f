"""The pairs of classes for a terminal: those that are confused, those that are hard to tell."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from labelaudit.report.cells import (
    GIVEN,
    QUIET,
    STRONG,
    SUGGESTED,
    cells,
    cut,
    fit,
    right,
    styled,
    two_ends,
    wrapped,
)
from labelaudit.report.parts import Label, Pair

if TYPE_CHECKING:
    from rich.text import Text

_STYLES = {"mislabelling": SUGGESTED, "overlap": GIVEN}
_NARROW = 60  # below it what a pair reads as has a line of its own
_LEAST_NAME = 5
_SCALE = "Reads as: 0 is overlap of the classes, 1 wrong labels; unclear may be either."


def confused(label: Label, width: int, most: int) -> list["Text"]:
    """Return the pairs with most suspects: how many, the reverse, and what they read as."""
    pairs = label.confusions.pairs[:most]
    if not pairs:
        return []
    reads = [f"{pair.reads_as} {pair.score}".rstrip() for pair in pairs]
    beside = any(reads) and width >= _NARROW
    column = max(map(len, [*reads, "READS AS"])) if beside else 0
    lines = [two_ends(width, ("TOP CONFUSIONS", STRONG), ("READS AS" if beside else "", QUIET))]
    digits = max(len(pair.total) for pair in pairs)
    back = [_back(pair) for pair in pairs]
    left = width - column - 2 * beside
    room = max((left - digits - 8 - max(map(len, back)) - 2) // 2, _LEAST_NAME)
    names = min(max(max(cells(p.given), cells(p.suggested)) for p in pairs), room)
    for pair, reverse, said in zip(pairs, back, reads, strict=True):
        line = styled(pair.total.rjust(digits) + "  ", STRONG)
        line.append(fit(pair.given, names), GIVEN)
        line.append(" ↔ " if pair.n_reverse else " → ")
        line.append(fit(pair.suggested, names), SUGGESTED)
        line.append("  " + reverse, QUIET)
        style = _STYLES.get(pair.reads_as, QUIET)
        if beside:
            line.truncate(left, overflow="ellipsis")
            line.append(" " * (left - line.cell_len) + "  ")
            line.append(said.rjust(column), style)
        lines.append(line)
        if said and not beside:
            lines.append(styled(f"{' ' * (digits + 2)}reads as {said}", style))
    if any(reads):
        lines += wrapped(_SCALE, width, style=QUIET)
    for sentence in label.confusions.kin[:3]:
        lines += wrapped(f"{sentence}.", width)
    return lines


def _back(pair: Pair) -> str:
    both = f"{pair.count} and {pair.reverse}" if pair.n_reverse else ""
    one_way = pair.ways if pair.ways == "mostly one way" else ""
    return ", ".join(filter(None, (both, one_way, pair.by_chance)))


def hardest(label: Label, width: int, most: int) -> list["Text"]:
    """Return the pairs hardest to tell apart; columns that have no room are left out."""
    hard = label.separability.pairs
    if hard is None:
        return []
    rows = hard.rows[:most]
    columns = [
        [name.upper(), *(row[2][at] for row in rows)] for at, name in enumerate(hard.columns)
    ]
    widths = [max(map(cells, column)) for column in columns]
    while len(widths) > 1 and sum(widths) + 2 * len(widths) + 2 * _LEAST_NAME + 5 > width:
        widths.pop()
    room = width - sum(widths) - 2 * len(widths)
    named = [_both(one, other, room) for one, other, _ in rows]
    title = "HARDEST TO TELL" if room < 27 else "PAIRS HARDEST TO TELL APART"
    lines = [_line(fit(title, room), [column[0] for column in columns], widths, QUIET)]
    lines[0].stylize(STRONG, 0, len(title))
    for at, name in enumerate(named, start=1):
        lines.append(_line(fit(name, room), [column[at] for column in columns], widths, ""))
    return lines


def _both(one: str, other: str, room: int) -> str:
    half = max((room - 5) // 2, 1)
    # What one name leaves free the other may have.
    first = cut(one, max(half, room - 5 - cells(other)))
    return f"{first} and {cut(other, room - 5 - cells(first))}"


def _line(name: str, figures: Sequence[str], widths: Sequence[int], style: str) -> "Text":
    line = styled(name, "")
    for figure, width in zip(figures, widths, strict=False):
        line.append("  " + right(figure, width), style)
    return line
