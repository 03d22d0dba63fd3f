"""Verdict in, text out: one file for each format that CI reads, each with a `render`."""

from importlib import import_module

from labelaudit.check.verdict import Verdict

FORMATS = ("text", "json", "junit", "sarif", "github", "markdown", "gitlab")


def render(verdict: Verdict, name: str, *, width: int = 80, colour: bool = False) -> str:
    """Return a verdict in one of `FORMATS`; `width` and `colour` are those of text."""
    module = import_module(f"labelaudit.check.formats.{name}")
    own = {"width": width, "colour": colour} if name == "text" else {}
    text: str = module.render(verdict, **own)
    return text
