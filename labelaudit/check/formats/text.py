"""A verdict for a terminal: what fails first, each gate with its number, bound and limit."""

import textwrap

from labelaudit.check.formats.wording import (
    conclusion,
    first,
    message,
    place,
    rule,
    sorted_outcomes,
    summary,
    suspicion,
    title,
)
from labelaudit.check.verdict import Verdict
from labelaudit.core.text import printable

_MOST = 10
_SGR = {"failed": "1;31", "skipped": "1;33", "warned": "33", "passed": "32"}


def render(verdict: Verdict, *, width: int = 80, colour: bool = False) -> str:
    """Return the verdict as text; colour is never alone, the status stands there as a word."""
    lines = _wrapped(f"{printable(verdict.dataset, 80)}: {summary(verdict)}", width, "")
    for outcome in sorted_outcomes(verdict):
        word = f"{outcome.status:<8}"
        if colour:
            word = f"\x1b[{_SGR[outcome.status]}m{word}\x1b[0m"
        lines += ["", word + title(outcome)]
        lines += _wrapped(message(outcome), width, " " * 8)
    shown, more = first(verdict, _MOST)
    if shown:
        lines += ["", "New suspects" if verdict.baseline is not None else "Suspects"]
        for one in shown:
            lines += _wrapped(f"{place(one)}  {suspicion(one)}", width, "  ", "    ")
        if more:
            lines += _wrapped(f"{more:,} more: --write json=FILE names all", width, "  ")
    if verdict.baseline is not None and verdict.baseline.stale:
        count = len(verdict.baseline.stale)
        lines += ["", f"{count:,} entries of the baseline are suspected no more"]
    ending = [part for part in (rule(verdict), conclusion(verdict)) if part]
    for part in ending:
        lines += ["", *_wrapped(part, width, "")]
    return "\n".join(lines) + "\n"


def _wrapped(text: str, width: int, indent: str, hang: str | None = None) -> list[str]:
    return textwrap.wrap(
        text,
        width,
        initial_indent=indent,
        subsequent_indent=indent if hang is None else hang,
        break_on_hyphens=False,
    )
