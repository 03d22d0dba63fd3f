"""A verdict as GitHub Markdown: a comment on a pull request, or the summary of a job."""

from labelaudit.check.formats.wording import (
    conclusion,
    first,
    message,
    place,
    rule,
    sorted_outcomes,
    summary,
    title,
)
from labelaudit.check.verdict import Verdict
from labelaudit.core.markdown import escape, table
from labelaudit.core.text import printable

MOST_BYTES = 60_000  # a comment holds 65,536 characters
# Gates and suspects that are shown, until all fits.
_LENGTHS = ((60, 50), (60, 20), (60, 5), (60, 0), (20, 0), (5, 0))
_MARKS = {
    "failed": "❌ failed",
    "skipped": "❔ not judged",
    "warned": "⚠️ warned",
    "passed": "passed",
}


def render(verdict: Verdict) -> str:
    """Return the comment; what does not fit is counted."""
    gates = sorted_outcomes(verdict)
    head = [
        f"## Label check: {escape(printable(verdict.dataset, 60))}",
        "",
        f"**{escape(conclusion(verdict))}** {escape(summary(verdict))}.",
        "",
    ]
    for n_gates, n_suspects in _LENGTHS:
        rows = [(_MARKS[one.status], title(one), message(one)) for one in gates[:n_gates]]
        body = list(table(("", "Gate", "Finding"), rows, "lll"))
        if len(gates) > n_gates:
            body += ["", f"{len(gates) - n_gates:,} more outcomes."]
        body += ["", escape(rule(verdict))] if rule(verdict) else []
        text = "\n".join([*head, *body, *_suspects(verdict, n_suspects)]) + "\n"
        if len(text.encode()) <= MOST_BYTES:
            break
    return text  # the shortest always fits: a finding has 300 characters at most


def _suspects(verdict: Verdict, most: int) -> list[str]:
    shown, more = first(verdict, most)
    if not shown:
        return []
    compared = verdict.baseline is not None
    rows = [
        (place(one), one.id, f"{one.given} → {one.suggested}", *([one.state] if compared else []))
        for one in shown
    ]
    heading = "New suspects" if compared else "Suspects"
    columns = ("Where", "Id", "Given → suggested", *(["State"] if compared else []))
    lines = ["", f"### {heading}, most suspicious first", ""]
    cells = [tuple(printable(cell, 60) for cell in row) for row in rows]
    lines += table(columns, cells, "l" * len(columns))
    lines += ["", "A suspect is not an error until a person has decided so."]
    return [*lines, "", f"{more:,} more."] if more else lines
