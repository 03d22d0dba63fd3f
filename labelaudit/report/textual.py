"""Small charts as text, for a terminal and for Markdown: blocks without colour."""

import math
from collections.abc import Sequence

from labelaudit.report.cells import bar
from labelaudit.report.drawn import Bin, Histogram

_LEVELS = " ▁▂▃▄▅▆▇█"
_MARK = "│"


def reliability(bins: Sequence[Bin], width: int) -> list[str]:
    """Return a line for each bin: confidence, a bar of agreement, a mark where it should end."""
    stated = max((len(each.stated) for each in bins), default=0)
    agrees = max((len(each.agrees) for each in bins), default=0)
    rows = max((len(each.rows) for each in bins), default=0)
    room = max(width - stated - agrees - rows - 11, 10)
    noun = {1: "row"}
    return [
        f"{each.stated.rjust(stated)}  {_marked(each.agreement, each.confidence, room)}  "
        f"{each.agrees.rjust(agrees)}  {each.rows.rjust(rows)} {noun.get(each.n_rows, 'rows')}"
        for each in bins
    ]


def _marked(part: float, mark: float, width: int) -> str:
    """Return a bar filled up with spaces, and a mark over it."""
    drawn = bar(part, width).ljust(width)[:width]
    at = min(max(round(mark * width) - 1, 0), width - 1)
    return drawn[:at] + _MARK + drawn[at + 1 :]


def histogram(drawn: Histogram) -> list[str]:
    """Return two rows of blocks over 0 to 1, suspects below the others, on one log scale."""
    highest = math.log10(max(*drawn.suspected, *drawn.others, 1) + 1)
    rows = (("others", drawn.others), ("suspected", drawn.suspected))
    lines = [f"{name:>9}  {_blocks(counts, highest)}" for name, counts in rows]
    ends = "0" + "1".rjust(2 * len(drawn.others) - 1)
    return [*lines, f"{'':>9}  {ends}"]


def _blocks(counts: Sequence[int], highest: float) -> str:
    levels = [
        max(math.ceil(8 * math.log10(count + 1) / highest), 1) if count else 0 for count in counts
    ]
    return "".join(2 * _LEVELS[level] for level in levels)
