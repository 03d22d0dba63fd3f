"""A verdict as GitLab Code Quality: a list of issues, empty where there is none.

Source: GitLab, Code Quality report format.
"""

import json

from labelaudit.check.formats.wording import message, suspicion, title
from labelaudit.check.suspicions import fingerprint
from labelaudit.check.verdict import SUSPECT_RULE, Verdict
from labelaudit.core.text import printable

_SEVERITY = {"failed": "critical", "skipped": "major", "warned": "minor"}
_MOST = 5_000


def render(verdict: Verdict) -> str:
    """Return the report: gates that do not pass, then suspects by rank, 5,000 at most."""
    where = verdict.suspicions[0].path if verdict.suspicions else verdict.dataset
    issues = [
        _issue(
            f"{title(one)}: {message(one)}",
            one.gate,
            fingerprint(one.gate, one.scope),
            _SEVERITY[one.status],
            where,
            1,
        )
        for one in verdict.outcomes
        if one.status in _SEVERITY
    ]
    seen: dict[str, int] = {}
    n = len(verdict.suspicions)
    room = max(_MOST - len(issues), 0)
    if n > room:
        said = f"{n:,} suspects, the first {room - 1:,} by rank are listed"
        issues.append(_issue(said, SUSPECT_RULE, fingerprint("cut", ""), "info", where, 1))
        room -= 1
    for one in verdict.suspicions[: max(room, 0)]:
        # Two rows of one id and label are two issues; each needs a fingerprint of its own.
        again = seen[one.fingerprint] = seen.get(one.fingerprint, 0) + 1
        own = one.fingerprint if again == 1 else fingerprint(one.fingerprint, str(again))
        issues.append(_issue(suspicion(one), SUSPECT_RULE, own, "minor", one.path, one.line or 1))
    return json.dumps(issues, indent=1) + "\n"


def _issue(
    description: str, name: str, own: str, severity: str, path: str, line: int
) -> dict[str, object]:
    return {
        "description": description,
        "check_name": name,
        "fingerprint": own,
        "severity": severity,
        "location": {"path": printable(path, 1_000), "lines": {"begin": line}},
    }
