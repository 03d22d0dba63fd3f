"""The slices of a dataset for a terminal: a small table for each column."""

from typing import TYPE_CHECKING

from labelaudit.report.cells import QUIET, STRONG, cells, empty, fit, right, styled, wrapped
from labelaudit.report.parts import Label, SliceRow

if TYPE_CHECKING:
    from rich.text import Text

_LEAST_NAME = 8
# Where there is no room for all figures the first of these stay.
_FIGURES = (
    ("ROWS", "rows"),
    ("SUSPECTED", "suspected"),
    ("SHARE", "share"),
    ("x REST", "ratio"),
    ("95 %", "ratio_interval"),
    ("IMBALANCE", "imbalance"),
    ("DIFFERS", "distance"),
)
_LEGEND = {
    "ratio": "x rest: the flagged share over that of all other rows.",
    "imbalance": "Imbalance: largest class over smallest.",
    "distance": "Differs: distance of its classes from those of the rest, 0 to 1.",
}


def slice_tables(label: Label, width: int) -> list["Text"]:
    """Return the slices, worst first: how many rows, suspects and how the classes differ."""
    lines: list[Text] = []
    shown: set[str] = set()
    for number, table in enumerate(label.slices):
        lines += [empty()] if number else []
        figures = [(head, name) for head, name in _FIGURES if _is_told(table.rows, name)]
        columns = [[head, *(getattr(row, name) for row in table.rows)] for head, name in figures]
        widths = [max(map(cells, column)) for column in columns]
        while len(widths) > 1 and sum(widths) + 2 * len(widths) + _LEAST_NAME > width:
            widths.pop()
        shown |= {name for _, name in figures[: len(widths)]}
        room = width - sum(widths) - 2 * len(widths)
        names = [f"BY {table.column}", *(row.value for row in table.rows)]
        for at, name in enumerate(names):
            line = styled(fit(name, room), STRONG if at == 0 else "")
            for column, own in zip(columns, widths, strict=False):
                line.append("  " + right(column[at], own), QUIET if at == 0 else "")
            lines.append(line)
        if table.more:
            lines.append(styled(table.more, QUIET))
        lines += wrapped(table.note, width, style=QUIET)
    if shown & _LEGEND.keys():
        told = [text for name, text in _LEGEND.items() if name in shown]
        lines += [empty(), *wrapped(" ".join(told), width, style=QUIET)]
    return lines


def _is_told(rows: tuple[SliceRow, ...], name: str) -> bool:
    return any(getattr(row, name) not in ("", "unknown") for row in rows)
