"""Small charts as inline SVG: geometry in attributes, colours by class, no text of the dataset.

Row charts hold marks only and may be stretched; a chart with text is drawn at its own size.
"""

import math
from collections.abc import Sequence

from markupsafe import Markup

from labelaudit.report import numbers
from labelaudit.report.drawn import Bin, ClassMap
from labelaudit.report.parts import Says

_PLOT = 300
_LEFT, _TOP, _SIDE = 38, 10, 250


def bar(part: float, kind: str, strong: float | None = None) -> Markup:
    """Return a bar from 0 of `part` of the full width; `kind` is suspected, given or other.

    Where `strong` is given only that part of the full width is drawn strongly, the rest pale.
    """
    pale = kind if strong is None else "pale"
    marks = _rect("track", 0, 100) + _rect(pale, 0, 100 * _within(part))
    return _row(marks if strong is None else marks + _rect(kind, 0, 100 * _within(strong)))


def probabilities(told: Sequence[Says]) -> Markup:
    """Return a bar for each probability, one under the other, the class's threshold as a tick.

    There is one for each of two hundred suspects, so every character counts: bars are strokes in
    whole per cent, and what lies behind them is drawn by the style.
    """
    marks, ticks = [], ""
    for at, one in enumerate(told):
        y = 20 * at + 10
        width = math.ceil(100 * _within(one.probability) - 0.5)
        if width:
            marks.append(f'<path class="{one.kind}" d="M0 {y}h{width}"/>')
        if one.threshold is not None:
            ticks += f"M{round(100 * _within(one.threshold))} {y - 4}v8"
    marks.append(f'<path d="{ticks}"/>' if ticks else "")
    return Markup(
        f'<svg viewBox="0 0 100 {20 * len(told)}" preserveAspectRatio="none">{"".join(marks)}</svg>'
    )


def interval(part: float, low: float, high: float, axis: float) -> Markup:
    """Return a share as a dot on its interval, from 0 to `axis`."""
    left, right, middle = (_number(100 * _within(value / axis)) for value in (low, high, part))
    return _row(
        '<line class="axis" x1="0" y1="4" x2="100" y2="4"/>'
        f'<line class="range" x1="{left}" y1="4" x2="{right}" y2="4"/>'
        f'<line class="dot" x1="{middle}" y1="4" x2="{middle}" y2="4"/>'
    )


def shift(given: int, estimated: int | None, axis: int) -> Markup:
    """Return what the model's estimate adds to the labels given: a tick, and a dot to a side.

    The tick stands in the middle, the ends are `axis` labels less and more.
    """
    place = 50 + 50 * ((estimated if estimated is not None else given) - given) / max(axis, 1)
    x = _number(min(max(place, 0), 100))
    return _row(
        '<line class="axis" x1="0" y1="4" x2="100" y2="4"/>'
        f'<line class="range" x1="50" y1="4" x2="{x}" y2="4"/>'
        '<rect class="given" x="49.5" y="0" width="1" height="8"/>'
        f'<line class="dot estimated" x1="{x}" y1="4" x2="{x}" y2="4"/>'
    )


def shift_scale(axis: int) -> Markup:
    """Return the ends of a scale of labels, 0 in its middle."""
    more = numbers.count(axis)
    return Markup(
        '<svg class="scale" width="100%" height="14" role="img" '
        f'aria-label="from {more} labels less to {more} more"><text x="0" y="11">−{more}</text>'
        f'<text class="end" x="100%" y="11">+{more}</text></svg>'
    )


def size_curve(sizes: Sequence[int]) -> Markup:
    """Return the sizes of classes by their rank, the largest first; both axes logarithmic."""
    width, height, left, base, high = 460, 220, 56, 180, 160
    far = max(math.log10(len(sizes)), 1e-9)
    top = max(math.log10(sizes[0] + 1), 1e-9)
    marks = []
    for power in range(math.ceil(top)):
        y = _number(base - high * math.log10(10**power + 1) / top)
        marks.append(f'<line class="hair" x1="{left}" y1="{y}" x2="{width - 10}" y2="{y}"/>')
        text = f'x="{left - 5}" y="{float(y) + 4:g}">{10**power:,}'
        marks.append(f'<text class="end" {text}</text>')
    for power in range(math.floor(far) + 1):
        x = _number(left + (width - left - 10) * power / far)
        marks.append(f'<text class="middle" x="{x}" y="{base + 16}">{10**power:,}</text>')
    # As many points as can be told apart.
    ranks = sorted({round(10 ** (far * step / 199)) for step in range(200)})
    points = " ".join(
        f"{_number(left + (width - left - 10) * math.log10(rank) / far)},"
        f"{_number(base - high * math.log10(sizes[rank - 1] + 1) / top)}"
        for rank in ranks
        if rank <= len(sizes)
    )
    marks.append(f'<polyline class="curve" points="{points}"/>')
    marks.append(f'<text x="{left}" y="12">labels</text>')
    marks.append(f'<text class="end" x="{width - 10}" y="{height - 6}">rank of the class</text>')
    sentence = (
        f"Sizes of {numbers.count(len(sizes))} classes: the largest {numbers.count(sizes[0])}, "
        f"the middle one {numbers.count(sizes[len(sizes) // 2])}, "
        f"the smallest {numbers.count(sizes[-1])} labels"
    )
    return Markup(
        f'<svg class="plot" role="img" aria-label="{sentence}" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}">{"".join(marks)}</svg>'
    )


def reliability(bins: Sequence[Bin]) -> Markup:
    """Return the reliability plot: agreement over confidence, dots as large as their bins."""
    largest = max((each.n_rows for each in bins), default=1)
    marks = [_grid()]
    for each in bins:
        x, y, even = (_at(each.confidence, 0), _at(each.agreement, 1), _at(each.confidence, 1))
        radius = _number(2.5 + 6.5 * (each.n_rows / largest) ** 0.5)
        marks.append(f'<line class="gap" x1="{x}" y1="{even}" x2="{x}" y2="{y}"/>')
        if each.low is not None and each.high is not None:
            low, high = _at(each.low, 1), _at(each.high, 1)
            marks.append(f'<line class="whisker" x1="{x}" y1="{low}" x2="{x}" y2="{high}"/>')
        marks.append(f'<circle class="people" cx="{x}" cy="{y}" r="{radius}"/>')
    total = numbers.count(sum(each.n_rows for each in bins))
    sentence = f"Agreement with the given label over confidence, {len(bins)} bins of {total} rows"
    return Markup(
        f'<svg class="plot" role="img" aria-label="{sentence}" width="{_PLOT}" height="{_PLOT}" '
        f'viewBox="0 0 {_PLOT} {_PLOT}">{"".join(marks)}</svg>'
    )


def dots(detectors: Sequence[tuple[str, bool]]) -> str:
    """Return a dot for each detector: filled where it agrees, a ring where it does not."""
    return "".join("●" if agrees else "○" for _, agrees in detectors)


def votes(options: Sequence[tuple[str, int]]) -> Markup:
    """Return a square for each vote, coloured by what was chosen; neither is a ring."""
    each = [option for option, count in options for _ in range(min(count, 20))]
    marks = []
    for at, option in enumerate(each):
        x = 12 * at
        if option == "both":
            marks.append(f'<rect class="given" x="{x}" y="0" width="5" height="10"/>')
            marks.append(f'<rect class="suggested" x="{x + 5}" y="0" width="5" height="10"/>')
        else:
            kind = option if option in ("given", "suggested") else "ring"
            marks.append(f'<rect class="{kind}" x="{x + 0.5}" y=".5" width="9" height="9"/>')
    width = 12 * max(len(each), 1)
    return Markup(
        f'<svg class="marks" width="{width}" height="10" viewBox="0 0 {width} 10" '
        f'aria-hidden="true">{"".join(marks)}</svg>'
    )


def scale(end: float) -> Markup:
    """Return the ends of a scale of shares, from 0."""
    return Markup(
        '<svg class="scale" width="100%" height="14" role="img" '
        f'aria-label="from 0 to {100 * end:.0f} per cent"><text x="0" y="11">0</text>'
        f'<text class="end" x="100%" y="11">{100 * end:.0f} %</text></svg>'
    )


def histogram(counts: Sequence[int], beside: Sequence[int], kind: str) -> Markup:
    """Return a histogram over 0 to 1 in equal bins, on a log scale that `beside` shares."""
    highest = math.log10(max(*counts, *beside, 1) + 1)
    width, height, left, base = 300, 120, 38, 100
    step = (width - left - 10) / len(counts)
    marks = [f'<line class="axis" x1="{left}" y1="{base}" x2="{width - 10}" y2="{base}"/>']
    for power in range(1, math.ceil(highest) + 1):
        level = base - 88 * math.log10(10**power + 1) / highest
        if level >= 8:
            line = f'x1="{left}" y1="{_number(level)}" x2="{width - 10}" y2="{_number(level)}"'
            marks.append(f'<line class="hair" {line}/>')
            text = f'x="{left - 5}" y="{_number(level + 4)}">{10**power:,}'
            marks.append(f'<text class="end" {text}</text>')
    for at, count in enumerate(counts):
        tall = 88 * math.log10(count + 1) / highest
        x, y = _number(left + at * step + 0.5), _number(base - tall)
        size = f'width="{_number(step - 1)}" height="{_number(tall)}"'
        marks.append(f'<rect class="{kind}" x="{x}" y="{y}" {size}/>')
    for part in (0, 50, 100):
        place = _number(left + (width - left - 10) * part / 100)
        marks.append(f'<text class="middle" x="{place}" y="{base + 16}">{part}</text>')
    sentence = (
        f"{numbers.count(sum(counts))} rows by the probability of their given label, per cent"
    )
    return Markup(
        f'<svg class="plot" role="img" aria-label="{sentence}" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}">{"".join(marks)}</svg>'
    )


def class_map(drawn: ClassMap) -> Markup:
    """Return the map of rows: a grey cloud, suspects in orange, classes by name.

    A cloud is one path of points without length, drawn by their round caps.
    """
    size, scale_to = 460, 0.44
    clouds = []
    for kind, wanted in (("cloud", False), ("cloud suspect", True)):
        points = sorted(
            (round(10 + x * scale_to), round(10 + (1000 - y) * scale_to))
            for x, y, suspect in zip(drawn.x, drawn.y, drawn.is_suspect, strict=True)
            if suspect is wanted
        )
        # From one point to the next, so that most are seven characters.
        moves = (
            f"m{x - before[0]} {y - before[1]}h0"
            for before, (x, y) in zip([(0, 0), *points], points, strict=False)
        )
        clouds.append(f'<path class="{kind}" d="{"".join(moves)}"/>' if points else "")
    names = [
        Markup('<text class="place" x="{}" y="{}"><title>{}</title>{}</text>').format(
            _number(10 + x * scale_to), _number(10 + (1000 - y) * scale_to), str(name), _short(name)
        )
        for name, x, y in drawn.classes
    ]
    suspects = sum(drawn.is_suspect)
    sentence = (
        f"{numbers.count(len(drawn.x))} rows in two axes, {numbers.count(suspects)} suspected"
    )
    return Markup(
        f'<svg class="map" role="img" aria-label="{sentence}" width="{size}" height="{size}" '
        f'viewBox="0 0 {size} {size}">{"".join(clouds)}{Markup("").join(names)}</svg>'
    )


def _short(name: str) -> str:
    return str(name) if len(name) <= 14 else name[:13] + "…"


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
