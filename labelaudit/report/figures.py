"""What the label prints: text that knows where in `audit.json` its number stands.

A figure, a name and a sentence are strings. A terminal or Markdown prints them as such; a page
asks for `__html__` and gets the number with `data-path` and `data-format`, the name
kept apart from the text around it. So a renderer cannot lose where a number comes from.
"""

from collections.abc import Mapping, Sequence
from string import Formatter
from typing import Any

from markupsafe import Markup, escape

from labelaudit.core.text import printable
from labelaudit.report import numbers

NAME_LIMIT = 80


class Figure(str):
    """A number as text, and the JSON pointer and the format it was written by."""

    __slots__ = ("path", "written")

    path: str
    written: str  # one of `numbers.FORMATS`

    def __new__(cls, text: str, path: str, written: str) -> "Figure":
        made = super().__new__(cls, text)
        made.path, made.written = path, written
        return made

    def __html__(self) -> Markup:
        # An element of one letter: a page has some two thousand of them.
        return Markup('<i data-path="{}" data-format="{}">{}</i>').format(
            self.path, self.written, str(self)
        )


class Name(str):
    """A name that the dataset gave: harmless, and in a page isolated from what stands around."""

    __slots__ = ()

    def __html__(self) -> Markup:
        return Markup("<bdi>{}</bdi>").format(str(self))


class Said(str):
    """A sentence: its parts are kept, so that a figure in it stays a figure."""

    __slots__ = ("parts",)

    parts: tuple[str, ...]

    def __new__(cls, parts: Sequence[str]) -> "Said":
        made = super().__new__(cls, "".join(parts))
        made.parts = tuple(parts)
        return made

    def __html__(self) -> Markup:
        return Markup("").join(escape(part) for part in self.parts)


def said(template: str, *values: str) -> Said:
    """Fill the `{}` of a sentence; figures, names and sentences stay what they are.

    >>> str(said("{} of {}", "3", "10"))
    '3 of 10'
    """
    parts: list[str] = []
    left = iter(values)
    for text, field, _, _ in Formatter().parse(template):
        if text:
            parts.append(text)
        if field is not None:
            parts.append(next(left))
    return Said(parts)


def joined(separator: str, values: Sequence[str]) -> Said:
    """Return sentences in one, as `str.join` would; empty ones are left out."""
    parts: list[str] = []
    for value in values:
        if value:
            parts += [separator, value] if parts else [value]
    return Said(parts)


def named(text: object) -> Name:
    """Return a name of the dataset, harmless and not empty."""
    if isinstance(text, Name):
        return text
    return Name(printable(text, NAME_LIMIT) or "(empty name)")


class Document:
    """`audit.json` as it stands; every figure of the label is read from it by its pointer."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    def at(self, path: str) -> Any:
        """Return the value at a JSON pointer (RFC 6901); LookupError where there is none."""
        return at(self._values, path)

    def figure(self, path: str, written: str) -> Figure:
        """Return the number at a pointer as text; `written` is one of `numbers.FORMATS`."""
        return Figure(numbers.FORMATS[written](self.at(path)), path, written)

    def text(self, path: str) -> Figure:
        """Return words of the audit itself, such as the message of an alert."""
        return self.figure(path, "text")

    def several(self, path: str, one: str, many: str = "") -> Said:
        """Return a count and what is counted, as `1 label` or `3 labels`."""
        noun = one if self.at(path) == 1 else many or f"{one}s"
        return Said((self.figure(path, "count"), f" {noun}"))


def at(values: Any, path: str) -> Any:
    """Return what a JSON pointer points to in plain JSON values."""
    for step in path.split("/")[1:]:
        key = step.replace("~1", "/").replace("~0", "~")
        values = values[int(key)] if isinstance(values, list | tuple) else values[key]
    return values


def pointer(*steps: object) -> str:
    """Return the JSON pointer of these steps."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in steps)
