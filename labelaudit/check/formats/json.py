"""A verdict as JSON: every field as a number or a text, all suspects."""

import json
from dataclasses import asdict
from typing import Any

from labelaudit.check.formats.wording import conclusion
from labelaudit.check.verdict import Verdict

SCHEMA_VERSION = 1


def render(verdict: Verdict) -> str:
    """Return the document; texts of the dataset are in it as they are."""
    document: dict[str, Any] = {
        "tool": "labelaudit",
        "schema_version": SCHEMA_VERSION,
        "exit_code": int(verdict.exit_code),
        "conclusion": conclusion(verdict),
        **asdict(verdict),
    }
    # ASCII, so that half of a character (a lone surrogate) does no harm.
    return json.dumps(document, indent=1) + "\n"
