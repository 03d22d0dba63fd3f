"""`labelaudit export`: cards and tables, to stdout or whole into a file."""

import csv
import io
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
    assert done.err == "labelaudit: --rows: goes with csv and parquet, not with badge\n"


def test_a_sheet_for_annotators_leaves_room_and_keeps_the_suggestion_for_last(
    cli, messages_audit
) -> None:
    done = cli("export", messages_audit, "--format", "review")
    assert done.code == 0
    sheet = list(csv.DictReader(io.StringIO(done.out)))
    assert list(sheet[0]) == [
        "rank", "id", "text", "given_label", "correct_label", "note", "suggested_label",
    ]  # fmt: skip
    assert {(row["correct_label"], row["note"]) for row in sheet} == {("", "")}
    assert sheet[0]["text"] == "Do I have to be at home when the parcel comes?"
    assert [row["rank"] for row in sheet] == [str(rank + 1) for rank in range(len(sheet))]
    assert all(row["text"] for row in sheet)


def test_a_sheet_of_pictures_has_no_column_of_texts(cli, digits_audit) -> None:
    done = cli("export", digits_audit, "--format", "review")
    assert done.out.startswith("rank,id,given_label,correct_label,note,suggested_label\n")
    assert len(done.out.splitlines()) == 132


def test_a_sample_is_drawn_at_random_and_the_same_for_a_seed(cli, messages_audit) -> None:
    review = ("export", messages_audit, "--format", "review")
    whole = cli(*review).out.splitlines()
    drawn = cli(*review, "--sample", "8")
    lines = drawn.out.splitlines()
    assert len(lines) == 9
    assert [line for line in whole if line in lines] == lines
    assert lines != whole[:9]
    assert cli(*review, "--sample", "8").out == drawn.out
    assert cli(*review, "--sample", "8", "--seed", "1").out != drawn.out
    assert cli(*review, "--sample", "1000").out.splitlines() == whole
    assert cli("export", messages_audit, "--sample", "8").code == 2
