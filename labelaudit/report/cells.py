"""Text in the cells of a terminal: cut, filled, wrapped and drawn to a width."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.text import Text

# Blue is given, orange is suspected or suggested, as on the page.
GIVEN = "color(32)"
SUGGESTED = "color(166)"
QUIET = "dim"
STRONG = "bold"

_DIGITS = {
    "0": ("█▀█", "█ █", "▀▀▀"),
    "1": ("▀█ ", " █ ", "▀▀▀"),
    "2": ("▀▀█", "█▀▀", "▀▀▀"),
    "3": ("▀▀█", " ▀█", "▀▀▀"),
    "4": ("█ █", "▀▀█", "  ▀"),
    "5": ("█▀▀", "▀▀█", "▀▀▀"),
    "6": ("█▀▀", "█▀█", "▀▀▀"),
    "7": ("▀▀█", "  █", "  ▀"),
    "8": ("█▀█", "█▀█", "▀▀▀"),
    "9": ("█▀█", "▀▀█", "▀▀▀"),
    ",": (" ", " ", "█"),
}


def empty() -> "Text":
    from rich.text import Text

    return Text("", end="\n")


def styled(content: str, style: str) -> "Text":
    from rich.text import Text

    return Text("").append(content, style)


def cells(content: str) -> int:
    from rich.cells import cell_len

    return cell_len(content)


def cut(content: str, width: int) -> str:
    """Cut to `width` cells, the last of them an ellipsis where something was lost."""
    from rich.cells import set_cell_size

    if cells(content) <= width:
        return content
    return set_cell_size(content, max(width - 1, 0)).rstrip() + "…"


def fit(content: str, width: int) -> str:
    """Cut or pad to `width` cells exactly."""
    short = cut(content, width)
    return short + " " * (width - cells(short))


def right(content: str, width: int) -> str:
    return " " * (width - cells(content)) + content


def bar(part: float, width: int) -> str:
    """Return a bar of `part` of the width, in eighths of a cell; what is not 0 is seen."""
    eighths = round(part * width * 8)
    if part > 0:
        eighths = max(eighths, 1)
    whole, rest = divmod(eighths, 8)
    return "█" * whole + (" ▏▎▍▌▋▊▉"[rest] if rest else "")


def big(figure: str) -> Sequence[str]:
    """Return a whole number in digits three lines high."""
    rows = zip(*(_DIGITS[character] for character in figure), strict=True)
    return [" ".join(row) for row in rows]


def rule(width: int, character: str) -> "Text":
    return styled(character * width, "" if character == "━" else QUIET)


def two_ends(width: int, left: tuple[str, str], right: tuple[str, str] = ("", "")) -> "Text":
    """Return a line with something at its left and at its right end; the left is cut first."""
    end = cut(right[0], width // 2)
    room = width - cells(end) - (1 if end else 0)
    line = styled(fit(left[0], room) if end else cut(left[0], room), left[1])
    return line.append((" " if end else "") + end, right[1])


def wrapped(
    content: str, width: int, style: str = "", indent: int = 0, hang: int = 0
) -> list["Text"]:
    """Break words into lines; a word longer than a line is cut through, none is lost."""
    lines: list[str] = []
    current = ""
    room = width - indent
    for word in _short_enough(content.split(" "), room - hang):
        limit = room - (hang if lines else 0)
        if current and cells(current) + 1 + cells(word) > limit:
            lines.append(current)
            current = word
        else:
            current = f"{current} {word}" if current else word
    lines.append(current)
    return [
        styled(" " * (indent + (hang if number else 0)) + line, style)
        for number, line in enumerate(lines)
    ]


def _short_enough(words: Iterable[str], room: int) -> Iterable[str]:
    from rich.cells import chop_cells

    for word in words:
        if cells(word) <= room:
            yield word
        else:
            yield from chop_cells(word, room)
