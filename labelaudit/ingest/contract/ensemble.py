"""The contract on several models: each is checked by itself, and what is worst counts."""

import re
from collections.abc import Sequence

from labelaudit.core.dataset import Check
from labelaudit.core.text import listed

_STATUSES = ("refused", "alerted", "repaired", "not_testable", "passed")
_SEVERITIES = ("critical", "caution", "info", None)


def merged(files: Sequence[str], checks_of_each: Sequence[Sequence[Check]]) -> list[Check]:
    """Return one check for each name; its evidence keeps what it came to for each file.

    The worst status is that of the check, its message names the file and all others like it.
    """
    made = [(file, check) for file, own in zip(files, checks_of_each, strict=True) for check in own]
    names = dict.fromkeys(check.name for _, check in made)
    return [_merged([one for one in made if one[1].name == name]) for name in names]


def _merged(made: Sequence[tuple[str, Check]]) -> Check:
    # By name, not by place: in which order files were given changes no message.
    worst_file, worst = min(made, key=lambda one: (_badness(one[1]), one[0]))
    alike = [one for one in made if one[1].status == worst.status]
    others = sorted(file for file, _ in alike if file != worst_file)
    message = worst.message
    if any(check.message != message for _, check in made):
        if not _names(message, worst_file):
            message = f"{worst_file}: {message}"
        if others:
            message += f" (also {worst.status.replace('_', ' ')}: {listed(others)})"
    parts = [
        {
            "file": file,
            "status": check.status,
            "message": check.message,
            "evidence": dict(check.evidence),
        }
        for file, check in made
    ]
    return Check(
        name=worst.name,
        status=worst.status,
        message=message,
        evidence=dict(worst.evidence) | {"models": parts},
    )


def _names(message: str, file: str) -> bool:
    """Say whether a message names a file, not only another whose name ends as its does."""
    return re.search(rf"(?<![\w./-]){re.escape(file)}(?![\w-])", message) is not None


def _badness(check: Check) -> tuple[int, int]:
    severity = check.evidence.get("severity")
    return _STATUSES.index(check.status), _SEVERITIES.index(severity)
