"""`report --details` and `--figures`."""

from pathlib import Path
from typing import Any


def test_figures_are_written(cli: Any, digits_audit: Path) -> None:
    done = cli("report", digits_audit, "--figures", "figures")
    assert (done.code, done.out) == (0, "")
    assert "(SVG and PNG)" in done.err
    written = sorted(path.name for path in Path("figures").iterdir())
    assert len(written) == 16
    assert "class-map.svg" in written
    again = cli("report", digits_audit, "--figures", "no/such/figures")
    assert again.code == 2
    assert "name a folder within one that exists" in again.complaint


def test_a_section_that_there_is_not_is_named(cli: Any, digits_audit: Path) -> None:
    done = cli("report", digits_audit, "--details", "suspect")
    assert done.code == 2
    assert "did you mean 'suspects'" in done.complaint
    done = cli("report", digits_audit, "--details", "suspects", "--format", "html")
    assert done.code == 2
    assert cli("report", digits_audit, "--details", "suspects").out.count("score ") == 131
