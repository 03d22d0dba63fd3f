"""Audit in, text out: one file per format, each with a `render`, all reading one label."""

from importlib import import_module
from typing import TYPE_CHECKING

from labelaudit.core.errors import ConfigError
from labelaudit.core.text import did_you_mean

if TYPE_CHECKING:
    from labelaudit.core.results import Audit

FORMATS = ("terminal", "html", "markdown", "json")


def render(audit: "Audit", format: str, *, width: int = 80, colour: bool = False) -> str:
    """Return an audit as text of one of `FORMATS`; `width` and `colour` are the terminal's."""
    if format not in FORMATS:
        raise ConfigError(
            f"format {format!r}: not one of {', '.join(FORMATS)}{did_you_mean(format, FORMATS)}"
        )
    # Only the renderer that is asked for is imported: the others may be slow to load.
    module = import_module(f"labelaudit.report.{format}")
    given = {"width": width, "colour": colour} if format == "terminal" else {}
    text: str = module.render(audit, **given)
    return text
