"""`labelaudit show`: a row by its id or by its number, with what the model thinks of it."""

import pytest

from labelaudit import load_audit


def test_a_row_by_its_number_is_the_row_by_its_id(cli, digits_audit):
    worst = load_audit(digits_audit).findings[0]
    by_id, by_row = (
        cli("show", digits_audit, worst.id),
        cli("show", digits_audit, "--row", worst.row),
    )
    assert by_id.code == by_row.code == 0
    assert by_id.out == by_row.out
    assert by_id.out.startswith(f"{worst.id} (row {worst.row})\n")


def test_the_class_next_likeliest_is_told(cli, digits_audit):
    worst = load_audit(digits_audit).findings[0]
    told = (
        f"next likeliest    `{worst.evidence['next_label']}` "
        f"{worst.evidence['next_probability']:.3f}"
    )
    assert told in cli("show", digits_audit, worst.id).out


def test_rows_of_another_split_keep_their_numbers(cli, tmp_path):
    data = tmp_path / "d"
    data.mkdir()
    head, rows = "id,label,split,prob_a,prob_b\n", []
    for row in range(40):
        split = "train" if row < 20 else "test"
        rows.append(
            f"r{row},{'ab'[row % 2]},{split},{0.9 - 0.8 * (row % 2)},{0.1 + 0.8 * (row % 2)}"
        )
    (data / "labels.csv").write_text(head + "\n".join(rows) + "\n", encoding="utf-8")
    assert cli("audit", "d", "--split", "test").code == 0
    assert cli("show", "d-audit", "--row", "23").out.startswith("r23 (row 23)\n")
    done = cli("show", "d-audit", "--row", "3")
    assert done.code == 2
    assert "--row 3: not among the 20 rows audited, which are numbered from 20 to 39" in (
        done.complaint
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "which row? give its ID or its number with --row, one of them"),
        (["images/0001.png", "--row", "1"], "one of them"),
        (["--row", "1797"], "--row 1797: not among the 1,797 rows audited"),
        (["--row", "-1"], "greater than or equal to 0"),
        (["--row", "x"], "--row"),
        (["34"], "34: no row has this id; for the row of this number: --row 34"),
        (["1797"], "1797: no row has this id"),
    ],
)
def test_what_names_no_row_is_one_line_and_exit_2(cli, digits_audit, arguments, said):
    done = cli("show", digits_audit, *arguments)
    assert done.code == 2
    assert said in done.complaint
    assert not done.out
