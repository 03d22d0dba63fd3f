"""The label as one HTML file that asks for nothing: no script, no network, no other file."""

import base64
import hashlib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from labelaudit.core.results import Audit
from labelaudit.report import charts, numbers
from labelaudit.report.label import label_of

if TYPE_CHECKING:
    from jinja2 import Environment


def render(audit: Audit) -> str:
    """Return the whole page."""
    style = _read("panel.css") + _read("style.css")
    return (
        _environment()
        .get_template("template.html.j2")
        .render(label=label_of(audit), style=style, policy=_policy(style))
    )


def panel(audit: Audit) -> str:
    """Return the front panel alone, for a notebook, its style scoped to it."""
    return (
        _environment()
        .get_template("notebook.html.j2")
        .render(label=label_of(audit), style=_read("panel.css"))
    )


def _policy(style: str) -> str:
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return (
        f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; "
        "base-uri 'none'; form-action 'none'"
    )


def _read(name: str) -> str:
    text = files("labelaudit.report").joinpath(name).read_text(encoding="utf-8")
    return text.replace("\r\n", "\n")  # the hash is of what a browser reads


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, FunctionLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        loader=FunctionLoader(_read),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["cut"] = _cut
    environment.filters["count"] = numbers.count
    environment.filters["share"] = numbers.share
    environment.filters["own"] = Markup  # for the style alone, which is a file of ours
    environment.globals["chart"] = charts
    return environment


def _cut(name: str, limit: int = 18) -> str:
    return name if len(name) <= limit else name[: limit - 1] + "…"
