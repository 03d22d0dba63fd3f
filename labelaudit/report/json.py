"""The audit as JSON: what `audit.json` holds."""

from labelaudit.core.results import Audit
from labelaudit.core.schema import to_json


def render(audit: Audit) -> str:
    """Return the text of `audit.json`."""
    return to_json(audit)
