"""Audit in, text out: one file per format, each with a `render`, all reading one label."""

from importlib import import_module
from typing import TYPE_CHECKING

from labelaudit.core.errors import ConfigError
from labelaudit.core.text import did_you_mean

if TYPE_CHECKING:
    from labelaudit.core.results import Audit

FORMATS = ("terminal", "html", "markdown", "json")
SECTIONS = (
    "counts", "alerts", "suspects", "confusions", "balance", "columns", "slices", "separability",
    "calibration", "measures", "provenance", "glossary",
)  # fmt: skip


def render(
    audit: "Audit", format: str, *, width: int = 80, colour: bool = False, section: str = ""
) -> str:
    """Return an audit as text of one of `FORMATS`.

    `width`, `colour` and `section`, one of `SECTIONS` in full, are the terminal's.
    """
    if format not in FORMATS:
        raise ConfigError(
            f"format {format!r}: not one of {', '.join(FORMATS)}{did_you_mean(format, FORMATS)}"
        )
    # Only the renderer that is asked for is imported: the others may be slow to load.
    module = import_module(f"labelaudit.report.{format}")
    given = {"width": width, "colour": colour, "section": section}
    text: str = module.render(audit, **(given if format == "terminal" else {}))
    return text
