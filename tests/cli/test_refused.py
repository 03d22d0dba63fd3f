"""A refused audit: one line, two files, no count; and what the user may say to go on."""

import json
import os
import shutil

import numpy as np
import pytest

from tests.cli.conftest import debris

OUT = "tiny-audit"


@pytest.fixture
def doubled(tiny):
    """The tiny dataset with an id used twice."""
    with (tiny / "labels.csv").open("a") as file:
        file.write("r3,dog\n")
    return tiny


@pytest.fixture
def broken(tiny):
    """The tiny dataset with a value that is no number."""
    path = tiny / "predictions.csv"
    path.write_text(path.read_text().replace("0.8", "nan", 1))
    return tiny


@pytest.fixture
def shy(tiny):
    """The tiny dataset with two predictions missing: an alert."""
    path = tiny / "predictions.csv"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-2]))
    return tiny


def held(folder):
    return sorted(os.listdir(folder))


@pytest.mark.parametrize("command", ["audit", "ingest"])
@pytest.mark.parametrize(("fault", "name"), [("broken", "not_finite"), ("doubled", "ids_repeated")])
def test_a_refused_audit_leaves_two_files_and_no_count(
    cli, request, tmp_path, command, fault, name
):
    done = cli(command, request.getfixturevalue(fault), "-q")
    assert done.code == 2
    assert done.complaint.startswith(("predictions.csv, line 2", "labels.csv, line 11"))
    assert held(tmp_path / OUT) == ["refused.html", "refused.json"]
    assert debris(tmp_path) == []
    text = (tmp_path / OUT / "refused.json").read_text()
    document = json.loads(text)
    assert document["refused"] == [name]
    assert document["dataset"] == {"name": "tiny"}
    assert [check["status"] for check in document["contract"]][-1] == "refused"
    assert not {"detection", "measurements", "alerts"} & set(document)
    page = (tmp_path / OUT / "refused.html").read_text()
    assert "The input contract failed, so nothing was counted." in page
    assert name.replace("_", " ") in page
    assert "examples in" not in page


@pytest.fixture
def opened_in_vain(tiny):
    """A function that spoils the tiny dataset in one of the ways that opening it notices."""

    def spoil(fault):
        path = tiny / "predictions.csv"
        text = path.read_text()
        if fault == "class_columns":
            path.write_text(text.replace("cat", "lynx").replace("dog", "wolf"))
        elif fault == "ids_matched":
            path.write_text(text.replace("\nr", "\nrow"))
        elif fault == "readable":
            path.write_bytes(b"\x00" + text.encode())
        return tiny

    return spoil


@pytest.mark.parametrize(
    ("fault", "code"), [("class_columns", 2), ("ids_matched", 4), ("readable", 2)]
)
def test_what_cannot_be_opened_is_written_down_too(cli, opened_in_vain, tmp_path, fault, code):
    done = cli("audit", opened_in_vain(fault), "-q")
    assert done.code == code
    assert held(tmp_path / OUT) == ["refused.html", "refused.json"]
    assert debris(tmp_path) == []
    document = json.loads((tmp_path / OUT / "refused.json").read_text())
    assert document["refused"] == [fault]
    assert done.complaint in document["contract"][0]["message"]
    page = (tmp_path / OUT / "refused.html").read_text()
    assert 'id="alerts"' not in page


def test_a_name_that_is_no_dataset_leaves_nothing(cli, tmp_path):
    assert cli("audit", "nowhere", "-q").code == 2
    assert os.listdir(tmp_path) == []


def test_a_refused_folder_is_used_by_the_next_audit(cli, broken, tmp_path):
    assert cli("audit", broken, "-q").code == 2
    assert cli("audit", broken, "-q").code == 2
    path = broken / "predictions.csv"
    path.write_text(path.read_text().replace("nan", "0.8"))
    assert cli("audit", broken, "-q").code == 0
    assert "refused.json" not in held(tmp_path / OUT)
    assert "refused.html" not in held(tmp_path / OUT)
    assert "audit.json" in held(tmp_path / OUT)


def test_a_previous_audit_stays_as_it_was(cli, tiny, tmp_path):
    assert cli("audit", tiny, "-q").code == 0
    before = {path.name: path.read_bytes() for path in (tmp_path / OUT).iterdir() if path.is_file()}
    path = tiny / "predictions.csv"
    good = path.read_text()
    path.write_text(good.replace("0.8", "nan", 1))
    assert cli("audit", tiny, "-q").code == 2
    after = {path.name: path.read_bytes() for path in (tmp_path / OUT).iterdir() if path.is_file()}
    assert set(after) - set(before) == {"refused.json", "refused.html"}
    assert before.items() <= after.items()
    path.write_text(good)
    assert cli("audit", tiny, "-q").code == 0
    assert held(tmp_path / OUT) == sorted({*before, "digest", "scores"})


def test_a_folder_with_anything_else_is_not_written_into(cli, broken, tmp_path):
    assert cli("audit", broken, "-q").code == 2
    (tmp_path / OUT / "mine.txt").write_text("mine")
    done = cli("audit", broken, "-q")
    assert done.code == 2
    assert "is a folder that is no audit" in done.complaint


def test_a_refused_audit_is_no_audit_to_read(cli, broken):
    assert cli("audit", broken, "-q").code == 2
    done = cli("report", OUT)
    assert done.code == 2
    assert "this audit was refused" in done.complaint


def test_strict_refuses_an_alert_and_allow_goes_on(cli, shy, tmp_path):
    assert cli("audit", shy, "-q").code == 0
    shutil.rmtree(tmp_path / OUT)
    done = cli("audit", shy, "-q", "--strict")
    assert done.code == 2
    assert done.complaint.endswith(
        "refused by --strict; to audit all the same: --allow ids_matched"
    )
    assert held(tmp_path / OUT) == ["refused.html", "refused.json"]
    done = cli("audit", shy, "-q", "--strict", "--allow", "ids_matched")
    assert done.code == 0
    said = " ".join(done.out.split())
    assert "The input contract failed and was allowed to: ids matched." in said
    assert "allowed by --allow" in said
    document = json.loads((tmp_path / OUT / "audit.json").read_text())
    (check,) = [check for check in document["contract"] if check["name"] == "ids_matched"]
    assert (check["status"], check["evidence"]["allowed"]) == ("alerted", True)
    settings = document["provenance"]["settings"]
    assert settings["allow"] == {"value": ["ids_matched"], "origin": "flag"}
    assert settings["strict"] == {"value": True, "origin": "flag"}
    page = (tmp_path / OUT / "report.html").read_text()
    assert "was allowed to: ids matched" in page


def test_allowed_in_steps_is_allowed_at_once(cli, shy, tmp_path):
    words = ("--strict", "--allow", "ids_matched", "-q")
    assert cli("audit", shy, *words).code == 0
    whole = (tmp_path / OUT / "audit.json").read_bytes()
    assert cli("ingest", shy, *words, "-o", "steps").code == 0
    assert cli("detect", "steps", "-q").code == 0
    assert cli("measure", "steps", "-q").code == 0
    assert (tmp_path / "steps" / "audit.json").read_bytes() == whole


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("ids_match", "did you mean 'ids_matched'?"),
        ("row_sums", "no audit can work with"),
        ("x\x1b[31m", r"x\x1b[31m"),
    ],
)
def test_a_wrong_name_is_refused_before_anything_is_read(cli, tmp_path, name, said):
    for command in ("audit", "ingest"):
        done = cli(command, "nowhere", "--allow", name)
        assert done.code == 2
        assert said in done.complaint
    assert os.listdir(tmp_path) == []


def test_a_reused_digest_is_checked_anew(cli, tiny, tmp_path):
    generator = np.random.default_rng(0)
    points = generator.normal(size=(9, 3))
    np.save(tiny / "embeddings.npy", points)
    assert cli("audit", tiny, "-q").code == 0
    points[1] = points[0]
    np.save(tiny / "embeddings.npy", points)
    done = cli("audit", tiny)
    assert "their digest is reused" in done.err
    contract = json.loads((tmp_path / OUT / "audit.json").read_text())["contract"]
    names = [check["name"] for check in contract]
    assert len(names) == len(set(names))
    (check,) = [check for check in contract if check["name"] == "duplicates"]
    assert check["status"] == "alerted"


def test_explain_lists_the_checks(cli):
    listing = cli("explain").out
    assert "checks: " in listing
    assert "duplicates" in listing
    said = cli("explain", "row_sums").out
    assert said.startswith("row_sums (check)\n\nWhether every row sums to 1.")
