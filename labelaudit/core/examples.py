"""What a row looks like: a small picture, a text, or the columns of a table."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Example:
    """The evidence of one row, small and harmless enough to be shown in a page.

    `jpeg` is at most 96 px on the longer side; `text` and `features` are printable and short;
    `problem` says why there is nothing to show.
    """

    kind: str  # image | text | table
    jpeg: bytes | None = None
    width: int = 0
    height: int = 0
    text: str = ""
    features: tuple[tuple[str, str], ...] = ()
    problem: str = ""
