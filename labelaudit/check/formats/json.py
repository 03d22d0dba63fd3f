"""A verdict as JSON: every field as a number or a text, all suspects."""

import json
from dataclasses import asdict
from math import isfinite
from typing import Any

from labelaudit.check.formats.wording import conclusion
from labelaudit.check.verdict import Verdict

SCHEMA_VERSION = 1


def render(verdict: Verdict) -> str:
    """Return the document; texts of the dataset are as they are, what is not finite is null."""
    document: dict[str, Any] = {
        "tool": "labelaudit",
        "schema_version": SCHEMA_VERSION,
        "exit_code": int(verdict.exit_code),
        "conclusion": conclusion(verdict),
        **_finite(asdict(verdict)),
    }
    # ASCII, so that half of a character (a lone surrogate) does no harm.
    return json.dumps(document, indent=1, allow_nan=False) + "\n"


def _finite(value: Any) -> Any:
    """Return a value in which what JSON has no number for is null."""
    if isinstance(value, dict):
        return {name: _finite(own) for name, own in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(own) for own in value]
    return None if isinstance(value, float) and not isfinite(value) else value
