"""labelaudit: audit the label quality of a classification dataset.

>>> import labelaudit
>>> result = labelaudit.audit(["cat", "dog", "cat"], [[.9, .1], [.2, .8], [.1, .9]])
>>> result.findings[0].suggested_label
'dog'
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from labelaudit.core.version import __version__

if TYPE_CHECKING:
    from labelaudit.auditing import audit
    from labelaudit.core.folder import load_audit
    from labelaudit.core.results import Audit
    from labelaudit.ingest.opening import open_dataset

__all__ = ["Audit", "__version__", "audit", "load_audit", "open_dataset"]

_HOME = {
    "audit": "labelaudit.auditing",
    "open_dataset": "labelaudit.ingest.opening",
    "load_audit": "labelaudit.core.folder",
    "Audit": "labelaudit.core.results",
}


def __getattr__(name: str) -> Any:
    # Nothing heavy is imported before it is used: `labelaudit --help` comes through here.
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
