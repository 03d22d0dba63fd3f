"""Figures over several things in the order given: a sparkline, and a plot as inline SVG.

Geometry in attributes, colours by class, and no text of the dataset, as in `charts`.
"""

from collections.abc import Sequence

from markupsafe import Markup, escape

from labelaudit.report import numbers

_STEPS = "▁▂▃▄▅▆▇█"
_WIDTH, _HEIGHT = 340, 170
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 12, 14, 26
_MOST_TICKS = 12


def sparkline(values: Sequence[float | None], most: int) -> str:
    """Return a bar of eight heights for each value, at most `most` of them; a dot where unknown.

    The lowest is the lowest bar. Of more values evenly spaced ones are shown, first and last too.
    """
    if len(values) > most:
        step = (len(values) - 1) / max(most - 1, 1)
        values = [values[round(index * step)] for index in range(most)]
    known = [value for value in values if value is not None]
    low, high = min(known, default=0.0), max(known, default=0.0)
    span = (high - low) or 1.0
    return "".join(
        "·" if value is None else _STEPS[min(int((value - low) / span * 8), 7)] for value in values
    )


def line_plot(values: Sequence[float | None], title: str, better: str) -> Markup:
    """Return a plot of `values` over 1, 2, ...; `title` and `better` are words of ours."""
    known = [(index, value) for index, value in enumerate(values) if value is not None]
    sentence = f"{title} of {len(values)} embeddings in the order given; {better} is better"
    parts = _axes(known, len(values)) if known else ""
    return Markup(
        f'<svg class="plot trend" role="img" aria-label="{sentence}" width="{_WIDTH}" '
        f'height="{_HEIGHT}" viewBox="0 0 {_WIDTH} {_HEIGHT}">{parts}</svg>'
    )


def _axes(known: Sequence[tuple[int, float]], count: int) -> str:
    low = min(value for _, value in known)
    high = max(value for _, value in known)
    span = (high - low) or 1.0
    wide, tall = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM

    def x(index: int) -> str:
        return _number(_LEFT + wide * (index / (count - 1) if count > 1 else 0.5))

    def y(value: float) -> str:
        return _number(_TOP + tall * (high - value) / span)

    marks = []
    for value in dict.fromkeys((high, low)):
        marks.append(
            f'<line class="hair" x1="{_LEFT}" y1="{y(value)}" x2="{_WIDTH - _RIGHT}" '
            f'y2="{y(value)}"/>'
            f'<text class="end" x="{_LEFT - 8}" y="{float(y(value)) + 4:g}">'
            f"{escape(numbers.figure(value))}</text>"
        )
    step = -(-count // _MOST_TICKS)
    for index in range(0, count, step):
        marks.append(f'<text class="middle" x="{x(index)}" y="{_HEIGHT - 6}">{index + 1}</text>')
    points = " ".join(f"{x(index)},{y(value)}" for index, value in known)
    marks.append(f'<polyline class="line" points="{points}"/>')
    marks += [
        f'<circle class="given" cx="{x(index)}" cy="{y(value)}" r="3"/>' for index, value in known
    ]
    return "".join(marks)


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
