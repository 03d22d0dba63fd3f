"""One section of the label in full, for a terminal: all that the page says of it."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from labelaudit.report import textual
from labelaudit.report.cells import (
    GIVEN,
    QUIET,
    STRONG,
    SUGGESTED,
    bar,
    cells,
    cut,
    empty,
    fit,
    right,
    styled,
    two_ends,
    wrapped,
)
from labelaudit.report.charts import dots
from labelaudit.report.parts import Fact, Label, Section, Suspect
from labelaudit.report.terminal_pairs import confused, hardest
from labelaudit.report.terminal_slices import slice_tables

if TYPE_CHECKING:
    from rich.text import Text

_TITLE = {"counts": "The counts, and what each one means"}


def details(label: Label, section: str, width: int) -> list["Text"]:
    """Return a section of `SECTIONS` as lines; of a refused audit most have nothing to say."""
    panel = label.panel
    lines = [
        two_ends(
            width, (_TITLE.get(section, section.capitalize()), STRONG), (panel.dataset, QUIET)
        ),
        styled("━" * width, ""),
    ]
    body = SECTIONS[section](label, width)
    return [*lines, *(body or wrapped("There is nothing to say here.", width, style=QUIET))]


def _counts(label: Label, width: int) -> list["Text"]:
    lines = wrapped(" ".join(label.verdict), width, style=STRONG)
    for rung in label.counts:
        lines += [empty(), two_ends(width, (rung.name, STRONG), (rung.value, STRONG))]
        if rung.bar is not None:
            style = {"suspected": SUGGESTED, "people": STRONG}.get(rung.kind, QUIET)
            lines.append(styled(bar(rung.bar, width), style))
        lines += wrapped(rung.gloss, width)
    return lines


def _alerts(label: Label, width: int) -> list["Text"]:
    lines = wrapped(label.alert_totals, width)
    for alert in label.alerts:
        lines.append(empty())
        body = wrapped(alert.message, width, style=STRONG, indent=10)
        tag = styled(f"{alert.severity:<10}", "" if alert.severity == "info" else SUGGESTED)
        body[0] = tag.append_text(body[0][10:])
        lines += [*body, *wrapped(f"What to do: {alert.mitigation}", width, indent=10)]
        said = f"For use: {alert.uses}. Raised by {alert.rule}."
        lines += wrapped(said, width, style=QUIET, indent=10)
    for badge in label.badges:
        lines += [empty(), two_ends(width, (badge.name, STRONG), (badge.state, STRONG))]
        lines += wrapped(badge.evidence, width, style=QUIET)
    return lines


def _suspects(label: Label, width: int) -> list["Text"]:
    lines = wrapped(str(label.suspects.note), width)
    for row in label.suspects.rows:
        lines += [empty(), *_suspect(row, width)]
    return lines


def _suspect(row: Suspect, width: int) -> list["Text"]:
    line = styled(f"{row.rank:>4}  ", STRONG)
    line.append(cut(row.given, width // 3), GIVEN).append(" → ")
    line.append(cut(row.suggested, width // 3), SUGGESTED)
    score = f"score {row.quality}"
    line.append(" " * max(width - line.cell_len - len(score), 2) + score, QUIET)
    why = "; ".join(filter(None, (str(row.why), str(row.beside))))
    lines = [line, *wrapped(row.id, width, style=QUIET, indent=6), *wrapped(why, width, indent=6)]
    names = max(cells(cut(one.name, 20)) for one in row.says)
    for one in row.says:
        drawn = styled(f"{'':6}{fit(one.name, names)}  ", "")
        style = {"given": GIVEN, "suggested": SUGGESTED}.get(one.kind, QUIET)
        room = max(min(width - names - 16, 40), 10)
        lines.append(
            drawn.append(fit(bar(one.probability, room), room), style).append(f"  {one.shown}")
        )
    if row.detectors:
        not_by = f"; not: {row.dissent}" if row.dissent else ""
        said = f"{dots(row.detectors)} {row.agree} detectors agree{not_by}"
        lines += wrapped(said, width, style=QUIET, indent=6)
    shown = row.example
    if shown is not None and (shown.text or shown.features):
        features = "; ".join(f"{name}: {value}" for name, value in shown.features)
        lines += wrapped(shown.text or features, width, indent=6)
    if row.verdict is not None:
        said = f"people: {row.verdict.name}, {row.verdict.words}"
        lines += wrapped(said, width, style=STRONG, indent=6)
    return lines


def _confusions(label: Label, width: int) -> list["Text"]:
    lines = wrapped(str(label.confusions.note), width)
    lines += [empty(), *confused(label, width, most=len(label.confusions.pairs))]
    rows = [(given, looks, count) for given, looks, count in label.confusions.table]
    if rows:
        lines += [empty(), *_table(("GIVEN", "LOOKS LIKE", "SUSPECTS"), rows, "llr", width)]
    return lines


def _balance(label: Label, width: int) -> list["Text"]:
    lines = [*wrapped(str(label.balance.note), width), *_facts(label.balance.facts, width), empty()]
    head = ("CLASS", "TIER", "LABELS", "SHARE", "MODEL ESTIMATES", "SUSPECTED", "SHARE", "95 %")
    rows = [
        (row.name, row.tier, row.labels, row.share_of_labels,
         f"{row.estimated} {row.shift}".strip(), row.flagged, row.share, row.interval)
        for row in label.balance.classes
    ]  # fmt: skip
    lines += _table(head, rows, "llrrrrrr", width)
    return [*lines, *wrapped(str(label.balance.more_classes), width, style=QUIET)]


def _columns(label: Label, width: int) -> list["Text"]:
    numbers = ("LOWEST", "MEDIAN", "HIGHEST", "MEAN", "DEVIATION")
    head = ("COLUMN", "KIND", "ROWS", "MISSING", "UNIQUE", "MOST FREQUENT", "LEAST FREQUENT")
    rows = [
        (row.name, row.kind, row.rows, row.missing, row.unique, row.most, row.least,
         *row.numbers, row.zeros)
        for row in label.columns
    ]  # fmt: skip
    return _table((*head, *numbers, "ZEROS"), rows, "llrrrllrrrrrr", width) if rows else []


def _separability(label: Label, width: int) -> list["Text"]:
    lines = _section(label.separability, width)
    agreeing = label.separability.agreeing
    if agreeing:
        names = max(cells(cut(one.name, 24)) for one in agreeing)
        room = max(width - names - 12, 10)
        lines += [empty(), styled("SHARE OF NEAREST NEIGHBOURS WITH THE SAME LABEL", STRONG)]
        for one in agreeing:
            line = styled(fit(one.name, names) + "  ", "")
            lines.append(line.append(fit(bar(one.model, room), room)).append(right(one.shown, 10)))
    pairs = hardest(label, width, most=25)
    return [*lines, *([empty()] if pairs else []), *pairs]


def _calibration(label: Label, width: int) -> list["Text"]:
    drawn = label.calibration
    lines = _section(drawn, width)
    if drawn.bins:
        lines += [empty(), styled("IS CONFIDENCE EARNED?", STRONG)]
        lines += [styled(line, "") for line in textual.reliability(drawn.bins, min(width, 100))]
        said = (
            "Left: the confidence of a bin. The bar: how often the model agrees with the given "
            "label. The line: where the bar would end if confidence were earned."
        )
        lines += wrapped(said, width, style=QUIET)
    if drawn.histogram is not None:
        lines += [empty(), styled("PROBABILITY OF THE GIVEN LABEL", STRONG)]
        lines += [styled(line, "") for line in textual.histogram(drawn.histogram)]
        said = (
            f"{drawn.histogram.n_others}, {drawn.histogram.n_suspected}. One logarithmic scale. "
            f"{drawn.histogram.note}"
        )
        lines += wrapped(said, width, style=QUIET)
    return lines


def _section(section: Section, width: int) -> list["Text"]:
    return [*wrapped(str(section.note), width), *_facts(section.facts, width)]


def _facts(facts: Sequence[Fact], width: int) -> list["Text"]:
    lines: list[Text] = []
    for fact in facts:
        lines += [empty(), two_ends(width, (fact.name, STRONG), (fact.value, STRONG))]
        said = "; ".join(filter(None, (str(fact.note), str(fact.gloss))))
        lines += wrapped(said, width, style=QUIET)
    return lines


def _measures(label: Label, width: int) -> list["Text"]:
    lines = wrapped(str(label.measures_note), width) if label.measures_note else []
    for one in label.measures:
        end = (one.value, QUIET if one.skipped else STRONG)
        lines += [empty(), two_ends(width, (f"{one.title} ({one.name})", STRONG), end)]
        said = [one.unit, one.interval, one.sample, one.source]
        lines += wrapped("; ".join(filter(None, map(str, said))), width, style=QUIET)
        for name, value in one.details:
            lines += wrapped(f"{name}: {value}", width, indent=2, hang=2)
    return lines[1:] if lines and not label.measures_note else lines


def _provenance(label: Label, width: int) -> list["Text"]:
    made = label.provenance
    lines = wrapped(f"Made by {made.tool}. The method: {made.citation}", width)
    for role, path, how, n_bytes, sha256 in made.inputs:
        lines += [empty(), two_ends(width, (f"{role}: {path}", STRONG), (f"{n_bytes} bytes", ""))]
        lines += wrapped("; ".join(filter(None, (how, f"sha256 {sha256}"))), width, style=QUIET)
    lines += [empty(), styled("INPUT CONTRACT", STRONG)]
    for status, name, message in made.checks:
        style = SUGGESTED if status in ("alerted", "refused") else QUIET
        body = wrapped(f"{name}: {message}", width, indent=14)
        body[0] = styled(f"{status:<14}", style).append_text(body[0][14:])
        lines += body
    lines += [empty(), styled("SETTINGS", STRONG)]
    settings = [(name, value, origin) for name, value, origin in made.settings]
    return [*lines, *_table(("SETTING", "VALUE", "ORIGIN"), settings, "lll", width)]


def _glossary(label: Label, width: int) -> list["Text"]:
    lines: list[Text] = []
    for name, meaning in label.glossary:
        lines += [styled(name, STRONG), *wrapped(meaning, width, indent=2)]
    return lines


def _table(
    head: Sequence[str], rows: Sequence[Sequence[str]], sides: str, width: int
) -> list["Text"]:
    """Return a table; where it is wider than there is room each row is a paragraph instead."""
    widths = [max(cells(str(row[at])) for row in (head, *rows)) for at in range(len(head))]
    over = sum(widths) + 2 * (len(widths) - 1) - width
    widths[0] = max(widths[0] - max(over, 0), min(widths[0], 16))
    if sum(widths) + 2 * (len(widths) - 1) > width:
        lines: list[Text] = []
        for row in rows:
            lines.append(styled(cut(row[0], width), STRONG))
            told = [
                f"{name.lower()} {cell}"
                for name, cell in zip(head[1:], row[1:], strict=True)
                if cell
            ]
            lines += wrapped(", ".join(told), width, indent=2)
        return lines
    return [
        styled(
            "  ".join(
                (fit if side == "l" else right)(cut(str(cell), room), room)
                for cell, side, room in zip(row, sides, widths, strict=True)
            ),
            QUIET if row is head else "",
        )
        for row in (head, *rows)
    ]


SECTIONS: dict[str, Callable[[Label, int], list["Text"]]] = {
    "counts": _counts,
    "alerts": _alerts,
    "suspects": _suspects,
    "confusions": _confusions,
    "balance": _balance,
    "columns": _columns,
    "slices": slice_tables,
    "separability": _separability,
    "calibration": _calibration,
    "measures": _measures,
    "provenance": _provenance,
    "glossary": _glossary,
}
