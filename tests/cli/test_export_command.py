"""`labelaudit export`: cards and tables, to stdout or whole into a file."""

from pathlib import Path

import pytest


@pytest.mark.parametrize("name", ["huggingface", "croissant", "data-card", "badge"])
def test_a_card_goes_to_stdout_or_into_a_file(cli, digits_audit, tmp_path, name) -> None:
    printed = cli("export", digits_audit, "--format", name)
    assert printed.code == 0
    assert "131" in printed.out or name == "badge"
    card = Path(tmp_path, "card")
    written = cli("export", digits_audit, "--format", name, "-o", card)
    assert written.code == 0
    assert card.read_text(encoding="utf-8") == printed.out


def test_a_wrong_format_names_the_nearest(cli, digits_audit) -> None:
    done = cli("export", digits_audit, "--format", "crossaint")
    assert done.code == 2
    assert "did you mean 'croissant'?" in done.err
    assert not done.out


def test_a_card_has_no_rows(cli, digits_audit) -> None:
    done = cli("export", digits_audit, "--format", "badge", "--rows", "all")
    assert done.code == 2
    assert done.err == "labelaudit: --rows: goes with csv and parquet; a card has no rows\n"
