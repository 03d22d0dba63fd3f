"""The examples that an audit keeps: whole, as its findings, and all that the report needs."""

import re
import shutil
from pathlib import Path

import pytest

import labelaudit
from labelaudit.core.examples import Example, read_examples, write_examples


def test_every_suspect_of_digits_is_shown_without_the_dataset(cli, sample_data, tmp_path):
    shutil.copytree(sample_data / "digits", tmp_path / "digits")
    assert cli("audit", tmp_path / "digits", "-o", "made").code == 0
    made = labelaudit.load_audit("made")
    assert sorted(made.examples) == sorted(finding.row for finding in made.findings)
    assert all(one.jpeg and len(one.jpeg) <= 3_000 for one in made.examples.values())
    shutil.rmtree(tmp_path / "digits")
    assert cli("report", "made", "--format", "html", "-o", "page.html").code == 0
    page = Path("page.html").read_text("utf-8")
    assert page == Path("made/report.html").read_text("utf-8")
    assert page.count('src="data:image/jpeg;base64,') == len(made.findings)


def test_the_same_dataset_makes_the_same_bytes(cli, sample_data):
    for name in ("one", "two"):
        assert cli("audit", sample_data / "digits", "-o", name).code == 0
    one, two = (Path(name, "examples", "examples.json") for name in ("one", "two"))
    assert one.read_bytes() == two.read_bytes()
    before = one.read_bytes()
    assert cli("measure", "one").code == 0
    assert one.read_bytes() == before
    assert cli("detect", "one", "--top", "5").code == 0
    assert len(labelaudit.load_audit("one").examples) == 5


def test_what_was_never_detected_has_none(cli, sample_data):
    assert cli("ingest", sample_data / "digits", "-o", "made").code == 0
    assert not Path("made/examples").exists()
    assert cli("detect", "made").code == 0
    assert Path("made/examples").exists()
    assert cli("ingest", sample_data / "digits", "-o", "made").code == 0
    assert not Path("made/examples").exists()


def test_an_audit_from_before_there_were_examples_is_read(cli, digits_audit, tmp_path):
    shutil.copytree(digits_audit, "old")
    shutil.rmtree("old/examples")
    assert cli("report", "old", "--format", "html", "-o", "page.html").code == 0
    assert "<img" not in Path("page.html").read_text("utf-8")


def test_a_damaged_file_of_examples_is_one_line(cli, digits_audit):
    shutil.copytree(digits_audit, "damaged")
    file = Path("damaged/examples/examples.json")
    file.write_bytes(file.read_bytes()[:500])
    done = cli("report", "damaged", "--format", "html")
    assert done.code == 2
    assert "run the audit again" in done.complaint


def test_what_is_written_is_read(tmp_path):
    examples = {
        7: Example(kind="image", jpeg=b"\xff\xd8", width=9, height=8),
        3: Example(kind="text", text="so"),
        12: Example(kind="table", features=(("a", "1"), ("b", ""))),
        1: Example(kind="image", problem="no such file"),
    }
    write_examples(examples, tmp_path / "examples")
    assert read_examples(tmp_path / "examples") == examples
    assert read_examples(tmp_path / "absent") == {}


@pytest.fixture
def messages(tmp_path):
    folder = tmp_path / "messages"
    folder.mkdir()
    with open(folder / "labels.csv", "w", encoding="utf-8") as file:
        file.write("id,wording,label,prob_a,prob_b\n")
        for row in range(60):
            sure = 0.9 - row / 1000 if row % 20 else 0.1
            a = sure if row % 2 else 1 - sure
            file.write(f'm{row},"<b>hello</b> {row}",{"ba"[row % 2]},{a:.3f},{1 - a:.3f}\n')
    return folder


def test_texts_are_shown_by_the_column_that_is_named(cli, messages):
    assert cli("audit", messages, "-o", "plain").code == 0
    page = Path("plain/report.html").read_text("utf-8")
    assert "<dt>wording</dt>" in page  # a column like others
    assert cli("audit", messages, "--text-column", "wording", "-o", "made").code == 0
    page = Path("made/report.html").read_text("utf-8")
    shown = re.findall(r'<bdi class="snippet">&lt;b&gt;hello&lt;/b&gt; (\d+)</bdi>', page)
    assert sorted(map(int, shown)) == [0, 20, 40]
    assert cli("detect", "made").code == 0
    assert Path("made/report.html").read_text("utf-8").count('class="snippet"') == 3


def test_a_column_of_texts_that_is_not_there_is_named(cli, messages):
    done = cli("audit", messages, "--text-column", "wordng", "-o", "made")
    assert done.code == 2
    assert "did you mean 'wording'" in done.complaint
    assert not Path("made").exists()
