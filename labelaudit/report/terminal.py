"""The label for a terminal: one column to 131 cells, two from 132 on."""

from io import StringIO
from typing import TYPE_CHECKING

from labelaudit.core.results import Audit
from labelaudit.report.cells import (
    GIVEN,
    QUIET,
    STRONG,
    SUGGESTED,
    bar,
    big,
    cells,
    cut,
    empty,
    fit,
    right,
    rule,
    styled,
    two_ends,
    wrapped,
)
from labelaudit.report.label import label_of
from labelaudit.report.parts import ClassRow, Fact, Label
from labelaudit.report.terminal_pairs import confused, hardest
from labelaudit.report.terminal_slices import slice_tables

if TYPE_CHECKING:
    from rich.text import Text

NARROWEST = 40
TWO_COLUMNS = 132
_GAP = 4
_LEFT = 64


def render(audit: Audit, width: int = 80, colour: bool = True, section: str = "") -> str:
    """Return the label as lines of at most `width` cells; without colour as plain text.

    With a `section` it is that one alone, in full.
    """
    from rich.console import Console

    from labelaudit.report.terminal_details import details

    label = label_of(audit)
    width = max(width, NARROWEST)
    console = Console(
        file=StringIO(),
        width=width,
        force_terminal=colour,
        color_system="256" if colour else None,
        no_color=not colour,
        legacy_windows=False,
        emoji=False,
        markup=False,
        highlight=False,
        _environ={},  # the same audit gives the same bytes, whatever the environment says
    )
    if section:
        lines = details(label, section, width)
    else:
        lines = _two_columns(label, width) if width >= TWO_COLUMNS else _one_column(label, width)
    for line in lines:
        line.truncate(width, overflow="ellipsis")
        line.rstrip()
        console.print(line, no_wrap=True, crop=True, overflow="crop", soft_wrap=False)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def _one_column(label: Label, width: int) -> list["Text"]:
    lines = [*_head(label, width), *_front(label, width)]
    for block in (
        _classes(label, width),
        _alerts(label, width),
        _badges(label, width),
        confused(label, width, most=5),
        slice_tables(label, width),
        hardest(label, width, most=5),
        _suspects(label, width),
        _skipped(label, width),
        _read(label, width),
    ):
        lines += [empty(), *block] if block else []
    return lines


def _two_columns(label: Label, width: int) -> list["Text"]:
    right_width = width - _LEFT - _GAP
    left = [*_front(label, _LEFT), empty(), *_classes(label, _LEFT)]
    left += [empty(), *_skipped(label, _LEFT)] if _skipped(label, _LEFT) else []
    right: list[Text] = []
    for block in (
        _alerts(label, right_width),
        _badges(label, right_width),
        confused(label, right_width, most=8),
        slice_tables(label, right_width),
        hardest(label, right_width, most=8),
        _suspects(label, right_width),
        _read(label, right_width),
    ):
        right += [empty(), *block] if right and block else block
    lines = _head(label, width)
    for index in range(max(len(left), len(right))):
        line = empty()
        if index < len(left):
            line.append_text(left[index])
        if index < len(right) and right[index].plain.strip():
            line.append(" " * (_LEFT + _GAP - line.cell_len))
            line.append_text(right[index])
        lines.append(line)
    return lines


# Blocks ------------------------------------------------------------------------------------


def _head(label: Label, width: int) -> list["Text"]:
    panel = label.panel
    return [
        two_ends(width, (panel.title.upper(), STRONG), (label.provenance.tool, QUIET)),
        two_ends(width, (panel.dataset, STRONG)),
        *wrapped(panel.size, width),
    ]


def _s(count: str) -> str:
    return "" if count == "1" else "s"


def _front(label: Label, width: int) -> list["Text"]:
    panel = label.panel
    if label.refused:
        return [rule(width, "━"), *_verdict(label, width)]
    lines = [rule(width, "━")]
    if panel.suspected_known:
        words = (
            ("Suspected", STRONG),
            ("label errors", STRONG),
            (f"{panel.suspected} label{_s(panel.suspected)}, {panel.share} of all", ""),
        )
        lines += [
            two_ends(width, left, (right, SUGGESTED if panel.suspected != "0" else STRONG))
            for left, right in zip(words, big(panel.suspected), strict=True)
        ]
    else:
        lines.append(two_ends(width, ("Suspected label errors", STRONG), (panel.suspected, QUIET)))
        lines += wrapped(panel.share, width, style=QUIET, indent=2)
    lines += [
        rule(width, "─"),
        two_ends(width, ("Human-checked error rate", STRONG), (panel.human_rate, "")),
        *(two_ends(width, (f"  {name}", ""), (value, STRONG)) for name, value in panel.human_lines),
        *wrapped(panel.human_note, width, style=QUIET, indent=2),
        two_ends(width, ("Model noise estimate", STRONG), (panel.noise, STRONG)),
        *wrapped(panel.noise_note, width, style=QUIET, indent=2),
        rule(width, "─"),
    ]
    for count in label.counts[:1] if len(label.counts) > 2 else ():
        lines.append(two_ends(width, (count.name, STRONG), (count.value, STRONG)))
    for fact in panel.facts:
        lines += _fact(fact, width)
    lines.append(rule(width, "━"))
    return [*lines, *_verdict(label, width), *steps(label, width)]


def steps(label: Label, width: int) -> list["Text"]:
    """Return what to do next: each purpose with its step, and its command on a line of its own."""
    lines: list[Text] = []
    for step in label.steps:
        body = wrapped(f"{step.purpose}: {step.words}", width, hang=2)
        body[0].stylize(STRONG, 0, len(step.purpose) + 1)
        lines += body if lines else [empty(), *body]
        if step.command:
            lines += wrapped(step.command, width, indent=2)
    return lines


def _verdict(label: Label, width: int) -> list["Text"]:
    return wrapped(" ".join(label.verdict), width, style=STRONG)


def _fact(fact: Fact, width: int) -> list["Text"]:
    """Return a fact on one line; the gloss goes where there is no room, then the note moves."""
    left, right = empty(), empty()
    left.append(fact.name, STRONG)
    right.append(fact.value, STRONG if fact.known else QUIET)
    if fact.note:
        right.append(f"  {fact.note}", QUIET)
    room = width - left.cell_len - 2
    if right.cell_len > room:
        lines = [
            two_ends(width, (fact.name, STRONG), (fact.value, STRONG if fact.known else QUIET))
        ]
        return [*lines, *wrapped(fact.note, width, style=QUIET, indent=2)]
    if len(fact.gloss) + 2 <= room - right.cell_len:
        left.append(f"  {fact.gloss}", QUIET)
    left.append(" " * (width - left.cell_len - right.cell_len))
    return [left.append_text(right)]


def _classes(label: Label, width: int) -> list["Text"]:
    rows = label.panel.classes
    if not rows:
        return []
    known = any(row.flagged_share is not None for row in rows)
    with_looks = known and width >= 56 and len(label.balance.classes) > 2
    looks = [_looks(row, width // 4) for row in rows] if with_looks else []
    looks_width = max(map(cells, [*looks, "LOOKS LIKE"])) if with_looks else 0
    name_width = min(max(cells(row.name) for row in rows), max(width // 4, 10))
    name_width = max(name_width, 5)
    label_width = max(max(len(row.labels) for row in rows), 6)
    share_width = 9
    fixed = name_width + label_width + share_width + looks_width + 2 * (3 + (looks_width > 0))
    bar_width = max(width - fixed, 4)
    head = empty()
    head.append(fit("CLASS", name_width) + "  " + "LABELS".rjust(label_width) + "  ", QUIET)
    head.append(fit("SUSPECTED*" if known else "SIZE", bar_width + 2 + share_width), QUIET)
    head.append("  LOOKS LIKE" if with_looks else "", QUIET)
    lines = [head]
    for index, row in enumerate(rows):
        line = empty()
        line.append(fit(row.name, name_width), STRONG)
        line.append("  " + row.labels.rjust(label_width) + "  ")
        drawn = bar(row.bar if known else row.size, bar_width)
        line.append(fit(drawn, bar_width), SUGGESTED if known else GIVEN)
        line.append("  " + right(row.share if known else "", share_width))
        if with_looks:
            line.append("  ")
            quiet = not row.looks_like_count
            line.append(fit(looks[index], looks_width), QUIET if quiet else "")
        lines.append(line)
    if label.panel.more_classes:
        lines.append(styled(label.panel.more_classes, QUIET))
    if known:
        lines += wrapped("* A suspect is not an error until a person decides.", width, QUIET)
    return lines


def _looks(row: ClassRow, width: int) -> str:
    """Return what a class looks like and how often; the name is cut, never the count."""
    often = f" {row.looks_like_count}" if row.looks_like_count else ""
    return cut(row.looks_like, width - len(often)) + often


def _alerts(label: Label, width: int) -> list["Text"]:
    lines = [two_ends(width, ("ALERTS", STRONG), (label.alert_totals, QUIET))]
    for alert in label.alerts:
        body = wrapped(alert.message, width, style=STRONG, indent=10)
        tag = styled(f"{alert.severity:<10}", "" if alert.severity == "info" else SUGGESTED)
        body[0] = tag.append_text(body[0][10:])
        lines += [*body, *wrapped(alert.mitigation, width, indent=10)]
    return lines


def _badges(label: Label, width: int) -> list["Text"]:
    """Return the badges: the answer, the name, and the evidence beside it where there is room."""
    if not label.badges:
        return []
    lines = [styled("BADGES", STRONG)]
    names = max(cells(badge.name) for badge in label.badges)
    beside = 9 + names + 2
    for badge in label.badges:
        line = styled(f"{badge.state:<9}", {"yes": STRONG, "no": SUGGESTED}.get(badge.state, QUIET))
        line.append(fit(badge.name, names))
        if width < beside + 30:
            lines += [line, *wrapped(badge.evidence, width, style=QUIET, indent=9)]
            continue
        body = wrapped(badge.evidence, width, style=QUIET, indent=beside)
        body[0] = line.append("  ").append_text(body[0][beside:])
        lines += body
    return lines


def _suspects(label: Label, width: int) -> list["Text"]:
    if not label.suspects.rows:
        return [styled("SUSPECTS", STRONG), *wrapped(label.suspects.note, width)]
    total = label.panel.suspected
    top = label.suspects.rows[:10]
    heading = f"first {len(top)} of {total}, most suspicious first"
    lines = [two_ends(width, ("SUSPECTS", STRONG), (heading, QUIET))]
    names = min(max(cells(name) for row in top for name in (row.given, row.suggested)), width // 6)
    names = max(names, 7)
    moves = 2 * names + 3
    ids = min(max(*(cells(row.id) for row in top), 2), max(width - 10 - moves - 20, 6))
    # Where there is no room for all figures the first of these stay.
    facts: tuple[str, ...] = ("QUALITY", "P(SUGG.)", "THRESHOLD", "P(GIVEN)")
    room = width - 4 - ids - 2 - moves
    while len(facts) > 1 and sum(2 + len(name) for name in facts) > room:
        facts = facts[:-1]
    head = f"    {fit('ID', ids)}  {fit('GIVEN → SUGGESTED', moves)}"
    lines.append(styled(cut(head + "".join(f"  {name}" for name in facts), width), QUIET))
    for row in top:
        line = styled(f"{row.rank.rjust(2)}  ", QUIET)
        line.append(fit(row.id, ids) + "  ")
        line.append_text(_move(row.given, row.suggested, names))
        line.append(" " * (4 + ids + 2 + moves - line.cell_len))
        figures = (row.quality, row.gives_suggested, row.needs, row.gives_given)
        for name, value in zip(facts, figures, strict=False):
            line.append("  " + value.rjust(len(name)))
        lines.append(line)
    legend = (
        "Quality: how the label holds, 0 worst, 1 best; a rank. P: the model's probability. "
        "Threshold: of the suggested class; it sets how many are flagged, margins which."
    )
    return [*lines, *wrapped(legend, width, style=QUIET)]


def _move(given: str, suggested: str, names: int) -> "Text":
    """Return `given → suggested`, each cut to its room."""
    from rich.text import Text

    line = Text(cut(given, names), style=GIVEN)
    return Text("").append_text(line).append(" → ").append(cut(suggested, names), SUGGESTED)


def _skipped(label: Label, width: int) -> list["Text"]:
    if label.measures_note:
        return [styled("MEASURES", STRONG), *wrapped(label.measures_note, width)]
    if not label.skipped:
        return []
    lines = [styled("SKIPPED", STRONG)]
    for why, titles in label.skipped.items():
        lines += wrapped(f"{why}: {', '.join(titles)}", width, hang=2)
    return lines


def _checks(label: Label) -> list[tuple[str, str]]:
    """Return status and message of each check; those that passed share one entry, the first."""
    checks = label.provenance.checks
    passed = [message for status, _, message in checks if status == "passed"]
    rest = [(status, message) for status, _, message in checks if status != "passed"]
    return [("passed", " · ".join(passed)), *rest] if passed else rest


def _read(label: Label, width: int) -> list["Text"]:
    provenance = label.provenance
    lines = [styled("WHAT WAS READ", STRONG)]
    for notice in provenance.notices or ("nothing was said about the input",):
        lines += wrapped(notice, width, hang=2)
    lines += [empty(), styled("INPUT CONTRACT", STRONG)]
    for status, message in _checks(label):
        tag = styled(f"{status:<14}", SUGGESTED if status in {"alerted", "refused"} else QUIET)
        body = wrapped(message, width, indent=14)
        body[0] = tag.append_text(body[0][14:])
        lines += body
    if not provenance.checks:
        lines.append(styled("no check was made", QUIET))
    return lines


# Lines -------------------------------------------------------------------------------------
