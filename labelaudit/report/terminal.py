"""The label for a terminal: one column to 131 cells, two from 132 on."""

from collections.abc import Iterable, Sequence
from io import StringIO
from typing import TYPE_CHECKING

from labelaudit.core.results import Audit
from labelaudit.report.label import Fact, Label, label_of

if TYPE_CHECKING:
    from rich.text import Text

NARROWEST = 40
TWO_COLUMNS = 132
_GAP = 4
_LEFT = 64

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


def render(audit: Audit, width: int = 80, colour: bool = True) -> str:
    """Return the label as lines of at most `width` cells; without colour as plain text."""
    from rich.console import Console

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
    lines = _two_columns(label, width) if width >= TWO_COLUMNS else _one_column(label, width)
    for line in lines:
        line.rstrip()
        console.print(line, no_wrap=True, crop=True, overflow="crop", soft_wrap=False)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def _one_column(label: Label, width: int) -> list["Text"]:
    lines = [*_head(label, width), *_front(label, width)]
    for block in (
        _classes(label, width),
        _alerts(label, width),
        _pairs(label, width, most=5),
        _suspects(label, width),
        _skipped(label, width),
        _read(label, width),
    ):
        lines += [_text(), *block] if block else []
    return lines


def _two_columns(label: Label, width: int) -> list["Text"]:
    right_width = width - _LEFT - _GAP
    left = [*_front(label, _LEFT), _text(), *_classes(label, _LEFT)]
    left += [_text(), *_skipped(label, _LEFT)] if _skipped(label, _LEFT) else []
    right: list[Text] = []
    for block in (
        _alerts(label, right_width),
        _pairs(label, right_width, most=8),
        _suspects(label, right_width),
        _read(label, right_width),
    ):
        right += [_text(), *block] if right and block else block
    lines = _head(label, width)
    for index in range(max(len(left), len(right))):
        line = _text()
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
        _line(width, (panel.title.upper(), STRONG), (label.provenance.tool, QUIET)),
        _line(width, (panel.dataset, STRONG)),
        *_wrapped(panel.size, width),
    ]


def _front(label: Label, width: int) -> list["Text"]:
    panel = label.panel
    if label.refused:
        return [_rule(width, "━"), *_verdict(label, width)]
    lines = [_rule(width, "━")]
    if panel.suspected_known:
        words = (
            ("Suspected", STRONG),
            ("label errors", STRONG),
            (f"{panel.suspected} labels, {panel.share} of all", ""),
        )
        lines += [
            _line(width, left, (right, SUGGESTED if panel.suspected != "0" else STRONG))
            for left, right in zip(words, _big(panel.suspected), strict=True)
        ]
    else:
        lines.append(_line(width, ("Suspected label errors", STRONG), (panel.suspected, QUIET)))
        lines += _wrapped(panel.share, width, style=QUIET, indent=2)
    lines += [
        _rule(width, "─"),
        _line(width, ("Human-checked error rate", STRONG), (panel.human_rate, "")),
        *_wrapped(panel.human_note, width, style=QUIET, indent=2),
        _line(width, ("Model noise estimate", STRONG), (panel.noise, STRONG)),
        *_wrapped(panel.noise_note, width, style=QUIET, indent=2),
        _rule(width, "─"),
    ]
    for count in label.counts[:1] if len(label.counts) > 2 else ():
        lines.append(_line(width, (count.name, STRONG), (count.value, STRONG)))
    for fact in panel.facts:
        lines += _fact(fact, width)
    lines.append(_rule(width, "━"))
    return [*lines, *_verdict(label, width)]


def _verdict(label: Label, width: int) -> list["Text"]:
    return _wrapped(" ".join(label.verdict), width, style=STRONG)


def _fact(fact: Fact, width: int) -> list["Text"]:
    """Return a fact on one line; the gloss goes where there is no room, then the note moves."""
    left, right = _text(), _text()
    left.append(fact.name, STRONG)
    right.append(fact.value, STRONG if fact.known else QUIET)
    if fact.note:
        right.append(f"  {fact.note}", QUIET)
    room = width - left.cell_len - 2
    if right.cell_len > room:
        lines = [_line(width, (fact.name, STRONG), (fact.value, STRONG if fact.known else QUIET))]
        return [*lines, *_wrapped(fact.note, width, style=QUIET, indent=2)]
    if len(fact.gloss) + 2 <= room - right.cell_len:
        left.append(f"  {fact.gloss}", QUIET)
    left.append(" " * (width - left.cell_len - right.cell_len))
    return [left.append_text(right)]


def _classes(label: Label, width: int) -> list["Text"]:
    rows = label.panel.classes
    if not rows:
        return []
    known = any(row.flagged_share is not None for row in rows)
    few = known and label.panel.classes and len(label.balance.classes) > 2
    looks = [f"{row.looks_like} {row.looks_like_count}".strip() for row in rows] if few else []
    looks_width = min(max(map(_cells, [*looks, "LOOKS LIKE"])), width // 4) if few else 0
    name_width = min(max(_cells(row.name) for row in rows), max(width // 4, 10))
    name_width = max(name_width, 5)
    label_width = max(max(len(row.labels) for row in rows), 6)
    share_width = 9
    fixed = name_width + label_width + share_width + looks_width + 2 * (3 + (looks_width > 0))
    bar_width = max(width - fixed, 4)
    head = _text()
    head.append(_fit("CLASS", name_width) + "  " + "LABELS".rjust(label_width) + "  ", QUIET)
    head.append(_fit("SUSPECTED*" if known else "SIZE", bar_width + 2 + share_width), QUIET)
    head.append("  LOOKS LIKE" if few else "", QUIET)
    lines = [head]
    for index, row in enumerate(rows):
        line = _text()
        line.append(_fit(row.name, name_width), STRONG)
        line.append("  " + row.labels.rjust(label_width) + "  ")
        bar = _bar(row.bar if known else row.size, bar_width)
        line.append(_fit(bar, bar_width), SUGGESTED if known else GIVEN)
        line.append("  " + _right(row.share if known else "", share_width))
        if few:
            line.append("  ")
            quiet = not row.looks_like_count
            line.append(_fit(looks[index], looks_width), QUIET if quiet else "")
        lines.append(line)
    if label.panel.more_classes:
        lines.append(_styled(label.panel.more_classes, QUIET))
    if known:
        lines += _wrapped("* A suspect is not an error until a person decides.", width, QUIET)
    return lines


def _alerts(label: Label, width: int) -> list["Text"]:
    lines = [_line(width, ("ALERTS", STRONG), (label.alert_totals, QUIET))]
    for alert in label.alerts:
        body = _wrapped(alert.message, width, style=STRONG, indent=10)
        tag = _styled(f"{alert.severity:<10}", "" if alert.severity == "info" else SUGGESTED)
        body[0] = tag.append_text(body[0][10:])
        lines += [*body, *_wrapped(alert.mitigation, width, indent=10)]
    return lines


def _pairs(label: Label, width: int, most: int) -> list["Text"]:
    pairs = label.confusions.pairs[:most]
    if not pairs:
        return []
    lines = [_styled("TOP CONFUSIONS", STRONG)]
    digits = max(len(f"{pair.count:,}") for pair in pairs)
    back = [f"{pair.reverse:,} the reverse" if pair.reverse else "" for pair in pairs]
    room = max((width - digits - 6 - max(map(len, back)) - 2) // 2, 5)
    names = min(max(max(_cells(p.given), _cells(p.suggested)) for p in pairs), room)
    for pair, reverse in zip(pairs, back, strict=True):
        line = _styled(f"{pair.count:,}".rjust(digits) + "  ", STRONG)
        line.append(_fit(pair.given, names), GIVEN)
        line.append(" → ")
        line.append(_fit(pair.suggested, names), SUGGESTED)
        lines.append(line.append("  " + reverse, QUIET))
    return lines


def _suspects(label: Label, width: int) -> list["Text"]:
    if not label.suspects:
        return [_styled("SUSPECTS", STRONG), *_wrapped(label.suspects_note, width)]
    total = label.panel.suspected
    top = label.suspects[:10]
    heading = f"first {len(top)} of {total}, most suspicious first"
    lines = [_line(width, ("SUSPECTS", STRONG), (heading, QUIET))]
    names = min(max(_cells(name) for row in top for name in (row.given, row.suggested)), width // 6)
    names = max(names, 7)
    moves = 2 * names + 3
    ids = min(max(*(_cells(row.id) for row in top), 2), max(width - 10 - moves - 20, 6))
    # Where there is no room for all figures the first of these stay.
    facts: tuple[str, ...] = ("QUALITY", "P(SUGG.)", "THRESHOLD", "P(GIVEN)")
    room = width - 4 - ids - 2 - moves
    while len(facts) > 1 and sum(2 + len(name) for name in facts) > room:
        facts = facts[:-1]
    head = f"    {_fit('ID', ids)}  {_fit('GIVEN → SUGGESTED', moves)}"
    lines.append(_styled(_cut(head + "".join(f"  {name}" for name in facts), width), QUIET))
    for row in top:
        line = _styled(f"{row.rank:>2}  ", QUIET)
        line.append(_fit(row.id, ids) + "  ")
        line.append_text(_move(row.given, row.suggested, names))
        line.append(" " * (4 + ids + 2 + moves - line.cell_len))
        figures = (row.quality, row.gives_suggested, row.needs, row.gives_given)
        for name, value in zip(facts, figures, strict=False):
            line.append("  " + value.rjust(len(name)))
        lines.append(line)
    legend = (
        "Quality: how sure the model is of the given label. P: the model's probability. "
        "Threshold: that of the suggested class."
    )
    return [*lines, *_wrapped(legend, width, style=QUIET)]


def _move(given: str, suggested: str, names: int) -> "Text":
    """Return `given → suggested`, each cut to its room."""
    from rich.text import Text

    line = Text(_cut(given, names), style=GIVEN)
    return Text("").append_text(line).append(" → ").append(_cut(suggested, names), SUGGESTED)


def _skipped(label: Label, width: int) -> list["Text"]:
    if label.measures_note:
        return [_styled("MEASURES", STRONG), *_wrapped(label.measures_note, width)]
    skipped = [measure for measure in label.measures if measure.skipped]
    if not skipped:
        return []
    lines = [_styled("SKIPPED", STRONG)]
    for measure in skipped:
        lines += _wrapped(f"{measure.title}: {measure.unit}", width, hang=2)
    return lines


def _read(label: Label, width: int) -> list["Text"]:
    provenance = label.provenance
    lines = [_styled("WHAT WAS READ", STRONG)]
    for notice in provenance.notices or ("nothing was said about the input",):
        lines += _wrapped(notice, width, hang=2)
    lines += [_text(), _styled("INPUT CONTRACT", STRONG)]
    for status, _, message in provenance.checks:
        tag = _styled(f"{status:<14}", SUGGESTED if status in {"alerted", "refused"} else QUIET)
        body = _wrapped(message, width, indent=14)
        body[0] = tag.append_text(body[0][14:])
        lines += body
    if not provenance.checks:
        lines.append(_styled("no check was made", QUIET))
    return lines


# Lines -------------------------------------------------------------------------------------


def _text() -> "Text":
    from rich.text import Text

    return Text("", end="\n")


def _styled(content: str, style: str) -> "Text":
    from rich.text import Text

    return Text("").append(content, style)


def _cells(content: str) -> int:
    from rich.cells import cell_len

    return cell_len(content)


def _cut(content: str, width: int) -> str:
    """Cut to `width` cells, the last of them an ellipsis where something was lost."""
    from rich.cells import set_cell_size

    if _cells(content) <= width:
        return content
    return set_cell_size(content, max(width - 1, 0)).rstrip() + "…"


def _fit(content: str, width: int) -> str:
    """Cut or pad to `width` cells exactly."""
    short = _cut(content, width)
    return short + " " * (width - _cells(short))


def _right(content: str, width: int) -> str:
    return " " * (width - _cells(content)) + content


def _bar(part: float, width: int) -> str:
    """Return a bar of `part` of the width, in eighths of a cell; what is not 0 is seen."""
    eighths = round(part * width * 8)
    if part > 0:
        eighths = max(eighths, 1)
    whole, rest = divmod(eighths, 8)
    return "█" * whole + (" ▏▎▍▌▋▊▉"[rest] if rest else "")


def _big(figure: str) -> Sequence[str]:
    """Return a whole number in digits three lines high."""
    rows = zip(*(_DIGITS[character] for character in figure), strict=True)
    return [" ".join(row) for row in rows]


def _rule(width: int, character: str) -> "Text":
    return _styled(character * width, "" if character == "━" else QUIET)


def _line(width: int, left: tuple[str, str], right: tuple[str, str] = ("", "")) -> "Text":
    """Return a line with something at its left and at its right end; the left is cut first."""
    end = _cut(right[0], width // 2)
    room = width - _cells(end) - (1 if end else 0)
    line = _styled(_fit(left[0], room) if end else _cut(left[0], room), left[1])
    return line.append((" " if end else "") + end, right[1])


def _wrapped(
    content: str, width: int, style: str = "", indent: int = 0, hang: int = 0
) -> list["Text"]:
    """Break words into lines; a word longer than a line is cut through, none is lost."""
    lines: list[str] = []
    current = ""
    room = width - indent
    for word in _short_enough(content.split(" "), room - hang):
        limit = room - (hang if lines else 0)
        if current and _cells(current) + 1 + _cells(word) > limit:
            lines.append(current)
            current = word
        else:
            current = f"{current} {word}" if current else word
    lines.append(current)
    return [
        _styled(" " * (indent + (hang if number else 0)) + line, style)
        for number, line in enumerate(lines)
    ]


def _short_enough(words: Iterable[str], room: int) -> Iterable[str]:
    from rich.cells import chop_cells

    for word in words:
        if _cells(word) <= room:
            yield word
        else:
            yield from chop_cells(word, room)
