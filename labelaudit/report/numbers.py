"""How figures are written in every report: one rule for each kind of number."""

import math
from collections.abc import Callable, Mapping
from typing import Any

from labelaudit.core.text import UNKNOWN as UNKNOWN
from labelaudit.core.text import printable
from labelaudit.core.text import probability as probability

TEXT_LIMIT = 400
THIN_SPACE = "\u2009"
MINUS = "\u2212"


def count(number: int) -> str:
    """Return a whole number with commas between thousands.

    >>> count(12480)
    '12,480'
    """
    return f"{int(number):,}".replace("-", MINUS)


def signed(number: int) -> str:
    """Return a whole number with its sign, 0 without one."""
    return f"+{number:,}" if number > 0 else count(number)


def share(part: float | None) -> str:
    """Return a share of 1 as per cent: one decimal, two under 1 %.

    >>> share(0.0729).replace(THIN_SPACE, " "), share(0.0058).replace(THIN_SPACE, " ")
    ('7.3 %', '0.58 %')
    """
    bare = share_number(part)
    return bare if bare == UNKNOWN else f"{bare}{THIN_SPACE}%"


def share_number(part: float | None) -> str:
    """Return a share of 1 as per cent, without the sign."""
    if part is None or not math.isfinite(part):
        return UNKNOWN
    percent = 100 * part
    if percent < 0:
        return MINUS + share_number(-part)
    if percent in (0, 100):
        return f"{percent:.0f}"
    if percent < 0.005:
        return "<0.01"
    if round(percent, 2) < 1:
        return f"{percent:.2f}"
    if percent < 100 and round(percent, 1) >= 100:
        return ">99.9"
    return f"{percent:.1f}"


def share_range(low: float | None, high: float | None) -> str:
    """Return an interval of shares, as `6.2 to 8.6 %`."""
    if low is None or high is None:
        return UNKNOWN
    return f"{share_number(low)} to {share(high)}"


def score(value: float | None) -> str:
    """Return a score with three decimals; what is not 0 never reads as 0.

    >>> score(0.12345), score(0.0000087), score(0.0)
    ('0.123', '<0.001', '0')
    """
    if value is None or not math.isfinite(value):
        return UNKNOWN
    if value < 0:
        return MINUS + score(-value).replace("<", "")
    if value in (0, 1):
        return f"{value:.0f}"
    if value < 0.0005:
        return "<0.001"
    if 0.9995 <= value < 1:
        return ">0.999"
    return f"{value:.3f}"


def score_range(low: float | None, high: float | None) -> str:
    """Return an interval of scores, as `0.062 to 0.086`."""
    return UNKNOWN if low is None or high is None else f"{score(low)} to {score(high)}"


def ratio(value: float | None) -> str:
    """Return a ratio: one decimal under 10, whole above."""
    if value is None or not math.isfinite(value):
        return UNKNOWN
    return f"{value:,.1f}" if value < 9.95 else f"{value:,.0f}"


def figure(value: object) -> str:
    """Return any value of a measure: whole numbers whole, others with what is worth reading."""
    if value is None:
        return UNKNOWN
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return count(value)
    if not isinstance(value, float):
        return str(value)
    if not math.isfinite(value):
        return UNKNOWN
    size = abs(value)
    if size <= 1:
        return score(value)
    decimals = 0 if size >= 1000 else 1 if size >= 10 else 2
    return f"{value:,.{decimals}f}".replace("-", MINUS)


def plain(text: object) -> str:
    """Return words of the audit on one harmless line."""
    return printable(text, TEXT_LIMIT)


def setting(value: object) -> str:
    """Return the value of a setting: a list as its items, none as such."""
    if value is None or value in ([], ()):
        return "none"
    if isinstance(value, list | tuple):
        return plain(", ".join(map(str, value)))
    return plain(figure(value))


def threshold(value: float | None) -> str:
    """Return the threshold of a class, none where it has no example (coded as 2)."""
    return "none" if value is None or not value <= 1.5 else probability(value)


def percent(value: float | None) -> str:
    """Return a share as whole per cent, for scales and levels."""
    return UNKNOWN if value is None else f"{100 * value:.0f}{THIN_SPACE}%"


def small_ratio(value: float | None) -> str:
    """Return a ratio with two figures below 10, as whole as it is above."""
    if value is None or not math.isfinite(value):
        return UNKNOWN
    return f"{value:,.2g}" if value < 10 else ratio(value)


def chance(value: float | None) -> str:
    """Return a p-value with its sign, as `= 0.012` or `<0.001`."""
    shown = score(value)
    return shown if shown.startswith("<") or shown == UNKNOWN else f"= {shown}"


def hundredths(value: float | None) -> str:
    """Return a score with two decimals, where more would be noise."""
    return UNKNOWN if value is None or not math.isfinite(value) else f"{value:.2f}"


def _pair(written: Callable[[float | None], str]) -> Callable[[Any], str]:
    def both(bounds: Any) -> str:
        if bounds is None or None in bounds:
            return UNKNOWN
        return f"{written(bounds[0])} to {written(bounds[1])}"

    return both


# Every way in which the label writes a value of `audit.json`, by the name that `data-format` has.
FORMATS: Mapping[str, Callable[[Any], str]] = {
    "chance": chance,
    "count": lambda value: UNKNOWN if value is None else count(value),
    "figure": figure,
    "figure_range": _pair(figure),
    "hundredths": hundredths,
    "limit": threshold,
    "of": lambda counts: f"{count(counts[0])} of {count(counts[1])}",
    "percent": percent,
    "prob": probability,
    "ratio": ratio,
    "ratio_range": _pair(ratio),
    "score": score,
    "score_range": _pair(score),
    "setting": setting,
    "share": share,
    "share_number": share_number,
    "share_range": lambda bounds: share_range(*(bounds or (None, None))),
    "size": lambda value: share(abs(value)),
    "signed": lambda value: UNKNOWN if value is None else signed(value),
    "small_ratio": small_ratio,
    "text": plain,
}
