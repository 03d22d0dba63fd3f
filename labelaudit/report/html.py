"""The label as one HTML file that asks for nothing: no network, no other file.

Its script only sorts, filters, pages and copies; without it all is there to be read.
"""

import base64
import hashlib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from labelaudit.core.results import Audit
from labelaudit.report import charts
from labelaudit.report.figures import Figure, Name, Said
from labelaudit.report.label import label_of

if TYPE_CHECKING:
    from jinja2 import Environment


def render(audit: Audit) -> str:
    """Return the whole page."""
    style, script = read("panel.css") + read("style.css"), read("page.js")
    return (
        environment()
        .get_template("template.html.j2")
        .render(label=label_of(audit), style=style, script=script, policy=policy(style, script))
    )


def panel(audit: Audit) -> str:
    """Return the front panel alone, for a notebook, its style scoped to it."""
    return (
        environment()
        .get_template("notebook.html.j2")
        .render(label=label_of(audit), style=read("panel.css"))
    )


def policy(style: str, script: str = "") -> str:
    """Return the policy of a page that may fetch nothing and has this style and script."""
    allowed = f"script-src '{_hash(script)}'; " if script else ""
    return (
        f"default-src 'none'; img-src data:; style-src '{_hash(style)}'; {allowed}"
        "base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


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
    made.filters["own"] = Markup  # for style and script alone, which are files of ours
    made.filters["words"] = str  # for attributes: text without the marks of a figure or a name
    made.filters["not_by"] = "not: {}".format
    made.filters["base64"] = lambda data: base64.b64encode(data).decode()
    made.globals["chart"] = charts
    return made


def _cut(name: str, limit: int = 18) -> str:
    """Shorten a name; a number stays whole, so that it keeps its place in the audit."""
    if len(name) <= limit or isinstance(name, Figure | Said):
        return name
    short = name[: limit - 1] + "…"
    return Name(short) if isinstance(name, Name) else short
