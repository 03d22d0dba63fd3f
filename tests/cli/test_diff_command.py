"""`labelaudit diff`: two audits, or what was kept of them."""

import json
import shutil

import pytest


def test_an_audit_and_itself(cli, digits_audit) -> None:
    done = cli("diff", digits_audit, digits_audit)
    assert (done.code, done.err) == (0, "")
    assert "1,797 rows in both, by id; 0 added, 0 removed, 0 relabelled." in done.out
    assert "Suspects: 0 new, 0 gone, 131 in both." in " ".join(done.out.split())


def test_the_file_in_its_folder_is_the_folder(cli, digits_audit) -> None:
    whole = cli("diff", digits_audit, digits_audit)
    assert cli("diff", digits_audit / "audit.json", digits_audit).out == whole.out


def test_a_file_alone_has_its_suspects_but_no_rows_and_says_so(
    cli, digits_audit, messages_audit, tmp_path
) -> None:
    alone = tmp_path / "main.json"
    shutil.copy(digits_audit / "audit.json", alone)
    for other, persisting, new, gone in ((digits_audit, 131, 0, 0), (messages_audit, 0, 19, 131)):
        done = cli("diff", alone, other, "--format", "json")
        assert done.code == 0
        told = json.loads(done.out)
        rows = told["rows"]
        assert (rows["n_persisting"], len(rows["new"]), len(rows["gone"])) == (
            persisting, new, gone,
        )  # fmt: skip
        assert rows["n_relabelled"] is rows["is_worse"] is None
        assert told["measures"]
        assert told["summary"][0].startswith("Rows cannot be compared, for an audit.json alone")
        for name in ("terminal", "html", "markdown"):
            assert cli("diff", alone, other, "--format", name).code == 0


def test_a_file_that_does_not_list_all_suspects_has_figures_alone(
    cli, digits_audit, tmp_path
) -> None:
    document = json.loads((digits_audit / "audit.json").read_text())
    document["findings"] = document["findings"][:-1]
    alone = tmp_path / "main.json"
    alone.write_text(json.dumps(document))
    told = json.loads(cli("diff", alone, digits_audit, "--format", "json").out)
    assert told["rows"] is None
    assert told["measures"]
    document["findings"] = [{}]
    alone.write_text(json.dumps(document))
    assert "its findings cannot be read" in cli("diff", alone, digits_audit).complaint


def test_a_page_is_written_to_a_file(cli, digits_audit, messages_audit, tmp_path) -> None:
    page = tmp_path / "diff.html"
    done = cli("diff", digits_audit, messages_audit, "--format", "html", "-o", page)
    assert done.code == 0
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert "are these audits of one dataset?" in page.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("nothing", "cannot be read"),
        ("[1]", "is no object"),
        ('{"tool": "labelaudit"}', "has schema version None"),
    ],
)
def test_what_is_no_audit_is_refused_in_a_line(cli, digits_audit, tmp_path, text, problem) -> None:
    path = tmp_path / "a.json"
    path.write_text(text)
    done = cli("diff", path, digits_audit)
    assert (done.code, done.out) == (2, "")
    assert problem in done.complaint


def test_what_is_not_there_and_a_wrong_format(cli, digits_audit, tmp_path) -> None:
    assert "holds no audit.json" in cli("diff", digits_audit, tmp_path / "no").complaint
    wrong = cli("diff", digits_audit, digits_audit, "--format", "htlm")
    assert wrong.code == 2
    assert "did you mean 'html'?" in wrong.complaint


def test_an_audit_without_predictions_says_so(cli, digits_audit, tiny) -> None:
    (tiny / "predictions.csv").unlink()
    assert cli("audit", tiny, "-q").code == 4
    done = cli("diff", "tiny-audit", digits_audit)
    assert done.code == 0
    assert "Rows cannot be compared: no label of tiny was checked." in done.out
    assert cli("diff", "tiny-audit", "tiny-audit", "--format", "html").code == 0
