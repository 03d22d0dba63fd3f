"""The charts of the label as files of their own, for papers: SVG with title and words."""

import re
from collections.abc import Callable, Sequence
from functools import cache

from markupsafe import Markup

from labelaudit.core.results import Audit
from labelaudit.report import charts
from labelaudit.report.html import read
from labelaudit.report.label import label_of
from labelaudit.report.parts import ClassRow, Label

_FONT = "Helvetica Neue, Helvetica, Arial, Liberation Sans, DejaVu Sans, sans-serif"
_MARGIN, _HEAD, _LINE = 20, 56, 22
_CHART, _VALUES = 300, 150
_MOST_ROWS = 40
# Of this width is a character of a title at most: a long name may not run out of the picture.
_WIDEST = 9


def plates(audit: Audit) -> dict[str, str]:
    """Return every chart that the audit has something for, by its name, as SVG."""
    label = label_of(audit)
    made = {name: draw(label) for name, draw in _PLATES.items()}
    return {name: str(svg) for name, svg in made.items() if svg is not None}


def as_png(svg: str, scale: int = 2) -> bytes:
    """Return an SVG as PNG, `scale` times as large.

    Raises
    ------
    ImportError : there is no `resvg_py`, an optional dependency.
    """
    import resvg_py

    return bytes(resvg_py.svg_to_bytes(svg_string=svg, zoom=scale))


def _counts(label: Label) -> Markup | None:
    rungs = [rung for rung in label.counts if rung.bar is not None]
    return _rows(
        label,
        "The counts",
        "How many labels each way of counting finds, on one scale from 0",
        [rung.name for rung in rungs],
        [_bar(rung.bar or 0.0, rung.kind) for rung in rungs],
        [rung.value for rung in rungs],
    )


def _suspected(label: Label) -> Markup | None:
    rows = [row for row in _largest(label) if row.flagged_share is not None]
    axis = label.balance.axis

    def drawn(row: ClassRow) -> str:
        share = row.flagged_share or 0.0
        dot = f'<circle class="people" cx="{_wide(share / axis)}" cy="0" r="4"/>'
        if row.low is None or row.high is None:
            return dot
        low, high = _wide(row.low / axis), _wide(row.high / axis)
        return f'<line class="range" x1="{low}" y1="0" x2="{high}" y2="0"/>{dot}'

    return _rows(
        label,
        "Suspected share of each class",
        f"A model's suspicion, not error; bar: 95 % interval; axis from 0 to {100 * axis:.0f} %",
        [row.name for row in rows],
        [_axis() + drawn(row) for row in rows],
        [f"{row.share}  ({row.flagged} of {row.labels})" for row in rows],
    )


def _sizes(label: Label) -> Markup | None:
    rows = _largest(label)
    largest = max((max(row.n_labels, row.n_estimated or 0) for row in rows), default=0)
    if not largest:
        return None

    def drawn(row: ClassRow) -> str:
        marks = _bar(row.n_labels / largest, "given")
        if row.n_estimated is not None:
            at = _wide(row.n_estimated / largest)
            marks += f'<circle class="people" cx="{at}" cy="0" r="4"/>'
        return marks

    return _rows(
        label,
        "Class sizes",
        "Blue: labels given; dot: the size the model estimates; from 0",
        [row.name for row in rows],
        [drawn(row) for row in rows],
        [f"{row.labels}{_estimated(row)}" for row in rows],
    )


def _estimated(row: ClassRow) -> str:
    return "" if row.n_estimated is None else f"  ({row.estimated} estimated)"


def _neighbours(label: Label) -> Markup | None:
    rows = label.separability.agreeing[:_MOST_ROWS]
    return _rows(
        label,
        "Nearest neighbours with the same label",
        "Share of each class, from 0 to 100 %",
        [row.name for row in rows],
        [_bar(row.model, "people") for row in rows],
        [row.shown for row in rows],
    )


def _matrix(label: Label) -> Markup | None:
    rows, names = label.confusions.matrix, label.confusions.names
    if not rows:
        return None
    side = 40
    left = _room(names, 20)
    top = 4 + _room(names, 12)
    marks: list[Markup] = []
    for down, row in enumerate(rows):
        y = top + down * side
        name = Markup('<text class="end" x="{}" y="{}">{}</text>')
        marks.append(name.format(left - 8, y + side / 2 + 4, _short(row.name, 20)))
        head = Markup('<text transform="translate({} {}) rotate(-45)">{}</text>')
        marks.append(head.format(left + down * side + side / 2, top - 6, _short(names[down], 12)))
        for across, (step, text, count) in enumerate(
            zip(row.steps, row.cells, row.counts, strict=True)
        ):
            x = left + across * side
            own = "diagonal" if across == row.diagonal else f"s{step}"
            marks.append(
                Markup(
                    f'<rect class="cell {own}" x="{x}" y="{y}" width="{side - 1}" '
                    f'height="{side - 1}"/>'
                )
            )
            if count:
                shown = Markup('<text class="middle on{}" x="{}" y="{}">{}</text>')
                marks.append(shown.format(own, x + side / 2, y + side / 2 + 4, str(text)))
    title, said = "Given label (row), estimated class (column)", "Estimated counts of labels"
    size = left + len(rows) * side
    return _plate(label, title, said, size, top + len(rows) * side, Markup("").join(marks))


def _map(label: Label) -> Markup | None:
    drawn = label.separability.map
    if drawn is None:
        return None
    return _framed(label, "Map of the rows", str(drawn.caption), charts.class_map(drawn), 460, 460)


def _reliability(label: Label) -> Markup | None:
    bins = label.calibration.bins
    if not bins:
        return None
    said = "Agreement with the given label over confidence; whisker: 95 % interval"
    return _framed(label, "Is confidence earned?", said, charts.reliability(bins), 300, 300)


def _given(label: Label) -> Markup | None:
    drawn = label.calibration.histogram
    if drawn is None:
        return None
    above = charts.histogram(drawn.others, drawn.suspected, "other")
    below = charts.histogram(drawn.suspected, drawn.others, "suspected")
    both = Markup("{}{}{}{}").format(
        Markup('<text x="0" y="8">{}</text>').format(str(drawn.n_others)),
        _at(above, 0, 16),
        Markup('<text x="0" y="164">{}</text>').format(str(drawn.n_suspected)),
        _at(below, 0, 172),
    )
    said = "Rows by that probability in per cent, on one logarithmic scale"
    return _plate(label, "Probability of the given label", said, 300, 300, both)


_PLATES: dict[str, Callable[[Label], Markup | None]] = {
    "counts": _counts,
    "suspected-by-class": _suspected,
    "class-sizes": _sizes,
    "confusion-matrix": _matrix,
    "class-map": _map,
    "neighbours-by-class": _neighbours,
    "reliability": _reliability,
    "given-probability": _given,
}


def _largest(label: Label) -> Sequence[ClassRow]:
    return label.balance.classes[:_MOST_ROWS]


def _rows(
    label: Label,
    title: str,
    said: str,
    names: Sequence[str],
    drawn: Sequence[str],
    values: Sequence[str],
) -> Markup | None:
    """Return a chart of a row for each name; None where there are none."""
    if not names:
        return None
    marks = []
    left = _room(names, 34)
    for at, (name, row, value) in enumerate(zip(names, drawn, values, strict=True)):
        line = Markup(
            '<g transform="translate(0 {})"><text class="end" x="{}" y="4">{}</text>'
            '<g transform="translate({} 0)">{}</g><text x="{}" y="4">{}</text></g>'
        )
        end = left + _CHART + 12
        shown = _short(name, 34)
        marks.append(
            line.format(at * _LINE + 11, left - 10, shown, left, Markup(row), end, str(value))
        )
    width = left + _CHART + _VALUES
    return _plate(label, title, said, width, len(names) * _LINE, Markup("").join(marks))


def _room(names: Sequence[str], most: int) -> int:
    """Return about how wide names are that are cut to so many characters, in pixels."""
    return 16 + 7 * max(min(len(name), most) for name in names)


def _bar(part: float, kind: str) -> str:
    width = _wide(part)
    return (
        f'<rect class="track" x="0" y="-5" width="{_CHART}" height="10"/>'
        f'<rect class="{kind}" x="0" y="-5" width="{width}" height="10"/>'
    )


def _axis() -> str:
    return f'<line class="hair" x1="0" y1="0" x2="{_CHART}" y2="0"/>'


def _wide(part: float) -> str:
    return f"{_CHART * min(max(part, 0.0), 1.0):.1f}"


def _framed(label: Label, title: str, said: str, chart: Markup, width: int, height: int) -> Markup:
    return _plate(label, title, said, width, height, _at(chart, 0, 0))


def _at(chart: Markup, x: int, y: int) -> Markup:
    """Place a chart that is an SVG of its own inside of another."""
    return Markup(str(chart).replace("<svg ", f'<svg x="{x}" y="{y}" ', 1))


def _plate(label: Label, title: str, said: str, width: int, height: int, body: Markup) -> Markup:
    width = max(width, len(title) * _WIDEST)
    lines = _broken(said, width // 6)
    name = _short(label.panel.dataset, width // 8)
    head = _HEAD + 16 * (len(lines) - 1)
    foot = Markup('<text class="foot" x="0" y="{}">{}, {}</text>').format(
        head + height + 28, name, label.provenance.tool
    )
    words = Markup("").join(
        Markup('<text x="0" y="{}">{}</text>').format(34 + 16 * at, line)
        for at, line in enumerate(lines)
    )
    whole_width, whole_height = width + 2 * _MARGIN, head + height + 40 + 2 * _MARGIN
    return Markup(
        '<svg xmlns="http://www.w3.org/2000/svg" role="img" width="{w}" height="{h}" '
        'viewBox="0 0 {w} {h}" font-family="{font}"><title>{title}: {name}</title>'
        "<style>{style}</style>"
        '<rect class="paper" width="{w}" height="{h}"/>'
        '<g transform="translate({m} {m})"><text class="title" x="0" y="14">{title}</text>{words}'
        '<g transform="translate(0 {head})">{body}</g>{foot}</g></svg>\n'
    ).format(
        w=whole_width,
        h=whole_height,
        font=_FONT,
        title=title,
        name=name,
        style=_style(),
        m=_MARGIN,
        words=words,
        head=head,
        body=body,
        foot=foot,
    )


def _broken(said: str, most: int) -> list[str]:
    """Break a sentence into lines of so many characters."""
    lines = [""]
    for word in str(said).split():
        if lines[-1] and len(lines[-1]) + 1 + len(word) > most:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}".strip()
    return lines[:6]


def _short(name: str, most: int) -> str:
    return str(name) if len(name) <= most else str(name)[: most - 1] + "…"


@cache
def _style() -> Markup:
    """Return the rules of the page's charts with the colours of its light side, one truth."""
    palette = dict(re.findall(r"--(\w+):(#\w+)", read("panel.css").partition("\n")[0]))
    rules = [line for line in read("style.css").splitlines() if line.startswith(("svg", ".matrix"))]
    own = [
        ".paper{fill:var(--paper)}",
        ".title{fill:var(--ink);font-size:17px;font-weight:700}",
        ".foot{font-size:11px}",
        ".cell{fill:var(--paper)}",
        ".diagonal{fill:var(--fill)}",
        *(f".s{step}{{fill:var(--sugg);fill-opacity:{part}}}" for step, part in _HEAT.items()),
        "svg text.ons5,svg text.ons6{fill:var(--ink)}",
        "svg text.ons6{fill:var(--paper)}",
        "svg .range{stroke-width:6}",
    ]
    text = "".join([*(rule for rule in rules if rule.startswith("svg ")), *own])
    return Markup(re.sub(r"var\(--(\w+)\)", lambda found: palette[found[1]], text))


_HEAT = {0: 0, 1: 0.09, 2: 0.2, 3: 0.3, 4: 0.43, 5: 0.56, 6: 1}
