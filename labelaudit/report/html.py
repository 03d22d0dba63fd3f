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
    style = read("panel.css") + read("style.css")
    return (
        environment()
        .get_template("template.html.j2")
        .render(label=label_of(audit), style=style, policy=policy(style))
    )


def panel(audit: Audit) -> str:
    """Return the front panel alone, for a notebook, its style scoped to it."""
    return (
        environment()
        .get_template("notebook.html.j2")
        .render(label=label_of(audit), style=read("panel.css"))
    )


def policy(style: str) -> str:
    """Return the policy of a page that may fetch nothing and has this style."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return (
        f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; "
        "base-uri 'none'; form-action 'none'"
    )


def read(name: str) -> str:
    """Return a file of this folder."""
    text = files("labelaudit.report").joinpath(name).read_text(encoding="utf-8")
    return text.replace("\r\n", "\n")  # the hash is of what a browser reads


@cache
def environment() -> "Environment":
    """Return what fills in templates; every text of a dataset is escaped."""
    from jinja2 import Environment, FunctionLoader, StrictUndefined
    from markupsafe import Markup

    made = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        loader=FunctionLoader(read),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters["cut"] = _cut
    made.filters["count"] = numbers.count
    made.filters["share"] = numbers.share
    made.filters["own"] = Markup  # for the style alone, which is a file of ours
    made.globals["chart"] = charts
    return made


def _cut(name: str, limit: int = 18) -> str:
    return name if len(name) <= limit else name[: limit - 1] + "…"
