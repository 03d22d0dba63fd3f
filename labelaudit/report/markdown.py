"""The label as GitHub Markdown, small enough for a comment on a pull request."""

from collections.abc import Iterable, Sequence

from labelaudit.core.markdown import escape, table
from labelaudit.core.results import Audit
from labelaudit.report import textual
from labelaudit.report.cells import bar
from labelaudit.report.label import label_of
from labelaudit.report.numbers import UNKNOWN, count, share
from labelaudit.report.parts import Label, Pair

MOST_BYTES = 60_000
MOST_SUSPECTS = 20
MOST_PAIRS = 8
MOST_CLASSES = 100
_NAME, _LINE = 60, 300
_SHORT_BAR, _BAR, _WIDE = 10, 32, 72  # characters


def render(audit: Audit) -> str:
    """Return the label; under 60 kB, sections that do not fit are left out and named."""
    label = label_of(audit)
    text = "\n".join(_front(label)) + "\n"
    left_out = []
    for name, lines in (
        ("Counts", _counts(label)),
        ("Classes", _classes(label)),
        ("Alerts", _alerts(label)),
        ("Badges", _badges(label)),
        ("Suspects", _suspects(label)),
        ("Confusions", _pairs(label)),
        ("Slices", _slices(label)),
        ("Pairs hardest to tell apart", _hard_pairs(label)),
        ("Calibration", _calibration(label)),
        ("Skipped", _skipped(label)),
        ("What was read", _read(label)),
    ):
        if not lines:
            continue
        section = "\n".join([f"\n### {name}\n", *lines]) + "\n"
        if len((text + section).encode()) > MOST_BYTES - 500:
            left_out.append(name)
        else:
            text += section
    if left_out:
        text += f"\nLeft out, too long for a comment: {', '.join(left_out)}.\n"
    return text + f"\n<sub>{escape(label.provenance.tool)}</sub>\n"


def _front(label: Label) -> Iterable[str]:
    panel = label.panel
    yield f"## {panel.title}: {escape(panel.dataset, _NAME)}"
    yield ""
    yield escape(panel.size)
    yield ""
    yield f"**{escape(' '.join(label.verdict))}**"
    if label.refused:
        return
    yield ""
    for step in label.steps:
        command = f" `{step.command}`" if step.command else ""
        yield f"- **{escape(step.purpose)}**: {escape(step.words, _LINE)}{command}"
    if label.steps:
        yield ""
    rows = [("Suspected label errors", panel.suspected, panel.share)]
    rows += [
        ("Human-checked error rate", panel.human_rate, panel.human_note),
        ("Model noise estimate", panel.noise, panel.noise_note),
    ]
    rows += [(fact.name, fact.value, fact.note or fact.gloss) for fact in panel.facts]
    yield from table(("Fact", "Value", "Note"), rows, "lrl")
    yield ""
    for note in panel.footnotes:
        yield f"{escape(note.removeprefix('* ').removeprefix('† '))}"
        yield ""


def _fenced(lines: Iterable[str]) -> list[str]:
    """Return a chart as it stands: figures and blocks only, no name that the dataset gave."""
    return ["```text", *(line.replace("`", "'").rstrip() for line in lines), "```"]


def _counts(label: Label) -> list[str]:
    if label.refused or all(rung.bar is None for rung in label.counts):
        return []
    names = max(len(rung.name) for rung in label.counts)
    values = max(len(rung.value) for rung in label.counts)
    lines = []
    for rung in label.counts:
        blocks = bar(rung.bar, _BAR) if rung.bar is not None else ""
        lines.append(f"{rung.name.ljust(names)}  {rung.value.rjust(values)}  {blocks}")
    glosses = (f"- {escape(rung.name)}: {escape(rung.gloss)}" for rung in label.counts)
    return [*_fenced(lines), "", *glosses]


def _calibration(label: Label) -> list[str]:
    section = label.calibration
    if label.refused or not (section.bins or section.histogram):
        return []
    lines = [escape(section.note, 1_000), ""]
    if section.bins:
        said = "Each line: the model's confidence, how often it agrees with the label as a bar, "
        lines += [said + "and a mark where the bar would end.", ""]
        lines += [*_fenced(textual.reliability(section.bins, _WIDE)), ""]
    if section.histogram is not None:
        lines += [escape(section.histogram.note, 1_000), ""]
        lines += _fenced(textual.histogram(section.histogram))
    return lines


def _classes(label: Label) -> list[str]:
    rows = label.panel.classes
    known = label.panel.suspected_known
    if known:
        head = ("Class", "Labels", "Suspected", "Share", "", "Looks like")
        sides = "lrrrll"
        cells = [
            (
                row.name,
                row.labels,
                row.flagged,
                row.share,
                bar(row.bar, _SHORT_BAR),
                f"{row.looks_like} {row.looks_like_count}",
            )
            for row in rows
        ]
        lines = list(table(head, cells, sides))
    else:
        lines = list(table(("Class", "Labels"), [(row.name, row.labels) for row in rows], "lr"))
    if label.panel.more_classes:
        lines += ["", escape(label.panel.more_classes)]
    return lines if rows else []


def _alerts(label: Label) -> list[str]:
    if label.refused and not label.alerts:
        return []
    lines = [escape(label.alert_totals), ""]
    for alert in label.alerts[:10]:
        lines.append(
            f"- **{escape(alert.severity)}** {escape(alert.message)}. {escape(alert.mitigation)}"
        )
    if len(label.alerts) > 10:
        lines.append(f"- {len(label.alerts) - 10} more")
    return lines


def _badges(label: Label) -> list[str]:
    return [
        f"- **{escape(badge.state)}** {escape(badge.name)}: {escape(badge.evidence)}"
        for badge in label.badges
    ]


def _suspects(label: Label) -> list[str]:
    if label.refused:
        return []
    shown = label.suspects.rows[:MOST_SUSPECTS]
    if not shown:
        return [escape(label.suspects.note)]
    rows = [
        (
            row.rank,
            row.id,
            f"{_short(row.given)} → {_short(row.suggested)}",
            row.quality,
            f"gives {row.gives_suggested}, threshold {row.needs}; given label {row.gives_given}",
        )
        for row in shown
    ]
    heading = f"The first {len(shown)} of {label.panel.suspected}, most suspicious first."
    head = ("Rank", "Id", "Given → suggested", "Quality", "The model's probabilities")
    return [heading, "", *table(head, rows, "rllrl")]


def _short(name: str) -> str:
    return name if len(name) <= 28 else name[:27] + "…"


def _pairs(label: Label) -> list[str]:
    sentences = [
        f"{escape(pair.sentence)}{_reads(pair)}" for pair in label.confusions.pairs[:MOST_PAIRS]
    ]
    return [f"- {one}" for one in (*sentences, *map(escape, label.confusions.kin[:3]))]


def _reads(pair: Pair) -> str:
    if not pair.reads_as:
        return ""
    return f". Reads as **{pair.reads_as}** {pair.score}".rstrip() + f" ({escape(pair.basis)})"


def _hard_pairs(label: Label) -> list[str]:
    hard = label.separability.pairs
    if hard is None or label.refused:
        return []
    rows = [
        (f"{_short(one)} and {_short(other)}", *cells)
        for one, other, cells in hard.rows[:MOST_PAIRS]
    ]
    sides = "l" + "r" * len(hard.columns)
    return [*table(("Classes", *hard.columns), rows, sides), "", escape(hard.note, 1_000)]


def _slices(label: Label) -> list[str]:
    lines = []
    head = ("Rows", "Suspected", "Share", "Times the rest", "95 %", "Imbalance", "Classes differ")
    for cut in label.slices:
        rows = [
            (row.value, row.rows, row.suspected, row.share, row.ratio, row.ratio_interval,
             row.imbalance, row.distance)
            for row in cut.rows
        ]  # fmt: skip
        lines += [*table((f"By {escape(cut.column, _NAME)}", *head), rows, "lrrrrrrr"), ""]
        lines += [escape(line, 1_000) for line in (cut.more, cut.note) if line]
        lines.append("")
    return lines


def _skipped(label: Label) -> list[str]:
    if label.refused:
        return []
    if label.measures_note:
        return [escape(label.measures_note)]
    return [
        f"- {escape(why)}: {', '.join(map(escape, titles))}"
        for why, titles in label.skipped.items()
    ]


def _read(label: Label) -> list[str]:
    lines = [f"- {escape(notice)}" for notice in label.provenance.notices[:20]]
    for status, _, message in label.provenance.checks[:40]:
        lines.append(f"- {escape(status)}: {escape(message)}")
    return lines


def class_table(
    classes: Sequence[tuple[str, int, int | None, float | None]], most: int = MOST_CLASSES
) -> Iterable[str]:
    """Return classes with their labels and suspects, the largest first, and how many more."""
    ordered = sorted(classes, key=lambda row: -row[1])
    rows = [
        (name, count(labels), UNKNOWN if found is None else count(found), share(part))
        for name, labels, found, part in ordered[:most]
    ]
    yield from table(("Class", "Labels", "Suspected", "Share of its labels"), rows, "lrrr")
    if more := len(ordered) - len(rows):
        yield f"\n{count(more)} more {'class' if more == 1 else 'classes'}."
