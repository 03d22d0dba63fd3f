"""A configuration to start from: every limit is what an audit measures today."""

import json
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from inspect import getdoc

from labelaudit.check.figures import AT_MOST, Case, Figure, Kind, Unjudged, known_gates
from labelaudit.check.judging import figures_of, written
from labelaudit.check.limits import RULE
from labelaudit.core.results import Audit
from labelaudit.core.text import printable

_DIGITS = 2
_WIDTH = 98
# What to begin with where nothing can be measured yet.
_TO_BEGIN_WITH = {"max_new_findings": "0", "max_error_rate": "0.01", "max_leakage": "0"}
_HEAD = """\
# What `labelaudit check` holds this dataset to.
# Written by `labelaudit init` from an audit of {name}: {rows} in {classes}.
#
# Each limit is what was measured there: the end of its interval, rounded away to two digits, so
# that what holds today passes. Draw it tighter as the labels get better. A gate {rule}.
# `labelaudit explain gate.max_model_noise` says what a gate is, and so for each.

dataset = {dataset}
# baseline = "labelaudit-baseline.json"  # made by `labelaudit check --write-baseline FILE`

[gates]
on_inconclusive = "warn"  # where the limit lies inside the interval: fail, warn or pass
"""


def configuration(audit: Audit, dataset: str = ".") -> str:
    """Return the text of a `labelaudit.toml` whose gates pass on this audit.

    `dataset` is where it lies, as seen from the file.
    """
    facts = audit.dataset
    case = Case(audit=audit)
    rows, classes = facts.n_examples, facts.n_classes
    head = _HEAD.format(
        name=printable(facts.name, 80),
        rows=f"{rows:,} {'row' if rows == 1 else 'rows'}",
        classes=f"{classes:,} {'class' if classes == 1 else 'classes'}",
        rule=RULE,
        dataset=_quoted(dataset),
    )
    head = "\n".join(line for text in head.split("\n") for line in _wrapped(text))
    return "\n".join([head, *(_gate(kind, case) for kind in known_gates().values())])


def _quoted(text: str) -> str:
    """Return a text as TOML has it: that of JSON, but for what only JSON allows."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _gate(kind: Kind, case: Case) -> str:
    """Return the lines of one gate; what cannot be judged is a comment."""
    what = (getdoc(kind.figures) or "").split("\n")[0]
    figures = figures_of(kind.name, case)
    if isinstance(figures, Unjudged):
        limit = _TO_BEGIN_WITH.get(kind.name, "")
        told = [f"# {what}", *_wrapped(f"# Not measured: {printable(figures.reason, 300)}.")]
        return "\n".join([*told, f"# {kind.name} = {limit}".rstrip(), ""])
    worst = _worst(figures, kind.sense)
    limit = rounded_away(_end(worst, kind.sense), kind)
    of = f" of {worst.scope}" if worst.scope else ""
    value = written(worst.value, kind.unit)
    ends = ""
    if worst.interval is not None:
        low, high = (written(end, kind.unit) for end in worst.interval)
        ends = f" ({low} to {high})"
    told = [
        f"# {what}",
        *_wrapped(f"# Measured: {worst.what}{of} is {value}{ends}; {worst.basis}."),
    ]
    # Where the interval reaches to the end of the range the limit would hold nothing back.
    mark = "# " if kind.unit in ("share", "score") and limit in ("1", "1.0") else ""
    return "\n".join([*told, f"{mark}{kind.name} = {limit}", ""])


def _wrapped(text: str) -> list[str]:
    """Return a comment as lines that are not too long; what is none as it is."""
    if not text.startswith("# "):
        return [text]
    lines, line = [], "#"
    for word in text[2:].split(" "):
        if len(line) + 1 + len(word) > _WIDTH and line != "#":
            lines.append(line)
            line = "#"
        line += f" {word}"
    return [*lines, line]


def _end(figure: Figure, sense: str) -> float:
    """Return the end of a figure's interval that a limit has to leave room for."""
    low, high = figure.interval or (figure.value, figure.value)
    return high if sense == AT_MOST else low


def _worst(figures: tuple[Figure, ...], sense: str) -> Figure:
    sign = 1 if sense == AT_MOST else -1
    return max(figures, key=lambda figure: sign * _end(figure, sense))


def rounded_away(value: float, kind: Kind) -> str:
    """Return a limit that a value keeps to, of two digits: above it for "at most", else below.

    >>> noise = Kind(name="n", sense="at most", unit="share", figures=lambda case: ())
    >>> rounded_away(0.0906, noise), rounded_away(0.09, noise), rounded_away(0.9999, noise)
    ('0.091', '0.09', '1')
    """
    exact = Decimal(int(value)) if kind.unit == "count" else Decimal(value)
    if not exact:
        return "0"
    step = Decimal(1).scaleb(exact.adjusted() - _DIGITS + 1)
    rounding = ROUND_CEILING if kind.sense == AT_MOST else ROUND_FLOOR
    if kind.unit == "count":
        step = max(step, Decimal(1))
    # A float's digits run on: .09 is a hair above .09, and is meant to be .09 all the same.
    short = Decimal(repr(float(value))) if kind.unit != "count" else exact
    away = (short / step).to_integral_value(rounding) * step
    if kind.unit in ("share", "score"):
        away = min(away, Decimal(1))
    return f"{away.normalize():f}"
