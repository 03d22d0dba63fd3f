"""A verdict as GitHub workflow commands: notes beside the lines of a pull request.

Source: GitHub, Workflow commands for GitHub Actions; of a step about ten notes of a level are
shown, so no more are printed.
"""

from labelaudit.check.formats.wording import (
    conclusion,
    first,
    message,
    sorted_outcomes,
    suspicion,
    title,
)
from labelaudit.check.verdict import Verdict
from labelaudit.core.text import printable

_MOST = 10
_LEVELS = {"failed": "error", "skipped": "error", "warned": "warning"}


def render(verdict: Verdict) -> str:
    """Return one command a line; what would end a command or its fields is escaped."""
    lines = []
    left = dict.fromkeys(_LEVELS.values(), _MOST)
    unsaid = 0
    for outcome in sorted_outcomes(verdict):  # what failed takes its places first
        level = _LEVELS.get(outcome.status)
        if level is not None and left[level]:
            left[level] -= 1
            lines.append(
                _command(level, {"title": f"labelaudit {title(outcome)}"}, message(outcome))
            )
        else:
            unsaid += level is not None
    if unsaid:
        lines.append(f"{unsaid:,} more gates do not pass: see the job summary or SARIF")
    shown, more = first(verdict, left["warning"])
    for one in shown:
        fields = {"file": one.path, "title": "labelaudit suspected label error"}
        if one.line is not None:
            fields["line"] = str(one.line)
        lines.append(_command("warning", fields, suspicion(one)))
    if more:
        lines.append(f"{more:,} more suspects: see the job summary or SARIF")
    return "\n".join([*lines, conclusion(verdict)]) + "\n"


def _command(level: str, fields: dict[str, str], text: str) -> str:
    told = ",".join(f"{name}={_field(value)}" for name, value in fields.items())
    return f"::{level} {told}::{_data(text)}"


def _data(text: str) -> str:
    return printable(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _field(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
