"""Text of a dataset in GitHub Markdown: it is shown as it is, and nothing ends in it."""

import re
from collections.abc import Iterable, Sequence

LINE, CELL = 300, 60  # characters

# Characters that mean something in Markdown or HTML, as entities: these mean nothing there.
_ENTITIES = {character: f"&#{ord(character)};" for character in "\\`*_[]<>|~&!$"}
# GitHub makes links of plain text, too; an invisible space stops it.
_WWW = re.compile(r"(www)\.", re.IGNORECASE)
_BREAKS = {"@": "@&#8203;", "#": "#&#8203;"}


def escape(text: str, limit: int = LINE) -> str:
    """Return text that GitHub shows as it is: no table cell, link, mention or heading ends in it.

    >>> escape("a|b"), escape("@all")
    ('a&#124;b', '@&#8203;all')
    """
    short = text if len(text) <= limit else text[: limit - 1] + "…"
    escaped = "".join(_ENTITIES.get(char, _BREAKS.get(char, char)) for char in short)
    escaped = escaped.replace("://", ":&#8203;//").replace("mailto:", "mailto&#8203;:")
    escaped = _WWW.sub(r"\1&#8203;.", escaped)
    if escaped[:1] in {"-", "+", "="}:
        return f"&#{ord(escaped[0])};{escaped[1:]}"
    return escaped


def table(head: Sequence[str], rows: Iterable[Sequence[str]], sides: str) -> Iterable[str]:
    """Return a table as GitHub renders it; `sides` has an l or r for each column."""
    yield f"| {' | '.join(head)} |"
    yield f"|{'|'.join('---:' if side == 'r' else '---' for side in sides)}|"
    for row in rows:
        yield f"| {' | '.join(escape(cell, LINE if len(row) == 3 else CELL) for cell in row)} |"
