"""What differs between two audits: for terminals, pages with both labels, pull requests."""

import json
import re
import textwrap
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from labelaudit.core.difference import BY_ROW, NO_ROWS, Changed, Difference, Moved, Rows
from labelaudit.core.markdown import escape
from labelaudit.core.markdown import table as markdown_table
from labelaudit.core.results import Audit
from labelaudit.core.text import printable
from labelaudit.report import numbers
from labelaudit.report.cells import cells, cut, fit
from labelaudit.report.words import several

SCHEMA_VERSION = 1
_IN_TEXT, _IN_PAGE = 10, 200
# Pairs stand in order of their suspects: one place is another pair on the other side.
_NUMBER = re.compile(
    r'<i data-path="(?!/detection/flagged_pairs)([^"]*)" data-format="[^"]*">([^<]*)</i>'
)
FORMATS = ("terminal", "html", "markdown", "json")
BEYOND = (
    "Moved are those whose 95 % intervals do not overlap. The audits share rows, so a smaller move "
    "may be real, too."
)
_STATES = {
    "added": "on rows that were added",
    "removed": "on rows that were removed",
    "relabelled": "on rows that were relabelled",
    "as it was": "on rows as they were: moved by the model or the thresholds",
}


def render(made: Difference, name: str, width: int = 80) -> str:
    """Return a difference in one of `FORMATS`; `width` is that of the terminal."""
    if name == "terminal":
        return terminal(made, width)
    return {"html": page, "markdown": markdown, "json": document}[name](made)


def terminal(made: Difference, width: int) -> str:
    """Return sentences, what moved, and the first suspects that are new."""
    lines = [cut(_title(made), width), ""]
    for sentence in sentences(made):
        lines += _wrapped(sentence, width)
    if made.moved:
        lines += ["", "MEASURES THAT MOVED"]
        for one in made.moved:
            lines += _wrapped(f"{printable(one.title)}: {_step(one)}", width)
    for heading, rows in _lists(made):
        lines += ["", heading.upper()]
        longest = max(cells(printable(row.id)) for row in rows[:_IN_TEXT])
        room = max(min(longest, width - 44), 12)
        for row in rows[:_IN_TEXT]:
            told = f"{fit(cut(printable(row.id), room), room)}  {fit(row.state, 10)}  "
            lines.append(cut(f"{told}{_labels(row)}  {_scores(row)}", width))
        if len(rows) > _IN_TEXT:
            lines.append(f"{len(rows) - _IN_TEXT:,} more: --format json names all")
    return "\n".join(line.rstrip() for line in lines) + "\n"


def page(made: Difference) -> str:
    """Return one page that asks for nothing: both front panels, their differences marked."""
    from labelaudit.report.html import environment, policy, read
    from labelaudit.report.label import label_of

    style = read("panel.css") + read("style.css") + read("difference.css")
    panel = environment().from_string(
        "{% from 'panel.html.j2' import panel %}{{ panel(label, 'h2') }}"
    )
    panels = _marked(*(panel.render(label=label_of(audit)) for audit in (made.old, made.new)))
    return (
        environment()
        .get_template("difference.html.j2")
        .render(
            title=_title(made),
            panels=zip(("Before", "After"), ("old", "new"), panels, strict=True),
            sentences=sentences(made),
            measures=[_measure_row(one) for one in _told_measures(made)],
            beyond=BEYOND,
            lists=[
                (heading, [_page_row(row) for row in rows[:_IN_PAGE]], len(rows) - _IN_PAGE)
                for heading, rows in _lists(made)
            ],
            style=style,
            policy=policy(style),
        )
    )


def _marked(old: str, new: str) -> tuple[str, str]:
    """Return both panels with a mark on each number that is another in the other one."""
    known = [dict(_NUMBER.findall(panel)) for panel in (old, new)]

    def marked(panel: str, other: dict[str, str]) -> str:
        return _NUMBER.sub(
            lambda found: (
                found[0]
                if other.get(found[1], found[2]) == found[2]
                else found[0].replace("<i ", '<i class="differs" ', 1)
            ),
            panel,
        )

    return marked(old, known[1]), marked(new, known[0])


def markdown(made: Difference) -> str:
    """Return the difference for a pull request."""
    lines = [f"## {escape(_title(made))}", ""]
    lines += [f"- {escape(sentence)}" for sentence in sentences(made)]
    if made.moved:
        rows = [(one.title, _value(one, 0), _value(one, 1), one.verdict) for one in made.moved]
        head = ("Moved beyond its interval", "Before", "After", "")
        lines += ["", *markdown_table(head, [_clean(row) for row in rows], "lrrl")]
    for heading, changed in _lists(made):
        told = [_clean(_page_row(row).values()) for row in changed[:_IN_TEXT]]
        lines += ["", f"### {heading}", ""]
        lines += markdown_table(("Id", "Row", "Label", "Model sees", "Score"), told, "llllr")
        if len(changed) > _IN_TEXT:
            lines += ["", f"{len(changed) - _IN_TEXT:,} more."]
    return "\n".join(lines) + "\n"


def document(made: Difference) -> str:
    """Return all that differs as JSON; names as they are, every changed suspect."""
    rows = made.rows
    whole: dict[str, Any] = {
        "tool": "labelaudit diff",
        "schema_version": SCHEMA_VERSION,
        "old": _facts(made.old),
        "new": _facts(made.new),
        "same_predictions": made.same_predictions,
        "classes": {"added": made.classes_added, "removed": made.classes_removed},
        "rows": None if rows is None else _document_of(rows),
        "measures": [asdict(one) for one in made.measures],
        "measures_only_old": made.only_old,
        "measures_only_new": made.only_new,
        "summary": sentences(made),
    }
    return json.dumps(whole, indent=1, allow_nan=False) + "\n"


def _document_of(rows: Rows) -> dict[str, Any]:
    """Return what became of the rows; what was not counted is null."""
    whole = asdict(rows) | {"is_worse": rows.is_worse}
    if rows.is_partial:
        uncounted = ("by_ids", "n_kept", "n_added", "n_removed", "n_relabelled", "mended")
        whole |= dict.fromkeys((*uncounted, "worsened", "doubtful", "is_worse"))
    return whole


def _facts(audit: Audit) -> dict[str, Any]:
    found = audit.detection
    return {
        "dataset": audit.dataset.name,
        "n_examples": audit.dataset.n_examples,
        "n_flagged": None if found is None else found.n_flagged,
        "tool_version": audit.tool_version,
    }


# Words ---------------------------------------------------------------------------------------


def _title(made: Difference) -> str:
    old, new = (printable(audit.dataset.name, 60) for audit in (made.old, made.new))
    return f"Labels of {new}, before and after" if old == new else f"Labels: {old} → {new}"


def sentences(made: Difference) -> list[str]:
    """Return what differs in plain words, the most important first."""
    rows = made.rows
    told: list[str] = []
    unchecked = [side for side in (made.old, made.new) if side.detection is None]
    if unchecked:
        which = " and ".join(dict.fromkeys(printable(it.dataset.name, 60) for it in unchecked))
        told.append(f"Rows cannot be compared: no label of {which} was checked.")
    elif rows is None or rows.is_partial:
        told.append(NO_ROWS)
    elif not rows.n_kept:
        told.append("No row is in both: are these audits of one dataset?")
    if rows is not None and not rows.is_partial:
        told += [*(_relabelling(rows) if rows.by_ids else ()), _of_rows(rows)]
        told += [] if rows.by_ids else [BY_ROW]
    if rows is not None:
        told += _of_suspects(rows)
    if made.same_predictions is not None:
        told.append(
            "Both audits rest on the same predictions."
            if made.same_predictions
            else "The predictions differ, too: what moved may be the model's doing."
        )
    for names, word in ((made.classes_added, "new"), (made.classes_removed, "gone")):
        if names:
            shown = ", ".join(printable(name, 40) for name in names[:5])
            more = f" and {len(names) - 5:,} more" if len(names) > 5 else ""
            told.append(f"Classes that are {word}: {shown}{more}.")
    return [*told, _of_measures(made)]


def _relabelling(rows: Rows) -> Iterable[str]:
    if not rows.n_relabelled:
        return
    counts = f"{several(rows.mended, 'suspect')} fewer, {len(rows.worsened):,} more"
    if rows.doubtful:
        counts += f", {rows.doubtful:,} doubtful before and after"
    verdict = (
        "made things worse, by this model's lights"
        if rows.is_worse
        else "helped, by this model's lights"
        if rows.mended > len(rows.worsened)
        else "changed nothing for the model"
    )
    yield f"Relabelling {verdict}: {several(rows.n_relabelled, 'row')} relabelled, {counts}."


def _of_rows(rows: Rows) -> str:
    by = "id" if rows.by_ids else "row number"
    return (
        f"{several(rows.n_kept, 'row')} in both, by {by}; {rows.n_added:,} added, "
        f"{rows.n_removed:,} removed, {rows.n_relabelled:,} relabelled."
    )


def _of_suspects(rows: Rows) -> Iterable[str]:
    yield (
        f"Suspects: {len(rows.new):,} new, {len(rows.gone):,} gone, {rows.n_persisting:,} in both."
    )
    for name, changed in (("new", rows.new), ("gone", rows.gone)):
        counts = Counter(row.state for row in changed)
        parts = [f"{counts[state]:,} {words}" for state, words in _STATES.items() if counts[state]]
        if parts:
            yield f"Of those that are {name}: {'; '.join(parts)}."


def _of_measures(made: Difference) -> str:
    if not made.measures:
        return "No figure was measured in both."
    judged = [one for one in made.measures if one.verdict != "no interval"]
    if not judged:
        return f"{several(len(made.measures), 'figure')} changed, none with an interval."
    said = f"{len(made.moved):,} of {len(judged):,} figures with an interval moved beyond it"
    if bare := len(made.measures) - len(judged):
        said += f"; {bare:,} changed that have none"
    return f"{said}."


def _lists(made: Difference) -> Iterable[tuple[str, Sequence[Changed]]]:
    if made.rows is None:
        return
    others = [row for row in made.rows.new if row.state != "relabelled"]
    for heading, rows in (
        ("Relabelled into suspects", made.rows.worsened),
        ("Other new suspects", others),
        ("Suspects no more", made.rows.gone),
    ):
        if rows:
            yield heading, rows


def _labels(row: Changed) -> str:
    old, new = (
        None if one is None else printable(one, 40) for one in (row.old_label, row.new_label)
    )
    if old is None or new is None or old == new:
        return str(new if new is not None else old)
    return f"{old} → {new}"


def _scores(row: Changed) -> str:
    pair = (row.old_quality, row.new_quality)
    return " → ".join(numbers.score(one) for one in pair if one is not None)


def _value(one: Moved, side: int) -> str:
    value, interval = ((one.old, one.old_interval), (one.new, one.new_interval))[side]
    if interval is None:
        return numbers.figure(value)
    low, high = interval
    return f"{numbers.figure(value)} ({numbers.figure(low)} to {numbers.figure(high)})"


def _step(one: Moved) -> str:
    return f"{_value(one, 0)} → {_value(one, 1)}, {one.verdict}"


def _told_measures(made: Difference) -> list[Moved]:
    """Return the figures that differ, those that moved first."""
    order = ("worse", "better", "moved", "no interval", "within")
    changed = [one for one in made.measures if one.verdict != "same"]
    return sorted(changed, key=lambda one: order.index(one.verdict))


def _measure_row(one: Moved) -> dict[str, str]:
    return {
        "title": printable(one.title),
        "old": _value(one, 0),
        "new": _value(one, 1),
        "unit": printable(one.unit, 60),
        "verdict": one.verdict,
    }


def _page_row(row: Changed) -> dict[str, str]:
    return {
        "id": printable(row.id, 200),
        "state": row.state,
        "labels": _labels(row),
        "suggested": printable(row.suggested, 40),
        "scores": _scores(row),
    }


def _clean(row: Iterable[str]) -> list[str]:
    return [printable(cell, 60) for cell in row]


def _wrapped(sentence: str, width: int) -> list[str]:
    return textwrap.wrap(sentence, width, subsequent_indent="  ", break_on_hyphens=False)
