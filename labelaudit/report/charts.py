"""Small charts as inline SVG: geometry in attributes, colours by class, no text of the dataset.

Row charts hold marks only and may be stretched; a chart with text is drawn at its own size.
"""

from collections.abc import Sequence

from markupsafe import Markup

from labelaudit.report import numbers
from labelaudit.report.parts import Bin

_PLOT = 300
_LEFT, _TOP, _SIDE = 38, 10, 250


def bar(part: float, kind: str) -> Markup:
    """Return a bar from 0 of `part` of the full width; `kind` is suspected, given or other."""
    return _row(_rect("track", 0, 100) + _rect(kind, 0, 100 * _within(part)))


def probability(part: float, threshold: float | None, kind: str) -> Markup:
    """Return the bar of a probability, its class's threshold as a tick."""
    tick = _rect("tick", 100 * _within(threshold) - 0.5, 1) if threshold is not None else ""
    return _row(_rect("track", 0, 100) + _rect(kind, 0, 100 * _within(part)) + tick)


def interval(part: float, low: float, high: float, axis: float) -> Markup:
    """Return a share as a dot on its interval, from 0 to `axis`."""
    left, right, middle = (_number(100 * _within(value / axis)) for value in (low, high, part))
    return _row(
        '<line class="axis" x1="0" y1="4" x2="100" y2="4"/>'
        f'<line class="range" x1="{left}" y1="4" x2="{right}" y2="4"/>'
        f'<line class="dot" x1="{middle}" y1="4" x2="{middle}" y2="4"/>'
    )


def reliability(bins: Sequence[Bin]) -> Markup:
    """Return the reliability plot: agreement over confidence, dots as large as their bins."""
    largest = max((each.rows for each in bins), default=1)
    marks = [_grid()]
    for each in bins:
        x, y, even = (_at(each.confidence, 0), _at(each.agreement, 1), _at(each.confidence, 1))
        radius = _number(2.5 + 6.5 * (each.rows / largest) ** 0.5)
        marks.append(f'<line class="gap" x1="{x}" y1="{even}" x2="{x}" y2="{y}"/>')
        if each.low is not None and each.high is not None:
            low, high = _at(each.low, 1), _at(each.high, 1)
            marks.append(f'<line class="whisker" x1="{x}" y1="{low}" x2="{x}" y2="{high}"/>')
        marks.append(f'<circle class="people" cx="{x}" cy="{y}" r="{radius}"/>')
    total = numbers.count(sum(each.rows for each in bins))
    sentence = f"Agreement with the given label over confidence, {len(bins)} bins of {total} rows"
    return Markup(
        f'<svg class="plot" role="img" aria-label="{sentence}" width="{_PLOT}" height="{_PLOT}" '
        f'viewBox="0 0 {_PLOT} {_PLOT}">{"".join(marks)}</svg>'
    )


def _grid() -> str:
    marks = []
    for step in range(0, 101, 25):
        x, y = _at(step / 100, 0), _at(step / 100, 1)
        far, low = _LEFT + _SIDE, _TOP + _SIDE
        marks.append(f'<line class="hair" x1="{_LEFT}" y1="{y}" x2="{far}" y2="{y}"/>')
        marks.append(f'<text class="end" x="{_LEFT - 6}" y="{float(y) + 4:g}">{step}</text>')
        marks.append(f'<text class="middle" x="{x}" y="{low + 16}">{step}</text>')
    start, end = (_at(0, 0), _at(0, 1)), (_at(1, 0), _at(1, 1))
    marks.append(
        f'<line class="even" x1="{start[0]}" y1="{start[1]}" x2="{end[0]}" y2="{end[1]}"/>'
        f'<text x="{_LEFT + 6}" y="{_TOP + 12}">agreement, %</text>'
        f'<text class="end" x="{_LEFT + _SIDE}" y="{_PLOT - 4}">confidence, %</text>'
    )
    return "".join(marks)


def _at(part: float, axis: int) -> str:
    """Return the place of a share along x (0) or y (1)."""
    along = _within(part) * _SIDE
    return _number(_TOP + _SIDE - along if axis else _LEFT + along)


def _row(marks: str) -> Markup:
    # The figure always stands beside it as text, so a screen reader need not stop here.
    return Markup(
        '<svg class="row" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">'
        f"{marks}</svg>"
    )


def _rect(kind: str, x: float, width: float) -> str:
    return f'<rect class="{kind}" x="{_number(x)}" y="0" width="{_number(width)}" height="8"/>'


def _within(part: float | None) -> float:
    return min(max(part or 0.0, 0.0), 1.0)


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
