"""The reports as they were last looked at and found good.

LABELAUDIT_UPDATE_GOLDEN=1 writes them anew: look at the difference before it is committed.
"""

import os
from pathlib import Path

import pytest

from labelaudit.core.folder import load_audit, write_audit
from labelaudit.core.results import Audit
from labelaudit.report import FORMATS, render

GOLDEN = Path(__file__).parent / "golden"
CASES = {
    "terminal_80.txt": {"format": "terminal", "width": 80},
    "terminal_160.txt": {"format": "terminal", "width": 160},
    "label.md": {"format": "markdown"},
    "label.html": {"format": "html"},
}


@pytest.mark.parametrize("name", CASES)
def test_a_report_reads_as_it_was_approved(audit: Audit, name: str) -> None:
    matches_golden(render(audit, **CASES[name]), name)  # type: ignore[arg-type]


def matches_golden(text: str, name: str, folder: Path = GOLDEN) -> None:
    """Compare a text with what was approved, or write it as such where that is asked for."""
    path = folder / name
    if os.environ.get("LABELAUDIT_UPDATE_GOLDEN") == "1":
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
    assert text == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("format", FORMATS)
def test_an_audit_read_back_from_its_folder_gives_the_same_bytes(
    audit: Audit, format: str, tmp_path: Path
) -> None:
    write_audit(audit, tmp_path)
    assert render(load_audit(tmp_path), format) == render(audit, format)
    assert render(audit, format) == render(audit, format)
