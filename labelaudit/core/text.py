"""Every string of a dataset is hostile: these make one harmless, or say which one was meant."""

import difflib
import math
import unicodedata
from collections.abc import Iterable

UNKNOWN = "unknown"

# Characters that reorder or hide the text around them in a terminal or a page.
_INVISIBLE_CATEGORIES = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
# The joiners that emoji and several scripts need to be read at all.
_NEEDED_JOINERS = {"\u200c", "\u200d"}


def printable(text: object, limit: int | None = None) -> str:
    """Return `text` on one line, control, bidi and invisible characters shown as escapes.

    With a `limit`, what is longer is cut and ends in an ellipsis.
    """
    raw = str(text)
    if limit is not None:
        raw = raw[: limit * 4 + 4]  # an escape is longer than what it stands for: cut early, too
    shown = raw if raw.isascii() and raw.isprintable() else "".join(map(_visible, raw))
    if limit is not None and len(shown) > limit:
        return shown[: max(limit - 1, 0)] + "…"
    return shown


def _visible(character: str) -> str:
    if character in _NEEDED_JOINERS:
        return character
    if unicodedata.category(character) not in _INVISIBLE_CATEGORIES:
        return character
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def did_you_mean(wrong: str, known: Iterable[str]) -> str:
    """Return `; did you mean X?` for the nearest known word, or an empty string."""
    near = difflib.get_close_matches(wrong, [str(word) for word in known], n=1, cutoff=0.6)
    return f"; did you mean {printable(near[0], 60)!r}?" if near else ""


def listed(items: Iterable[object], most: int = 10, limit: int = 60) -> str:
    """Return the first `most` items as one harmless line, and how many more there are."""
    everything = list(items)
    shown = ", ".join(printable(item, limit) for item in everything[:most])
    more = len(everything) - most
    return f"{shown} and {more:,} more" if more > 0 else shown


def probability(value: float | None) -> str:
    """Return a probability with two decimals and no leading zero, as `.97`.

    >>> probability(0.97), probability(0.001), probability(0.999), probability(1.0)
    ('.97', '<.01', '>.99', '1')
    """
    if value is None or not math.isfinite(value):
        return UNKNOWN
    if value <= 0 or value >= 1:
        return f"{value:.0f}"
    if value < 0.005:
        return "<.01"
    if value >= 0.995:
        return ">.99"
    return f"{value:.2f}"[1:]
