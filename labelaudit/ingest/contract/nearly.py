"""Ids that do not match but nearly do: without folder, ending, case or zeros at an end."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import combinations

from labelaudit.core.text import printable

# More unmatched ids than these are not compared: the first say enough.
MOST = 20_000
_NAMED = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class Near:
    """How many more ids would match without what, and the first pairs (labels, predictions)."""

    count: int
    without: list[str]
    first: list[list[str]]

    @property
    def offer(self) -> str:
        """The offer in words, with an example."""
        one, other = (_shown(name) for name in self.first[0])
        *others, last = self.without
        without = f"{', '.join(others)} and {last}" if others else last
        return f"{self.count:,} more would match without {without}, e.g. {one} ~ {other}"


def _shown(name: str) -> str:
    """Return an id for a message; in quotes where it is a space at its end that matters."""
    shown = printable(name, 60)
    return shown if name == name.strip() else f"'{shown}'"


_WAYS: dict[str, Callable[[str], str]] = {
    "the kind of slash": lambda name: name.replace("\\", "/"),
    "the folder": lambda name: re.split(r"[/\\]", name)[-1],
    "the ending": lambda name: re.sub(r"(?<=[^/\\])\.[A-Za-z][A-Za-z0-9]{0,4}$", "", name),
    "upper and lower case": str.casefold,
    "leading zeros": lambda name: re.sub(r"(?<![0-9.])0+(?=[0-9])", "", name),
    # What pandas makes of whole numbers in a column where one is missing.
    "a decimal .0": lambda name: re.sub(r"(?<=[0-9])\.0$", "", name),
    "outer spaces": str.strip,
}
# What is often written by one program and not by another.
_USUAL = ("the folder", "the ending", "leading zeros")


def nearly_matched(own: Iterable[str], other: Iterable[str]) -> Near | None:
    """Return the least that must be overlooked for most ids to match; None: nothing helps.

    Ids that become the same as another of their own file do not count.
    """
    ours, theirs = list(own)[:MOST], list(other)[:MOST]
    if not ours or not theirs:
        return None
    best: Near | None = None
    few: list[tuple[str, ...]] = [(name,) for name in _WAYS]
    for tried in (few, [*combinations(_WAYS, 2)], [_USUAL]):
        for names in tried:
            pairs = _paired(ours, theirs, names)
            if pairs and (best is None or len(pairs) > best.count):
                best = Near(
                    count=len(pairs),
                    without=list(names),
                    first=[list(pair) for pair in pairs[:_NAMED]],
                )
        if best is not None and best.count == min(len(ours), len(theirs)):
            break
    return best


def _paired(ours: list[str], theirs: list[str], names: tuple[str, ...]) -> list[tuple[str, str]]:
    where = _once(theirs, names)
    return [(name, where[key]) for key, name in _once(ours, names).items() if key in where]


def _once(ids: list[str], names: tuple[str, ...]) -> dict[str, str]:
    """Return the ids by what is left of them, those left out that become the same."""
    found: dict[str, str] = {}
    twice = set()
    for name in ids:
        key = name
        for way in names:
            key = _WAYS[way](key)
        if found.setdefault(key, name) != name:
            twice.add(key)
    return {key: name for key, name in found.items() if key and key not in twice}
